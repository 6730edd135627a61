"""Loading of one report file into its stream's tables, inside the caller's transaction.

The file is copied as text, and one statement casts and writes its rows. Only when that statement is
refused, or a value is missing where one must be, is each row judged by itself: nearly every file is
without fault, and judging costs as much as writing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.exc import DBAPIError

from recoup.db.engine import Writer
from recoup.errors import ReportFileError
from recoup.spapi.documents import Spool
from recoup.streams._report import FieldKind, Upsert
from recoup.streams._stream import Stream
from recoup.streams._table import indexed_texts
from recoup.sync.loading.cells import (
    Cell,
    Forms,
    day_first,
    make_cells,
    place_fields,
    staged_columns,
    unknown_headers,
)
from recoup.sync.loading.file_notes import tell_columns, tell_doubts, tell_quarantine
from recoup.sync.loading.history_queries import keep_history
from recoup.sync.loading.occurrence_queries import number_rows
from recoup.sync.loading.shrunk import tell_shrunk
from recoup.sync.loading.staging import LOOK, stage_file
from recoup.sync.loading.staging_queries import (
    Glance,
    analyze,
    drop_bad_rows,
    drop_lines,
    find_bad_rows,
    find_days_first,
    look_over,
    quarantine_bad_rows,
    quarantine_ragged,
    read_forms,
)
from recoup.sync.loading.statement_queries import list_doubts
from recoup.sync.loading.target import FileTarget, LoadedFile
from recoup.sync.loading.told_again_queries import release_told_again
from recoup.sync.loading.write import Written, doubt_empty, write_rows

_MOST_RAGGED_SHARE = 0.5
# Data exceptions, a null where none may be, and a key that comes twice in one statement.
_REFUSED_VALUES = ("22", "23502", "21000")


@dataclass(frozen=True, slots=True)
class Fitting:
    """The staged rows that fit the header: their number, and how their columns are read."""

    rows: int
    headers: tuple[str, ...]
    cells: list[Cell]
    glance: Glance


async def load_report(conn: Writer, target: FileTarget, spool: Spool) -> LoadedFile:
    """Loads the file; the caller adds cursor, counts and fence, and commits. Raises as load_file.

    Oddities are reported: columns that are gone or new, rows that cannot be read, and that it
    has far fewer rows than before.
    """
    loaded = await load_file(conn, target, spool, _write_fitting)
    await release_told_again(conn, target)
    await tell_quarantine(conn, target.connection_id, target.sync_id, target.stream.name)
    await tell_shrunk(conn, target)
    return loaded


async def load_file(
    conn: Writer,
    target: FileTarget,
    spool: Spool,
    write: Callable[[Writer, FileTarget, Fitting], Awaitable[Written]],
) -> LoadedFile:
    """Loads a file; its rows that fit the header are checked, and written by `write`.

    Raises ReportFileError when a column that must be there is missing, when most lines do not fit
    their header, or when the rows do not add up; BrokenDocumentError for a file that ends early.
    """
    staged = await stage_file(conn, target, spool)
    headers, tally = staged.text.headers, staged.text.tally
    if not headers:
        is_doubted = await doubt_empty(conn, target)
        return LoadedFile(0, 0, 0, 0, staged.charset, shrunk=is_doubted)
    read = staged.rows - len(tally.blank)
    if len(tally.ragged) > read * _MOST_RAGGED_SHARE:
        raise ReportFileError(
            f"{target.source}: {len(tally.ragged)} of {read} lines do not fit the header, so nothing "
            f"was loaded. The next sync asks again; {LOOK}."
        )
    placed = place_fields(target.report.fields, headers)
    await quarantine_ragged(conn, tally.ragged, tally.cells, target.origin, width=len(headers))
    await drop_lines(conn, tally.blank)
    await drop_lines(conn, tally.ragged)
    await analyze(conn, staged.rows)
    cells, glance = await _read_cells(conn, target, placed, has_dashes=tally.has_dashes)
    fitting = Fitting(read - len(tally.ragged), headers, cells, glance)
    written = await write(conn, target, fitting)
    await keep_history(
        conn, target.stream, connection_id=target.connection_id, seen_at=target.seen_at
    )
    doubts = await _list_doubts(conn, target, written)
    missing = await tell_columns(conn, target, headers, placed)
    return LoadedFile(
        read=read,
        loaded=written.loaded,
        unchanged=written.unchanged,
        quarantined=written.bad + len(tally.ragged),
        charset=staged.charset,
        unknown_columns=tuple(unknown_headers(target.report.fields, headers)),
        kept_older=written.kept_older,
        doubts=(*doubts, *(note.message for note in missing)),
        missing_columns=tuple(note.subject for note in missing),
        shrunk=written.shrunk,
    ).proven(target.source, "file", ReportFileError)


async def _list_doubts(conn: Writer, target: FileTarget, written: Written) -> list[str]:
    """Returns doubts about the rows that people should know, and reports them."""
    found = []
    if target.report.doubts is not None:
        found = await list_doubts(conn, target.report.doubts, target.origin)
    return await tell_doubts(conn, target, found, collisions=written.collisions)


def _indexed(stream: Stream) -> frozenset[str]:
    """Columns whose texts are indexed in one of the stream's tables."""
    return frozenset().union(*(indexed_texts(one) for one in (stream.table, *stream.parts)))


async def _read_cells(
    conn: Writer, target: FileTarget, placed: Mapping[str, str], *, has_dashes: bool
) -> tuple[list[Cell], Glance]:
    """How each column of the file is read, and the result of a look over its rows."""
    fields, indexed = target.report.fields, _indexed(target.stream)
    plain = make_cells(fields, placed, Forms(has_dashes=has_dashes), indexed)
    glance = await look_over(conn, plain, target.needed)
    forms = await read_forms(conn, fields, placed, glance, has_dashes=has_dashes)
    return make_cells(fields, placed, forms, indexed), glance


async def _write_fitting(conn: Writer, target: FileTarget, fitting: Fitting) -> Written:
    """Writes the rows; bad ones go to quarantine."""
    cells, headers = fitting.cells, fitting.headers
    if not fitting.glance.is_doubtful:
        try:
            async with conn.begin_nested():
                return await write_rows(conn, target, cells, rows=fitting.rows, is_sure=True)
        except DBAPIError as exc:
            if not _refused_a_value(exc):
                raise
    cells = await with_days_first(conn, cells)
    bad = await find_bad_rows(conn, cells, target.needed)
    occurrence = target.occurrence
    if occurrence is not None:
        ordered_by = target.report.load.ordered_by if isinstance(target.report.load, Upsert) else ()
        await number_rows(conn, target.stream, cells, occurrence, ordered_by)
    await quarantine_bad_rows(
        conn,
        cells,
        dict(zip(staged_columns(headers), headers, strict=True)),
        target.origin,
        numbered=occurrence is not None,
    )
    await drop_bad_rows(conn)
    written = await write_rows(
        conn, target, cells, rows=fitting.rows - bad, is_numbered=occurrence is not None
    )
    return replace(written, bad=bad)


async def with_days_first(conn: Writer, cells: list[Cell]) -> list[Cell]:
    """The cells, with the day first in columns that have a 13th month and no 13th day.

    Only where rows were refused: a file that is written so has days that are no months.
    """
    dated = [
        one.staged
        for one in cells
        if one.staged and one.field.kind in {FieldKind.DATE, FieldKind.TIME}
    ]
    days_first = await find_days_first(conn, dated)
    return [day_first(cell) if cell.staged in days_first else cell for cell in cells]


def _refused_a_value(exc: DBAPIError) -> bool:
    state = getattr(exc.orig, "sqlstate", None) or ""
    return state.startswith(_REFUSED_VALUES)
