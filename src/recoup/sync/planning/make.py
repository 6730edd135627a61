"""Collects the inputs of a plan: cursors, earlier plans, report times, and the buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from recoup.connections.queries import Connection, served
from recoup.db.engine import Reader
from recoup.ids import SyncId
from recoup.notes.queries import list_notes
from recoup.spapi.endpoints import Environment
from recoup.spapi.operation import Operation
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
)
from recoup.streams import all_streams
from recoup.streams._stream import InSandbox, Stream
from recoup.sync.cursors.next_window import WHOLE, begin
from recoup.sync.cursors.queries import Cursor, list_cursors
from recoup.sync.cursors.sections import sections_of
from recoup.sync.cursors.stored_rows_queries import read_reread_since
from recoup.sync.pacing.bounds import Usage, full
from recoup.sync.planning.body import densities
from recoup.sync.planning.channel_choice import Missing
from recoup.sync.planning.forecast import REPORT_SECONDS, Known
from recoup.sync.planning.plan import Plan, plan_sync
from recoup.sync.planning.queries import (
    list_asked_windows,
    list_last_plans,
    read_usage,
)
from recoup.sync.refusals.availability import asleep
from recoup.sync.reports.cooldown_queries import read_cooldowns
from recoup.sync.reports.queries import read_report_times

# The newest sync that read a stream has its figures; one that failed early has few.
_PLANS_LOOKED_AT = 5
_NOT_STARTED = SyncId("")


async def plan_next_sync(conn: Reader, connection: Connection, *, now: datetime) -> Plan:
    """The plan of a sync of the connection that would begin now."""
    connection = served(connection)
    streams = planned_streams(connection, all_streams())
    return await make_plan(conn, connection, streams, now=now)


def planned_streams(connection: Connection, streams: Sequence[Stream]) -> list[Stream]:
    """The streams to plan: in Amazon's own sandbox a stream is one canned request."""
    if connection.environment != Environment.SANDBOX:
        return list(streams)
    return [s for s in streams if s.api and s.api.in_sandbox is InSandbox.AS_PRODUCTION]


async def make_plan(
    conn: Reader,
    connection: Connection,
    streams: Sequence[Stream],
    *,
    now: datetime,
    sync_id: SyncId = _NOT_STARTED,
) -> Plan:
    """The plan of a sync that begins, or continues, now."""
    seen = await read_usage(conn, connection.connection_id)
    usage = documented_usage(streams) | dict(seen)
    hurry = hurry_of(connection, usage[CREATE_REPORT.name])
    known = await _read_known(conn, connection, usage, now=now, hurry=hurry)
    cursors = await list_cursors(conn, connection.connection_id)
    notes = await list_notes(conn, connection.connection_id)
    asked = await list_asked_windows(conn, connection.connection_id)
    missing = []
    for stream in streams:
        waits = asleep(notes, stream, now=now)
        since = await read_reread_since(conn, connection.connection_id, stream, now=now)
        scopes = [scope for name, scope in cursors if name == stream.name]
        for section in sections_of(stream, connection.marketplace_ids, scopes):
            if waits.covers(section):
                continue
            scope, name = section.scope, (stream.name, section.scope)
            stored = cursors.get(name, Cursor(connection.connection_id, *name))
            begun = begin(
                stored,
                stream,
                sync_id,
                now=now,
                marketplace_ids=connection.marketplace_ids,
                repeat_after=repeat_after(stream) / hurry,
                reread_since=since,
            )
            if begun.todo:
                open_ = tuple(WHOLE if one is None else one for one in asked.get(name, ()))
                missing.append(Missing(stream, scope, begun.todo, open_, begun.longest_window))
    return plan_sync(missing, known)


def repeat_after(stream: Stream) -> timedelta:
    """How long Amazon makes no similar report; zero if pages can return the data instead."""
    return timedelta(0) if stream.report is None or stream.api else stream.report.repeat_after


def hurry_of(connection: Connection, create_report: Usage) -> float:
    """How much faster the server's time runs than Amazon's; 1 at Amazon's own servers.

    The local sandbox shows it by its rates; at Amazon's a rate says nothing about report times.
    """
    if connection.environment != Environment.LOCAL:
        return 1.0
    return max(1.0, create_report.rate / CREATE_REPORT.plan.rate)


async def _read_known(
    conn: Reader,
    connection: Connection,
    usage: Mapping[str, Usage],
    *,
    now: datetime,
    hurry: float,
) -> Known:
    connection_id = connection.connection_id
    per_day, whole = densities(await list_last_plans(conn, connection_id, limit=_PLANS_LOOKED_AT))
    times = await read_report_times(conn, connection_id)
    cooldowns = await read_cooldowns(conn, connection_id)
    waits = {name: (until - now).total_seconds() for name, (until, _) in cooldowns.items()}
    return Known(
        usage=usage,
        report_seconds={name: one.p90_seconds for name, one in times.items()},
        rows_per_day=per_day,
        rows=whole,
        report_waits={name: wait for name, wait in waits.items() if wait > 0},
        assumed_report_seconds=REPORT_SECONDS / hurry,
    )


def operations_of(streams: Sequence[Stream]) -> list[Operation]:
    """Every operation that a plan of these streams may use."""
    pages = [stream.api.operation for stream in streams if stream.api is not None]
    return [CREATE_REPORT, GET_REPORT, GET_REPORTS, GET_REPORT_DOCUMENT, *pages]


def documented_usage(streams: Sequence[Stream]) -> dict[str, Usage]:
    """Full buckets of every operation that these streams may call."""
    return {operation.name: full(operation.plan) for operation in operations_of(streams)}
