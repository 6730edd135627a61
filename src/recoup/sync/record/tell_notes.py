"""Notes for the seller: kept as long as they apply, and reported in the activity once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recoup.db.engine import Writer
from recoup.events.queries import record_activity
from recoup.ids import ConnectionId, SyncId
from recoup.logs import get_logger
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import replace_notes
from recoup.sync.record.quarantine_queries import read_owner

_log = get_logger(__name__)


async def tell_notes(
    conn: Writer,
    connection_id: ConnectionId,
    sync_id: SyncId,
    *,
    stream: str,
    scope: str,
    codes: Collection[NoteCode],
    notes: Sequence[Note],
) -> None:
    """Replaces the stream's notes of these codes.

    Those that are new go into the activity of the connection's user, too, with their code as type.
    """
    new = await replace_notes(conn, connection_id, stream, scope, codes, notes)
    if not new:
        return
    workspace_id = await read_owner(conn, connection_id)
    for note in new:
        _log.info("noted", sync_id=sync_id, stream=stream, code=note.code, note=note.message)
        await record_activity(
            conn, workspace_id, activity_type=note.code, message=note.message, sync_id=sync_id
        )
