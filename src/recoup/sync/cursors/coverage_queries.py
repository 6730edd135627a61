"""Queries for how much of each stream is loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.types import Text

from recoup.db.engine import Reader
from recoup.ids import ConnectionId
from recoup.streams._stream import Scope, Stream
from recoup.sync.record.queries import StreamRow, read_sync
from recoup.sync.record.states import OPEN
from recoup.sync.record.tables import quarantine, report_request, sync_progress


@dataclass(frozen=True, slots=True)
class LastSyncs:
    """The results of the newest sync and the one before it for each stream, by name."""

    running: dict[str, StreamRow]
    ended: dict[str, StreamRow]


def tells_marketplaces(stream: Stream) -> bool:
    """Whether each row of a stream that is read by marketplace names its marketplace."""
    return stream.scope is Scope.MARKETPLACE and "marketplace_id" in stream.table.c


async def count_rows(
    conn: Reader, connection_id: ConnectionId, streams: Sequence[Stream]
) -> dict[tuple[str, str], int]:
    """Counts rows of the main tables by stream and scope ('' if rows name none)."""
    parts = []
    for stream in streams:
        c = stream.table.c
        by_marketplace = tells_marketplaces(stream)
        scope = c.marketplace_id if by_marketplace else literal("", Text)
        part = select(literal(stream.name, Text).label("name"), scope.label("scope"), func.count())
        part = part.where(c.connection_id == connection_id)
        parts.append(part.group_by(c.marketplace_id) if by_marketplace else part)
    rows = await conn.execute(union_all(*parts))
    return {(name, scope or ""): number for name, scope, number in rows}


async def count_quarantined(conn: Reader, connection_id: ConnectionId) -> dict[str, int]:
    """Counts rows in quarantine by stream."""
    q = quarantine.c
    rows = await conn.execute(
        select(q.stream, func.count()).where(q.connection_id == connection_id).group_by(q.stream)
    )
    return {row[0]: row[1] for row in rows}


async def list_awaited(conn: Reader, connection_id: ConnectionId) -> set[tuple[str, str]]:
    """Lists stream and scope of reports that were requested and are not loaded yet."""
    r = report_request.c
    rows = await conn.execute(
        select(r.stream, r.scope)
        .where(r.connection_id == connection_id, r.status.in_(OPEN))
        .distinct()
    )
    return {(row.stream, row.scope) for row in rows}


async def read_last_syncs(conn: Reader, connection_id: ConnectionId) -> LastSyncs:
    """The state of the streams in the running sync, and in the last one that has ended."""
    p = sync_progress.c
    found: defaultdict[bool, dict[str, StreamRow]] = defaultdict(dict)
    for has_ended in (False, True):
        condition = p.completed_at.is_not(None) if has_ended else p.completed_at.is_(None)
        newest = await conn.execute(
            select(p.sync_id)
            .where(p.connection_id == connection_id, condition)
            .order_by(p.started_at.desc())
            .limit(1)
        )
        sync_id = newest.scalar_one_or_none()
        if sync_id is not None:
            found[has_ended] = {row.name: row for row in (await read_sync(conn, sync_id)).streams}
    return LastSyncs(running=found[False], ended=found[True])
