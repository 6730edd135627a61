"""Notes say what is so at present, since when, and no longer than that."""

from __future__ import annotations

from recoup.db.engine import Database
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import list_notes, replace_notes
from tests.support.claim_rows import make_world

MISSING = frozenset({NoteCode.COLUMN_MISSING})


def missing(column: str, message: str = "It is gone.") -> Note:
    return Note("returns", NoteCode.COLUMN_MISSING, message, subject=column)


async def test_a_note_keeps_its_beginning_and_goes_with_its_cause(database: Database) -> None:
    """What stays is not new again, what is no longer so is gone, and other codes are left alone."""
    async with database.writing() as conn:
        cid = (await make_world(conn)).connection_id
        rows = Note("returns", NoteCode.ROWS_QUARANTINED, "3 rows cannot be read.")
        await replace_notes(conn, cid, "returns", "", {NoteCode.ROWS_QUARANTINED}, [rows])
        first = [missing("status"), missing("reason")]
        assert await replace_notes(conn, cid, "returns", "", MISSING, first) == first
        before = {note.subject: note.since for note in await list_notes(conn, cid)}
    async with database.writing() as conn:
        again = [missing("status", "It is still gone."), missing("quantity")]
        new = await replace_notes(conn, cid, "returns", "", MISSING, again)
        notes = {note.subject: note for note in await list_notes(conn, cid)}

    assert [note.subject for note in new] == ["quantity"]
    assert set(notes) == {"", "status", "quantity"}
    assert notes["status"].since == before["status"]
    assert notes["status"].message == "It is still gone."
