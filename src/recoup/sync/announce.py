"""Telling the live feed and the user's history what became of a sync."""

from __future__ import annotations

from recoup.connections.queries import Connection
from recoup.db.engine import Writer
from recoup.events.queries import publish, record_activity
from recoup.ids import SyncId
from recoup.sync.queries import SyncRow, read_sync
from recoup.sync.status import status_body

_ENDINGS = {
    "complete": "sync_completed",
    "failed": "sync_failed",
    "cancelled": "sync_cancelled",
}
_CONNECTION_MESSAGES = {
    "active": "Amazon account connected",
    "reauthorization_required": "Amazon needs your permission again: reconnect the account",
    "disconnected": "Amazon account disconnected",
}


async def announce(conn: Writer, sync_id: SyncId, *, milestone: bool) -> None:
    """Publish the state of a sync as this transaction leaves it. Call it last.

    A milestone reaches every reader; of the others a slow one gets the newest only.
    """
    sync = await read_sync(conn, sync_id)
    await publish(
        conn,
        sync.user_id,
        event_type="sync",
        subject=sync_id,
        payload=status_body(sync),
        milestone=milestone,
    )


async def announce_start(conn: Writer, sync_id: SyncId) -> None:
    sync = await read_sync(conn, sync_id)
    await record_activity(
        conn, sync.user_id, activity_type="sync_started", message="Sync started", sync_id=sync_id
    )
    await announce(conn, sync_id, milestone=True)


async def announce_end(conn: Writer, sync_id: SyncId) -> None:
    """The terminal event and the entry in the history, in the transaction that ended it."""
    sync = await read_sync(conn, sync_id)
    await record_activity(
        conn,
        sync.user_id,
        activity_type=_ENDINGS[sync.status],
        message=_ending(sync),
        sync_id=sync_id,
    )
    await announce(conn, sync_id, milestone=True)


def _ending(sync: SyncRow) -> str:
    if sync.status == "complete":
        return f"Sync completed: {sync.orders_processed:,} orders new or changed"
    return sync.message


async def announce_connection(conn: Writer, connection: Connection, status: str) -> None:
    """Tell that a connection is `active`, `reauthorization_required` or `disconnected` now."""
    await record_activity(
        conn,
        connection.user_id,
        activity_type=f"connection_{status}",
        message=_CONNECTION_MESSAGES[status],
    )
    await publish(
        conn,
        connection.user_id,
        event_type="connection",
        subject=connection.connection_id,
        payload={"connectionId": connection.connection_id, "status": status},
    )
