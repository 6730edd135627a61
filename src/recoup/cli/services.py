"""The parts of recoup as services that run side by side (see running.py)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from recoup.cli.running import Service, unless_stopped

if TYPE_CHECKING:
    from recoup.cli.worker_process import WorkerProcess
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.sandbox.config import SandboxConfig

Started = Callable[[int], None]
"""Receives the port once connections are accepted."""


def free_port(host: str) -> int:
    """A port that nothing listens on. Known before a server has it, as its public address has it."""
    with closing(socket.create_server((host, 0))) as probe:
        return int(probe.getsockname()[1])


def sandbox_service(
    config: SandboxConfig, *, host: str, port: int, started: Started | None = None
) -> Service:
    async def serve_sandbox(stop: asyncio.Event) -> None:
        from recoup.sandbox.serve import serve

        await unless_stopped(stop, serve(config, host=host, port=port, started=started))

    return serve_sandbox


def api_service(
    settings: Settings,
    database: Database,
    *,
    host: str,
    port: int,
    started: Started | None = None,
    worker_restarts: Callable[[], int] | None = None,
) -> Service:
    """worker_restarts: how often the worker beside it was started again, for /metrics."""

    async def serve_http(stop: asyncio.Event) -> None:
        from recoup.api.app import create_app
        from recoup.api.serve import serve_api

        app = create_app(settings, database, worker_restarts=worker_restarts)
        await serve_api(app, host=host, port=port, stop=stop, started=started)

    return serve_http


def worker_process_service(worker: WorkerProcess, begin: asyncio.Event | None = None) -> Service:
    """begin: set once the worker may start. Unset until the API listens: nobody waits for a worker."""

    async def supervise(stop: asyncio.Event) -> None:
        if begin is not None:
            await unless_stopped(stop, begin.wait())
        await worker.run(stop)

    return supervise


def worker_service(settings: Settings, database: Database) -> Service:
    async def work(stop: asyncio.Event) -> None:
        from recoup.jobs.worker import Worker

        await Worker(settings, database).run(stop)

    return work
