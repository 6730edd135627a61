"""How many calls were made to Amazon, by connection, day and operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.spapi.operation import Operation
from recoup.sync.record.tables import api_call

_a = api_call.c


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls of one operation, of all connections and days."""

    operation: str
    method: str
    calls: int


async def add_calls(
    conn: Writer, connection_id: ConnectionId, day: date, calls: Mapping[Operation, int]
) -> None:
    """Adds to the counts of a day (Amazon's, in UTC), ordered by name: all writers lock in this
    order.
    """
    new = insert(api_call).values(
        [
            {
                "connection_id": connection_id,
                "day": day,
                "operation": operation.name,
                "method": operation.method,
                "calls": calls[operation],
            }
            for operation in sorted(calls, key=lambda one: one.name)
        ]
    )
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=[_a.connection_id, _a.day, _a.operation],
            set_={"calls": _a.calls + new.excluded.calls},
        )
    )


async def count_calls(conn: Reader) -> list[CallCount]:
    """Counts the calls for the metrics, which anybody reads: without a word of whose they are."""
    rows = await conn.execute(
        select(_a.operation, _a.method, func.sum(_a.calls).label("calls"))
        .group_by(_a.operation, _a.method)
        .order_by(_a.operation)
    )
    return [CallCount(row.operation, row.method, int(row.calls)) for row in rows]
