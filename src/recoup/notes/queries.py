"""Notes in the database: those of one cause are written together, so that old ones are deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Database, Reader, Writer
from recoup.db.single_reads import Statement
from recoup.ids import ConnectionId
from recoup.notes.note import Note, NoteCode
from recoup.notes.tables import stream_note

_n = stream_note.c

_HAS_NOTES = Statement(
    "select from stream_note where connection_id = %(connection_id)s and stream = %(stream)s "
    "and code = any(%(codes)s) limit 1"
)


async def replace_notes(
    conn: Writer,
    connection_id: ConnectionId,
    stream: str,
    scope: str,
    codes: Collection[NoteCode],
    notes: Sequence[Note],
) -> list[Note]:
    """Replaces the notes of these codes; returns the new ones.

    A note that was there keeps its `since`.
    """
    if codes:
        await _delete_others(conn, connection_id, stream, scope, codes, notes)
    return [note for note in notes if await add_note(conn, connection_id, note)]


async def _delete_others(
    conn: Writer,
    connection_id: ConnectionId,
    stream: str,
    scope: str,
    codes: Collection[NoteCode],
    notes: Sequence[Note],
) -> None:
    """Deletes the notes of these codes that are not among `notes`."""
    kept = [(note.code.value, note.subject) for note in notes]
    await conn.execute(
        text(
            "delete from stream_note where connection_id = :connection_id and stream = :stream "
            "and scope = :scope and code = any(:codes) and (code, subject) not in "
            "(select * from unnest(cast(:kept_codes as text[]), cast(:kept_subjects as text[])))"
        ),
        {
            "connection_id": connection_id,
            "stream": stream,
            "scope": scope,
            "codes": [code.value for code in codes],
            "kept_codes": [code for code, _ in kept],
            "kept_subjects": [subject for _, subject in kept],
        },
    )


async def add_note(conn: Writer, connection_id: ConnectionId, note: Note) -> bool:
    """Adds a note to the others; returns whether it is new."""
    values = insert(stream_note).values(
        connection_id=connection_id,
        stream=note.stream,
        scope=note.scope,
        code=note.code.value,
        subject=note.subject,
        message=note.message,
        look_again_at=note.look_again_at,
    )
    result = await conn.execute(
        values.on_conflict_do_update(
            index_elements=[_n.connection_id, _n.stream, _n.scope, _n.code, _n.subject],
            set_={
                "message": values.excluded.message,
                "look_again_at": values.excluded.look_again_at,
            },
        ).returning(_n.since == func.now())
    )
    return bool(result.scalar_one())


async def delete_notes(
    conn: Writer, connection_id: ConnectionId, *, stream: str, code: NoteCode, subject: str
) -> None:
    """Deletes the notes of a cause, in every scope."""
    await conn.execute(
        delete(stream_note).where(
            _n.connection_id == connection_id,
            _n.stream == stream,
            _n.code == code.value,
            _n.subject == subject,
        )
    )


async def read_since(
    conn: Reader, connection_id: ConnectionId, stream: str, scope: str, code: NoteCode
) -> dict[str, str]:
    """The first day of each note of a code, by its subject."""
    rows = await conn.execute(
        select(_n.subject, _n.since).where(
            _n.connection_id == connection_id,
            _n.stream == stream,
            _n.scope == scope,
            _n.code == code.value,
        )
    )
    return {row.subject: row.since.date().isoformat() for row in rows}


async def has_notes(
    database: Database, connection_id: ConnectionId, stream: str, codes: Collection[NoteCode]
) -> bool:
    """Whether the stream has a note of these codes, in any scope. One message, no transaction."""
    rows = await database.fetch(
        _HAS_NOTES,
        connection_id=connection_id,
        stream=stream,
        codes=[code.value for code in codes],
    )
    return bool(rows)


async def list_notes(conn: Reader, connection_id: ConnectionId) -> list[Note]:
    """Lists all current notes, by stream and code."""
    rows = await conn.execute(
        select(stream_note)
        .where(_n.connection_id == connection_id)
        .order_by(_n.stream, _n.code, _n.scope, _n.subject)
    )
    return [
        Note(
            stream=row.stream,
            code=NoteCode(row.code),
            message=row.message,
            scope=row.scope,
            subject=row.subject,
            since=row.since,
            look_again_at=row.look_again_at,
        )
        for row in rows
    ]
