"""A real HTTP server on a real socket whose answers a test scripts, one by one.

    async with ScriptedServer() as server:
        server.script("/path", Reply(500), BREAK, Reply(body={"ok": True}))

It runs in the test's own event loop. A request that no script expects is answered with 599 and
raised when the server closes, so that a call too many never goes unseen.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body as a form, each field once."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Reply:
    """An answer. A `body` that is no text and no bytes is sent as JSON; None sends nothing.

    It waits for `after`, when given. There is no Date header unless `headers` has one. `drip` follows
    the body piece by piece, and ends with the connection.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: asyncio.Event | None = None
    drip: Callable[[], AsyncIterator[bytes]] | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.content()[:60]!r}"

    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


class Trouble(Enum):
    BREAK = "the connection is reset"
    CUT = "the connection ends in the middle of the answer"
    SILENCE = "no answer ever comes"


BREAK, CUT, SILENCE = Trouble.BREAK, Trouble.CUT, Trouble.SILENCE

Step = Reply | Trouble | Callable[[Received], Reply]


class ScriptedServer:
    def __init__(self) -> None:
        self._scripts: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._always: dict[str, Step] = {}
        self._unexpected: list[Received] = []
        self._arrival = asyncio.Condition()
        self._handlers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.received: list[Received] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: object, *_rest: object) -> None:
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()
        if kind is None:
            paths = [request.path for request in self._unexpected]
            assert not paths, f"requests that no script expected: {paths}"

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def script(self, path: str, *steps: Step) -> None:
        """The next answers for `path`, each once, in this order."""
        self._scripts[path].extend(steps)

    def always(self, path: str, step: Step) -> None:
        """The answer for `path` whenever its script is empty."""
        self._always[path] = step

    def requests(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]

    async def wait_for(self, path: str, count: int = 1) -> None:
        """Return once `count` requests for `path` have come; TimeoutError after PATIENCE."""
        async with asyncio.timeout(PATIENCE), self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests(path)) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            while (request := await _read(reader)) is not None:
                async with self._arrival:
                    self.received.append(request)
                    self._arrival.notify_all()
                if not await self._play(self._next(request), writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            self._handlers.discard(task)
            writer.close()

    def _next(self, request: Received) -> Step:
        script = self._scripts[request.path]
        step = script.popleft() if script else self._always.get(request.path)
        if step is None:
            self._unexpected.append(request)
            return Reply(599)
        return step(request) if callable(step) else step

    async def _play(self, step: Step, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can serve another request."""
        if step is SILENCE:
            await asyncio.Event().wait()
        if step is BREAK:
            link: socket.socket = writer.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if step is CUT:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
            await writer.drain()
            return False
        assert isinstance(step, Reply)
        if step.after is not None:
            await step.after.wait()
        content = step.content()
        headers = {"content-type": "application/json", **step.headers}
        length = f"content-length: {len(content)}" if step.drip is None else "connection: close"
        lines = [f"HTTP/1.1 {step.status} X", length]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        if step.drip is None:
            return True
        async for piece in step.drip():
            writer.write(piece)
            await writer.drain()
        return False


async def _read(reader: asyncio.StreamReader) -> Received | None:
    """The next request of a connection, None when the client has ended it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _version = start.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    return Received(method, parts.path, query, headers, body)
