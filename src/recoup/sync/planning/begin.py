"""The plan of one attempt of a sync: the remaining work, plus the steps of earlier attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recoup.clock import Clock
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.streams._stream import Stream
from recoup.sync.pacing.budget_queries import PgBudget
from recoup.sync.planning.make import make_plan, operations_of, planned_streams
from recoup.sync.planning.queries import find_plan, read_usage
from recoup.sync.planning.running_plan import RunningPlan


async def begin_plan(
    database: Database,
    connection: Connection,
    unread: Sequence[Stream],
    budget: PgBudget,
    *,
    sync_id: SyncId,
    now: datetime,
    clock: Clock,
) -> RunningPlan:
    """Plan the streams that are not read yet. now: Amazon's time. The budget remembers the buckets
    as they are stored.
    """
    streams = planned_streams(connection, unread)
    async with database.reading() as conn:
        budget.recall(await read_usage(conn, connection.connection_id))
        earlier = await find_plan(conn, sync_id)
        plan = await make_plan(conn, connection, streams, now=now, sync_id=sync_id)
    operations = operations_of(streams)
    return RunningPlan(
        plan,
        usage=lambda: {operation.name: budget.usage(operation) for operation in operations},
        clock=clock,
        earlier=earlier,
    )
