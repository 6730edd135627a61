"""The notes that a user should see now, over all connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.ids import ConnectionId, WorkspaceId
from recoup.notes.note import ConnectionNoteBody

CLAIMS = "claims"
"""The stream of notes about detection, such as a rule that waits for data."""

CURRENT = Statement("""
    select n.connection_id, n.stream, n.scope, n.code, n.subject, n.message, n.since
    from stream_note n join amazon_connection c on c.connection_id = n.connection_id
    where c.workspace_id = %(workspace_id)s
        and case when cast(%(connection_id)s as text) is null then c.status <> 'disconnected'
            else c.connection_id = %(connection_id)s end
        and coalesce(n.stream = %(stream)s, true)
    order by c.created_at, n.connection_id, n.stream, n.code, n.scope, n.subject
""")


async def read_current_notes(
    database: Database,
    workspace_id: WorkspaceId,
    *,
    connection_id: ConnectionId | None = None,
    stream: str | None = None,
) -> list[ConnectionNoteBody]:
    """The notes as the API returns them, with their connection. One message.

    Of one connection where it is named, else of all that are not disconnected.
    """
    rows = await database.fetch(
        CURRENT, workspace_id=workspace_id, connection_id=connection_id, stream=stream
    )
    return notes_of(rows)


def notes_of(rows: Iterable[Any]) -> list[ConnectionNoteBody]:
    """What `CURRENT` read."""
    return [ConnectionNoteBody.model_validate(row, from_attributes=True) for row in rows]
