"""Runs the sandbox inside the caller's event loop, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from recoup.listener import open_listener
from recoup.sandbox.answers import ABORT_EXTENSION
from recoup.sandbox.app import create_app
from recoup.sandbox.config import SandboxConfig

_GRACE_SECONDS = 1


async def serve(
    config: SandboxConfig,
    *,
    host: str = "127.0.0.1",
    port: int = 8001,
    started: Callable[[int], None] | None = None,
) -> None:
    """Serves until cancelled; then stops at once, whatever requests are open.

    `port` 0 takes any free port; `started` receives the port once connections are accepted.
    Raises OSError when the port or the folder for the state cannot be had.
    """
    app = create_app(config)
    with open_listener(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                http=_AbortableProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        server.when_started = started
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(running)
        finally:
            app.state.sandbox.stopping.set()
            server.should_exit = True
            await running
            app.state.sandbox.reports.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they belong to the program that embeds us."""

    when_started: Callable[[int], None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.when_started is not None and sockets:
            self.when_started(sockets[0].getsockname()[1])


class _AbortableProtocol(H11Protocol):
    """Lets the application break the connection, which ASGI itself does not offer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT_EXTENSION] = lambda: _break_off(transport)
            await inner(scope, receive, send)

        self.app = app


def _break_off(transport: asyncio.Transport) -> None:
    """Closes with a TCP reset: zero linger discards unsent data."""
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
