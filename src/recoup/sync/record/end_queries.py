"""The end of a sync, by its worker or its user. The database refuses a second end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, update

from recoup.db.engine import Writer
from recoup.ids import SyncId, WorkspaceId
from recoup.notes.note import Note, note_document
from recoup.sync.record.lease_queries import Fence, update_fenced
from recoup.sync.record.states import ACTIVE, SyncStatus
from recoup.sync.record.tables import sync_progress

_p = sync_progress.c


async def end_sync(
    conn: Writer,
    fence: Fence,
    *,
    status: str,
    message: str,
    error: str | None,
    progress: int,
    notes: Sequence[Note] = (),
    retry_at: datetime | None = None,
) -> None:
    """The last write of a sync. Raises FencedError if it was cancelled before."""
    await update_fenced(
        conn,
        fence,
        {
            "status": status,
            "message": message,
            "error": error,
            "notes": [note_document(note) for note in notes],
            "progress": progress,
            "retry_at": retry_at,
            "completed_at": func.clock_timestamp(),
            "estimated_completion": None,
            "owner": None,
            "lease_expires_at": None,
        },
    )


async def cancel_sync(
    conn: Writer, workspace_id: WorkspaceId, sync_id: SyncId, *, message: str
) -> bool:
    """Ends it as cancelled, which fences its worker at once. False if it had already ended."""
    result = await conn.execute(
        update(sync_progress)
        .where(_p.workspace_id == workspace_id, _p.sync_id == sync_id, _p.status == ACTIVE)
        .values(
            status=SyncStatus.CANCELLED,
            message=message,
            completed_at=func.now(),
            estimated_completion=None,
            owner=None,
            lease_expires_at=None,
        )
    )
    return result.rowcount == 1
