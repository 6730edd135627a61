"""`recoup serve` and `recoup worker`: the service itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.running import run_services
from recoup.cli.sandbox import accepting
from recoup.cli.services import api_service, sandbox_service, worker_service
from recoup.cli.storage import fitting_database, opened

if TYPE_CHECKING:
    from recoup.config import Settings

_LOCAL = "127.0.0.1"
_SANDBOX_PORT = 8001  # what the environment `local` means, see spapi/endpoints.py
# A first sync asks for some sixty reports: an hour by Amazon's limits, too long for trying out.
_SANDBOX_SPEED = 200.0


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = _LOCAL,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Serve only; run no syncs.")
    ] = False,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Start the local sandbox too, 200 times as fast as Amazon."),
    ] = False,
    sandbox_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where the sandbox listens.")
    ] = _SANDBOX_PORT,
) -> None:
    """Run the HTTP API and a worker in one process."""
    settings = _adapted(enter(quiet=False), port, sandbox_port if sandbox else None)
    with fitting_database(settings) as url:
        asyncio.run(
            _serve(
                settings,
                url,
                host=host,
                port=port,
                with_worker=not no_worker,
                sandbox_port=sandbox_port if sandbox else None,
            )
        )


def worker() -> None:
    """Run a worker only: it takes syncs from the queue."""
    settings = enter(quiet=False)
    with fitting_database(settings) as url:
        asyncio.run(_work(settings, url))


def _adapted(settings: Settings, port: int, sandbox_port: int | None) -> Settings:
    """The settings with defaults that follow the ports; what was set stays as it was set."""
    changes: dict[str, str] = {}
    if port:
        changes["public_url"] = f"http://{_LOCAL}:{port}"
    if sandbox_port not in {None, _SANDBOX_PORT}:
        changes["spapi_endpoint"] = changes["lwa_endpoint"] = f"http://{_LOCAL}:{sandbox_port}"
    unset = {name: url for name, url in changes.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=unset)


async def _serve(
    settings: Settings,
    url: str,
    *,
    host: str,
    port: int,
    with_worker: bool,
    sandbox_port: int | None,
) -> None:
    from recoup.sandbox.config import SandboxConfig
    from recoup.users.queries import list_users
    from recoup.users.sign_in_link import SignInLink

    async with opened(url) as database:
        async with database.reading() as conn:
            link = None if await list_users(conn) else SignInLink()

        def tell(actual: int) -> None:
            typer.echo(f"recoup listens on http://{host}:{actual}; Ctrl-C stops it.")
            if link is not None:
                here = settings.public_url if port else f"http://{host}:{actual}"
                typer.echo("There is no user yet: add one with `recoup user add EMAIL`, or open")
                typer.echo(f"  {link.address(here)}")
                typer.echo("which signs you in to the dashboard, once.")

        services = [
            api_service(settings, database, host=host, port=port, started=tell, sign_in_link=link)
        ]
        if with_worker:
            services.append(worker_service(settings, database))
        if sandbox_port is not None:
            config = accepting(settings, SandboxConfig(speed=_SANDBOX_SPEED))
            services.append(sandbox_service(config, host=_LOCAL, port=sandbox_port))
        await run_services(services)


async def _work(settings: Settings, url: str) -> None:
    async with opened(url) as database:
        await run_services([worker_service(settings, database)])
