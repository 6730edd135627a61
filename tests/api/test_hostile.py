"""Hundreds of hostile requests, as nobody, as a stranger and as a viewer: every route of the application.

No answer is a failure of the server, none holds anything of others, and afterwards all is as before.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from sqlalchemy import text

from recoup.api.authentication import OPEN_PATHS
from recoup.api.buckets import RequestLimits
from recoup.api.permissions import permission_for
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import first_workspace_id
from recoup.jobs.queue import new_queue
from recoup.jobs.start import begin_sync
from recoup.users.queries import User
from recoup.users.roles import Role
from tests.api.claim_rows import store_claims
from tests.api.rows import store_orders, store_stock, store_transactions, store_units
from tests.api.serving import Server, new_connection, new_user, serving
from tests.api.test_roles import member
from tests.support.openapi_document import PATHS
from tests.support.patience import PATIENCE

EVERYTHING = RequestLimits(per_second=1e6, burst=1e6)
VICTIM = "victim@canary.example"
PUBLIC = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/",
    "/signin",
    "/signout",
    "/signin/link",
} | OPEN_PATHS
REFUSALS = {400, 401, 403, 404, 405, 409, 413, 414, 415, 421, 422, 429}
# Percent-encoded: NUL, no UTF-8, half a surrogate pair, a huge number, tricks with paths, SQL, a script.
BAD_IDS = (
    *("%00", "%FF%FE", "%ED%A0%80", "9" * 4000, "-1", "..%2F..%2Fme", "x" * 4000),
    *("'%20or%20'1'='1", "%3Cscript%3E", "null", "%F0%9F%92%A9", "a%0d%0aSet-Cookie:%20x=1"),
)
# Where a body is expected that is well-formed, so that the refusal is about whose object it is.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/sync/start"): {"connectionId": "{connectionId}"},
    ("POST", "/api/sync/force"): {"connectionId": "{connectionId}"},
    ("PATCH", "/api/v1/integrations/amazon/connections/{connectionId}"): {"schedule": "0 5 * * *"},
    ("PUT", "/api/legal-hold"): {
        "connectionId": "{connectionId}",
        "isHeld": True,
        "reason": "mine",
    },
    ("PATCH", "/api/recoveries/{claimId}"): {"status": "dismissed", "note": "mine"},
    ("PUT", "/api/me/notifications"): {"kinds": []},
    ("POST", "/api/webhooks"): {"url": "http://127.0.0.1/mine", "kinds": ["sync.ended"]},
    ("PATCH", "/api/webhooks/{webhookId}"): {"url": "https://mine.example/hook"},
    ("POST", "/api/packs/{packId}/filed"): {"caseId": "mine"},
    ("POST", "/api/quarantine/replay"): {"connectionId": "{connectionId}"},
    ("PATCH", "/api/workspace/members/{userId}"): {"role": "viewer"},
    ("PUT", "/api/me/workspace"): {"workspaceId": "{workspaceId}"},
    ("PUT", "/api/sourcing-costs"): {"items": []},
    ("PUT", "/api/sourcing-costs/amazon/refusals"): {
        "connectionId": "{connectionId}",
        "fnsku": "X0001",
        "cost": "1.00",
        "currency": "USD",
        "refusedOn": "2026-11-01",
    },
    ("POST", "/signin"): {"email": VICTIM, "password": "not the password"},
    ("POST", "/signin/link"): {"token": "x"},
    ("POST", "/signin/link/look"): {"token": "x"},
}
WRONG_BODIES = (
    *(b"", b"{", b"null", b"[]", b"1e999", b'"\xff"', rb'{"\ud800": "\u0000"}', b"[" * 20_000),
    *(
        b'{"connectionId": {"$ne": null}, "status": [1], "role": true, "workspaceId": 1}',
        b"--x\r\n",
    ),
)
KEPT = (
    *("amazon_connection", "claim", "claim_history", "invitation", "orders", "sourcing_cost"),
    *("pack_filing", "proof", "proof_file", "sync_progress", "webhook", "webhook_delivery"),
    *("workspace", "workspace_member"),
)
TOO_LARGE = b'{"note": "' + b"x" * 1_100_000 + b'"}'


def _routes() -> list[tuple[str, str]]:
    """Method and template of every route, documented or not."""
    found = [(m.upper(), path) for path, ms in PATHS.items() for m in ms]
    hidden = ("/", "/signin", "/api/docs", "/api/openapi.json")
    return [*found, *(("GET", path) for path in hidden)]


ROUTES = _routes()


@dataclass
class Scene:
    """A victim with data of every kind, and those who want it."""

    server: Server
    database: Database
    ids: dict[str, str]
    marks: tuple[str, ...]
    nobody: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    viewer: httpx2.AsyncClient

    def filled(self, path: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: self.ids[name[1]], path)

    def body(self, method: str, path: str) -> Any:
        given = BODIES.get((method, path))
        if given is None:
            return {} if method in {"POST", "PUT", "PATCH"} else None
        return {
            name: self.filled(value) if isinstance(value, str) else value
            for name, value in given.items()
        }

    async def state(self) -> dict[str, int]:
        """What the victim's rows come to: a number for each table."""
        async with self.database.reading() as conn:
            return {
                name: (
                    await conn.execute(
                        text(f"select coalesce(sum(hashtext(t::text)::bigint), 0) from {name} t")
                    )
                ).scalar_one()
                for name in KEPT
            }


@pytest.fixture
async def scene(settings: Settings, database: Database) -> AsyncIterator[Scene]:
    victim = await new_user(database, VICTIM)
    stranger = await new_user(database, "stranger@example.com")
    async with (
        serving(
            settings,
            database,
            heartbeat_seconds=0.05,
            stream_lifetime_seconds=0.1,
            request_limits=EVERYTHING,
        ) as server,
        member(server, database, victim, Role.VIEWER) as viewer,
        server.client(stranger) as of_stranger,
        server.client() as nobody,
    ):
        ids = await _store_data(server, database, victim)
        marks = (VICTIM, *ids.values(), "Atzr|", "111-", "RC-")
        yield Scene(server, database, ids, marks, nobody, of_stranger, viewer)


async def _store_data(server: Server, database: Database, victim: User) -> dict[str, str]:
    """The ids that stand in paths."""
    connection: Connection = await new_connection(
        database, server.settings, victim, token="Atzr|canary", seller="AVICTIM"
    )
    seller = connection.connection_id
    queue = new_queue(database)
    async with queue.open_async(), database.writing() as conn:
        sync_id = await begin_sync(conn, queue, connection, trigger="manual")
    await store_orders(database, seller, range(3))
    await store_transactions(database, seller, range(3))
    await store_stock(database, seller)
    await store_units(database, seller, range(3))
    await store_claims(database, seller, range(3))
    async with server.client(victim) as client:
        claims = (await client.get("/api/recoveries")).json()["items"]
        invited = await client.post(
            "/api/workspace/invitations", json={"email": "guest@canary.example", "role": "viewer"}
        )
        hook = {"url": "https://hooks.canary.example/secret", "kinds": ["sync.ended"]}
        hooked = (await client.post("/api/webhooks", json=hook)).json()
        tested = await client.post(f"/api/webhooks/{hooked['webhookId']}/test")
        credentials = (await client.get("/api/me/credentials")).json()
        packs = (await client.get("/api/packs")).json()["items"]
        about = {"kind": "invoice", "subjectKind": "product", "subject": "X0000"}
        proof = await client.post("/api/proofs", params=about, content=b"%PDF-1.7 canary-proof")
    listed = credentials["credentials"] if "credentials" in credentials else credentials["items"]
    return {
        "claimId": claims[0]["claimId"],
        "packId": packs[0]["packId"],
        "proofId": proof.json()["proofId"],
        "connectionId": seller,
        "syncId": sync_id,
        "userId": victim.user_id,
        "workspaceId": first_workspace_id(victim.user_id),
        "invitationId": invited.json()["invitationId"],
        "credentialId": listed[0]["credentialId"],
        "webhookId": hooked["webhookId"],
        "deliveryId": tested.json()["deliveryId"],
    }


def refused(answers: list[httpx2.Response]) -> list[tuple[str, str, int, str]]:
    """Those that are not, for the message of a failure."""
    return [
        (a.request.method, str(a.url)[:100], a.status_code, a.text[:200])
        for a in answers
        if a.status_code not in REFUSALS
    ]


def failures(answers: list[httpx2.Response]) -> list[tuple[str, str, int]]:
    return [
        (a.request.method, str(a.url)[:100], a.status_code)
        for a in answers
        if a.status_code >= 500 and a.url.path != "/readyz"
    ]


def told(answers: list[httpx2.Response], marks: tuple[str, ...]) -> list[tuple[str, str]]:
    """What an answer holds of the victim, other than what the request itself had said."""
    return [
        (str(a.url)[:100], mark)
        for a in answers
        for mark in marks
        if mark in a.text + str(a.headers) and mark not in _asked(a.request)
    ]


def _asked(request: httpx2.Request) -> str:
    return f"{request.url} {request.headers} {request.content!r}"


async def test_nobody_gets_in(scene: Scene) -> None:
    """Every route without a user, with the victim's ids and with forged proofs of being somebody."""
    before = await scene.state()
    closed = [(m, p) for m, p in ROUTES if p not in PUBLIC and not p.endswith("/look")]
    answers = [
        await scene.nobody.request(
            method, scene.filled(path), headers=headers, json=scene.body(method, path)
        )
        for method, path in closed
        for headers in _forged(scene)
    ]

    assert len(answers) > 200
    statuses = {(a.request.method, a.url.path): a.status_code for a in answers}
    # The way back from Amazon is refused in words for people.
    callback = ("GET", "/api/v1/integrations/amazon/auth/callback")
    assert statuses.pop(callback) in {400, 401}
    assert set(statuses.values()) == {401}
    assert told(answers, scene.marks) == []
    assert await scene.state() == before


def _forged(scene: Scene) -> Iterator[dict[str, str]]:
    claims = {
        "sub": scene.ids["userId"],
        "jti": "x" * 43,
        "iss": "recoup",
        "exp": utc_now() + timedelta(days=1),
    }
    unsigned = jwt.encode(claims, "", algorithm="none")
    foreign = jwt.encode(claims, "k" * 32, algorithm="HS256")
    yield {}
    yield {"authorization": f"Bearer {unsigned}", "x-forwarded-user": VICTIM}
    yield {"authorization": f"Bearer {foreign}", "x-original-url": "/healthz"}
    yield {
        "authorization": "Basic dmljdGltOng=",
        "cookie": "session_token=null; session_token=a.b.c",
    }
    yield {"cookie": f"__Host-session_token={foreign}", "x-http-method-override": "GET"}


async def test_a_stranger_sees_and_changes_nothing(scene: Scene) -> None:
    """Another user with the victim's ids in path, query and body, and with the victim's workspace."""
    before = await scene.state()
    theirs = {"recoup-workspace": scene.ids["workspaceId"]}
    answers, in_workspace = [], []
    for method, path in _below_api():
        url, body = scene.filled(path), scene.body(method, path)
        answers.append(await scene.stranger.request(method, url, json=body))
        in_workspace.append(await scene.stranger.request(method, url, json=body, headers=theirs))
        if method == "GET" and "{" not in path:
            query = {"connectionId": scene.ids["connectionId"], "syncId": scene.ids["syncId"]}
            answers.append(await scene.stranger.get(url, params=query))
    with_ids = [a for a in answers if any(one in a.url.path for one in scene.ids.values())]

    assert {a.status_code for a in with_ids} == {404}
    assert {a.status_code for a in in_workspace} == {404}
    assert failures(answers) == []
    assert told([*answers, *in_workspace], scene.marks) == []
    assert await scene.state() == before


async def test_a_viewer_reads_and_changes_nothing(scene: Scene) -> None:
    """Writes are 403 whatever they say; no read shows a token or what only owners see."""
    before = await scene.state()
    writes, reads = [], []
    for method, path in _below_api():
        url = scene.filled(path)
        answer = await scene.viewer.request(method, url, json=scene.body(method, path))
        needs = permission_for(method, url)
        if needs.role is not None and not Role.VIEWER.covers(needs.role):
            writes.append(answer)
        else:
            reads.append(answer)

    assert len(writes) > 15
    assert {a.status_code for a in writes} == {403}
    assert told(writes, (*scene.marks, "Atzr|", "guest@canary.example")) == []
    assert told(reads, ("Atzr|", "guest@canary.example", scene.ids["credentialId"])) == []
    assert failures(reads) == []
    assert await scene.state() == before


@pytest.mark.parametrize("who", ["nobody", "stranger", "viewer"])
async def test_bad_input_is_refused(scene: Scene, who: str) -> None:
    """Ids, queries and bodies that are nonsense, too large or of another type, at every route."""
    before = await scene.state()
    client: httpx2.AsyncClient = getattr(scene, who)
    answers = []
    for method, path in ROUTES:
        if "{" in path:
            for bad in BAD_IDS:
                url = re.sub(r"\{\w+\}", lambda _, bad=bad: bad, path)
                answers.append(await client.request(method, url, json=scene.body(method, path)))
        if method in {"POST", "PUT", "PATCH"}:
            as_json = {"content-type": "application/json"}
            for content in (*WRONG_BODIES, TOO_LARGE):
                # What is refused before its body is read may end the connection meanwhile.
                with contextlib.suppress(httpx2.TransportError):
                    answers.append(
                        await client.request(
                            method, scene.filled(path), content=content, headers=as_json
                        )
                    )
    # These need no body; what they do is about the caller alone.
    bodiless = ("/signout", "/api/me/credentials", "/api/quarantine/replay")

    assert len(answers) > 150
    assert failures(answers) == []
    assert [one for one in refused(answers) if not one[1].endswith(bodiless)] == []
    if who != "viewer":
        assert told(answers, scene.marks) == []
    assert await scene.state() == before


def _below_api() -> list[tuple[str, str]]:
    """Last those that change the caller's own account, which would sign the others out."""
    found = [(m, p) for m, p in ROUTES if p.startswith("/api/") and p not in OPEN_PATHS]
    return sorted(found, key=lambda one: "/api/me/" in one[1])


ODD_PATHS = (
    *("//api/me", "/api//me", "/api/../api/me", "/API/me", "/api/me/", "/api/me;x=1", "/api%2fme"),
    *("/%61pi/me", "/static/../api/me", "/static/%2e%2e/config.py", "/static/..%2f..%2fconfig.py"),
    *(
        "/static/%00",
        "/static/" + "a/" * 2000,
        "/api/me%00",
        "/.env",
        "/recoup.toml",
        "/%ff",
        "/\\api",
    ),
    *("http://evil.example/api/me", "//evil.example/api/me", "/api/me?x=" + "y" * 15_000, "*"),
)
HEADERS = (
    b"Host: 127.0.0.1\r\nHost: evil.example\r\n",
    b"Host: evil.example\r\n",
    b"Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\n",
    b"Host: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
    b"Host: 127.0.0.1\r\nContent-Length: -1\r\n",
    b"Host: 127.0.0.1\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n",
    b"Host: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n",
    b"Host: 127.0.0.1\r\nAuthorization: \xff\xfe\r\nCookie: session_token=\xed\xa0\x80\r\n",
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    b"Host: 127.0.0.1\r\nExpect: 100-continue\r\nAccept: \x80/*;q=x\r\n",
    b"Host: 127.0.0.1\r\nX: " + b"y" * 70_000 + b"\r\n",
    b"Host: 127.0.0.1\r\n folded: yes\r\n",
    b"Host: 127.0.0.1\r\nBad Name: 1\r\n",
    b"",
)


async def test_tricks_with_paths_and_headers(scene: Scene) -> None:
    """As bytes on the wire, which clients would put right: nothing is served that needs a user."""
    requests = [b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n" % path.encode() for path in ODD_PATHS]
    requests += [b"GET /api/me HTTP/1.1\r\n" + headers for headers in HEADERS]
    methods = (b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"PURGE", b"get", b"G" * 300)
    requests += [b"%b /api/me HTTP/1.1\r\nHost: 127.0.0.1\r\n" % method for method in methods]
    requests += [b"GET /api/me HTTP/%b\r\nHost: 127.0.0.1\r\n" % v for v in (b"1.0", b"9.9", b"x")]

    for request in requests:
        answer = await _send(scene.server, request + b"Connection: close\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        assert status in REFUSALS, (request[:100], answer[:300])
        assert answer.count(b"HTTP/1.1 ") == 1, (request[:100], answer[:300])
        assert not [mark for mark in scene.marks if mark.encode() in answer]
        assert b"nosniff" in answer


async def test_pages_of_other_sites_write_nothing(scene: Scene) -> None:
    """With the cookie of a viewer, from a foreign origin, at each route that writes."""
    token = scene.viewer.headers["authorization"].partition(" ")[2]
    answers = [
        await scene.nobody.request(
            method,
            scene.filled(path),
            headers={"cookie": f"session_token={token}", "origin": origin},
            json=scene.body(method, path),
        )
        for method, path in ROUTES
        if method != "GET"
        for origin in ("https://evil.example", "null")
    ]

    assert {a.status_code for a in answers} == {403}
    assert told(answers, scene.marks) == []


async def _send(server: Server, request: bytes) -> bytes:
    port = int(server.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            while chunk := await reader.read(65536):
                found += chunk
    writer.transport.abort()
    return found
