"""Rows stored by earlier syncs that decide what the next one requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select, text

from recoup.db.engine import Reader
from recoup.ids import ConnectionId
from recoup.streams._stream import Again, Snapshot, Stream


async def count_stored_rows(
    conn: Reader, connection_id: ConnectionId, streams: Sequence[Stream]
) -> dict[str, int | None]:
    """Counts rows of each snapshot stream; None for the others, which use their windows."""
    counts: dict[str, int | None] = {stream.name: None for stream in streams}
    for stream in streams:
        if isinstance(stream.cursor, Snapshot):
            table = stream.table
            found = await conn.execute(
                select(func.count()).where(table.c.connection_id == connection_id)
            )
            counts[stream.name] = int(found.scalar_one()) or None
    return counts


async def read_reread_since(
    conn: Reader, connection_id: ConnectionId, stream: Stream, *, now: datetime
) -> datetime | None:
    """The time from which a stream is read again (recoup.streams._stream.Windows), or None."""
    rule = stream.cursor
    if isinstance(rule, Snapshot) or rule.reread_since is None:
        return None
    found = await conn.execute(
        text(rule.reread_since), {"connection_id": connection_id, "now": now}
    )
    since: datetime | None = found.scalar_one()
    return since


async def list_again_ids(
    conn: Reader, connection_id: ConnectionId, again: Again, marketplace_id: str, *, today: date
) -> list[str]:
    """The ids that a stream requests (recoup.streams._stream.Again)."""
    values = {"connection_id": connection_id, "marketplace_id": marketplace_id, "today": today}
    return list((await conn.execute(text(again.ids), values)).scalars())


async def list_participating(conn: Reader, connection_id: ConnectionId) -> dict[str, str | None]:
    """Lists the seller's marketplaces, as Amazon last reported them: ids and names."""
    rows = await conn.execute(
        text(
            "select marketplace_id, name from marketplaces "
            "where connection_id = :connection_id and is_participating is not false"
        ),
        {"connection_id": connection_id},
    )
    return {row.marketplace_id: row.name for row in rows}
