"""One file of a report into its stream's tables, inside the caller's transaction.

The file is copied as text, and one statement casts and writes its rows. Only when that statement is
refused, or a value is missing where one must be, is each row judged by itself: nearly every file is
without fault, and judging costs as much as writing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from recoup.db.engine import Writer
from recoup.errors import ReportFileError
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.documents import Spool
from recoup.streams.report import Kind, ReplaceDays, Report, Statements, Upsert
from recoup.streams.stream import Stream
from recoup.streams.table import indexed_texts
from recoup.sync.history_queries import keep_history
from recoup.sync.loaded import Loaded
from recoup.sync.occurrence_queries import number_rows
from recoup.sync.report_cells import (
    Cell,
    Forms,
    day_first,
    make_cells,
    missing_headers,
    place_fields,
    staged_columns,
    unknown_headers,
)
from recoup.sync.report_load_queries import (
    Days,
    Keyed,
    Origin,
    compare_days,
    count_staged,
    count_stored_days,
    count_unchanged,
    count_unreplaced,
    count_unwritten,
    insert_days,
    list_doubts,
    needed_columns,
    replace_changed_days,
    run_statements,
    upsert_staged,
)
from recoup.sync.report_text import ReportText, Tally, charsets_to_try
from recoup.sync.staging_queries import (
    Glance,
    Place,
    analyze,
    drop_bad_rows,
    drop_lines,
    find_bad_rows,
    find_days_first,
    look_over,
    quarantine_bad_rows,
    quarantine_ragged,
    read_forms,
    stage,
)
from recoup.sync.tell_doubts import tell_doubts

_MOST_RAGGED_SHARE = 0.5
_LOOK = "if it stays so, compare the report in Seller Central and report this to the project"
# Data exceptions, a null where none may be, and a key that comes twice in one statement.
_REFUSED_VALUES = ("22", "23502", "21000")


@dataclass(frozen=True, slots=True)
class FileTarget:
    """Where a file's rows go. `days`: those it tells in full, None when that does not matter."""

    stream: Stream
    report: Report
    connection_id: ConnectionId
    sync_id: SyncId
    scope: str
    marketplace_ids: tuple[str, ...]
    source: str
    seen_at: datetime
    days: Days | None = None

    @property
    def origin(self) -> Origin:
        return Origin(self.connection_id, self.source, self.scope)

    @property
    def place(self) -> Place:
        return Place(self.stream.name, self.connection_id, self.sync_id, self.source)


@dataclass(frozen=True, slots=True)
class LoadedFile(Loaded):
    """What became of a file's rows.

    Where they become rows of several tables, loaded are those of the main one. unchanged are also
    rows that are a part of a row of the main table, or are left to the file of another time.
    `kept_older`: what was stored stays, as the file has less than half of it.
    doubts: sentences about what was loaded, for people who should know.
    """

    charset: str
    unknown_columns: tuple[str, ...] = ()
    kept_older: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitting:
    """The staged rows that fit the header: how many, and how their columns are read."""

    rows: int
    headers: tuple[str, ...]
    cells: list[Cell]
    glance: Glance


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows that fit the header."""

    loaded: int
    unchanged: int
    bad: int = 0
    kept_older: bool = False


@dataclass(frozen=True, slots=True)
class _Staged:
    """A file in the staging table: its text, how many rows, and what the columns are."""

    text: ReportText
    charset: str
    rows: int


async def load_report(conn: Writer, target: FileTarget, spool: Spool) -> LoadedFile:
    """Load the file; the caller adds cursor, counts and fence, and commits. Raises as load_file."""
    return await load_file(conn, target, spool, _write_fitting)


async def load_file(
    conn: Writer,
    target: FileTarget,
    spool: Spool,
    write: Callable[[Writer, FileTarget, Fitting], Awaitable[Written]],
) -> LoadedFile:
    """Load a file, whose rows that fit the header are judged and written by `write`.

    Raises ReportFileError when a column that must be there is missing, when most lines do not fit
    their header, or when the rows do not add up; BrokenDocumentError for a file that ends early.
    """
    staged = await _stage(conn, target, spool)
    headers, tally = staged.text.headers, staged.text.tally
    if not headers:
        return LoadedFile(0, 0, 0, 0, staged.charset)
    read = staged.rows - len(tally.blank)
    if len(tally.ragged) > read * _MOST_RAGGED_SHARE:
        raise ReportFileError(
            f"{target.source}: {len(tally.ragged)} of {read} lines do not fit the header, so nothing "
            f"was loaded. The next sync asks again; {_LOOK}."
        )
    placed = place_fields(target.report.fields, headers)
    await _put_ragged_aside(conn, target, headers, placed, tally)
    await drop_lines(conn, tally.blank)
    await drop_lines(conn, tally.ragged)
    await analyze(conn)
    cells, glance = await _read_cells(conn, target, placed, has_dashes=tally.has_dashes)
    fitting = Fitting(read - len(tally.ragged), headers, cells, glance)
    written = await write(conn, target, fitting)
    await keep_history(
        conn, target.stream, connection_id=target.connection_id, seen_at=target.seen_at
    )
    doubts: list[str] = []
    if target.report.doubts is not None:
        doubts = await list_doubts(conn, target.report.doubts, target.origin)
        await tell_doubts(conn, target.connection_id, target.sync_id, doubts)
    return LoadedFile(
        read=read,
        loaded=written.loaded,
        unchanged=written.unchanged,
        quarantined=written.bad + len(tally.ragged),
        charset=staged.charset,
        unknown_columns=tuple(unknown_headers(headers, placed)),
        kept_older=written.kept_older,
        doubts=tuple(doubts),
    ).proven(target.source, "file", ReportFileError)


def _indexed(stream: Stream) -> frozenset[str]:
    """Columns whose texts stand in an index of one of the stream's tables."""
    return frozenset().union(*(indexed_texts(one) for one in (stream.table, *stream.parts)))


async def _stage(conn: Writer, target: FileTarget, spool: Spool) -> _Staged:
    """Copy the file in the first encoding that fits it, exactly where a glance was not enough."""
    charsets = charsets_to_try(spool.charset, target.marketplace_ids)
    exact = False
    while True:
        try:
            async with conn.begin_nested():
                return await _copy(
                    conn, target, spool, charsets[0], lenient=len(charsets) == 1, exact=exact
                )
        except UnicodeError:
            charsets.pop(0)
        except ReportFileError:
            if exact:
                raise
            exact = True


async def _copy(
    conn: Writer, target: FileTarget, spool: Spool, charset: str, *, lenient: bool, exact: bool
) -> _Staged:
    content = await asyncio.to_thread(ReportText, spool, charset, lenient=lenient)
    rows = 0
    if content.headers:
        _require_headers(target, content.headers)
        rows = await stage(
            conn,
            content.headers,
            _in_threads(content.pieces(exact=exact)),
            delimiter=content.delimiter,
            quoted=content.is_quoted,
        )
        lines = content.tally.lines - 1
        if rows != lines:
            raise ReportFileError(
                f"{target.source}: of {lines} lines {rows} arrived. The next sync asks again; {_LOOK}."
            )
    return _Staged(content, content.charset, rows)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Decompressing and decoding take their time: the event loop goes on meanwhile."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _require_headers(target: FileTarget, headers: tuple[str, ...]) -> None:
    fields = target.report.fields
    missing = missing_headers(fields, place_fields(fields, headers))
    if missing:
        raise ReportFileError(
            f"{target.source}: the file has no column {' and no '.join(missing)}; "
            f"it has {', '.join(headers)[:500]}. Amazon may have renamed it: {_LOOK}."
        )


async def _read_cells(
    conn: Writer, target: FileTarget, placed: Mapping[str, str], *, has_dashes: bool
) -> tuple[list[Cell], Glance]:
    """How each column of the file is read, and what a glance over its rows has shown."""
    fields, indexed = target.report.fields, _indexed(target.stream)
    plain = make_cells(fields, placed, Forms(has_dashes=has_dashes), indexed)
    glance = await look_over(conn, plain, needed_of(target))
    forms = await read_forms(conn, fields, placed, glance, has_dashes=has_dashes)
    return make_cells(fields, placed, forms, indexed), glance


async def _write_fitting(conn: Writer, target: FileTarget, fitting: Fitting) -> Written:
    """Write the rows; those that are bad go to quarantine."""
    cells, headers = fitting.cells, fitting.headers
    if not fitting.glance.is_doubtful:
        try:
            async with conn.begin_nested():
                return await write_rows(conn, target, cells, rows=fitting.rows, is_sure=True)
        except DBAPIError as exc:
            if not _refused_a_value(exc):
                raise
    cells = await with_days_first(conn, cells)
    bad = await find_bad_rows(conn, cells, needed_of(target))
    occurrence = occurrence_of(target)
    if occurrence is not None:
        await number_rows(conn, target.stream, cells, occurrence)
    await quarantine_bad_rows(
        conn,
        cells,
        dict(zip(staged_columns(headers), headers, strict=True)),
        target.place,
        numbered=occurrence is not None,
    )
    await drop_bad_rows(conn)
    written = await write_rows(
        conn, target, cells, rows=fitting.rows - bad, is_numbered=occurrence is not None
    )
    return replace(written, bad=bad)


async def with_days_first(conn: Writer, cells: list[Cell]) -> list[Cell]:
    """The cells, with dates day first where a column has a 13th month and no 13th day.

    Only where rows were refused: a file that is written so has days that are no months.
    """
    dated = [one.staged for one in cells if one.staged and one.field.kind in {Kind.DATE, Kind.TIME}]
    days_first = await find_days_first(conn, dated)
    return [day_first(cell) if cell.staged in days_first else cell for cell in cells]


def occurrence_of(target: FileTarget) -> str | None:
    """The column that numbers equal rows, where the stream has one."""
    return target.report.load.occurrence if isinstance(target.report.load, Upsert) else None


def needed_of(target: FileTarget) -> frozenset[str]:
    """Columns without which a row is no row."""
    needed = {one.column for one in target.report.fields if one.required}
    if not isinstance(target.report.load, Statements):
        needed |= needed_columns(target.stream.table)
    return frozenset(needed)


def _refused_a_value(exc: DBAPIError) -> bool:
    state = getattr(exc.orig, "sqlstate", None) or ""
    return state.startswith(_REFUSED_VALUES)


async def write_rows(
    conn: Writer,
    target: FileTarget,
    cells: list[Cell],
    *,
    rows: int,
    is_sure: bool = False,
    is_numbered: bool = False,
) -> Written:
    """Write the `rows` staged rows. is_sure: none of them is thought to be refused.

    is_numbered: what tells equal rows apart is noted already. Rows that were not written are
    looked for only where there are any.
    """
    stream, origin = target.stream, target.origin
    match target.report.load:
        case Upsert(occurrence=occurrence, within=within):
            how = Keyed(
                occurrence,
                is_numbered=is_numbered,
                one_per_key=not is_sure,
                within=within,
                days=target.days,
            )
            loaded = await upsert_staged(conn, stream, cells, origin, how)
            if loaded == rows:
                return Written(loaded, 0)
            return Written(loaded, await count_unchanged(conn, stream, cells, origin, how))
        case ReplaceDays(day=day):
            return await _replace_days(conn, target, cells, day, rows=rows)
        case Statements() as load:
            loaded = await run_statements(conn, load, cells, origin)
            return Written(loaded, await count_unwritten(conn, load, origin))


async def _replace_days(
    conn: Writer, target: FileTarget, cells: list[Cell], day: str, *, rows: int
) -> Written:
    """Whole days; the older rows stay when the file has less than half of them."""
    days = target.days
    assert days is not None, "a report that replaces days is asked for a time"
    stream, origin = target.stream, target.origin
    stored = await count_stored_days(conn, stream, day, days, target.connection_id)
    if not stored:
        loaded = await insert_days(conn, stream, cells, origin, day, days)
    else:
        fresh = await compare_days(conn, stream, cells, origin, day, days)
        if fresh * 2 < stored:
            return Written(0, await count_staged(conn), kept_older=True)
        loaded = await replace_changed_days(conn, stream, cells, origin, day)
    if loaded == rows:
        return Written(loaded, 0)
    unchanged = await count_unreplaced(conn, stream, cells, day, days, compared=bool(stored))
    return Written(loaded, unchanged)


async def _put_ragged_aside(
    conn: Writer,
    target: FileTarget,
    headers: Sequence[str],
    placed: Mapping[str, str],
    tally: Tally,
) -> None:
    """Keep lines that do not fit the header, however many they are."""
    wanted = set(placed.values())
    # Which cell is one too many cannot be told. Only those in front of the first column that the
    # stream does not want are kept, and only of lines that reach there: the rest of a broken
    # comment must not be kept under the name of another column.
    kept: dict[str, str] = {}
    for name, header in zip(staged_columns(headers), headers, strict=True):
        if name not in wanted:
            break
        kept[name] = header
    await quarantine_ragged(conn, tally.ragged, tally.cells, kept, target.place, width=len(headers))
