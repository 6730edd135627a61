"""The ledger of a section's reports and its cursor: each step is its own transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Unpack

from recoup.db.engine import Reader, Writer
from recoup.logs import get_logger
from recoup.spapi.documents import Spool
from recoup.spapi.operations.reports import AmazonReport
from recoup.streams._report import Report
from recoup.streams._stream import Snapshot, Stream
from recoup.streams._window import Window, intersect, subtract, union
from recoup.sync.cursors.next_window import begin, forget_page
from recoup.sync.cursors.queries import Cursor, write_cursor
from recoup.sync.cursors.sections import Section
from recoup.sync.cursors.shared_cursor import SharedCursor
from recoup.sync.cursors.stored_rows_queries import read_reread_since
from recoup.sync.loading.file import load_report
from recoup.sync.loading.shrunk import is_asked_again
from recoup.sync.loading.target import FileTarget, LoadedFile
from recoup.sync.loading.write import doubt_empty
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_queries import count_page
from recoup.sync.reports.matching import Matched
from recoup.sync.reports.queries import (
    count_earlier_rows,
    count_too_soon,
    find_newer_since,
    had_rows,
    insert_request,
    list_open_requests,
    list_told,
    list_young_windows,
    store_report_id,
    update_request,
)
from recoup.sync.reports.request import Changes, NewRequest, ReportRequest, state_of
from recoup.sync.reports.verdict import is_hard_to_believe
from recoup.sync.reports.windows import asked_window, halves, told_days
from recoup.sync.work import Work

_log = get_logger(__name__)

_MOST_TOO_SOON = 3
_NOT_NEEDED = "no longer needed"
# Reports by month were seen to come two to three weeks after its end; empty ones later than this
# are believed (ours).
_LATEST_MONTH = timedelta(days=45)


@dataclass(slots=True)
class _Move:
    """A transaction of the ledger, and the cursor after its commit."""

    conn: Writer
    cursor: Cursor

    async def to(self, cursor: Cursor) -> None:
        await write_cursor(self.conn, cursor)
        self.cursor = cursor


class ReportLedger:
    """The ledger of one section, together with its cursor.

    section: the marketplaces for which a report is requested. Every write holds the fence, but for
    an id that Amazon gave (recoup.sync.reports.queries). Raises FencedError.
    """

    def __init__(
        self, work: Work, stream: Stream, report: Report, section: Section, shared: SharedCursor
    ) -> None:
        self.section = section
        self.shared = shared
        self.stream = stream
        self.report = report
        self._work = work

    # What there is to do.

    async def list_open(self) -> list[ReportRequest]:
        """The requests that may still return rows and that no task handles yet."""
        async with self._work.database.reading() as conn:
            found = await list_open_requests(conn, self.shared.cursor)
        return [one for one in found if one.request_id not in self.shared.requests]

    async def begin(self, *, besides: Sequence[Window], repeat_after: timedelta) -> None:
        """The work, without data that Amazon would refuse to report again so soon.

        besides: windows that are left to pages. repeat_after: for how long Amazon refuses.
        """
        work, shared = self._work, self.shared
        connection, now = work.connection, work.api.now()
        async with work.database.reading() as conn:
            reread_since = await read_reread_since(
                conn, connection.connection_id, self.stream, now=now
            )
        async with shared.moving:
            stored, now = shared.cursor, work.api.now()
            cursor = begin(
                stored,
                self.stream,
                work.fence.sync_id,
                now=now,
                marketplace_ids=connection.marketplace_ids,
                repeat_after=repeat_after,
                reread_since=reread_since,
            )
            if stored.sync_id != cursor.sync_id and stored.closed and cursor.closed:
                async with work.database.reading() as conn:
                    young = await list_young_windows(
                        conn, stored, self.section.marketplace_ids, now - repeat_after
                    )
                cursor = replace(cursor, todo=tuple(subtract(cursor.todo, young)))
            window = cursor.open_window
            if window is not None and subtract([window], besides):
                cursor = forget_page(cursor)
            shared.cursor = cursor

    async def enter(
        self,
        matched: Matched,
        adopted: Mapping[Window | None, AmazonReport],
        *,
        besides: Sequence[Window],
    ) -> list[ReportRequest]:
        """Stores the requests to make and the usable reports of others; returns all of them.

        besides: windows that are left to pages.
        """
        shared = self.shared
        async with shared.moving:
            by_reports = shared.by_reports
            async with self._move() as move:
                for request in matched.dropped:
                    await update_request(
                        move.conn, request.request_id, status="dropped", remark=_NOT_NEEDED
                    )
                asked = [
                    await self._enter_one(move.conn, window, adopt=adopted.get(window))
                    for window in matched.missing
                ]
                planned, cursor = [*matched.kept, *asked], shared.cursor
                if not isinstance(self.stream.cursor, Snapshot):
                    windows = [request.window for request in planned if request.window is not None]
                    carried = intersect(cursor.todo, by_reports)
                    by_reports = tuple(union([*by_reports, *windows]))
                    cursor = replace(cursor, todo=tuple(union([*carried, *windows, *besides])))
                await move.to(cursor)
            shared.by_reports = by_reports
            shared.requests |= {request.request_id for request in planned}
        return planned

    async def enter_found(self, found: Sequence[AmazonReport]) -> list[ReportRequest]:
        """Stores reports that Amazon made by itself, the oldest first."""
        async with self.shared.moving, self._move() as move:
            new = [await self._enter_one(move.conn, None, adopt=one) for one in found]
            await move.to(self.shared.cursor)
        return new

    async def _enter_one(
        self,
        conn: Writer,
        window: Window | None,
        *,
        adopt: AmazonReport | None = None,
        tries: int = 1,
        wait: timedelta = timedelta(),
    ) -> ReportRequest:
        """Stores a report to request, or one that was found."""
        now = self._work.api.now()
        state: Changes = {} if adopt is None else state_of(adopt)
        new = NewRequest(
            connection_id=self._work.connection.connection_id,
            stream=self.stream.name,
            scope=self.section.scope,
            report_type=self.report.report_type,
            marketplace_ids=self.section.marketplace_ids,
            options=self.report.options,
            window=window,
            asked=asked_window(window, self.report, now=now),
            intended_at=now,
            sync_id=self._work.fence.sync_id,
            ask_at=now + wait if wait else None,
            tries=tries,
            adopted=adopt is not None,
        )
        return await insert_request(conn, new, **state)

    # The life of a request.

    async def store_id(self, request: ReportRequest, report_id: str) -> ReportRequest:
        """Records that Amazon has just accepted the request."""
        now = self._work.api.now()
        async with self._work.database.writing() as conn:
            await store_report_id(conn, request.request_id, report_id, created_at=now)
        return replace(request, report_id=report_id, status="in_queue", report_created_at=now)

    async def note(self, request: ReportRequest, **changes: Unpack[Changes]) -> ReportRequest:
        """Records the state of a request that moves no cursor; returns the updated entry."""
        async with self._work.database.writing() as conn:
            entry = await update_request(conn, request.request_id, **changes)
            await hold_fence(conn, self._work.fence)
        return entry

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
        """Ends a request and stores its replacements. `is_try`: it counts as an attempt."""
        windows: Sequence[Window | None] = [request.window]
        tries = request.tries + is_try
        async with self.shared.moving:
            cursor = self.shared.cursor
            if halve and request.window is not None:
                windows = halves(request.window, self.report) or windows
                cursor = replace(cursor, longest_window=request.window.length / 2)
            async with self._move() as move:
                await update_request(move.conn, request.request_id, status=status, remark=remark)
                followers = [
                    await self._enter_one(move.conn, window, tries=tries, wait=wait)
                    for window in windows
                ]
                await move.to(cursor)
            self.shared.requests |= {follower.request_id for follower in followers}
        return followers

    async def was_often_too_soon(self, request: ReportRequest) -> bool:
        """Whether this sync has made the same request several times too soon, despite waiting."""
        async with self._work.database.reading() as conn:
            return await count_too_soon(conn, request, self._work.fence.sync_id) >= _MOST_TOO_SOON

    async def load(self, request: ReportRequest, spool: Spool) -> LoadedFile:
        """Stores rows, cursor, ledger and counts: all or none."""
        work = self._work
        # The slot last: who holds it waits for nobody.
        async with self.shared.moving, work.loading, work.seat.at_work(), self._move() as move:
            target = await self._target(move.conn, request)
            loaded = await load_report(move.conn, target, spool)
            remark = await self._oddity(move.conn, request, loaded)
            # A time that is only partly loaded is not read: the next sync requests it again.
            again = loaded.shrunk and await is_asked_again(move.conn, target, target.days)
            await move.to(self._closed(request, is_empty=not loaded.read, is_open=again))
            outcome = _outcome(loaded, spool, remark)
            await update_request(move.conn, request.request_id, **outcome)
            await count_page(
                move.conn,
                work.fence.sync_id,
                self.stream.name,
                loaded,
                expected_rows=None,
            )
            work.reached("rows_written")
        work.reached("file_loaded")
        return loaded

    async def _target(self, conn: Reader, request: ReportRequest) -> FileTarget:
        days = earlier_rows = None
        # Those that Amazon makes by itself cover a different time each, so none can be compared.
        if not self.report.discovered:
            earlier_rows = await count_earlier_rows(conn, request)
        if request.window is not None:
            newer = await find_newer_since(conn, request, request.made_at)
            days = told_days(request.window, self.report, made_at=request.made_at, newer=newer)
        return FileTarget(
            stream=self.stream,
            report=self.report,
            connection_id=request.connection_id,
            sync_id=self._work.fence.sync_id,
            scope=self.section.scope,
            marketplace_ids=request.marketplace_ids,
            source=request.source,
            seen_at=self._work.api.now(),
            days=days,
            earlier_rows=earlier_rows,
        )

    async def _oddity(self, conn: Writer, request: ReportRequest, loaded: LoadedFile) -> str | None:
        """The oddity of a loaded file that a person should know."""
        remark = " ".join(loaded.doubts) or None
        if loaded.kept_older:
            remark = "the file has far fewer rows than are stored for its dates: those were kept"
        elif loaded.shrunk:
            remark = "the file has far fewer rows than an earlier one for its dates: it is requested again"
        elif not loaded.read and await had_rows(conn, request):
            remark = "the file is empty although its dates had rows before: those were kept"
        if remark is not None:
            _log.warning("report_doubted", report=request.report_id, reason=remark)
        return remark

    async def must_have_rows(self, request: ReportRequest) -> bool:
        """Whether "no data" is hard to believe: for the present, or a time that had rows before."""
        if request.window is None:
            return True
        async with self._work.database.reading() as conn:
            earlier = await list_told(conn, request)
        return is_hard_to_believe(request.window, earlier)

    async def close_empty(self, request: ReportRequest, ended: AmazonReport | None) -> None:
        """Records that Amazon has no data for this time, and deletes nothing."""
        async with self.shared.moving, self._move() as move:
            remark, is_doubted = None, False
            if request.window is not None:
                target = await self._target(move.conn, request)
                is_doubted = await doubt_empty(move.conn, target) and await is_asked_again(
                    move.conn, target, target.days
                )
            if await had_rows(move.conn, request):
                remark = "Amazon has no data for dates that had rows before: those were kept"
                _log.warning("report_doubted", report=request.report_id, reason=remark)
            state: Changes = {} if ended is None else state_of(ended)
            state |= {"status": "empty", "remark": remark, "shrunk": is_doubted}
            await update_request(move.conn, request.request_id, **state)
            await move.to(self._closed(request, is_empty=True, is_open=is_doubted))

    def _closed(self, request: ReportRequest, *, is_empty: bool, is_open: bool = False) -> Cursor:
        """The cursor after this request.

        A month without any row may not be published yet: it is done for this sync, and the next
        ones request it again. The same applies to a time that `is_open`.
        """
        cursor, window = self.shared.cursor, request.window
        if window is not None:
            is_early = window.until > self._work.api.now() - _LATEST_MONTH
            if is_open:
                cursor = replace(cursor, closed=tuple(subtract(cursor.closed, [window])))
            elif not (is_empty and is_early and self.report.by_month):
                cursor = replace(cursor, closed=tuple(union([*cursor.closed, window])))
            cursor = replace(cursor, todo=tuple(subtract(cursor.todo, [window])))
        elif not self.report.discovered:
            cursor = replace(cursor, todo=())
        return cursor if cursor.todo else replace(cursor, read_at=self._work.api.now())

    async def finish(self) -> None:
        """Ends the work: everything available is read; the rest of the plan is not ready yet."""
        async with self.shared.moving:
            before = self.shared.cursor
            if not before.todo and before.read_at is not None:
                return
            cursor = replace(before, todo=(), read_at=self._work.api.now())
            if self.report.discovered and not isinstance(self.stream.cursor, Snapshot):
                cursor = replace(cursor, closed=tuple(union([*cursor.closed, *before.todo])))
            async with self._move() as move:
                await move.to(cursor)

    @asynccontextmanager
    async def _move(self) -> AsyncIterator[_Move]:
        """Runs a transaction that moves the cursor; the shared one moves after the commit.

        The caller holds `shared.moving`.
        """
        async with self._work.database.writing() as conn:
            move = _Move(conn, self.shared.cursor)
            yield move
            await hold_fence(conn, self._work.fence)
        self.shared.cursor = move.cursor


def _outcome(loaded: LoadedFile, spool: Spool, remark: str | None) -> Changes:
    """The columns of the ledger for the result of a file."""
    return {
        "status": "loaded",
        "charset": loaded.charset,
        "unknown_columns": list(loaded.unknown_columns) or None,
        "rows_read": loaded.read,
        "rows": loaded.loaded,
        "rows_unchanged": loaded.unchanged,
        "rows_quarantined": loaded.quarantined,
        "shrunk": loaded.shrunk,
        "size_bytes": spool.size_bytes,
        "remark": remark,
    }
