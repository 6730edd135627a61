"""`recoup sync`: start, follow and stop syncs, on the database or through the API of another recoup."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import OneConnectionOption, UserOption, choose_workspace
from recoup.cli.coverage import coverage_table
from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED
from recoup.cli.output import JsonOption, align, hint, say, show
from recoup.cli.plan import plan_table
from recoup.cli.progress import end_lines, progress_display, stream_table
from recoup.cli.remote import ApiOption
from recoup.cli.storage import on_database
from recoup.cli.syncs import Syncs, on_syncs
from recoup.clock import to_rfc3339
from recoup.ids import ConnectionId
from recoup.sync.record.states import SyncStatus

if TYPE_CHECKING:
    from recoup.db.engine import Database
    from recoup.sync.cursors.coverage_body import CoverageBody
    from recoup.sync.planning.body import PlanBody
    from recoup.sync.planning.plan import Plan
    from recoup.sync.record.status import StatusBody


app = typer.Typer(help="Start, follow and stop syncs.")

SyncArgument = Annotated[
    str | None, typer.Argument(metavar="[SYNC_ID]", help="Sync id. Unset: the newest sync.")
]


@app.command("start")
def start(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the sync until it ends.")] = False,
    user: UserOption = None,
    connection: OneConnectionOption = None,
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a sync and print its id."""

    async def work(syncs: Syncs) -> SyncStatus | None:
        sync_id = await syncs.start(connection)
        show(
            {
                "syncId": sync_id,
                "status": SyncStatus.IN_PROGRESS,
                "message": "Sync started successfully",
            },
            as_json=as_json,
            lines=[sync_id],
        )
        await _advise(syncs)
        return await _follow(syncs, sync_id, as_json=as_json) if watch else None

    ended = on_syncs(work, api=api, user=user, scope="sync")
    if ended not in {None, SyncStatus.COMPLETE}:
        raise typer.Exit(FAILED)


@app.command("watch")
def watch(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: OneConnectionOption = None,
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a sync's progress until it ends; exit status 1 when it fails or is cancelled."""

    async def work(syncs: Syncs) -> SyncStatus:
        found = await syncs.find(sync_id, connection)
        if found.status is SyncStatus.IN_PROGRESS:
            await _advise(syncs)
        return await _follow(syncs, found.sync_id, as_json=as_json)

    if on_syncs(work, api=api, user=user) != SyncStatus.COMPLETE:
        raise typer.Exit(FAILED)


@app.command("status")
def status(
    sync_id: SyncArgument = None,
    *,
    user: UserOption = None,
    connection: OneConnectionOption = None,
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the status of a sync."""
    body = on_syncs(lambda syncs: syncs.find(sync_id, connection), api=api, user=user)
    head = f"{body.sync_id}  {body.status}  {body.progress} %  {body.message}"
    lines = [head, *stream_table(body), *end_lines(body)]
    show(body.document(), as_json=as_json, lines=lines)


@app.command("plan")
def plan(
    *,
    user: UserOption = None,
    connection: OneConnectionOption = None,
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
    connection: OneConnectionOption = None,
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
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> None:
    """List syncs, newest first."""
    found = on_syncs(lambda syncs: syncs.history(limit), api=api, user=user)
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
    connection: OneConnectionOption = None,
    api: ApiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel a sync. Data that was already loaded is kept."""

    async def work(syncs: Syncs) -> str:
        found = await syncs.find(sync_id, connection)
        await syncs.cancel(found.sync_id)
        return found.sync_id

    cancelled = on_syncs(work, api=api, user=user, scope="sync")
    show(
        {"ok": True, "message": "Sync cancelled successfully", "syncId": cancelled},
        as_json=as_json,
        lines=[f"Cancelled {cancelled}."],
    )


async def _plan(database: Database, user: str | None, connection: str | None) -> Plan:
    from recoup.clock import utc_now
    from recoup.connections.queries import choose_connection
    from recoup.sync.planning.make import plan_next_sync

    named = None if connection is None else ConnectionId(connection)
    async with database.reading() as conn:
        workspace_id = await choose_workspace(conn, user)
        chosen = await choose_connection(conn, workspace_id, named)
        return await plan_next_sync(conn, chosen, now=utc_now())


async def _follow(syncs: Syncs, sync_id: str, *, as_json: bool) -> SyncStatus:
    """Shows each change until the sync has ended; returns its final state."""
    last: StatusBody | None = None
    with progress_display(as_json=as_json) as display:
        async with aclosing(syncs.follow(sync_id)) as states:
            async for last in states:
                display(last)
    assert last is not None, "what is followed has a state"
    if not as_json:
        say(*end_lines(last))
    return last.status


async def _advise(syncs: Syncs) -> None:
    advice = await syncs.advice()
    if advice is not None:
        hint(advice)
