"""Marketplaces that are never requested, and are reported as ignored."""

from __future__ import annotations

from recoup.connections.queries import Connection
from recoup.db.engine import Writer
from recoup.ids import SyncId
from recoup.notes.note import Note, NoteCode
from recoup.spapi.endpoints import MARKETPLACES
from recoup.sync.cursors.stored_rows_queries import list_participating
from recoup.sync.record.tell_notes import tell_notes

_STREAM = "marketplaces"


async def tell_ignored(conn: Writer, connection: Connection, sync_id: SyncId) -> None:
    """Replaces the notes about ignored marketplaces: those of the connection, whoever named them,
    and those that Amazon lists for the seller, unless recoup knows them.
    """
    names: dict[str, str | None] = dict.fromkeys(connection.marketplace_ids)
    names |= await list_participating(conn, connection.connection_id)
    ignored = {one: name for one, name in names.items() if one not in MARKETPLACES}
    await tell_notes(
        conn,
        connection.connection_id,
        sync_id,
        stream=_STREAM,
        scope="",
        codes=[NoteCode.MARKETPLACE_IGNORED],
        notes=[_note(one, name) for one, name in sorted(ignored.items())],
    )


def _note(marketplace_id: str, name: str | None) -> Note:
    called = f" ({name})" if name else ""
    return Note(
        _STREAM,
        NoteCode.MARKETPLACE_IGNORED,
        f"Marketplace {marketplace_id}{called} is not one of Amazon's stores that recoup knows, so it "
        "is ignored. Nothing is missing unless you sell there.",
        subject=marketplace_id,
    )
