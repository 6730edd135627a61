"""Loading of downloaded reports into an account of their own, each file in one transaction.

Rows go the same way as those of the API's files. What they cover is the account's cursor: the days of
the rows, or those that the person says were chosen in Seller Central (docs/files.md#coverage).
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import IO

from recoup.connections.queries import Connection, keep_connection
from recoup.db.engine import Database, Writer
from recoup.errors import BrokenDocumentError, FileRefusedError, ReportFileError, RowsLostError
from recoup.ids import SyncId
from recoup.streams._stream import Scope, Snapshot, Stream
from recoup.streams._window import Days, Window, union
from recoup.sync.cursors.queries import read_cursor, write_cursor
from recoup.sync.files.archive import GivenFile
from recoup.sync.files.days import DayOrder
from recoup.sync.files.queries import FileRow, find_file, insert_file, widen_file
from recoup.sync.files.rewrite import Rewritten, rewritten
from recoup.sync.loading.file import load_report
from recoup.sync.loading.target import FileTarget, LoadedFile

_READ_BYTES = 256 * 1024
_SOURCE_CHARACTERS = 16
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of files. days: those chosen in Seller Central; order: of 03/04/2026."""

    days: tuple[date, date] | None = None
    order: DayOrder = DayOrder.UNKNOWN


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file. is_known: the same one was loaded before, so nothing changed.

    unknown: headings that recoup does not read.
    """

    file: FileRow
    stream: Stream
    is_known: bool
    unknown: tuple[str, ...] = ()


async def load_given(
    database: Database, connection: Connection, given: GivenFile, told: Told, *, now: datetime
) -> FileOutcome:
    """Loads one file. Raises FileRefusedError; nothing of the file is stored then."""
    digest = await asyncio.to_thread(_digest, given.content)
    with ExitStack() as stack:
        made = rewritten(given.content, given.name, told.order)
        file = await asyncio.to_thread(stack.enter_context, made)
        try:
            async with database.writing() as conn:
                return await _load(conn, connection, given.name, digest, file, told, now=now)
        except (ReportFileError, BrokenDocumentError, RowsLostError) as exc:
            raise FileRefusedError(f"{given.name} was not loaded: {exc}") from exc


async def _load(
    conn: Writer,
    connection: Connection,
    name: str,
    digest: str,
    file: Rewritten,
    told: Told,
    *,
    now: datetime,
) -> FileOutcome:
    await keep_connection(conn, connection.connection_id)
    report = file.report
    days = _days(file, told, now)
    known = await find_file(conn, connection.connection_id, digest)
    if known is not None:
        if days is not None and told.days is not None:
            await widen_file(conn, connection.connection_id, digest, days.first, _last(days))
            await _cover(conn, connection, report.stream, days, now)
        return FileOutcome(known, report.stream, is_known=True)
    target = _target(connection, digest, file, days, now)
    loaded = await load_report(conn, target, file.spool)
    if not loaded.shrunk:
        await _cover(conn, connection, report.stream, days, now)
    row = FileRow(
        sha256=digest,
        name=name,
        stream=report.stream.name,
        language=report.language,
        charset=file.head.charset,
        rows=loaded.loaded,
        rows_unchanged=loaded.unchanged,
        rows_quarantined=loaded.quarantined,
        first_on=None if days is None else days.first,
        last_on=None if days is None else days.last,
        remark=_remark(loaded),
    )
    await insert_file(conn, connection.connection_id, row)
    return FileOutcome(row, report.stream, is_known=False, unknown=report.unknown)


def _target(
    connection: Connection, digest: str, file: Rewritten, days: Days | None, now: datetime
) -> FileTarget:
    stream = file.report.stream
    assert stream.report is not None
    short = digest[:_SOURCE_CHARACTERS]
    return FileTarget(
        stream=stream,
        report=stream.report,
        connection_id=connection.connection_id,
        sync_id=SyncId(f"file_{short}"),
        scope=_scope(stream, connection),
        marketplace_ids=connection.marketplace_ids,
        source=f"{stream.report.report_type} {short} file",
        seen_at=now,
        days=days,
    )


def _scope(stream: Stream, connection: Connection) -> str:
    return connection.marketplace_ids[0] if stream.scope is Scope.MARKETPLACE else ""


def _days(file: Rewritten, told: Told, now: datetime) -> Days | None:
    """The days that the file contains in full; None if there is no row, or it is of the present.

    A report by month contains only months that are over: the last one is not whole before.
    """
    stream = file.report.stream
    if isinstance(stream.cursor, Snapshot):
        return None
    first, last = told.days or (file.first_on, file.last_on)
    if first is None or last is None:
        return None
    first, last = min(first, file.first_on or first), max(last, file.last_on or last)
    if stream.report is not None and stream.report.by_month:
        first = first.replace(day=1)
        last = min(_month_after(last), now.date().replace(day=1)) - _DAY
    return Days(first, max(last, first))


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


async def _cover(
    conn: Writer, connection: Connection, stream: Stream, days: Days | None, now: datetime
) -> None:
    """Adds the days to those that are read; `read_at` is as of their end, which may be long ago."""
    cursor = await read_cursor(
        conn, connection.connection_id, stream.name, _scope(stream, connection)
    )
    if days is None:
        if isinstance(stream.cursor, Snapshot):
            await write_cursor(conn, replace(cursor, read_at=now))
        return
    window = Window(_midnight(days.first), _midnight(_last(days) + _DAY))
    as_of = min(window.until, now)
    await write_cursor(
        conn,
        replace(
            cursor,
            closed=tuple(union([*cursor.closed, window])),
            read_at=max(cursor.read_at or as_of, as_of),
            marketplace_ids=connection.marketplace_ids,
        ),
    )


def _last(days: Days) -> date:
    return days.last or days.first


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _remark(loaded: LoadedFile) -> str | None:
    told: list[str] = list(loaded.doubts)
    if loaded.shrunk:
        told.append(
            "It has far fewer rows than other files have for these days, so the stored rows are kept: "
            "download the report again, without filters."
        )
    return " ".join(told) or None


def _digest(content: IO[bytes]) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_READ_BYTES):
        digest.update(piece)
    content.seek(0)
    return digest.hexdigest()
