"""What earlier syncs have stored, as the best guess of what a snapshot will bring."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from recoup.db.engine import Reader
from recoup.ids import ConnectionId
from recoup.streams.stream import Snapshot, Stream


async def count_stored_rows(
    conn: Reader, connection_id: ConnectionId, streams: Sequence[Stream]
) -> dict[str, int | None]:
    """Rows of each snapshot stream; None for the others, which tell by their windows."""
    counts: dict[str, int | None] = {stream.name: None for stream in streams}
    for stream in streams:
        if isinstance(stream.cursor, Snapshot):
            table = stream.table
            found = await conn.execute(
                select(func.count()).where(table.c.connection_id == connection_id)
            )
            counts[stream.name] = int(found.scalar_one()) or None
    return counts
