"""Tries quarantined rows again, after an upgrade that may be able to read them.

A row goes the way it would have gone the first time, to the place that was left for it; what a source
has reported since then is not touched. Only rows that are complete by themselves can:
those of an API, and those of reports that are loaded by key. A settlement is one unit, so its whole
archived file is loaded again. Days of the ledger and lines of orders are not separated; their
reports contain them again while their time is read again.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recoup.connections.queries import Connection, get_connection
from recoup.db.engine import Database, Writer
from recoup.db.upsert import list_stored_since
from recoup.errors import ReportFileError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.logs import get_logger
from recoup.spapi.documents import spool_of
from recoup.streams import all_streams
from recoup.streams._item import is_cut
from recoup.streams._report import Upsert
from recoup.streams._stream import Request, Scope, Stream
from recoup.sync.loading.file import load_report
from recoup.sync.loading.file_notes import tell_quarantine
from recoup.sync.loading.occurrence_queries import Waiting
from recoup.sync.loading.page import Batch, load_batch, parse_page
from recoup.sync.loading.target import FileTarget
from recoup.sync.loading.waiting import load_waiting
from recoup.sync.record.quarantine_queries import (
    QuarantinedRow,
    delete_quarantined,
    delete_read_again,
    list_quarantine,
)
from recoup.sync.reports.archive_queries import ArchivedFile, find_archived_file

_log = get_logger(__name__)

_MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Replayed:
    """tried: rows that were tried; loaded: rows that have left the quarantine."""

    tried: int
    loaded: int

    @property
    def remaining(self) -> int:
        return self.tried - self.loaded


async def replay_quarantine(
    database: Database,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId | None,
    *,
    now: datetime,
) -> Replayed:
    """Tries the newest 5000 rows of a user again, each source in its own transaction.

    May run twice: a row that is loaded has left the quarantine in the same transaction. Raises
    NotFoundError when the connection is not the user's.
    """
    async with database.reading() as conn:
        rows = await list_quarantine(
            conn, workspace_id, connection_id=connection_id, limit=_MOST_ROWS, before=None
        )
        owners = {row.connection_id for row in rows}
        connections = {one: await get_connection(conn, workspace_id, one) for one in owners}
    streams = {stream.name: stream for stream in all_streams()}
    groups: defaultdict[tuple[ConnectionId, str, str], list[QuarantinedRow]] = defaultdict(list)
    for row in rows:
        groups[row.connection_id, row.stream, _file_of(row.source)].append(row)
    loaded = 0
    # The latest source first: an earlier one is then overtaken for the same rows.
    for (owner, name, source), group in sorted(
        groups.items(), key=lambda one: max(row.told_at for row in one[1]), reverse=True
    ):
        if name in streams:
            again = _Group(connections[owner], streams[name], source, group, now)
            try:
                async with database.writing() as conn:
                    loaded += await again.replay(conn)
                    await tell_quarantine(conn, owner, group[0].sync_id, name)
            except ReportFileError as exc:
                _log.warning("not_replayed", stream=name, source=source, reason=str(exc))
    return Replayed(len(rows), loaded)


def _file_of(source: str) -> str:
    """The source of a row, without its line."""
    return source.partition(" line ")[0]


def _line_of(source: str) -> int | None:
    line = source.partition(" line ")[2]
    return int(line) if line.isdecimal() else None


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one page or file."""

    connection: Connection
    stream: Stream
    source: str
    rows: Sequence[QuarantinedRow]
    now: datetime

    async def replay(self, conn: Writer) -> int:
        """Loads all rows that can now be loaded; returns how many have left the quarantine."""
        report = self.stream.report
        if report is None or not self.source.startswith(f"{report.report_type} "):
            return await self._replay_items(conn)
        if report.discovered:
            _, report_id, *_ = self.source.split(" ")
            kept = await find_archived_file(
                conn, self.connection.connection_id, report.report_type, report_id
            )
            return 0 if kept is None else await self._replay_file(conn, kept)
        # A row that may belong to the edge of a window is not the whole of its key.
        if isinstance(report.load, Upsert) and report.load.within is None:
            return await self._replay_rows(conn)
        return 0

    async def _replay_items(self, conn: Writer) -> int:
        """Items of an API. The requested marketplace is known only if there is a single one."""
        api, marketplaces = self.stream.api, self.connection.marketplace_ids
        unknown = self.stream.scope is Scope.MARKETPLACE and len(marketplaces) > 1
        if api is None or unknown:
            return 0
        request = Request(marketplaces, None, None)
        good = [
            row
            for row in self.rows
            if not is_cut(row.raw)
            and not parse_page(self.stream, api, request, [row.raw]).unreadable
        ]
        batch = parse_page(self.stream, api, request, [row.raw for row in good])
        batch = await self._without_overtaken(conn, batch)
        await load_batch(
            conn,
            self.stream,
            batch,
            connection_id=self.connection.connection_id,
            source=self.source,
            seen_at=self.now,
        )
        await delete_quarantined(conn, [row.quarantine_id for row in good])
        return len(good)

    async def _without_overtaken(self, conn: Writer, batch: Batch) -> Batch:
        """Drops the items that a source has reported again since then."""
        told_at = min((row.told_at for row in self.rows), default=self.now)
        owner = {"connection_id": self.connection.connection_id}
        rows = [{**parsed.row, **owner} for parsed in batch.rows]
        newer = await list_stored_since(conn, self.stream.table, rows, told_at)
        key = [column.name for column in self.stream.table.primary_key.columns]
        kept = tuple(
            parsed
            for parsed, row in zip(batch.rows, rows, strict=True)
            if tuple(row[name] for name in key) not in newer
        )
        overtaken = len(batch.rows) - len(kept)
        return replace(batch, rows=kept, superseded=batch.superseded + overtaken)

    async def _replay_rows(self, conn: Writer) -> int:
        """Rows of a file, as a separate file, in the order of their file."""
        whole = sorted(
            (row for row in self.rows if "cells" not in row.raw and not is_cut(row.raw)),
            key=lambda row: (_line_of(row.source) or 0, row.quarantine_id),
        )
        if not whole:
            return 0
        waiting = [
            Waiting(row.quarantine_id, _line_of(row.source), row.occurrence, row.told_at)
            for row in whole
        ]
        with spool_of(_as_file(whole), "text/plain; charset=utf-8", is_compressed=False) as spool:
            loaded = await load_waiting(conn, self._target(), waiting, spool)
        return loaded.read - loaded.quarantined

    async def _replay_file(self, conn: Writer, kept: ArchivedFile) -> int:
        """Loads the whole file again: rows that still cannot be read return to quarantine."""
        with spool_of(kept.content, kept.content_type, is_compressed=kept.is_compressed) as spool:
            await load_report(conn, self._target(), spool)
        return await delete_read_again(conn, [row.quarantine_id for row in self.rows])

    def _target(self) -> FileTarget:
        assert self.stream.report is not None
        return FileTarget(
            stream=self.stream,
            report=self.stream.report,
            connection_id=self.connection.connection_id,
            sync_id=self.rows[0].sync_id,
            scope="",
            marketplace_ids=self.connection.marketplace_ids,
            source=self.source,
            seen_at=self.now,
        )


def _as_file(rows: Sequence[QuarantinedRow]) -> bytes:
    """The rows' cells under their headers, quoted."""
    headers = sorted({header for row in rows for header in row.raw})
    lines = io.StringIO()
    writer = csv.DictWriter(
        lines, headers, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    cells: list[dict[str, Any]] = [{**row.raw} for row in rows]
    writer.writerows(cells)
    return lines.getvalue().encode()
