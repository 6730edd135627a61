"""Plans of syncs in the database, and other inputs of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert

from recoup.clock import parse_rfc3339, to_rfc3339
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId
from recoup.streams._window import Window
from recoup.sync.pacing.bounds import Usage
from recoup.sync.planning.body import PlanRow
from recoup.sync.record.states import OPEN, SyncStatus
from recoup.sync.record.tables import report_request, sync_plan, sync_progress


async def write_plan(conn: Writer, sync_id: SyncId, row: PlanRow) -> None:
    """Stores a plan in place of the previous one."""
    values = {
        "plan": {
            "plannedAt": to_rfc3339(row.planned_at),
            "predictedSeconds": row.predicted_seconds,
            "steps": list(row.steps),
        },
        "revisions": list(row.revisions),
    }
    await conn.execute(
        insert(sync_plan)
        .values(sync_id=sync_id, **values)
        .on_conflict_do_update(index_elements=["sync_id"], set_=values)
    )


async def find_plan(conn: Reader, sync_id: SyncId) -> PlanRow | None:
    """Returns None for a sync that no worker has planned yet."""
    found = await conn.execute(select(sync_plan).where(sync_plan.c.sync_id == sync_id))
    row = found.one_or_none()
    return None if row is None else _plan(row)


async def list_last_plans(
    conn: Reader, connection_id: ConnectionId, *, limit: int
) -> list[PlanRow]:
    """Plans of the connection's ended syncs, the newest first."""
    rows = await conn.execute(
        select(sync_plan)
        .join(sync_progress, sync_progress.c.sync_id == sync_plan.c.sync_id)
        .where(
            sync_progress.c.connection_id == connection_id,
            sync_progress.c.status != SyncStatus.IN_PROGRESS,
        )
        .order_by(sync_progress.c.started_at.desc())
        .limit(limit)
    )
    return [_plan(row) for row in rows]


async def list_asked_windows(
    conn: Reader, connection_id: ConnectionId
) -> dict[tuple[str, str], list[Window | None]]:
    """The windows of requested reports, by stream and scope; None stands for the present."""
    r = report_request.c
    rows = await conn.execute(
        select(r.stream, r.scope, r.since, r.until).where(
            r.connection_id == connection_id, r.status.in_(OPEN)
        )
    )
    asked: dict[tuple[str, str], list[Window | None]] = {}
    for row in rows:
        window = Window(row.since, row.until) if row.since else None
        asked.setdefault((row.stream, row.scope), []).append(window)
    return asked


_USAGE = text(
    """
    select operation, rate,
           burst - greatest(0, extract(epoch from full_at - clock_timestamp())) * rate as tokens
    from rate_budget join budget_account using (account) where connection_id = :connection_id
    """
)


async def read_usage(conn: Reader, connection_id: ConnectionId) -> Mapping[str, Usage]:
    """The current state of the buckets that a connection spends from, by operation."""
    rows = await conn.execute(_USAGE, {"connection_id": connection_id})
    return {row.operation: Usage(row.rate, float(row.tokens)) for row in rows}


def _plan(row: Row[Any]) -> PlanRow:
    return PlanRow(
        planned_at=parse_rfc3339(row.plan["plannedAt"]),
        predicted_seconds=row.plan["predictedSeconds"],
        steps=tuple(row.plan["steps"]),
        revisions=tuple(row.revisions),
    )
