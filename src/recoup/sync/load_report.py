"""One file of a report into its stream's tables, inside the caller's transaction.

The file is copied as text, and one statement casts and writes its rows. Only when that statement is
refused, or a value is missing where one must be, is each row judged by itself: nearly every file is
without fault, and judging costs as much as writing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from recoup.db.engine import Writer
from recoup.errors import ReportFileError
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.documents import Spool
from recoup.streams.report import ReplaceDays, Report, Statements, Upsert
from recoup.streams.stream import Stream
from recoup.sync.history_queries import keep_history
from recoup.sync.report_cells import (
    Cell,
    make_cells,
    missing_headers,
    place_fields,
    staged_columns,
    unknown_headers,
)
from recoup.sync.report_load_queries import (
    Days,
    Origin,
    compare_days,
    count_stored_days,
    insert_days,
    needed_columns,
    replace_changed_days,
    run_statements,
    upsert_staged,
)
from recoup.sync.report_text import RaggedLine, ReportText, Tally, charsets_to_try
from recoup.sync.staging_queries import (
    analyze,
    count_doubtful,
    drop_lines,
    find_bad_rows,
    quarantine_bad_rows,
    quarantine_ragged,
    read_forms,
    stage,
)

_MOST_RAGGED_SHARE = 0.5
# Data exceptions, a null where none may be, and a key that comes twice in one statement.
_REFUSED_VALUES = ("22", "23502", "21000")


@dataclass(frozen=True, slots=True)
class FileTarget:
    """Where a file's rows go. `days`: those it tells in full, None when that does not matter.

    is_part: rows of an earlier file that were missing; equal ones of it are stored already.
    """

    stream: Stream
    report: Report
    connection_id: ConnectionId
    sync_id: SyncId
    scope: str
    marketplace_ids: tuple[str, ...]
    source: str
    seen_at: datetime
    days: Days | None = None
    is_part: bool = False

    @property
    def origin(self) -> Origin:
        return Origin(self.connection_id, self.source, self.scope)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """What a file did: read = loaded + unchanged + quarantined. `loaded`: new or changed.

    `kept_older`: what was stored stays, as the file has less than half of it.
    """

    read: int
    loaded: int
    quarantined: int
    charset: str
    unknown_columns: tuple[str, ...] = ()
    kept_older: bool = False

    @property
    def unchanged(self) -> int:
        return self.read - self.loaded - self.quarantined


@dataclass(frozen=True, slots=True)
class _Staged:
    """A file in the staging table: its text, how many rows, and what the columns are."""

    text: ReportText
    charset: str
    rows: int


async def load_report(conn: Writer, target: FileTarget, spool: Spool) -> LoadedFile:
    """Load the file; the caller adds cursor, counts and fence, and commits.

    Raises ReportFileError when a column that must be there is missing, when most lines do not fit
    their header, or when the rows do not add up; BrokenDocumentError for a file that ends early.
    """
    staged = await _stage(conn, target, spool)
    headers, tally = staged.text.headers, staged.text.tally
    if not headers:
        return LoadedFile(0, 0, 0, staged.charset)
    if staged.rows != tally.lines - 1:
        raise ReportFileError(f"{target.source}: of {tally.lines - 1} lines {staged.rows} arrived.")
    await drop_lines(conn, tally.skipped)
    await analyze(conn)
    read = staged.rows - len(tally.skipped) + tally.ragged_count
    if tally.ragged_count > read * _MOST_RAGGED_SHARE:
        raise ReportFileError(f"{target.source}: most lines do not fit the header.")
    placed = place_fields(target.report.fields, headers)
    forms = await read_forms(conn, target.report.fields, placed, has_dashes=tally.has_dashes)
    cells = make_cells(target.report.fields, placed, forms)
    await _put_ragged_aside(conn, target, headers, cells, tally)
    loaded, bad, kept = await _write_rows(conn, target, cells, headers)
    await keep_history(
        conn, target.stream, connection_id=target.connection_id, seen_at=target.seen_at
    )
    result = LoadedFile(
        read=read,
        loaded=loaded,
        quarantined=bad + tally.ragged_count,
        charset=staged.charset,
        unknown_columns=tuple(unknown_headers(headers, placed)),
        kept_older=kept,
    )
    if result.unchanged < 0:
        raise ReportFileError(f"{target.source}: {read} rows were read and {loaded} written.")
    return result


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
        except UnicodeDecodeError:
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
    return _Staged(content, charset, rows)


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
            f"it has {', '.join(headers)[:500]}."
        )


async def _write_rows(
    conn: Writer, target: FileTarget, cells: list[Cell], headers: tuple[str, ...]
) -> tuple[int, int, bool]:
    """Rows loaded and quarantined, and whether older ones were kept instead."""
    needed = _needed(target)
    if not await count_doubtful(conn, cells, needed):
        try:
            async with conn.begin_nested():
                loaded, kept = await _write(conn, target, cells, one_per_key=False)
                return loaded, 0, kept
        except DBAPIError as exc:
            if not _refused_a_value(exc):
                raise
    bad = await find_bad_rows(conn, cells, needed)
    await quarantine_bad_rows(
        conn,
        cells,
        dict(zip(staged_columns(headers), headers, strict=True)),
        stream=target.stream.name,
        connection_id=target.connection_id,
        sync_id=target.sync_id,
        source=target.source,
    )
    loaded, kept = await _write(conn, target, cells, one_per_key=True)
    return loaded, bad, kept


def _needed(target: FileTarget) -> frozenset[str]:
    """Columns without which a row is no row."""
    needed = {one.column for one in target.report.fields if one.required}
    if not isinstance(target.report.load, Statements):
        needed |= needed_columns(target.stream.table)
    return frozenset(needed)


def _refused_a_value(exc: DBAPIError) -> bool:
    state = getattr(exc.orig, "sqlstate", None) or ""
    return state.startswith(_REFUSED_VALUES)


async def _write(
    conn: Writer, target: FileTarget, cells: list[Cell], *, one_per_key: bool
) -> tuple[int, bool]:
    """Rows new or changed, and whether older ones were kept instead."""
    match target.report.load:
        case Upsert(occurrence=occurrence, within=within):
            changed = await upsert_staged(
                conn,
                target.stream,
                cells,
                target.origin,
                occurrence=occurrence,
                go_on=target.is_part,
                one_per_key=one_per_key,
                within=within,
                days=target.days,
            )
            return changed, False
        case ReplaceDays(day=day):
            return await _replace_days(conn, target, cells, day)
        case Statements() as load:
            return await run_statements(conn, load, cells, target.origin), False


async def _replace_days(
    conn: Writer, target: FileTarget, cells: list[Cell], day: str
) -> tuple[int, bool]:
    """Whole days; the older rows stay when the file has less than half of them."""
    days = target.days
    assert days is not None, "a report that replaces days is asked for a time"
    stream, origin = target.stream, target.origin
    stored = await count_stored_days(conn, stream, day, days, target.connection_id)
    if not stored:
        return await insert_days(conn, stream, cells, origin, day, days), False
    fresh = await compare_days(conn, stream, cells, origin, day, days)
    if fresh * 2 < stored:
        return 0, True
    return await replace_changed_days(conn, stream, cells, origin, day), False


async def _put_ragged_aside(
    conn: Writer, target: FileTarget, headers: tuple[str, ...], cells: list[Cell], tally: Tally
) -> None:
    wanted = {cell.staged for cell in cells}
    # Which cell is one too many cannot be told. Only those in front of the first column that the
    # stream does not want are kept, and only of lines that reach there: the rest of a broken
    # comment must not be kept under the name of another column.
    kept = 0
    for name in staged_columns(headers):
        if name not in wanted:
            break
        kept += 1
    await quarantine_ragged(
        conn, [_ragged_row(target, headers[:kept], len(headers), line) for line in tally.ragged]
    )


def _ragged_row(
    target: FileTarget, headers: tuple[str, ...], width: int, line: RaggedLine
) -> dict[str, str]:
    raw: dict[str, object] = {"line": line.line, "cells": len(line.cells)}
    if len(line.cells) > len(headers):
        raw |= dict(zip(headers, line.cells, strict=False))
    document = json.dumps(raw, ensure_ascii=False, sort_keys=True)
    return {
        "connection_id": target.connection_id,
        "stream": target.stream.name,
        "sync_id": target.sync_id,
        "reason": f"the line has {len(line.cells)} cells, the header has {width}",
        "raw": document,
        "raw_digest": hashlib.sha256(f"{target.source} {document}".encode()).hexdigest(),
        "source": f"{target.source} line {line.line}",
    }
