"""Connections that keep the server waiting, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from recoup.api.gate import OTHER_FILES, ConnectionLimits
from recoup.api.peers import peer_key
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, reading, serving, token_of, until
from tests.support.patience import PATIENCE

IDLE = b""
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half:"
HALF_A_BODY = (
    b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"email":'
)
FEW = ConnectionLimits(connections=300, per_peer=200)
IMPATIENT = ConnectionLimits(head_seconds=0.3, body_seconds=0.3, unread_seconds=0.3)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(server: Server, sent: Sequence[bytes]) -> AsyncIterator[list[Streams]]:
    """A connection for each text, which it has sent."""
    port = int(server.url.rpartition(":")[2])
    opened: list[Streams] = []
    try:
        for text in sent:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(text)
            opened.append((reader, writer))
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends the connection, however it does that."""
    found = b""
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                found += chunk
    return found


@pytest.fixture
async def narrow(settings: Settings, database: Database) -> AsyncIterator[Server]:
    async with serving(settings, database, limits=FEW) as server:
        yield server


@pytest.fixture
async def impatient(settings: Settings, database: Database) -> AsyncIterator[Server]:
    async with serving(settings, database, limits=IMPATIENT) as server:
        yield server


async def test_idle_connections_leave_room_for_users(narrow: Server, user: User) -> None:
    """1,100 connections that send nothing, half a head or half a body: a user gets an answer."""
    sent = [IDLE, HALF_A_HEAD, HALF_A_BODY] * 367
    async with connected(narrow, sent) as opened, narrow.client(user) as client:
        answer = await client.get("/api/sync/status", timeout=5)

        assert len(opened) > 1100
    assert answer.status_code == 200


async def test_who_is_answered_is_not_cut_off(narrow: Server, user: User) -> None:
    """An event stream stays open while idle connections push each other out."""
    async with narrow.client(user) as client, reading(client, "/api/sse/status") as stream:
        async with connected(narrow, [IDLE] * 400):
            await until(lambda: narrow.readers() == 1)
        async with narrow.client(user) as other:
            await other.get("/api/sync/status")

        assert stream.response.status_code == 200
        assert narrow.readers() == 1


async def test_a_full_house_says_so(settings: Settings, database: Database, user: User) -> None:
    """Where all connections are being answered a new one gets a problem, with a time to come back."""
    limits = ConnectionLimits(connections=2, per_peer=2)
    async with (
        serving(settings, database, limits=limits) as server,
        contextlib.AsyncExitStack() as s,
    ):
        for _ in range(2):
            client = await s.enter_async_context(server.client(user))
            await s.enter_async_context(reading(client, "/api/sse/status"))
        async with connected(server, [IDLE]) as ((reader, _),):
            head, _, body = (await rest(reader)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in head
    assert json.loads(body)["status"] == 503


@pytest.mark.parametrize("text", [IDLE, HALF_A_HEAD, HALF_A_BODY])
async def test_what_does_not_come_is_not_waited_for(impatient: Server, text: bytes) -> None:
    """The server ends the connection, and waits for no answer of its own either."""
    async with connected(impatient, [text]) as ((reader, _),):
        assert await rest(reader) == b""


@pytest.mark.parametrize("text", [HALF_A_HEAD, HALF_A_BODY])
async def test_a_byte_now_and_then_buys_no_time(impatient: Server, text: bytes) -> None:
    """A head or a body that drips has the time of a whole one, and no more."""
    async with connected(impatient, [text]) as ((reader, writer),):
        ended = asyncio.create_task(rest(reader))
        with contextlib.suppress(ConnectionError):
            while not ended.done():
                writer.write(b" ")
                await asyncio.sleep(0.05)

        assert await ended == b""


async def test_an_answer_that_nobody_reads_is_given_up(impatient: Server, user: User) -> None:
    """A client that asks and does not read costs one connection for a limited time."""
    token = token_of(user, impatient.settings)
    ask = f"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nX-By: {token}\r\n\r\n".encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)  # noqa: FBT003 - the standard library's
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", int(impatient.url.rpartition(":")[2])))
        await loop.sock_sendall(client, 8 * ask)
        with pytest.raises(ConnectionError):
            await _send_for_ever(client, b"\r\n")


async def _send_for_ever(client: socket.socket, text: bytes) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE):
        while True:
            await loop.sock_sendall(client, text)
            await asyncio.sleep(0.005)


_BEGIN = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_CHUNKED = b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "text",
    [
        _BEGIN + b"X-Long: " + 200_000 * b"a",
        _BEGIN + 20_000 * b"X-Many: a\r\n",
        b"GET /" + 200_000 * b"a",
        _CHUNKED + b"1;" + 200_000 * b"a",
        _CHUNKED + b"1\r\na\r\n0\r\n" + 20_000 * b"X-Many: a\r\n",
    ],
    ids=["one field", "many fields", "address", "extension of a chunk", "fields after the body"],
)
async def test_a_head_has_a_limit(server: Server, text: bytes) -> None:
    """What comes beside a body is not collected without end, wherever a client puts it."""
    async with connected(server, [text]) as ((reader, _),):
        assert (await rest(reader))[:12] in (b"HTTP/1.1 431", b"")


async def test_requests_are_not_collected_without_end(server: Server) -> None:
    """A client that sends thousands of requests at once is cut off; one that sends a few is not."""
    ask = _BEGIN + b"\r\n"
    async with connected(server, [5000 * ask]) as ((reader, _),):
        assert (await rest(reader)).count(b"HTTP/1.1 200") < 5000
    last = _BEGIN + b"Connection: close\r\n\r\n"
    async with connected(server, [5 * ask + last]) as ((reader, _),):
        assert (await rest(reader)).count(b"HTTP/1.1 200") == 6


@pytest.mark.parametrize(
    "text",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        _BEGIN + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        _BEGIN + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        _BEGIN + b"X : a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["no host", "two lengths", "another length", "space", "a tunnel", "bytes"],
)
async def test_what_two_servers_could_read_differently_is_refused(
    server: Server, text: bytes
) -> None:
    """A proxy in front and recoup must agree on where a request ends, and for whom it is."""
    async with connected(server, [text]) as ((reader, _),):
        assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")


async def test_what_is_no_request_gets_a_problem(server: Server) -> None:
    """The protocol's own refusal has the form and the headers of all others."""
    async with connected(server, [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]) as (
        (reader, _),
    ):
        head, _, body = (await rest(reader)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert b"X-Content-Type-Options: nosniff" in head
    assert json.loads(body)["title"] == "Bad Request"


def test_fewer_files_mean_fewer_connections() -> None:
    """The limit leaves descriptors for the database, whatever the system allows."""
    assert ConnectionLimits().within(65_536) == ConnectionLimits()
    few = ConnectionLimits().within(1024)
    assert few.connections + few.waiting + OTHER_FILES == 1024
    assert few.per_peer == few.connections // 2
    assert ConnectionLimits().within(100).connections > 0


def test_one_home_is_one_peer() -> None:
    """An IPv6 network counts as one, and IPv4 in IPv6 as itself."""
    assert peer_key("2001:db8:1:2:3::4") == peer_key("2001:db8:1:2:ffff::1")
    assert peer_key("2001:db8:1:2::1") != peer_key("2001:db8:1:3::1")
    assert peer_key("::ffff:192.0.2.1") == peer_key("192.0.2.1") == "192.0.2.1"
    assert peer_key(None) == ""
