"""Announces the results of a sync in the live feed and in the user's history."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.connections.queries import Connection
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Writer
from recoup.events.queries import publish, record_activity
from recoup.events.words import ActivityType, EventType
from recoup.ids import SyncId
from recoup.notes.note import Note, note_document
from recoup.notifications.queries import notify_of
from recoup.notifications.words import NotificationKind
from recoup.sync.record.ending import to_look_at
from recoup.sync.record.queries import SyncRow, read_sync
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import status_body

_ENDINGS = {
    SyncStatus.COMPLETE: ActivityType.SYNC_COMPLETED,
    SyncStatus.FAILED: ActivityType.SYNC_FAILED,
    SyncStatus.CANCELLED: ActivityType.SYNC_CANCELLED,
}
_CONNECTION_MESSAGES = {
    ConnectionStatus.ACTIVE: "Amazon account connected",
    ConnectionStatus.REAUTHORIZATION_REQUIRED: "Amazon requires your authorization again",
    ConnectionStatus.DISCONNECTED: "Amazon account disconnected",
}


async def announce(conn: Writer, sync_id: SyncId, *, milestone: bool) -> None:
    """Publishes the state of a sync as this transaction leaves it. Call it last.

    A milestone reaches every reader; of the others a slow one gets the newest only.
    """
    await _publish(conn, await read_sync(conn, sync_id), milestone=milestone)


async def announce_start(conn: Writer, sync_id: SyncId) -> None:
    sync = await read_sync(conn, sync_id)
    await record_activity(
        conn,
        sync.workspace_id,
        activity_type=ActivityType.SYNC_STARTED,
        message="Sync started",
        sync_id=sync_id,
    )
    await _publish(conn, sync, milestone=True)


async def announce_end(conn: Writer, sync_id: SyncId) -> None:
    """The terminal event and the entry in the history, in the transaction that ended it."""
    sync = await read_sync(conn, sync_id)
    await record_activity(
        conn,
        sync.workspace_id,
        activity_type=_ENDINGS[sync.status],
        message=_ending(sync),
        sync_id=sync_id,
    )
    await notify_of(
        conn,
        sync.workspace_id,
        sync.connection_id,
        NotificationKind.SYNC_ENDED,
        {
            "syncId": sync_id,
            "connectionId": sync.connection_id,
            "status": sync.status,
            "message": sync.message,
            "ordersProcessed": sync.orders_processed,
            "claimsDetected": sync.claims_detected,
            "link": f"/#/syncs/{sync_id}",
        },
    )
    await _publish(conn, sync, milestone=True)


async def _publish(conn: Writer, sync: SyncRow, *, milestone: bool) -> None:
    await publish(
        conn,
        sync.workspace_id,
        event_type=EventType.SYNC,
        subject=sync.sync_id,
        payload=status_body(sync).document(),
        milestone=milestone,
    )


def _ending(sync: SyncRow) -> str:
    if sync.status is SyncStatus.COMPLETE:
        things = f"; {to_look_at(len(sync.notes))}" if sync.notes else ""
        return f"Sync completed: {sync.orders_processed:,} new or changed orders{things}"
    return sync.message


async def announce_connection(
    conn: Writer,
    connection: Connection,
    status: ConnectionStatus,
    *,
    message: str | None = None,
    reason: str | None = None,
) -> None:
    """Reports the new state of a connection.

    message: for the activity, where more is known than the state. reason: why it is not active.
    """
    message = message or _CONNECTION_MESSAGES[status]
    await record_activity(
        conn,
        connection.workspace_id,
        activity_type=ActivityType(f"connection_{status}"),
        message=f"{message}: {reason}" if reason else message,
    )
    if status is ConnectionStatus.REAUTHORIZATION_REQUIRED:
        await notify_of(
            conn,
            connection.workspace_id,
            connection.connection_id,
            NotificationKind.REAUTHORIZATION_REQUIRED,
            {
                "connectionId": connection.connection_id,
                "sellingPartnerId": connection.selling_partner_id,
                "region": connection.region,
                "reason": reason,
                "link": "/#/accounts",
            },
        )
    await _publish_connection(conn, connection, status, reason=reason)


async def announce_expiry(conn: Writer, connection: Connection, notes: Sequence[Note]) -> None:
    """Reports that an active connection will end soon, in the live feed; `notes` say why."""
    await _publish_connection(conn, connection, ConnectionStatus.ACTIVE, notes=notes)


async def _publish_connection(
    conn: Writer,
    connection: Connection,
    status: ConnectionStatus,
    *,
    reason: str | None = None,
    notes: Sequence[Note] = (),
) -> None:
    await publish(
        conn,
        connection.workspace_id,
        event_type=EventType.CONNECTION,
        subject=connection.connection_id,
        payload={
            "connectionId": connection.connection_id,
            "status": status,
            "reason": reason,
            "notes": [note_document(note) for note in notes],
        },
    )
