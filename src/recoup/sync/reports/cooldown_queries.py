"""How long no report of a type is requested after Amazon has refused one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.sync.record.tables import report_cooldown


async def read_cooldowns(
    conn: Reader, connection_id: ConnectionId
) -> dict[str, tuple[datetime, timedelta]]:
    """The end of each report type's cool-down, and its length."""
    c = report_cooldown.c
    rows = await conn.execute(select(report_cooldown).where(c.connection_id == connection_id))
    return {row.report_type: (row.until, row.wait) for row in rows}


async def write_cooldown(
    conn: Writer,
    connection_id: ConnectionId,
    report_type: str,
    *,
    until: datetime,
    wait: timedelta,
) -> None:
    values = {"until": until, "wait": wait}
    await conn.execute(
        insert(report_cooldown)
        .values(connection_id=connection_id, report_type=report_type, **values)
        .on_conflict_do_update(index_elements=["connection_id", "report_type"], set_=values)
    )
