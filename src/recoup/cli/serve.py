"""`recoup serve` and `recoup worker`: the service itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.first_link import FirstLink
from recoup.cli.output import say
from recoup.cli.running import run_loop, run_services
from recoup.cli.sandbox import ODD_HELP, chosen_oddities
from recoup.cli.services import (
    api_service,
    free_port,
    sandbox_service,
    worker_process_service,
    worker_service,
)
from recoup.cli.storage import fitting_database, opened
from recoup.cli.worker_process import WorkerProcess

if TYPE_CHECKING:
    from recoup.config import Settings

_LOCAL = "127.0.0.1"
_SANDBOX_PORT = 8001
# A first sync requests some sixty reports: an hour by Amazon's limits, too long for trying out.
_SANDBOX_SPEED = 200.0


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = _LOCAL,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on. 0: any free port.")
    ] = 8000,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Serve the API only; do not run syncs.")
    ] = False,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Also start the local sandbox, 200 times as fast as Amazon, for the environment local.",
        ),
    ] = False,
    sandbox_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the sandbox.")
    ] = _SANDBOX_PORT,
    odd: Annotated[
        list[str] | None, typer.Option(metavar="KIND|all", help=f"With --sandbox. {ODD_HELP}")
    ] = None,
) -> None:
    """Run the HTTP API, and a worker beside it in a process of its own."""
    oddities = chosen_oddities(odd)
    port = port or free_port(host)
    settings = _adapted(enter(quiet=False), port, sandbox_port if sandbox else None)
    with fitting_database(settings) as url:
        run_loop(
            _serve(
                settings,
                url,
                host=host,
                port=port,
                with_worker=not no_worker,
                sandbox_port=sandbox_port if sandbox else None,
                odd=oddities,
            )
        )


def worker() -> None:
    """Run only a worker, which takes syncs from the queue."""
    settings = enter(quiet=False)
    with fitting_database(settings) as url:
        run_loop(_work(settings, url))


def _adapted(settings: Settings, port: int, sandbox_port: int | None) -> Settings:
    """The settings with what follows from the ports; a public address that is set stays."""
    changes: dict[str, str] = {}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = f"http://{_LOCAL}:{port}"
    if sandbox_port is not None:
        changes["local_sandbox"] = f"http://{_LOCAL}:{sandbox_port}"
    return settings.model_copy(update=changes)


async def _serve(
    settings: Settings,
    url: str,
    *,
    host: str,
    port: int,
    with_worker: bool,
    sandbox_port: int | None,
    odd: tuple[str, ...],
) -> None:
    from recoup.sandbox.config import SandboxConfig

    async with opened(url) as database:
        first_link = FirstLink(database)

        worker = WorkerProcess(settings, url) if with_worker else None
        listening = asyncio.Event()

        def tell(actual: int) -> None:
            listening.set()
            say(f"recoup listens on http://{host}:{actual}; Ctrl-C stops it.")
            first_link.tell(settings.public_url)

        services = [
            api_service(
                settings,
                database,
                host=host,
                port=port,
                started=tell,
                worker_restarts=None if worker is None else worker.count_restarts,
            ),
            first_link.run,
        ]
        if worker is not None:
            services.append(worker_process_service(worker, listening))
        if sandbox_port is not None:
            config = SandboxConfig(speed=_SANDBOX_SPEED, odd=odd)
            services.append(sandbox_service(config, host=_LOCAL, port=sandbox_port))
        await run_services(services)


async def _work(settings: Settings, url: str) -> None:
    async with opened(url) as database:
        await run_services([worker_service(settings, database)])
