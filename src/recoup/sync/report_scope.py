"""The reports of one stream and scope, each from the intent to the rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recoup.db.engine import Writer
from recoup.errors import (
    BadRequestError,
    DocumentExpiredError,
    ForbiddenError,
    RemoteNotFoundError,
    ReportError,
    ReportFailedError,
    ReportFileError,
    SpApiError,
)
from recoup.logs import get_logger
from recoup.spapi.documents import Spool, open_document, spool_of
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams.stream import Snapshot
from recoup.streams.window import Window, subtract, union
from recoup.sync.cursor_queries import Cursor, read_cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load_report import FileTarget, LoadedFile, load_report
from recoup.sync.report_desk import OLDEST, ReportDesk
from recoup.sync.report_plan import (
    Matched,
    Verdict,
    asked_window,
    find_fitting,
    halves,
    judge,
    match_requests,
    match_snapshot,
    overlaps,
    told_days,
)
from recoup.sync.report_queries import (
    ReportRequest,
    archive,
    find_archived,
    had_rows,
    insert_request,
    list_known_ids,
    list_made_since,
    list_open_requests,
    state_of,
    store_report_id,
    update_request,
)
from recoup.sync.report_text import read_remark
from recoup.sync.side_tasks import run_all
from recoup.sync.steps import begin, forget_page
from recoup.sync.stream_state import ASKED_SHARE, LOADED_SHARE, READY_SHARE, StreamState
from recoup.sync.work import Work

_log = get_logger(__name__)

_SOON = timedelta(minutes=1)


class ReportScope:
    """Reads one scope of a stream. The cursor in memory is the one that is stored."""

    def __init__(self, work: Work, state: StreamState, desk: ReportDesk, scope: str) -> None:
        report = state.stream.report
        assert report is not None
        self._work = work
        self._state = state
        self._desk = desk
        self._scope = scope
        self._report = report
        self._stream = state.stream
        self._cursor = Cursor(work.connection.connection_id, state.stream.name, scope)
        self._resumed: frozenset[int] = frozenset()
        self._loading = asyncio.Lock()

    async def read(self) -> list[ReportError]:
        """Bring everything that is to do; gives what could not be had. Raises as recoup.sync.read_planned."""
        requests = await self._begin()
        failures: list[ReportError] = []
        for failed in await run_all([self._carry(request) for request in requests]):
            failures += failed
        if not failures:
            await self._finish()
            self._state.fractions[self._scope] = 1.0
        return failures

    # What there is to do.

    async def _begin(self) -> list[ReportRequest]:
        """Plan, and store the plan: cursor and requests in one transaction."""
        now, sync_id = self._work.api.now(), self._work.fence.sync_id
        async with self._work.database.reading() as conn:
            stored = await read_cursor(
                conn, self._cursor.connection_id, self._stream.name, self._scope
            )
            requests = await list_open_requests(
                conn, stored.connection_id, stored.stream, self._scope
            )
        self._cursor = stored
        if stored.sync_id != sync_id and self._is_fresh(stored):
            return []
        cursor = forget_page(begin(stored, self._stream.cursor, sync_id, now=now))
        if not cursor.todo:
            return []
        if self._report.discovered:
            return await self._begin_discovered(cursor, requests)
        matched = self._match(cursor, requests)
        self._resumed = frozenset(request.request_id for request in matched.kept)
        adopted = await self._find_adoptable(matched)
        async with self._work.database.writing() as conn:
            for request in matched.dropped:
                await update_request(
                    conn, request.request_id, status="dropped", remark="not needed any more"
                )
            asked = [await self._intend(conn, w, adopt=adopted.get(w)) for w in matched.missing]
            planned = [*matched.kept, *asked]
            if not isinstance(self._stream.cursor, Snapshot):
                windows = [request.window for request in planned if request.window is not None]
                cursor = replace(cursor, todo=tuple(union(windows)))
            await write_cursor(conn, cursor)
            await hold_fence(conn, self._work.fence)
        self._cursor = cursor
        self._work.reached("intent_stored")
        for request in planned:
            self._note(request)
        return planned

    def _is_fresh(self, cursor: Cursor) -> bool:
        """Whether Amazon would have nothing new: it would refuse the report, or send the same."""
        wait = self._desk.hurried(self._report.repeat_after)
        if isinstance(self._stream.cursor, Snapshot):
            wait = max(wait, self._stream.cursor.every)
        return cursor.read_at is not None and self._work.api.now() - cursor.read_at < wait

    def _match(self, cursor: Cursor, requests: Sequence[ReportRequest]) -> Matched:
        if isinstance(self._stream.cursor, Snapshot):
            return match_snapshot(requests)
        return match_requests(
            cursor.todo,
            requests,
            self._report,
            longest=cursor.longest_window,
            interval=self._desk.hurried(self._report.repeat_after),
        )

    async def _find_adoptable(self, matched: Matched) -> dict[Window | None, AmazonReport]:
        """Reports of others that serve for windows that nobody of ours has asked for."""
        windows = [window for window in matched.missing if window is not None]
        if not windows or self._report.options:
            return {}
        found = await self._desk.list_recent()
        async with self._work.database.reading() as conn:
            known = await list_known_ids(
                conn, self._cursor.connection_id, [self._report.report_type]
            )
        free = [one for one in found if one.report_id not in known]
        fitting: dict[Window | None, AmazonReport] = {}
        for window in windows:
            asked = asked_window(window, self._report, now=self._work.api.now())
            one = find_fitting(self._report, asked, self._marketplaces, free)
            if one is not None:
                fitting[window] = one
                free.remove(one)
        return fitting

    async def _begin_discovered(
        self, cursor: Cursor, requests: Sequence[ReportRequest]
    ) -> list[ReportRequest]:
        """Enter every report that Amazon has made and that the ledger does not have yet."""
        since = self._work.api.now() - OLDEST
        found = await self._desk.list_since([self._report.report_type], since)
        done = [one for one in found if one.status is ProcessingStatus.DONE and one.document_id]
        async with self._work.database.writing() as conn:
            known = await list_known_ids(conn, cursor.connection_id, [self._report.report_type])
            new = [
                await self._intend(conn, None, adopt=one)
                for one in reversed(done)
                if one.report_id not in known
            ]
            await write_cursor(conn, cursor)
            await hold_fence(conn, self._work.fence)
        self._cursor = cursor
        planned = [*requests, *new]
        for request in planned:
            self._note(request)
        return planned

    @property
    def _marketplaces(self) -> tuple[str, ...]:
        return (self._scope,) if self._scope else self._work.connection.marketplace_ids

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
            connection_id=self._cursor.connection_id,
            stream=self._stream.name,
            scope=self._scope,
            report_type=self._report.report_type,
            marketplace_ids=list(self._marketplaces),
            options=dict(self._report.options),
            window=window,
            asked=asked_window(window, self._report, now=now),
            tries=tries,
            ask_at=now + wait if wait else None,
            intended_at=now,
            sync_id=self._work.fence.sync_id,
            **values,
        )

    # From the intent to the rows.

    async def _carry(self, request: ReportRequest) -> list[ReportError]:
        """Take one request, and what follows from it, to its end; gives what failed."""
        try:
            if request.status == "intended":
                request = await self._ask(request)
                self._note(request)
            followers = await self._bring(request)
        except ReportError as exc:
            return [exc]
        failures: list[ReportError] = []
        for failed in await run_all([self._carry(one) for one in followers]):
            failures += failed
        return failures

    async def _ask(self, request: ReportRequest) -> ReportRequest:
        """Have Amazon make the report. Its id is stored before anything else happens.

        A request of an earlier attempt may have reached Amazon: its report is looked for first.
        """
        if request.request_id in self._resumed:
            lost = await self._desk.find_lost(request)
            if lost is not None:
                async with self._work.database.writing() as conn:
                    found = await update_request(conn, request.request_id, **state_of(lost))
                    await hold_fence(conn, self._work.fence)
                return found
        if request.ask_at is not None:
            await self._desk.sleep_until(request.ask_at)
        try:
            report_id = await self._desk.create(request)
        except (BadRequestError, ForbiddenError) as exc:
            await self._end(request, status="failed", remark=str(exc))
            raise
        self._work.reached("report_asked")
        # A cancel that comes just now must not lose the id.
        await asyncio.shield(self._store_id(request, report_id))
        self._work.reached("id_stored")
        return replace(request, report_id=report_id, status="in_queue")

    async def _store_id(self, request: ReportRequest, report_id: str) -> None:
        async with self._work.database.writing() as conn:
            await store_report_id(conn, request.request_id, report_id)

    async def _bring(self, request: ReportRequest) -> list[ReportRequest]:
        """Wait for the report and load it; gives the requests that take its place, if any.

        Raises ReportError when the window cannot be had.
        """
        if request.status != "done":
            ended = await self._desk.until_ended(request)
            similar = await self._had_similar(request, ended)
            parts = halves(request.window, self._report) if request.window else None
            verdict = judge(
                ended.status if ended else None,
                request,
                similar_before=similar,
                halvable=parts is not None,
            )
            if verdict is not Verdict.LOAD:
                return await self._settle(request, ended, verdict)
            assert ended is not None
            request = await self._store_done(request, ended)
            if ended.ended_at is not None:
                self._work.course.report_made(
                    *(self._stream.name, self._scope, request.window),
                    report_type=request.report_type,
                    seconds=(ended.ended_at - ended.created_at).total_seconds(),
                )
        self._note(request)
        self._work.reached("report_done")
        try:
            keep = self._report.discovered
            async with _open_file(self._work, request, keep=keep) as spool:
                self._work.reached("file_downloaded")
                await self._load(request, spool)
        except (RemoteNotFoundError, DocumentExpiredError) as exc:
            return await self._replace(request, "failed", str(exc), is_try=True)
        except ReportFileError as exc:
            await self._end(request, status="failed", remark=str(exc))
            raise
        return []

    async def _store_done(self, request: ReportRequest, ended: AmazonReport) -> ReportRequest:
        if ended.document_id is None:
            raise ReportFailedError(f"{request.source}: Amazon made the report without a document.")
        async with self._work.database.writing() as conn:
            done = await update_request(conn, request.request_id, **state_of(ended))
            await hold_fence(conn, self._work.fence)
        return done

    async def _had_similar(self, request: ReportRequest, ended: AmazonReport | None) -> bool:
        """Whether a cancelled report came too soon after one like it, ours or somebody else's."""
        wait = self._desk.hurried(self._report.repeat_after)
        if ended is None or ended.status is not ProcessingStatus.CANCELLED or not wait:
            return False
        since = ended.created_at - wait
        async with self._work.database.reading() as conn:
            ours = await list_made_since(conn, request.connection_id, request.report_type, since)
        others = [
            (one.report_id, one.since, one.until)
            for one in await self._desk.list_recent()
            if one.report_type == request.report_type
            and since <= one.created_at <= ended.created_at
            and one.status not in {ProcessingStatus.CANCELLED, ProcessingStatus.FATAL}
        ]
        return any(
            report_id != ended.report_id and overlaps(request.asked, begins, ends)
            for report_id, begins, ends in [*ours, *others]
        )

    async def _settle(
        self, request: ReportRequest, ended: AmazonReport | None, verdict: Verdict
    ) -> list[ReportRequest]:
        """Note an end without rows, and what follows from it."""
        status = "failed" if ended is None else str(state_of(ended)["status"])
        match verdict:
            case Verdict.EMPTY:
                await self._close_empty(request, ended)
                return []
            case Verdict.TOO_SOON:
                wait = self._desk.hurried(self._report.repeat_after)
                return await self._replace(request, "too_soon", None, wait=wait)
            case _:
                remark = await self._reason(ended)
        _log.warning(
            "report_not_made", report=request.report_id, type=request.report_type, reason=remark
        )
        match verdict:
            case Verdict.REPEAT:
                wait = self._desk.hurried(max(self._report.repeat_after, _SOON))
                wait = timedelta() if ended is None else wait
                return await self._replace(request, status, remark, wait=wait, is_try=True)
            case Verdict.HALVE:
                return await self._replace(request, status, remark, is_try=True, halve=True)
            case _:
                await self._end(request, status=status, remark=remark)
                raise ReportFailedError(
                    f"{request.report_type} report {request.report_id} failed: {remark}"
                )

    async def _reason(self, ended: AmazonReport | None) -> str:
        """Amazon's own words on a report that failed, where it has any."""
        if ended is None:
            return "Amazon does not know the report any more, or never made it"
        if ended.document_id is None:
            return "Amazon gives no reason"
        try:
            async with open_document(self._work.api, ended.document_id) as spool:
                return await asyncio.to_thread(read_remark, spool)
        except SpApiError as exc:
            return f"Amazon's reason could not be read ({exc})"

    async def _replace(
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
        async with self._loading:
            cursor = self._cursor
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
            self._cursor = cursor
        self._forget(request)
        for one in followers:
            self._note(one)
        return followers

    async def _end(self, request: ReportRequest, *, status: str, remark: str) -> None:
        async with self._work.database.writing() as conn:
            await update_request(conn, request.request_id, status=status, remark=remark)
            await hold_fence(conn, self._work.fence)

    # What is written of a report.

    async def _load(self, request: ReportRequest, spool: Spool) -> None:
        """Rows, cursor, ledger and counts: all of them, or none."""
        # The slot last: who holds it waits for nobody.
        async with self._loading, self._work.loading, self._work.seat.at_work():
            async with self._work.database.writing() as conn:
                target = self._target(request)
                loaded = await load_report(conn, target, spool)
                remark = await self._oddity(conn, request, loaded)
                cursor = self._closed(request)
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
            self._cursor = cursor
        self._work.reached("file_loaded")
        self._state.count_file(loaded.read, loaded.loaded)
        self._note(replace(request, status="loaded"), rows=loaded.read)

    def _target(self, request: ReportRequest) -> FileTarget:
        days = None
        if request.window is not None:
            made_at = request.report_created_at or request.intended_at
            days = told_days(request.window, self._report, made_at=made_at)
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
        remark = None
        if loaded.kept_older:
            remark = "the file has less than half of the rows that are stored: those were kept"
        elif not loaded.read and await had_rows(conn, request):
            remark = "the file is empty although this time had rows before: those were kept"
        if remark is not None:
            _log.warning("report_doubted", report=request.report_id, reason=remark)
        return remark

    async def _close_empty(self, request: ReportRequest, ended: AmazonReport | None) -> None:
        """Amazon has no data for this time. Nothing is deleted for it."""
        async with self._loading:
            cursor = self._closed(request)
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
            self._cursor = cursor
        self._note(replace(request, status="loaded"))

    def _closed(self, request: ReportRequest) -> Cursor:
        """The cursor once this request is done."""
        cursor, window = self._cursor, request.window
        if window is not None:
            cursor = replace(
                cursor,
                closed=tuple(union([*cursor.closed, window])),
                todo=tuple(subtract(cursor.todo, [window])),
            )
        elif not self._report.discovered:
            cursor = replace(cursor, todo=())
        return cursor if cursor.todo else replace(cursor, read_at=self._work.api.now())

    async def _finish(self) -> None:
        """Everything there was is read; what is left of the plan cannot be had yet."""
        if not self._cursor.todo and self._cursor.read_at is not None:
            return
        cursor = replace(self._cursor, todo=(), read_at=self._work.api.now())
        if self._report.discovered and not isinstance(self._stream.cursor, Snapshot):
            cursor = replace(cursor, closed=tuple(union([*cursor.closed, *self._cursor.todo])))
        async with self._work.database.writing() as conn:
            await write_cursor(conn, cursor)
            await hold_fence(conn, self._work.fence)
        self._cursor = cursor

    # How far it is.

    def _note(self, request: ReportRequest, *, rows: int = 0) -> None:
        """Tell the state of a request to those who report progress, and to the plan."""
        shares = {"intended": 0.0, "done": READY_SHARE, "loaded": LOADED_SHARE}
        share = shares.get(request.status, ASKED_SHARE)
        self._state.note_report((self._scope, request.request_id), share)
        if self._report.discovered:
            return  # one step of the plan, whatever is found
        course, here = self._work.course, (self._stream.name, self._scope, request.window)
        match request.status:
            case "intended":
                course.report_intended(*here)
            case "in_queue" | "in_progress":
                course.report_asked(*here)
            case "loaded":
                course.report_ended(*here, rows=rows)

    def _forget(self, request: ReportRequest) -> None:
        self._state.forget_report((self._scope, request.request_id))


@asynccontextmanager
async def _open_file(work: Work, request: ReportRequest, *, keep: bool) -> AsyncIterator[Spool]:
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
