"""Gathers what a plan rests on: cursors, earlier plans, report times, and the buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from recoup.connections.queries import Connection
from recoup.db.engine import Reader
from recoup.ids import SyncId
from recoup.spapi.endpoints import Environment
from recoup.spapi.operation import Operation
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
)
from recoup.streams import all_streams
from recoup.streams.stream import InSandbox, Scope, Stream
from recoup.sync.bounds import Usage, full
from recoup.sync.choice import Missing
from recoup.sync.cursor_queries import Cursor, list_cursors
from recoup.sync.forecast import REPORT_SECONDS, Known
from recoup.sync.plan import Plan, plan_sync
from recoup.sync.plan_body import densities
from recoup.sync.plan_queries import (
    list_asked_windows,
    list_last_plans,
    read_usage,
)
from recoup.sync.report_queries import read_cooldowns, read_report_times
from recoup.sync.steps import WHOLE, begin

# The newest sync that read a stream tells of it; one that failed early tells of few.
_PLANS_LOOKED_AT = 5
_NOT_STARTED = SyncId("")


async def plan_next_sync(
    conn: Reader, connection: Connection, *, account: str, now: datetime
) -> Plan:
    """What a sync of the connection would read if it began now."""
    streams = planned_streams(connection, all_streams())
    return await make_plan(conn, connection, streams, account=account, now=now)


def planned_streams(connection: Connection, streams: Sequence[Stream]) -> list[Stream]:
    """Those that have something to plan: in Amazon's own sandbox a stream is one canned request."""
    if connection.environment != Environment.SANDBOX:
        return list(streams)
    return [s for s in streams if s.api and s.api.in_sandbox is InSandbox.AS_PRODUCTION]


async def make_plan(
    conn: Reader,
    connection: Connection,
    streams: Sequence[Stream],
    *,
    account: str,
    now: datetime,
    sync_id: SyncId = _NOT_STARTED,
) -> Plan:
    """The plan of a sync that begins, or goes on, now. account: whose budget it spends."""
    usage = documented_usage(streams) | dict(await read_usage(conn, account))
    hurry = hurry_of(connection, usage[CREATE_REPORT.name])
    known = await _read_known(conn, connection, usage, now=now, hurry=hurry)
    cursors = await list_cursors(conn, connection.connection_id)
    asked = await list_asked_windows(conn, connection.connection_id)
    missing = []
    for stream in streams:
        for scope in _scopes(stream, connection, cursors):
            name = (stream.name, scope)
            stored = cursors.get(name, Cursor(connection.connection_id, *name))
            begun = begin(
                stored,
                stream,
                sync_id,
                now=now,
                marketplace_ids=connection.marketplace_ids,
                repeat_after=repeat_after(stream) / hurry,
            )
            if begun.todo:
                open_ = tuple(WHOLE if one is None else one for one in asked.get(name, ()))
                missing.append(Missing(stream, scope, begun.todo, open_, begun.longest_window))
    return plan_sync(missing, known)


def repeat_after(stream: Stream) -> timedelta:
    """How long Amazon makes no report like the last one; zero where pages tell what it would not."""
    return timedelta(0) if stream.report is None or stream.api else stream.report.repeat_after


def _scopes(
    stream: Stream, connection: Connection, cursors: Mapping[tuple[str, str], Cursor]
) -> list[str]:
    """Each marketplace, or the region and the marketplaces that are read apart from it for now
    (recoup.sync.refused).
    """
    ids = connection.marketplace_ids
    if stream.scope is Scope.MARKETPLACE:
        return list(ids)
    apart = [one for one in ids if (stream.name, one) in cursors]
    return apart if ids and len(apart) == len(ids) else ["", *apart]


def hurry_of(connection: Connection, create_report: Usage) -> float:
    """How much faster than Amazon's the server's time runs; 1 at Amazon's own servers.

    The local sandbox tells it by its rates; at Amazon's a rate says nothing about report times.
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
    """Every operation that a plan of these streams may count."""
    pages = [stream.api.operation for stream in streams if stream.api is not None]
    return [CREATE_REPORT, GET_REPORT, GET_REPORTS, GET_REPORT_DOCUMENT, *pages]


def documented_usage(streams: Sequence[Stream]) -> dict[str, Usage]:
    """Full buckets of every operation that these streams may call."""
    return {operation.name: full(operation.plan) for operation in operations_of(streams)}
