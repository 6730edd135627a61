"""`recoup sync`: start, follow and stop syncs, on the database directly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED, CommandError
from recoup.cli.output import JsonOption, align, hint, show
from recoup.cli.plan import plan_table
from recoup.cli.progress import progress_display, stream_table
from recoup.cli.storage import fitting_database, opened
from recoup.cli.user import UserOption, choose_user
from recoup.ids import ConnectionId, SyncId, UserId

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database, Reader
    from recoup.sync.plan import Plan
    from recoup.sync.queries import SyncRow

T = TypeVar("T")

app = typer.Typer(help="Start, follow and stop syncs.")

_POLL_SECONDS = 0.25
_NO_WORKER = "No worker is running: start one with `recoup serve` or `recoup worker`."

SyncArgument = Annotated[
    str | None, typer.Argument(metavar="[SYNC_ID]", help="Unset: the newest one.")
]
ConnectionOption = Annotated[
    str | None,
    typer.Option(
        "--connection", metavar="ID", help="Which account; not needed while there is one."
    ),
]


@app.command("start")
def start(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a sync and print its id."""
    settings = enter()

    async def work(database: Database) -> str | None:
        user_id, sync_id = await _start(settings, database, user, connection)
        show(
            {"syncId": sync_id, "status": "in_progress", "message": "Sync started successfully"},
            as_json=as_json,
            lines=[sync_id],
        )
        await _advise_worker(database)
        return await _follow(database, user_id, sync_id, as_json=as_json) if watch else None

    if _run(settings, work) not in {None, "complete"}:
        raise typer.Exit(FAILED)


@app.command("watch")
def watch(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a sync's progress until it ends; exit status 1 when it fails or is cancelled."""

    async def work(database: Database) -> str:
        found = await _find(database, user, connection, sync_id)
        if found.status == "in_progress":
            await _advise_worker(database)
        return await _follow(database, found.user_id, found.sync_id, as_json=as_json)

    if _run(enter(), work) != "complete":
        raise typer.Exit(FAILED)


@app.command("status")
def status(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how a sync stands."""

    async def work(database: Database) -> dict[str, Any]:
        from recoup.sync.status import status_body

        return status_body(await _find(database, user, connection, sync_id))

    body = _run(enter(), work)
    head = f"{body['syncId']}  {body['status']}  {body['progress']} %  {body['message']}"
    show(body, as_json=as_json, lines=[head, *stream_table(body)])


@app.command("plan")
def plan(
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what the next sync would read, from where, and how long that takes."""
    from recoup.sync.plan_body import next_plan_body

    async def work(database: Database) -> dict[str, Any]:
        return next_plan_body(await _plan(database, user, connection))

    body = _run(enter(), work)
    show(body, as_json=as_json, lines=plan_table(body))


@app.command("history")
def history(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the syncs, newest first."""

    async def work(database: Database) -> dict[str, Any]:
        from recoup.sync.queries import list_history
        from recoup.sync.status import history_entry

        async with database.reading() as conn:
            owner = await choose_user(conn, user)
            rows, total = await list_history(conn, owner.user_id, limit=limit)
        return {"syncs": [history_entry(row) for row in rows], "total": total}

    record = _run(enter(), work)
    header = ("sync", "status", "started", "orders", "seconds")
    keys = ("syncId", "status", "startedAt", "ordersProcessed", "duration")
    rows = [[sync[key] for key in keys] for sync in record["syncs"]]
    show(record, as_json=as_json, lines=align(header, rows) if rows else ["No sync yet."])


@app.command("cancel")
def cancel(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a sync; what it has loaded stays."""

    async def work(database: Database) -> SyncId:
        from recoup.jobs.start import stop_sync

        found = await _find(database, user, connection, sync_id)
        await stop_sync(database, found.user_id, found.sync_id)
        return found.sync_id

    cancelled = _run(enter(), work)
    show(
        {"ok": True, "message": "Sync cancelled successfully", "syncId": cancelled},
        as_json=as_json,
        lines=[f"Cancelled {cancelled}."],
    )


def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """The work's result, on a database that fits."""

    async def main(url: str) -> T:
        async with opened(url) as database:
            return await work(database)

    with fitting_database(settings) as url:
        return asyncio.run(main(url))


async def _start(
    settings: Settings, database: Database, user: str | None, connection: str | None
) -> tuple[UserId, SyncId]:
    from recoup.jobs.queue import new_queue
    from recoup.jobs.start import start_sync
    from recoup.sync.access import SellerAccess

    async with database.reading() as conn:
        owner = await choose_user(conn, user)
    access = SellerAccess(settings)
    queue = new_queue(database)
    try:
        async with queue.open_async():
            sync_id = await start_sync(
                database,
                queue,
                access,
                owner.user_id,
                connection_id=None if connection is None else ConnectionId(connection),
            )
    finally:
        await access.close()
    return owner.user_id, sync_id


async def _plan(database: Database, user: str | None, connection: str | None) -> Plan:
    from recoup.clock import utc_now
    from recoup.connections.queries import choose_connection
    from recoup.sync.access import SellerAccess
    from recoup.sync.make_plan import plan_next_sync

    named = None if connection is None else ConnectionId(connection)
    async with database.reading() as conn:
        owner = await choose_user(conn, user)
        chosen = await choose_connection(conn, owner.user_id, named)
        account = SellerAccess.account(chosen)
        return await plan_next_sync(conn, chosen, account=account, now=utc_now())


async def _find(
    database: Database, user: str | None, connection: str | None, sync_id: str | None
) -> SyncRow:
    """The sync named, else the newest. Raises NotFoundError, CommandError."""
    from recoup.sync.queries import get_sync

    async with database.reading() as conn:
        owner = await choose_user(conn, user)
        if sync_id is not None:
            return await get_sync(conn, owner.user_id, SyncId(sync_id))
        return await _newest(conn, owner.user_id, connection)


async def _newest(conn: Reader, user_id: UserId, connection: str | None) -> SyncRow:
    from recoup.sync.queries import find_active_sync, list_history

    if connection is not None:
        active = await find_active_sync(conn, ConnectionId(connection))
        if active is not None and active.user_id == user_id:
            return active
    rows, _ = await list_history(conn, user_id, limit=100)
    for row in rows:
        if connection in {None, row.connection_id}:
            return row
    raise CommandError("There is no sync yet; start one with `recoup sync start`.")


async def _follow(database: Database, user_id: UserId, sync_id: SyncId, *, as_json: bool) -> str:
    """Show each change until the sync has ended; gives how it ended."""
    from recoup.sync.queries import get_sync
    from recoup.sync.status import status_body

    last: dict[str, Any] = {}
    with progress_display(as_json=as_json) as display:
        while last.get("status", "in_progress") == "in_progress":
            if last:
                await asyncio.sleep(_POLL_SECONDS)
            async with database.reading() as conn:
                body = status_body(await get_sync(conn, user_id, sync_id))
            if body != last:
                display(body)
            last = body
    return str(last["status"])


async def _advise_worker(database: Database) -> None:
    from recoup.jobs.worker_queries import count_live_workers

    async with database.reading() as conn:
        if not await count_live_workers(conn):
            hint(_NO_WORKER)
