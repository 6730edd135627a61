"""The notes that a user should see now, over all connections."""

from __future__ import annotations

from recoup.connections.queries import list_connections
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, WorkspaceId
from recoup.notes.note import ConnectionNoteBody, connection_note_body
from recoup.notes.queries import list_notes

CLAIMS = "claims"
"""The stream of notes about detection, such as a rule that waits for data."""


async def read_current_notes(
    conn: Reader,
    workspace_id: WorkspaceId,
    *,
    connection_id: ConnectionId | None = None,
    stream: str | None = None,
) -> list[ConnectionNoteBody]:
    """The notes as the API returns them, with their connection.

    Of one connection where it is named, else of all that are not disconnected.
    """
    found: list[ConnectionNoteBody] = []
    for connection in await list_connections(conn, workspace_id):
        if connection.connection_id != connection_id and (
            connection_id is not None or connection.status is ConnectionStatus.DISCONNECTED
        ):
            continue
        found += [
            connection_note_body(connection.connection_id, note)
            for note in await list_notes(conn, connection.connection_id)
            if stream in {None, note.stream}
        ]
    return found
