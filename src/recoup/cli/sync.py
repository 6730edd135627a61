"""`recoup sync`: start, follow and stop syncs, on the database directly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, choose_workspace
from recoup.cli.coverage import coverage_table
from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED, CommandError
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.plan import plan_table
from recoup.cli.progress import end_lines, progress_display, stream_table
from recoup.cli.storage import on_database
from recoup.clock import to_rfc3339
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.sync.record.states import SyncStatus

if TYPE_CHECKING:
    from recoup.api.sync_bodies import HistoryBody
    from recoup.config import Settings
    from recoup.db.engine import Database, Reader
    from recoup.sync.cursors.coverage_body import CoverageBody
    from recoup.sync.planning.body import PlanBody
    from recoup.sync.planning.plan import Plan
    from recoup.sync.record.queries import SyncRow
    from recoup.sync.record.status import StatusBody


app = typer.Typer(help="Start, follow and stop syncs.")

_POLL_SECONDS = 0.25
_NO_WORKER = "No worker is running: start one with `recoup serve` or `recoup worker`."

SyncArgument = Annotated[
    str | None, typer.Argument(metavar="[SYNC_ID]", help="Sync id. Unset: the newest sync.")
]
ConnectionOption = Annotated[
    str | None,
    typer.Option(
        "--connection", metavar="ID", help="Amazon account; not needed if there is only one."
    ),
]


@app.command("start")
def start(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the sync until it ends.")] = False,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a sync and print its id."""
    settings = enter()

    async def work(database: Database) -> SyncStatus | None:
        workspace_id, sync_id = await _start(settings, database, user, connection)
        show(
            {
                "syncId": sync_id,
                "status": SyncStatus.IN_PROGRESS,
                "message": "Sync started successfully",
            },
            as_json=as_json,
            lines=[sync_id],
        )
        await _advise_worker(database)
        return await _follow(database, workspace_id, sync_id, as_json=as_json) if watch else None

    if on_database(settings, work) not in {None, SyncStatus.COMPLETE}:
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

    async def work(database: Database) -> SyncStatus:
        found = await _find(database, user, connection, sync_id)
        if found.status is SyncStatus.IN_PROGRESS:
            await _advise_worker(database)
        return await _follow(database, found.workspace_id, found.sync_id, as_json=as_json)

    if on_database(enter(), work) != SyncStatus.COMPLETE:
        raise typer.Exit(FAILED)


@app.command("status")
def status(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the status of a sync."""

    async def work(database: Database) -> StatusBody:
        from recoup.sync.record.status import status_body

        return status_body(await _find(database, user, connection, sync_id))

    body = on_database(enter(), work)
    head = f"{body.sync_id}  {body.status}  {body.progress} %  {body.message}"
    lines = [head, *stream_table(body), *end_lines(body)]
    show(body.document(), as_json=as_json, lines=lines)


@app.command("plan")
def plan(
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the next sync would read, from which source, and how long it would take."""
    from recoup.sync.planning.body import next_plan_body

    async def work(database: Database) -> PlanBody:
        return next_plan_body(await _plan(database, user, connection))

    body = on_database(enter(), work)
    show(body.document(), as_json=as_json, lines=plan_table(body))


@app.command("coverage")
def coverage(
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the dates for which each stream is loaded, what is missing, and why."""

    async def work(database: Database) -> CoverageBody:
        from recoup.clock import utc_now
        from recoup.connections.queries import choose_connection
        from recoup.sync.cursors.coverage import read_coverage

        named = None if connection is None else ConnectionId(connection)
        async with database.reading() as conn:
            workspace_id = await choose_workspace(conn, user)
            chosen = await choose_connection(conn, workspace_id, named)
            return await read_coverage(conn, chosen, now=utc_now())

    body = on_database(enter(), work)
    show(body.document(), as_json=as_json, lines=coverage_table(body))


@app.command("history")
def history(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Maximum number of rows.")] = 20,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """List syncs, newest first."""

    async def work(database: Database) -> HistoryBody:
        from recoup.api.sync_bodies import HistoryBody
        from recoup.sync.record.queries import list_history
        from recoup.sync.record.status import history_entry

        async with database.reading() as conn:
            workspace_id = await choose_workspace(conn, user)
            rows, total = await list_history(conn, workspace_id, limit=limit)
        return HistoryBody(syncs=[history_entry(row) for row in rows], total=total)

    found = on_database(enter(), work)
    header = ("sync", "status", "started", "orders", "seconds")
    rows = [
        (one.sync_id, one.status, to_rfc3339(one.started_at), one.orders_processed, one.duration)
        for one in found.syncs
    ]
    lines = align(header, rows) if rows else ["No sync yet."]
    show(found.document(only_set=True), as_json=as_json, lines=lines)


@app.command("cancel")
def cancel(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: ConnectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel a sync. Data that was already loaded is kept."""

    async def work(database: Database) -> SyncId:
        from recoup.jobs.stop import stop_sync

        found = await _find(database, user, connection, sync_id)
        await stop_sync(database, found.workspace_id, found.sync_id)
        return found.sync_id

    cancelled = on_database(enter(), work)
    show(
        {"ok": True, "message": "Sync cancelled successfully", "syncId": cancelled},
        as_json=as_json,
        lines=[f"Cancelled {cancelled}."],
    )


async def _start(
    settings: Settings, database: Database, user: str | None, connection: str | None
) -> tuple[WorkspaceId, SyncId]:
    from recoup.jobs.queue import new_queue
    from recoup.jobs.start import start_sync
    from recoup.sync.access import SellerAccess

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
    access = SellerAccess(settings)
    queue = new_queue(database)
    try:
        async with queue.open_async():
            sync_id = await start_sync(
                database,
                queue,
                access,
                workspace_id,
                connection_id=None if connection is None else ConnectionId(connection),
            )
    finally:
        await access.close()
    return workspace_id, sync_id


async def _plan(database: Database, user: str | None, connection: str | None) -> Plan:
    from recoup.clock import utc_now
    from recoup.connections.queries import choose_connection
    from recoup.sync.planning.make import plan_next_sync

    named = None if connection is None else ConnectionId(connection)
    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        chosen = await choose_connection(conn, workspace_id, named)
        return await plan_next_sync(conn, chosen, now=utc_now())


async def _find(
    database: Database, user: str | None, connection: str | None, sync_id: str | None
) -> SyncRow:
    """The named sync, otherwise the newest. Raises NotFoundError, CommandError."""
    from recoup.sync.record.queries import get_sync

    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        if sync_id is not None:
            return await get_sync(conn, workspace_id, SyncId(sync_id))
        return await _newest(conn, workspace_id, connection)


async def _newest(conn: Reader, workspace_id: WorkspaceId, connection: str | None) -> SyncRow:
    from recoup.sync.record.queries import find_newest_sync

    named = None if connection is None else ConnectionId(connection)
    newest = await find_newest_sync(conn, workspace_id, named)
    if newest is None:
        raise CommandError("There are no syncs yet; start one with `recoup sync start`.")
    return newest


async def _follow(
    database: Database, workspace_id: WorkspaceId, sync_id: SyncId, *, as_json: bool
) -> SyncStatus:
    """Shows each change until the sync has ended; returns its final state."""
    from recoup.sync.record.queries import get_sync
    from recoup.sync.record.status import status_body

    last: StatusBody | None = None
    with progress_display(as_json=as_json) as display:
        while last is None or last.status is SyncStatus.IN_PROGRESS:
            if last is not None:
                await asyncio.sleep(_POLL_SECONDS)
            async with database.reading() as conn:
                body = status_body(await get_sync(conn, workspace_id, sync_id))
            if body != last:
                display(body)
            last = body
    if not as_json:
        say(*end_lines(last))
    return last.status


async def _advise_worker(database: Database) -> None:
    from recoup.jobs.queries import count_live_workers

    async with database.reading() as conn:
        if not await count_live_workers(conn):
            hint(_NO_WORKER)
