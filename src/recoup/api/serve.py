"""Serving the application inside the caller's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from recoup.api.file_limit import raise_file_limit
from recoup.api.gate import ConnectionLimits, Gate, GatedConnection
from recoup.api.services import Services
from recoup.listener import open_listener

# Requests take milliseconds and event streams are ended: anything longer is cut off.
_GRACE_SECONDS = 3
_UNHEARD_MS = 60_000


async def serve_api(
    app: FastAPI,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    started: Callable[[int], None] | None = None,
    limits: ConnectionLimits | None = None,
) -> None:
    """Serves until `stop` is set; then lets open requests end, within about 3 s.

    `port` 0 takes any free port; `started` receives the port once connections are accepted.
    Raises OSError when the port cannot be had, and what opening the application's parts raises.
    """
    gate = Gate((limits or ConnectionLimits()).within(raise_file_limit()))
    with open_listener(host, port) as listener:
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A client whose machine or network is gone says nothing: the kernel would send again what
            # is not acknowledged for a quarter of an hour. Event streams send a heartbeat.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MS)
        async with app.router.lifespan_context(app):
            await _serve(app, listener, stop, started, gate)


async def _serve(
    app: FastAPI,
    listener: socket.socket,
    stop: asyncio.Event,
    started: Callable[[int], None] | None,
    gate: Gate,
) -> None:
    services: Services = app.state.services
    server = _Server(
        uvicorn.Config(
            app,
            http=GatedConnection,
            backlog=gate.limits.waiting,
            ws="none",
            # Ours is entered by the caller above, so that its errors are raised and not logged.
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    server.server_state = gate
    server.when_started = started
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        services.stopping.set()
        server.should_exit = True
        await serving


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
