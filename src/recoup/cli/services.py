"""The parts of recoup as services that run beside each other (see running.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from recoup.cli.running import Service, unless_stopped

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.sandbox.config import SandboxConfig
    from recoup.users.sign_in_link import SignInLink

Started = Callable[[int], None]
"""Is told the port once connections are accepted."""


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
    sign_in_link: SignInLink | None = None,
) -> Service:
    async def serve_http(stop: asyncio.Event) -> None:
        from recoup.api.app import create_app
        from recoup.api.serve import serve_api

        app = create_app(settings, database, sign_in_link=sign_in_link)
        await serve_api(app, host=host, port=port, stop=stop, started=started)

    return serve_http


def worker_service(settings: Settings, database: Database) -> Service:
    async def work(stop: asyncio.Event) -> None:
        from recoup.jobs.worker import Worker

        await Worker(settings, database).run(stop)

    return work
