"""Notes say what is so at present, since when, and no longer than that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from recoup.connections.queries import disconnect, save_connection
from recoup.db.engine import Database
from recoup.ids import WorkspaceId, first_workspace_id
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import list_notes, replace_notes
from recoup.sync.record.note_queries import read_current_notes
from recoup.users.queries import add_user
from tests.support.claim_rows import US, make_world

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


async def test_all_notes_of_a_workspace_are_one_read(database: Database) -> None:
    """Each with its connection: those of a stream, of one account, and none of who is disconnected."""
    async with database.writing() as conn:
        user = await add_user(conn, "seller@example.com")
        workspace = first_workspace_id(user.user_id)
        first, second, gone = [
            (
                await save_connection(
                    conn,
                    workspace,
                    selling_partner_id=name,
                    region="NA",
                    environment="local",
                    marketplace_ids=(US,),
                    refresh_token_sealed=b"sealed",
                )
            ).connection_id
            for name in ("A1", "A2", "A3")
        ]
        for one in (first, second, gone):
            await replace_notes(conn, one, "returns", "", MISSING, [missing("status")])
        claims = Note("claims", NoteCode.COLUMN_MISSING, "A rule waits.")
        await replace_notes(conn, second, "claims", "", MISSING, [claims])
        await disconnect(conn, workspace, gone)
        # In one transaction all have the same time.
        await conn.execute(
            text(
                "update amazon_connection set created_at = '2026-01-01' where connection_id = :id"
            ),
            {"id": first},
        )

    async def found(**wanted: Any) -> list[tuple[str, str]]:
        notes = await read_current_notes(database, workspace, **wanted)
        return [(note.connection_id, note.stream) for note in notes]

    assert await found() == [(first, "returns"), (second, "claims"), (second, "returns")]
    assert await found(stream="claims") == [(second, "claims")]
    assert await found(connection_id=first) == [(first, "returns")]
    assert await found(connection_id=gone, stream="returns") == [(gone, "returns")]
    assert await read_current_notes(database, WorkspaceId("other")) == []
