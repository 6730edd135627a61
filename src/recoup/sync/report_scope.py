"""The reports of one stream and scope, each from the intent to the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recoup.errors import (
    BadRequestError,
    BrokenDocumentError,
    DocumentExpiredError,
    ForbiddenError,
    RemoteNotFoundError,
    ReportError,
    ReportFailedError,
    ReportFileError,
    SpApiError,
)
from recoup.logs import get_logger
from recoup.spapi.documents import open_document
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams.stream import Snapshot
from recoup.streams.window import Window, intersect, subtract
from recoup.sync.bookmark import Bookmark
from recoup.sync.refused import Section
from recoup.sync.report_book import ReportBook, open_file
from recoup.sync.report_desk import ReportDesk
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
)
from recoup.sync.report_queries import (
    ReportRequest,
    list_made_since,
    state_of,
)
from recoup.sync.report_text import read_remark
from recoup.sync.report_watcher import OLDEST
from recoup.sync.side_tasks import run_all
from recoup.sync.steps import begin, forget_page
from recoup.sync.stream_state import ASKED_SHARE, LOADED_SHARE, READY_SHARE, StreamState
from recoup.sync.work import Work

_log = get_logger(__name__)

_SOON = timedelta(minutes=1)
# A report that serves was made after its window had ended. For one that ended so shortly ago there is
# none yet, and a daily sync, whose windows all do, need not ask for others' reports.
_PRESENT = timedelta(minutes=5)
_OTHER_SOFTWARE = (
    "Amazon makes no new one, as other software of the account asks for it more often than Amazon "
    "allows: look for it under Apps in Seller Central, or sync at another hour"
)


class ReportScope:
    """Reads one scope of a stream, or a part of it: decides what follows from what; the book has it
    written.
    """

    def __init__(
        self,
        work: Work,
        state: StreamState,
        desk: ReportDesk,
        section: Section,
        bookmark: Bookmark,
    ) -> None:
        report = state.stream.report
        assert report is not None
        self._work = work
        self._state = state
        self._desk = desk
        self._scope = section.scope
        self._report = report
        self._stream = state.stream
        self._bookmark = bookmark
        self._book = ReportBook(work, state.stream, report, section, bookmark)
        # Requests of earlier attempts: what became of them at Amazon's is not known for sure.
        self._resumed: frozenset[int] = frozenset()

    # What there is to do.

    async def enter(self, besides: Sequence[Window]) -> list[ReportRequest] | None:
        """Plan, and have the plan stored; gives the requests to carry, None with nothing to do.

        besides: windows that are left to pages. What reports of this attempt bring already is not
        asked for again.
        """
        requests = await self._book.list_open()
        await self._begin_cursor(besides)
        left = self._bookmark.for_pages()
        todo, besides = subtract(left, besides), intersect(left, besides)
        if not todo:
            return None
        if self._report.discovered:
            planned = [*requests, *await self._enter_discovered()]
        else:
            matched = self._match(todo, requests)
            self._resumed = frozenset(request.request_id for request in matched.kept)
            adopted = await self._find_adoptable(matched)
            planned = await self._book.enter_plan(matched, adopted, besides=besides)
            self._work.reached("intent_stored")
        if self._bookmark.by_reports:
            self._state.divide(self._scope, self._bookmark.cursor.todo, self._bookmark.by_reports)
        for request in planned:
            self._note(request)
        return planned

    async def carry(self, requests: Sequence[ReportRequest]) -> list[SpApiError | ReportError]:
        """Bring all of these; gives what could not be had. Raises as recoup.sync.read_planned."""
        failures: list[SpApiError | ReportError] = []
        for failed in await run_all([self._carry(request) for request in requests]):
            failures += failed
        return failures

    async def finish(self) -> None:
        """Nothing failed, and pages have ended, too."""
        await self._book.finish()

    async def _begin_cursor(self, besides: Sequence[Window]) -> None:
        """What is to do, without what Amazon would refuse to tell again so soon."""
        repeat_after = self._desk.hurried(self._report.repeat_after)
        async with self._bookmark.moving:
            stored, now = self._bookmark.cursor, self._work.api.now()
            cursor = begin(
                stored,
                self._stream,
                self._work.fence.sync_id,
                now=now,
                marketplace_ids=self._work.connection.marketplace_ids,
                repeat_after=repeat_after,
            )
            if stored.sync_id != cursor.sync_id and stored.closed and cursor.closed:
                young = await self._book.list_young(now - repeat_after)
                cursor = replace(cursor, todo=tuple(subtract(cursor.todo, young)))
            window = cursor.open_window
            if window is not None and subtract([window], besides):
                cursor = forget_page(cursor)
            self._bookmark.cursor = cursor

    def _match(self, todo: Sequence[Window], requests: Sequence[ReportRequest]) -> Matched:
        rule, now = self._stream.cursor, self._work.api.now()
        if isinstance(rule, Snapshot):
            return match_snapshot(requests, self._book.marketplace_ids, now=now)
        return match_requests(
            todo,
            requests,
            self._report,
            self._book.marketplace_ids,
            longest=self._bookmark.cursor.longest_window,
            interval=self._desk.hurried(self._report.repeat_after),
            overlap=rule.overlap,
            now=now,
        )

    async def _find_adoptable(self, matched: Matched) -> dict[Window | None, AmazonReport]:
        """Reports of others that serve for windows that nobody of ours has asked for."""
        present = self._work.api.now() - _PRESENT
        windows = [one for one in matched.missing if one is not None and one.until < present]
        if not windows or self._report.options:
            return {}
        found, known = await self._desk.list_recent(), await self._book.list_known()
        free = [one for one in found if one.report_id not in known]
        fitting: dict[Window | None, AmazonReport] = {}
        for window in windows:
            asked = asked_window(window, self._report, now=self._work.api.now())
            one = find_fitting(self._report, asked, self._book.marketplace_ids, free)
            if one is not None:
                fitting[window] = one
                free.remove(one)
        return fitting

    async def _enter_discovered(self) -> list[ReportRequest]:
        """Enter every report that Amazon has made and that the ledger does not have yet."""
        since = self._work.api.now() - OLDEST
        found = await self._desk.list_since([self._report.report_type], since)
        known = await self._book.list_known()
        made = [
            one
            for one in reversed(found)
            if one.status is ProcessingStatus.DONE
            and one.document_id is not None
            and one.report_id not in known
        ]
        return await self._book.enter_found(made)

    # From the intent to the rows.

    async def _carry(self, request: ReportRequest) -> list[SpApiError | ReportError]:
        """Take one request, and what follows from it, to its end; gives what failed.

        Raises ForbiddenError: what Amazon refuses for one window it refuses for all.
        """
        try:
            if request.status == "intended":
                request = await self._ask(request)
                self._note(request)
            followers = await self._bring(request)
        except ForbiddenError:
            raise
        except (SpApiError, ReportError) as exc:
            return [exc]
        return await self.carry(followers)

    async def _ask(self, request: ReportRequest) -> ReportRequest:
        """Have Amazon make the report. Its id is stored before anything else happens.

        A request of an earlier attempt may have reached Amazon: its report is looked for first.
        """
        if request.request_id in self._resumed:
            lost = await self._desk.find_lost(request)
            if lost is not None:
                return await self._book.store_state(request, lost)
        if request.ask_at is not None:
            await self._desk.sleep_until(request.ask_at)
        try:
            report_id = await self._desk.create(request)
        except (BadRequestError, ForbiddenError) as exc:
            await self._book.end(request, status="failed", remark=str(exc))
            raise
        self._work.reached("report_asked")
        # A cancel that comes just now must not lose the id.
        request = await asyncio.shield(self._book.store_id(request, report_id))
        self._work.reached("id_stored")
        return request

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
            remark = None
            if verdict is Verdict.TOO_SOON and await self._book.was_often_too_soon(request):
                verdict, remark = Verdict.FAIL, _OTHER_SOFTWARE
            if verdict is not Verdict.LOAD:
                return await self._settle(request, ended, verdict, remark=remark)
            assert ended is not None
            request = await self._book.store_state(request, ended)
            if ended.ended_at is not None:
                self._work.course.report_made(
                    *(self._stream.name, self._scope, request.window),
                    report_type=request.report_type,
                    seconds=(ended.ended_at - ended.created_at).total_seconds(),
                )
        self._note(request)
        self._work.reached("report_done")
        try:
            await self._load(request)
        except (RemoteNotFoundError, DocumentExpiredError, BrokenDocumentError) as exc:
            if self._report.discovered and self._is_listed(request):
                raise  # it cannot be asked for again: the next sync tries the same one
            verdict = judge(None, request, similar_before=False, halvable=False)
            if self._report.discovered:
                verdict = Verdict.FAIL
            return await self._settle(request, None, verdict, remark=str(exc))
        except ReportFileError as exc:
            # It stays open: the next sync reads the file again, perhaps with a newer recoup, before
            # it asks for another.
            await self._book.remark(request, str(exc))
            raise
        return []

    def _is_listed(self, request: ReportRequest) -> bool:
        """Whether Amazon still knows reports as old as this one."""
        made_at = request.report_created_at or request.intended_at
        return made_at > self._work.api.now() - OLDEST

    async def _load(self, request: ReportRequest) -> None:
        if request.document_id is None:
            raise ReportFileError(f"{request.source}: Amazon made the report without a document.")
        async with open_file(self._work, request, keep=self._report.discovered) as spool:
            self._work.reached("file_downloaded")
            loaded = await self._book.load(request, spool)
        self._state.count_file(loaded.read, loaded.loaded)
        self._note(replace(request, status="loaded"), rows=loaded.read)

    async def _had_similar(self, request: ReportRequest, ended: AmazonReport | None) -> bool:
        """Whether a cancelled report came too soon after one like it, ours or somebody else's."""
        wait = self._desk.hurried(self._report.repeat_after)
        if ended is None or ended.status is not ProcessingStatus.CANCELLED or not wait:
            return False
        since = ended.created_at - wait
        async with self._work.database.reading() as conn:
            ours = await list_made_since(conn, request, since)
        others = [
            (one.report_id, one.since, one.until)
            for one in await self._desk.list_made(request.report_type, until=ended.created_at)
            if since <= one.created_at <= ended.created_at
            and one.status not in {ProcessingStatus.CANCELLED, ProcessingStatus.FATAL}
        ]
        return any(
            report_id != ended.report_id and overlaps(request.asked, begins, ends)
            for report_id, begins, ends in [*ours, *others]
        )

    async def _settle(
        self,
        request: ReportRequest,
        ended: AmazonReport | None,
        verdict: Verdict,
        *,
        remark: str | None = None,
    ) -> list[ReportRequest]:
        """Note an end without rows, and what follows from it. `remark`: why, where that is known."""
        status = "failed" if ended is None else str(state_of(ended)["status"])
        interval = self._desk.hurried(self._report.repeat_after)
        match verdict:
            case Verdict.EMPTY:
                await self._book.close_empty(request, ended)
                self._note(replace(request, status="loaded"))
                return []
            case Verdict.TOO_SOON:
                wait = self._desk.wait_in_line(request, interval)
                return await self._replace(request, "too_soon", None, wait=wait)
        remark = remark or await self._reason(ended)
        _log.warning(
            "report_not_made", report=request.report_id, type=request.report_type, reason=remark
        )
        match verdict:
            case Verdict.REPEAT:
                wait = max(interval, self._desk.hurried(_SOON)) if ended else timedelta()
                return await self._replace(request, status, remark, wait=wait, is_try=True)
            case Verdict.HALVE:
                return await self._replace(request, status, remark, is_try=True, halve=True)
        await self._book.end(request, status=status, remark=remark)
        raise ReportFailedError(
            f"{request.report_type} report {request.report_id} failed: {remark}"
        )

    async def _replace(
        self, request: ReportRequest, status: str, remark: str | None, **how: Any
    ) -> list[ReportRequest]:
        followers = await self._book.replace(request, status, remark, **how)
        self._state.forget_report((self._scope, request.request_id))
        for one in followers:
            self._note(one)
        return followers

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
