"""What is written of the reports of one stream and scope: each step in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from recoup.db.engine import Reader, Writer
from recoup.logs import get_logger
from recoup.spapi.documents import Spool, open_document, spool_of
from recoup.spapi.operations.reports import AmazonReport
from recoup.streams.report import Report
from recoup.streams.stream import Snapshot, Stream
from recoup.streams.window import Window, intersect, subtract, union
from recoup.sync.bookmark import Bookmark
from recoup.sync.cursor_queries import Cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load_report import FileTarget, LoadedFile, load_report
from recoup.sync.refused import Section
from recoup.sync.report_plan import Matched, asked_window, halves, told_days
from recoup.sync.report_queries import (
    ReportRequest,
    archive,
    count_too_soon,
    find_archived,
    find_newer_since,
    had_rows,
    insert_request,
    list_known_ids,
    list_open_requests,
    list_young_windows,
    state_of,
    store_report_id,
    update_request,
)
from recoup.sync.work import Work

_log = get_logger(__name__)

_MOST_TOO_SOON = 3
# Reports by month were seen to come two to three weeks after its end; empty ones later than this
# are believed (ours).
_LATEST_MONTH = timedelta(days=45)


class ReportBook:
    """The ledger's page of one scope.

    Every write holds the fence, but for an id that Amazon gave (recoup.sync.report_queries).
    """

    def __init__(
        self, work: Work, stream: Stream, report: Report, section: Section, bookmark: Bookmark
    ) -> None:
        # Those that a report is asked for.
        self.marketplace_ids = section.marketplace_ids
        self._work = work
        self._stream = stream
        self._report = report
        self._connection_id = work.connection.connection_id
        self._scope = section.scope
        self._bookmark = bookmark

    async def list_open(self) -> list[ReportRequest]:
        """The requests that may still bring rows and that nobody carries yet."""
        name = self._stream.name
        async with self._work.database.reading() as conn:
            found = await list_open_requests(conn, self._connection_id, name, self._scope)
        return [one for one in found if one.request_id not in self._bookmark.requests]

    async def list_young(self, since: datetime) -> list[Window]:
        """Windows that reports made since then have told."""
        async with self._work.database.reading() as conn:
            return await list_young_windows(
                conn, self._bookmark.cursor, self.marketplace_ids, since
            )

    async def list_known(self) -> frozenset[str]:
        """Ids of reports of the type that are entered already."""
        async with self._work.database.reading() as conn:
            return await list_known_ids(conn, self._connection_id, [self._report.report_type])

    async def enter_plan(
        self,
        matched: Matched,
        adopted: Mapping[Window | None, AmazonReport],
        *,
        besides: Sequence[Window],
    ) -> list[ReportRequest]:
        """Enter what is to be asked for, or serves although others asked; gives all of that.

        besides: windows that are left to pages.
        """
        bookmark = self._bookmark
        async with bookmark.moving:
            async with self._work.database.writing() as conn:
                for request in matched.dropped:
                    await update_request(
                        conn, request.request_id, status="dropped", remark="not needed any more"
                    )
                asked = [await self._intend(conn, w, adopt=adopted.get(w)) for w in matched.missing]
                planned = [*matched.kept, *asked]
                cursor, by_reports = bookmark.cursor, bookmark.by_reports
                if not isinstance(self._stream.cursor, Snapshot):
                    windows = [request.window for request in planned if request.window is not None]
                    carried = intersect(cursor.todo, by_reports)
                    by_reports = tuple(union([*by_reports, *windows]))
                    cursor = replace(cursor, todo=tuple(union([*carried, *windows, *besides])))
                await write_cursor(conn, cursor)
                await hold_fence(conn, self._work.fence)
            bookmark.cursor, bookmark.by_reports = cursor, by_reports
            bookmark.requests |= {request.request_id for request in planned}
        return planned

    async def enter_found(self, found: Sequence[AmazonReport]) -> list[ReportRequest]:
        """Enter reports that Amazon made by itself, the oldest first."""
        async with self._bookmark.moving, self._work.database.writing() as conn:
            new = [await self._intend(conn, None, adopt=one) for one in found]
            await write_cursor(conn, self._bookmark.cursor)
            await hold_fence(conn, self._work.fence)
        return new

    async def _intend(
        self,
        conn: Writer,
        window: Window | None,
        *,
        adopt: AmazonReport | None = None,
        tries: int = 1,
        wait: timedelta = timedelta(),
    ) -> ReportRequest:
        """Enter a report that is to be asked for, or that was found."""
        now = self._work.api.now()
        values: dict[str, Any] = {"status": "intended"}
        if adopt is not None:
            values = {**state_of(adopt), "adopted": True}
        return await insert_request(
            conn,
            connection_id=self._connection_id,
            stream=self._stream.name,
            scope=self._scope,
            report_type=self._report.report_type,
            marketplace_ids=list(self.marketplace_ids),
            options=dict(self._report.options),
            window=window,
            asked=asked_window(window, self._report, now=now),
            tries=tries,
            ask_at=now + wait if wait else None,
            intended_at=now,
            sync_id=self._work.fence.sync_id,
            **values,
        )

    async def store_id(self, request: ReportRequest, report_id: str) -> ReportRequest:
        """Amazon has taken the request."""
        async with self._work.database.writing() as conn:
            await store_report_id(conn, request.request_id, report_id)
        return replace(request, report_id=report_id, status="in_queue")

    async def store_state(self, request: ReportRequest, report: AmazonReport) -> ReportRequest:
        """Where the report stands at Amazon's; gives the entry as it is now."""
        async with self._work.database.writing() as conn:
            entry = await update_request(conn, request.request_id, **state_of(report))
            await hold_fence(conn, self._work.fence)
        return entry

    async def remark(self, request: ReportRequest, remark: str) -> None:
        """Note what a person should know of a request that stays as it is."""
        async with self._work.database.writing() as conn:
            await update_request(conn, request.request_id, remark=remark)
            await hold_fence(conn, self._work.fence)

    async def end(self, request: ReportRequest, *, status: str, remark: str) -> None:
        """The request ends without rows, and its window is not closed."""
        async with self._work.database.writing() as conn:
            await update_request(conn, request.request_id, status=status, remark=remark)
            await hold_fence(conn, self._work.fence)

    async def replace(
        self,
        request: ReportRequest,
        status: str,
        remark: str | None,
        *,
        wait: timedelta = timedelta(),
        is_try: bool = False,
        halve: bool = False,
    ) -> list[ReportRequest]:
        """End a request and enter those that take its place. `is_try`: it counts as one."""
        windows: Sequence[Window | None] = [request.window]
        tries = request.tries + is_try
        bookmark = self._bookmark
        async with bookmark.moving:
            cursor = bookmark.cursor
            if halve and request.window is not None:
                windows = halves(request.window, self._report) or windows
                cursor = replace(cursor, longest_window=request.window.length / 2)
            async with self._work.database.writing() as conn:
                await update_request(conn, request.request_id, status=status, remark=remark)
                followers = [
                    await self._intend(conn, window, tries=tries, wait=wait) for window in windows
                ]
                await write_cursor(conn, cursor)
                await hold_fence(conn, self._work.fence)
            bookmark.cursor = cursor
            bookmark.requests |= {follower.request_id for follower in followers}
        return followers

    async def was_often_too_soon(self, request: ReportRequest) -> bool:
        """Whether this sync has asked for the same several times, and waited, in vain."""
        async with self._work.database.reading() as conn:
            return await count_too_soon(conn, request, self._work.fence.sync_id) >= _MOST_TOO_SOON

    async def load(self, request: ReportRequest, spool: Spool) -> LoadedFile:
        """Rows, cursor, ledger and counts: all of them, or none."""
        # The slot last: who holds it waits for nobody.
        async with self._bookmark.moving, self._work.loading, self._work.seat.at_work():
            async with self._work.database.writing() as conn:
                target = await self._target(conn, request)
                loaded = await load_report(conn, target, spool)
                remark = await self._oddity(conn, request, loaded)
                cursor = self._closed(request, is_empty=not loaded.read)
                await write_cursor(conn, cursor)
                await update_request(conn, request.request_id, **_outcome(loaded, spool, remark))
                await count_page(
                    conn,
                    self._work.fence.sync_id,
                    self._stream.name,
                    read=loaded.read,
                    loaded=loaded.loaded,
                    quarantined=loaded.quarantined,
                    expected_rows=None,
                )
                await hold_fence(conn, self._work.fence)
                self._work.reached("rows_written")
            self._bookmark.cursor = cursor
        self._work.reached("file_loaded")
        return loaded

    async def _target(self, conn: Reader, request: ReportRequest) -> FileTarget:
        days = None
        if request.window is not None:
            made_at = request.report_created_at or request.intended_at
            newer = await find_newer_since(conn, request, made_at)
            days = told_days(request.window, self._report, made_at=made_at, newer=newer)
        return FileTarget(
            stream=self._stream,
            report=self._report,
            connection_id=request.connection_id,
            sync_id=self._work.fence.sync_id,
            scope=self._scope,
            marketplace_ids=request.marketplace_ids,
            source=request.source,
            seen_at=self._work.api.now(),
            days=days,
        )

    async def _oddity(self, conn: Writer, request: ReportRequest, loaded: LoadedFile) -> str | None:
        """What a person should know of a file that was loaded."""
        remark = " ".join(loaded.doubts) or None
        if loaded.kept_older:
            remark = "the file has less than half of the rows that are stored: those were kept"
        elif not loaded.read and await had_rows(conn, request):
            remark = "the file is empty although this time had rows before: those were kept"
        if remark is not None:
            _log.warning("report_doubted", report=request.report_id, reason=remark)
        return remark

    async def close_empty(self, request: ReportRequest, ended: AmazonReport | None) -> None:
        """Amazon has no data for this time. Nothing is deleted for it."""
        async with self._bookmark.moving:
            cursor = self._closed(request, is_empty=True)
            async with self._work.database.writing() as conn:
                remark = None
                if await had_rows(conn, request):
                    remark = "Amazon has no data for a time that had rows: those were kept"
                    _log.warning("report_doubted", report=request.report_id, reason=remark)
                state = {} if ended is None else state_of(ended)
                await update_request(
                    conn, request.request_id, **{**state, "status": "empty", "remark": remark}
                )
                await write_cursor(conn, cursor)
                await hold_fence(conn, self._work.fence)
            self._bookmark.cursor = cursor

    def _closed(self, request: ReportRequest, *, is_empty: bool) -> Cursor:
        """The cursor once this request is done. A month without any row may not be published yet:
        it is done for this sync, and asked for again by the next ones.
        """
        cursor, window = self._bookmark.cursor, request.window
        if window is not None:
            is_early = window.until > self._work.api.now() - _LATEST_MONTH
            if not (is_empty and is_early and self._report.by_month):
                cursor = replace(cursor, closed=tuple(union([*cursor.closed, window])))
            cursor = replace(cursor, todo=tuple(subtract(cursor.todo, [window])))
        elif not self._report.discovered:
            cursor = replace(cursor, todo=())
        return cursor if cursor.todo else replace(cursor, read_at=self._work.api.now())

    async def finish(self) -> None:
        """Everything there was is read; what is left of the plan cannot be had yet."""
        async with self._bookmark.moving:
            before = self._bookmark.cursor
            if not before.todo and before.read_at is not None:
                return
            cursor = replace(before, todo=(), read_at=self._work.api.now())
            if self._report.discovered and not isinstance(self._stream.cursor, Snapshot):
                cursor = replace(cursor, closed=tuple(union([*cursor.closed, *before.todo])))
            async with self._work.database.writing() as conn:
                await write_cursor(conn, cursor)
                await hold_fence(conn, self._work.fence)
            self._bookmark.cursor = cursor


@asynccontextmanager
async def open_file(work: Work, request: ReportRequest, *, keep: bool) -> AsyncIterator[Spool]:
    """The file of a report. `keep`: one that Amazon forgets is archived as it came, on first sight,
    and read from the archive from then on.
    """
    assert request.document_id is not None
    kept = None
    if keep:
        async with work.database.reading() as conn:
            kept = await find_archived(conn, request)
    if kept is not None:
        with spool_of(kept.content, kept.content_type, is_compressed=kept.is_compressed) as spool:
            yield spool
        return
    async with open_document(work.api, request.document_id) as spool:
        if keep:
            async with work.database.writing() as conn:
                await archive(conn, request, spool)
                await hold_fence(conn, work.fence)
        yield spool


def _outcome(loaded: LoadedFile, spool: Spool, remark: str | None) -> dict[str, Any]:
    """The columns of the ledger that say what a file brought."""
    return {
        "status": "loaded",
        "charset": loaded.charset,
        "unknown_columns": list(loaded.unknown_columns) or None,
        "rows_read": loaded.read,
        "rows": loaded.loaded,
        "rows_unchanged": loaded.unchanged,
        "rows_quarantined": loaded.quarantined,
        "size_bytes": spool.size_bytes,
        "remark": remark,
    }
