"""`recoup demo`: everything at once, on this machine only, with a first sync to look at."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.cli.claims_table import print_claims
from recoup.cli.entrance import enter
from recoup.cli.errors import INTERRUPTED, CommandError
from recoup.cli.output import on_terminal
from recoup.cli.progress import Status, progress_display, stream_table
from recoup.cli.running import run_services, unless_stopped
from recoup.cli.sandbox import accepting
from recoup.cli.services import api_service, sandbox_service, worker_service
from recoup.cli.storage import opened

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.sandbox.config import SandboxConfig

_HOST = "127.0.0.1"
_USUAL_PORT = 8000
_CLAIMS_SHOWN = 15
_EMAIL = "demo@recoup.invalid"
# The sandbox's own seller, see recoup/sandbox/world/seller.py.
_SELLER = {
    "refreshToken": "Atzr|test",
    "sellingPartnerId": "DEMOSELLER",
    "region": "NA",
    "environment": "local",
    "marketplaceIds": ["ATVPDKIKX0DER"],
}


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the first sync.")] = False,
    orders: Annotated[int, typer.Option(min=0, help="Orders of the demo's seller.")] = 2000,
    speed: Annotated[
        float, typer.Option(min=0.01, help="How much faster than Amazon's limits allow.")
    ] = 200.0,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Of the API. Unset: 8000, or any free one."),
    ] = None,
) -> None:
    """Show a first sync: own database, local sandbox, API and worker. Needs no Amazon account.

    On a terminal it keeps running afterwards, so that you can look around.
    """
    from recoup.cli.demo_database import demo_database
    from recoup.sandbox.config import SandboxConfig

    settings = enter()
    folder = settings.data_dir / "demo"
    began = time.monotonic()
    typer.echo("Starting PostgreSQL, the sandbox, the API and a worker ...")
    with demo_database(folder) as url:
        settings = settings.model_copy(update={"data_dir": folder, "database_url": None})
        config = accepting(settings, SandboxConfig(orders=orders, speed=speed))
        stay = on_terminal() and not once
        status = asyncio.run(_run(settings, url, config, port=port, stay=stay, began=began))
    if status is None:
        raise typer.Exit(INTERRUPTED)
    if status["status"] != "complete":
        raise CommandError(f"The demo's sync did not complete: {status['message']}")


async def _run(
    settings: Settings,
    url: str,
    config: SandboxConfig,
    *,
    port: int | None,
    stay: bool,
    began: float,
) -> dict[str, Any] | None:
    async with opened(url) as database:
        run = _Demo(settings, database, config=config, port=port, stay=stay, began=began)
        await run.run()
        return run.status


class _Port:
    """A port that is known once its server accepts connections."""

    def __init__(self) -> None:
        self._number = 0
        self._known = asyncio.Event()

    def tell(self, number: int) -> None:
        self._number = number
        self._known.set()

    async def get(self) -> int:
        await self._known.wait()
        return self._number


class _Demo:
    """One run. `status` is the sync's last state, None when it was interrupted before its end."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        config: SandboxConfig,
        port: int | None,
        stay: bool,
        began: float,
    ) -> None:
        from recoup.users.sign_in_link import SignInLink

        self._settings = settings
        self._database = database
        self._config = config
        self._asked_port = port
        self._stay = stay
        self._began = began
        self._sandbox = _Port()
        self._api = _Port()
        self._link = SignInLink()
        self.status: dict[str, Any] | None = None

    async def run(self) -> None:
        """Until all is shown, or a signal comes. Raises what the first part that failed raised."""
        sandbox = sandbox_service(self._config, host=_HOST, port=0, started=self._sandbox.tell)
        await run_services([sandbox, self._serve, self._work, self._show])

    async def _serve(self, stop: asyncio.Event) -> None:
        """The API, on another port when the usual one is taken and none was asked for."""
        settings = await self._local_settings(stop)
        if settings is None:
            return
        try:
            await self._serve_on(self._asked_port or _USUAL_PORT, settings, stop)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or self._asked_port is not None:
                raise
            await self._serve_on(_free_port(), settings, stop)

    async def _serve_on(self, port: int, settings: Settings, stop: asyncio.Event) -> None:
        here = settings.model_copy(update={"public_url": f"http://{_HOST}:{port}"})
        serve = api_service(
            here,
            self._database,
            host=_HOST,
            port=port,
            started=self._api.tell,
            sign_in_link=self._link,
        )
        await serve(stop)

    async def _work(self, stop: asyncio.Event) -> None:
        settings = await self._local_settings(stop)
        if settings is not None:
            await worker_service(settings, self._database)(stop)

    async def _show(self, stop: asyncio.Event) -> None:
        """What the person sees; when this ends, all ends."""
        await unless_stopped(stop, self._sync_once())
        if self._stay and self.status is not None and self.status["status"] == "complete":
            await stop.wait()

    async def _local_settings(self, stop: asyncio.Event) -> Settings | None:
        """The settings with the sandbox's address, once that is known; None when all stops."""
        port = await unless_stopped(stop, self._sandbox.get())
        if port is None:
            return None
        sandbox = f"http://{_HOST}:{port}"
        return self._settings.model_copy(
            update={"spapi_endpoint": sandbox, "lwa_endpoint": sandbox}
        )

    async def _sync_once(self) -> None:
        from recoup.cli.api_client import ApiClient

        address = f"http://{_HOST}:{await self._api.get()}"
        token = await self._new_token()
        async with ApiClient(address, token) as api:
            sync_id = await api.start_sync(await api.connect_seller(_SELLER))
            last: dict[str, Any] = {}
            with progress_display() as display:
                async for state in api.follow(sync_id):
                    display(state)
                    last = state
            claims = await api.list_urgent_claims(_CLAIMS_SHOWN)
        self.status = last
        typer.echo("\n".join(("", *stream_table(last), "")))
        print_claims(claims["items"], claims["totals"])
        typer.echo(f"\n{self._times(last)}")
        if self._stay:
            typer.echo("\n".join(_how_to_go_on(self._link.address(address), address, token)))
        else:
            typer.echo("To look around: `recoup demo` on a terminal keeps the API running.")

    def _times(self, status: Status) -> str:
        total = time.monotonic() - self._began
        return f"The sync took {status['duration']:.1f} s, with all that it needs {total:.1f} s."

    async def _new_token(self) -> str:
        from recoup.clock import utc_now
        from recoup.users.queries import add_user
        from recoup.users.tokens import issue_token

        async with self._database.writing() as conn:
            user = await add_user(conn, _EMAIL)
        return issue_token(user.user_id, self._settings.keys, now=utc_now())


def _how_to_go_on(link: str, address: str, token: str) -> list[str]:
    return [
        "",
        "The dashboard, which this link opens once:",
        f"  {link}",
        f"The API is at {address} (try it: {address}/api/docs). For example:",
        f'  curl -H "Authorization: Bearer {token}" "{address}/api/orders?limit=3"',
        "Ctrl-C stops the demo.",
    ]


def _free_port() -> int:
    with closing(socket.create_server((_HOST, 0))) as probe:
        return int(probe.getsockname()[1])
