"""The row of each stream of a sync: its state and its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import update

from recoup.db.engine import Writer
from recoup.ids import SyncId
from recoup.sync.record.counts import Loaded
from recoup.sync.record.tables import sync_stream


async def update_stream(
    conn: Writer, sync_id: SyncId, name: str, values: Mapping[str, object]
) -> None:
    """Changes a stream's row; the caller holds the fence in the same transaction."""
    await update_streams(conn, sync_id, [name], values)


async def update_streams(
    conn: Writer, sync_id: SyncId, names: Sequence[str], values: Mapping[str, object]
) -> None:
    """Changes the rows of several streams alike, before anything else of the attempt does."""
    await conn.execute(
        update(sync_stream)
        .where(sync_stream.c.sync_id == sync_id, sync_stream.c.name.in_(names))
        .values(**values)
    )


async def count_page(
    conn: Writer,
    sync_id: SyncId,
    name: str,
    loaded: Loaded,
    *,
    expected_rows: int | None,
) -> None:
    """Add a page or a file to a stream's counts. Every transaction that locks a row here and the sync's own
    row locks this one first, so that none waits for another in a circle.
    """
    s = sync_stream.c
    await update_stream(
        conn,
        sync_id,
        name,
        {
            "pages": s.pages + 1,
            "expected_rows": expected_rows,
            "rows_read": s.rows_read + loaded.read,
            "rows": s.rows + loaded.loaded,
            "rows_quarantined": s.rows_quarantined + loaded.quarantined,
            "rows_unchanged": s.rows_unchanged + loaded.unchanged,
        },
    )
