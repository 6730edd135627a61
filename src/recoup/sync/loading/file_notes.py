"""Notes about oddities in a report's file, kept while they last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table

from recoup.db.engine import Writer
from recoup.ids import ConnectionId, SyncId
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import delete_notes, read_since
from recoup.streams._report import Field, Statements, normal_header
from recoup.sync.loading.cells import unknown_headers
from recoup.sync.loading.stored_queries import had_values
from recoup.sync.loading.target import FileTarget
from recoup.sync.record.quarantine_queries import count_reasons
from recoup.sync.record.tell_notes import tell_notes

_SAME_KEY = "rows of one key"
_MOST_REASONS = 3
_MOST_NAMES = 20


async def tell_columns(
    conn: Writer, target: FileTarget, headers: Sequence[str], placed: Mapping[str, str]
) -> list[Note]:
    """Reports each column that the file lacks in a note, and all unknown ones in a single note.

    Returns the notes of missing ones. They are deleted when a file has the column.
    """
    missing = [
        one
        for one in target.report.fields
        if one.column not in placed and await _is_missed(conn, target, one)
    ]
    columns = [(column, one) for one in missing for column in one.stored_as or (one.column,)]
    since = await read_since(
        conn, target.connection_id, target.stream.name, target.scope, NoteCode.COLUMN_MISSING
    )
    gone = [_missing_note(target, column, one, since.get(column)) for column, one in columns]
    ignored = {normal_header(name) for name in target.report.ignored}
    unknown = [
        name
        for name in unknown_headers(target.report.fields, headers)
        if normal_header(name) not in ignored
    ]
    new = [_unknown_note(target, unknown)] if unknown else []
    await tell_notes(
        conn,
        target.connection_id,
        target.sync_id,
        stream=target.stream.name,
        scope=target.scope,
        codes=(NoteCode.COLUMN_MISSING, NoteCode.COLUMNS_UNKNOWN),
        notes=[*gone, *new],
    )
    return gone


async def _is_missed(conn: Writer, target: FileTarget, one: Field) -> bool:
    """Whether the absence of the column is news."""
    if set(one.absent_in) & set(target.marketplace_ids):
        return False
    if not one.varies:
        return True
    stored = [
        (table, column)
        for table in (target.stream.table, *target.stream.parts)
        for column in one.stored_as or (one.column,)
        if column in table.columns and not _is_made_up(target, table, column)
    ]
    for table, column in stored:
        if await had_values(conn, table, column, target.connection_id):
            return True
    return False


def _is_made_up(target: FileTarget, table: Table, column: str) -> bool:
    """Whether a column has a value in each row even if no file contains it."""
    return isinstance(target.report.load, Statements) and column in table.primary_key.columns


def _missing_note(target: FileTarget, column: str, one: Field, since: str | None) -> Note:
    when = "" if since is None else f" (since {since})"
    return Note(
        target.stream.name,
        NoteCode.COLUMN_MISSING,
        f"Amazon's report of {target.stream.noun} has no column '{one.headers[0]}'{when}; it may "
        "have been renamed or be in another language. Its contents are unknown, and claims that need "
        "it wait until a file contains it again.",
        target.scope,
        column,
    )


def _unknown_note(target: FileTarget, names: Sequence[str]) -> Note:
    listed = ", ".join(f"'{name[:80]}'" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return Note(
        target.stream.name,
        NoteCode.COLUMNS_UNKNOWN,
        f"Amazon's report of {target.stream.noun} has columns that recoup does not know and "
        f"ignores: {listed}{more}.",
        target.scope,
    )


async def tell_doubts(
    conn: Writer, target: FileTarget, found: Sequence[str], *, collisions: int
) -> list[str]:
    """Reports contradictions among the rows of a file; returns the sentences."""
    notes = [
        Note(target.stream.name, NoteCode.DATA_DOUBTED, doubt, target.scope, doubt)
        for doubt in found
    ]
    if collisions:
        told = (
            f"{collisions} {target.stream.noun} occur several times in one file from Amazon with "
            "different values. recoup keeps the last of each: compare them with the report in "
            "Seller Central."
        )
        notes.append(Note(target.stream.name, NoteCode.DATA_DOUBTED, told, target.scope, _SAME_KEY))
    else:
        await delete_notes(
            conn,
            target.connection_id,
            stream=target.stream.name,
            code=NoteCode.DATA_DOUBTED,
            subject=_SAME_KEY,
        )
    await tell_notes(
        conn,
        target.connection_id,
        target.sync_id,
        stream=target.stream.name,
        scope=target.scope,
        codes=(),
        notes=notes,
    )
    return [note.message for note in notes]


async def tell_quarantine(
    conn: Writer, connection_id: ConnectionId, sync_id: SyncId, stream: str
) -> None:
    """Keeps one note while rows of the stream are in quarantine, with their number and reasons."""
    reasons = await count_reasons(conn, connection_id, stream)
    total = sum(count for _, count in reasons)
    notes = []
    if total:
        why = "; ".join(f"{reason} ({count})" for reason, count in reasons[:_MOST_REASONS])
        more = "; and other reasons" if len(reasons) > _MOST_REASONS else ""
        rows = "1 row" if total == 1 else f"{total} rows"
        stand = "is" if total == 1 else "are"
        notes.append(
            Note(
                stream,
                NoteCode.ROWS_QUARANTINED,
                f"{rows} of Amazon's data could not be read and {stand} in quarantine: {why}{more}. "
                "Claims that may depend on this data wait. See Quarantine, and retry after "
                "an upgrade of recoup.",
            )
        )
    await tell_notes(
        conn,
        connection_id,
        sync_id,
        stream=stream,
        scope="",
        codes=(NoteCode.ROWS_QUARANTINED,),
        notes=notes,
    )
