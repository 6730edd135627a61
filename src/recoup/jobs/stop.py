"""Stopping a sync: the row changes at once, and the worker is notified."""

from __future__ import annotations

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.db.engine import Database, notify
from recoup.errors import SyncAlreadyEndedError
from recoup.ids import SyncId, WorkspaceId
from recoup.sync.record.announce import announce_end
from recoup.sync.record.end_queries import cancel_sync
from recoup.sync.record.queries import get_sync

CANCEL_CHANNEL = "recoup_cancel"
"""NOTIFY channel; the payload is the sync that was cancelled."""


async def stop_sync(database: Database, workspace_id: WorkspaceId, sync_id: SyncId) -> None:
    """Cancels a running sync: the row is changed on return, its worker is notified by NOTIFY.

    Raises NotFoundError, SyncAlreadyEndedError.
    """
    async with database.writing() as conn:
        await get_sync(conn, workspace_id, sync_id)
        if not await cancel_sync(conn, workspace_id, sync_id, message="Sync cancelled"):
            raise SyncAlreadyEndedError("The sync has already ended; there is nothing to cancel.")
        await notify(conn, CANCEL_CHANNEL, sync_id)
        await record(conn, Action.SYNC_CANCELLED, sync_id, workspace_id=workspace_id)
        await announce_end(conn, sync_id)
