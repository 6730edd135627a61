"""`recoup demo`: all of recoup on this machine only, with a first sync to watch."""

from __future__ import annotations

import asyncio
import errno
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.claims_table import print_claims
from recoup.cli.entrance import enter
from recoup.cli.errors import INTERRUPTED, CommandError
from recoup.cli.output import on_terminal, say
from recoup.cli.progress import end_lines, progress_display, stream_table
from recoup.cli.running import run_loop, run_services, unless_stopped
from recoup.cli.services import api_service, free_port, sandbox_service
from recoup.cli.storage import opened
from recoup.cli.worker_process import WorkerProcess
from recoup.sync.record.states import SyncStatus

if TYPE_CHECKING:
    from recoup.client import AsyncClient
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.sandbox.config import SandboxConfig
    from recoup.sync.record.status import StatusBody
    from recoup.users.queries import User

_HOST = "127.0.0.1"
_USUAL_PORT = 8000
_CLAIMS_SHOWN = 15
_EMAIL = "demo@recoup.invalid"
_TOKEN_LIFETIME = timedelta(days=1)
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
    once: Annotated[bool, typer.Option("--once", help="Exit after the first sync.")] = False,
    orders: Annotated[int, typer.Option(min=0, help="Number of orders of the demo seller.")] = 2000,
    speed: Annotated[
        float, typer.Option(min=0.01, help="Factor by which limits refill faster than Amazon's.")
    ] = 200.0,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the API. Unset: 8000, or any free port."),
    ] = None,
) -> None:
    """Run a first sync with its own database, local sandbox, API and worker; needs no Amazon account.

    On a terminal it keeps running afterwards, so that you can look around.
    """
    from recoup.cli.demo_database import demo_database
    from recoup.sandbox.config import SandboxConfig

    settings = enter()
    folder = settings.data_dir / "demo"
    began = time.monotonic()
    say("Starting PostgreSQL, the sandbox, the API and a worker ...")
    with demo_database(folder) as url:
        settings = settings.model_copy(update={"data_dir": folder, "database_url": None})
        config = SandboxConfig(orders=orders, speed=speed)
        stay = on_terminal() and not once
        status = run_loop(_run(settings, url, config, port=port, stay=stay, began=began))
    if status is None:
        raise typer.Exit(INTERRUPTED)
    if status.status is not SyncStatus.COMPLETE:
        raise CommandError(f"The demo's sync did not complete: {status.message}")


async def _run(
    settings: Settings,
    url: str,
    config: SandboxConfig,
    *,
    port: int | None,
    stay: bool,
    began: float,
) -> StatusBody | None:
    async with opened(url) as database:
        run = _Demo(settings, database, url, config=config, port=port, stay=stay, began=began)
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
    """One run. `status` is the last state of the sync, None if it was interrupted."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        url: str,
        *,
        config: SandboxConfig,
        port: int | None,
        stay: bool,
        began: float,
    ) -> None:
        self._settings = settings
        self._database = database
        self._url = url
        self._config = config
        self._asked_port = port
        self._stay = stay
        self._began = began
        self._sandbox = _Port()
        self._api = _Port()
        self.status: StatusBody | None = None

    async def run(self) -> None:
        """Runs until everything is shown, or a signal arrives. Raises the first part's error."""
        sandbox = sandbox_service(self._config, host=_HOST, port=0, started=self._sandbox.tell)
        await run_services([sandbox, self._serve, self._work, self._show])

    async def _serve(self, stop: asyncio.Event) -> None:
        """Runs the API, on another port if the usual one is in use and none was given."""
        settings = await self._local_settings(stop)
        if settings is None:
            return
        try:
            await self._serve_on(self._asked_port or _USUAL_PORT, settings, stop)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or self._asked_port is not None:
                raise
            await self._serve_on(free_port(_HOST), settings, stop)

    async def _serve_on(self, port: int, settings: Settings, stop: asyncio.Event) -> None:
        here = settings.model_copy(update={"public_url": f"http://{_HOST}:{port}"})
        serve = api_service(
            here,
            self._database,
            host=_HOST,
            port=port,
            started=self._api.tell,
        )
        await serve(stop)

    async def _work(self, stop: asyncio.Event) -> None:
        settings = await self._local_settings(stop)
        if settings is not None:
            await WorkerProcess(settings, self._url, is_quiet=True).run(stop)

    async def _show(self, stop: asyncio.Event) -> None:
        """Shows the demo to the person; when it ends, everything ends."""
        await unless_stopped(stop, self._sync_once())
        if self._stay and self.status is not None and self.status.status is SyncStatus.COMPLETE:
            await stop.wait()

    async def _local_settings(self, stop: asyncio.Event) -> Settings | None:
        """The settings with the sandbox's address, once known; None if everything stops."""
        port = await unless_stopped(stop, self._sandbox.get())
        if port is None:
            return None
        return self._settings.model_copy(update={"local_sandbox": f"http://{_HOST}:{port}"})

    async def _sync_once(self) -> None:
        from recoup.claims.bodies.claim import ClaimList
        from recoup.client import AsyncClient

        address = f"http://{_HOST}:{await self._api.get()}"
        user = await self._add_user()
        token = await self._new_token(user)
        async with AsyncClient(address, token) as api:
            connection = await api.connect(_SELLER)
            last = await _show_progress(api, await api.start(connection.connection_id))
            urgent = await api.claim_page(owed=True, sort="deadline", limit=_CLAIMS_SHOWN)
        claims = ClaimList.model_validate(urgent.document())
        self.status = last
        say("", *stream_table(last), "")
        print_claims(claims.items, claims.totals)
        say(*("", *end_lines(last)))
        say(self._times(last))
        if self._stay:
            link = await self._new_link(user, address)
            say(*_how_to_go_on(link, address, token))
        else:
            say("To look around, run `recoup demo` on a terminal: it keeps the API running.")

    def _times(self, status: StatusBody) -> str:
        total = time.monotonic() - self._began
        return f"The sync took {status.duration:.1f} s ({total:.1f} s including start-up)."

    async def _add_user(self) -> User:
        from recoup.users.queries import add_user

        async with self._database.writing() as conn:
            return await add_user(conn, _EMAIL)

    async def _new_token(self, user: User) -> str:
        from recoup.clock import utc_now
        from recoup.users.roles import Scope
        from recoup.users.token_queries import add_token

        ends = utc_now() + _TOKEN_LIFETIME
        async with self._database.writing() as conn:
            new = await add_token(
                conn, user.user_id, key=self._settings.keys[0], scope=Scope.ADMIN, expires_at=ends
            )
        return new.text

    async def _new_link(self, user: User, address: str) -> str:
        from recoup.clock import utc_now
        from recoup.users.links import address_of, new_link

        async with self._database.writing() as conn:
            return address_of(await new_link(conn, user.user_id, now=utc_now()), address)


async def _show_progress(api: AsyncClient, sync_id: str) -> StatusBody:
    """Shows each state of a sync; returns the last one, which is its end."""
    from recoup.sync.record.status import StatusBody

    last: StatusBody | None = None
    with progress_display() as display:
        async for state in api.watch(sync_id):
            last = StatusBody.model_validate(state.document())
            display(last)
    assert last is not None, "what is followed has a state"
    return last


def _how_to_go_on(link: str, address: str, token: str) -> list[str]:
    return [
        "",
        "Open the dashboard with this link, which works once, for ten minutes:",
        f"  {link}",
        f"The API is at {address} (try it: {address}/api/docs). For example:",
        f'  curl -H "Authorization: Bearer {token}" "{address}/api/orders?limit=3"',
        "Ctrl-C stops the demo.",
    ]
