"""Erasing what recoup keeps of a seller."""

from __future__ import annotations

from sqlalchemy import delete, or_, select

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Writer
from recoup.db.metadata import METADATA
from recoup.events.tables import activity, event
from recoup.ids import ConnectionId, UserId
from recoup.streams import all_streams
from recoup.sync.tables import sync_progress


async def purge_connection(conn: Writer, user_id: UserId, connection_id: ConnectionId) -> None:
    """Delete the connection and every row that names it, whatever table it is in.

    Its syncs must have ended, so that no worker writes meanwhile. Does nothing when the user has no
    such connection, so it may run twice.
    """
    c = amazon_connection.c
    owned = await conn.execute(
        select(c.connection_id)
        .where(c.user_id == user_id, c.connection_id == connection_id)
        .with_for_update()
    )
    if owned.one_or_none() is None:
        return
    syncs = select(sync_progress.c.sync_id).where(
        sync_progress.c.user_id == user_id, sync_progress.c.connection_id == connection_id
    )
    await conn.execute(
        delete(event).where(
            event.c.user_id == user_id,
            or_(event.c.subject == connection_id, event.c.subject.in_(syncs)),
        )
    )
    await conn.execute(
        delete(activity).where(activity.c.user_id == user_id, activity.c.sync_id.in_(syncs))
    )
    all_streams()  # a stream's tables are known once its module is
    # Tables that refer to others come last in sorted_tables; amazon_connection itself goes last.
    for table in reversed(METADATA.sorted_tables):
        if "connection_id" in table.columns:
            await conn.execute(delete(table).where(table.c.connection_id == connection_id))
