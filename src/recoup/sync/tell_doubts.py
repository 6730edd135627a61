"""Telling the seller what does not add up in what Amazon sent."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.db.engine import Writer
from recoup.events.queries import record_activity
from recoup.ids import ConnectionId, SyncId
from recoup.logs import get_logger
from recoup.sync.quarantine_queries import read_owner

_log = get_logger(__name__)


async def tell_doubts(
    conn: Writer, connection_id: ConnectionId, sync_id: SyncId, doubts: Sequence[str]
) -> None:
    """Put each sentence into the activity of the connection's user, with what it is about."""
    if not doubts:
        return
    user_id = await read_owner(conn, connection_id)
    for doubt in doubts:
        _log.warning("report_doubted", sync_id=sync_id, reason=doubt)
        await record_activity(
            conn, user_id, activity_type="data_doubted", message=doubt, sync_id=sync_id
        )
