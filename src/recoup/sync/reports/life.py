"""The life of a section's reports in stages: intend, request, wait, judge, then load or replace.

What is decided here is stored by the ledger, requested at the desk, and awaited with the polls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from recoup.errors import (
    BadRequestError,
    BrokenDocumentError,
    DocumentExpiredError,
    ForbiddenError,
    NotAvailableError,
    RemoteNotFoundError,
    ReportError,
    ReportFailedError,
    ReportFileError,
    SpApiError,
)
from recoup.logs import get_logger
from recoup.spapi.operations.reports import LISTED, AmazonReport, ProcessingStatus
from recoup.streams._stream import Snapshot
from recoup.streams._window import Window, intersect, subtract
from recoup.sync.record.stream_state import ASKED_SHARE, LOADED_SHARE, READY_SHARE, StreamState
from recoup.sync.reports.files import fetch_file, fetch_reason
from recoup.sync.reports.ledger import ReportLedger
from recoup.sync.reports.matching import Matched, match_others, match_requests, match_snapshot
from recoup.sync.reports.narrowing import Narrowing
from recoup.sync.reports.request import ReportRequest, state_of
from recoup.sync.reports.requests import ReportDesk
from recoup.sync.reports.verdict import Verdict, judge
from recoup.sync.reports.windows import halves
from recoup.sync.work import Work

_log = get_logger(__name__)

Failures: TypeAlias = list[SpApiError | ReportError | NotAvailableError]

_SOON = timedelta(minutes=1)
# A report that serves was made after its window had ended. For one that ended so shortly ago there is
# none yet, and a daily sync, whose windows all do, need not ask for others' reports.
_PRESENT = timedelta(minutes=5)
_CANCELLED = (
    "Amazon cancelled the report as if there were no data, although there should be some; the "
    "stored data is kept"
)
_OTHER_SOFTWARE = (
    "Amazon does not create a new one because other software of the account requests it too "
    "often: look for that software under Apps in Seller Central, or sync at another time"
)


class ReportLife:
    """Reads a section of a stream, or part of it, by reports."""

    def __init__(
        self, work: Work, state: StreamState, desk: ReportDesk, ledger: ReportLedger
    ) -> None:
        self._work = work
        self._state = state
        self._desk = desk
        self._ledger = ledger
        self._stream = ledger.stream
        self._report = ledger.report
        self._scope = ledger.section.scope
        if state.was_unavailable:
            desk.doubt(ledger.report.report_type)
        # Requests of earlier attempts: what became of them at Amazon's is not known for sure.
        self._resumed: frozenset[int] = frozenset()
        self._narrowing = Narrowing(work, state, desk, ledger)

    @property
    def _interval(self) -> timedelta:
        """How long Amazon makes no similar report, in this server's time."""
        return self._desk.hurried(self._report.repeat_after)

    # Intend: requests are stored before any is made.

    async def intend(self, besides: Sequence[Window]) -> list[ReportRequest] | None:
        """Plans and stores the requests; returns those to handle, None if there is nothing to do.

        besides: windows that are left to pages. What reports of this attempt already cover is not
        requested again.
        """
        requests = await self._ledger.list_open()
        await self._ledger.begin(besides=besides, repeat_after=self._interval)
        shared = self._ledger.shared
        left = shared.for_pages()
        todo, besides = subtract(left, besides), intersect(left, besides)
        if not todo:
            return None
        if self._report.discovered:
            made = await self._find_made()
            planned = [*requests, *await self._ledger.enter_found(made)]
        else:
            matched = self._match(todo, requests)
            self._resumed = frozenset(request.request_id for request in matched.kept)
            adopted = await self._find_others(matched)
            planned = await self._ledger.enter(matched, adopted, besides=besides)
            self._work.reached("intent_stored")
        if shared.by_reports:
            self._state.divide(self._scope, shared.cursor.todo, shared.by_reports)
        for request in planned:
            self._tell(request)
        return planned

    def _match(self, todo: Sequence[Window], requests: Sequence[ReportRequest]) -> Matched:
        rule, now = self._stream.cursor, self._work.api.now()
        marketplace_ids = self._ledger.section.marketplace_ids
        if isinstance(rule, Snapshot):
            return match_snapshot(requests, marketplace_ids, now=now)
        return match_requests(
            todo,
            requests,
            self._report,
            marketplace_ids,
            longest=self._ledger.shared.cursor.longest_window,
            interval=self._interval,
            overlap=rule.overlap,
            now=now,
        )

    async def _find_others(self, matched: Matched) -> dict[Window | None, AmazonReport]:
        """Reports of others that fit windows for which we have no request."""
        now = self._work.api.now()
        missing = [one for one in matched.missing if one is not None and one.until < now - _PRESENT]
        if not missing or self._report.options:
            return {}
        found = await self._desk.listing.list_unclaimed(self._report.report_type)
        ids = self._ledger.section.marketplace_ids
        return match_others(missing, self._report, ids, found, now=self._work.api.now())

    async def _find_made(self) -> list[AmazonReport]:
        """Every report that Amazon made by itself and that the ledger lacks, oldest first."""
        since = self._work.api.now() - LISTED
        found = await self._desk.listing.list_unclaimed(self._report.report_type, since=since)
        return [
            one
            for one in reversed(found)
            if one.status is ProcessingStatus.DONE and one.document_id is not None
        ]

    # Carry: each request through the stages that follow, side by side.

    async def carry(self, requests: Sequence[ReportRequest]) -> Failures:
        """Handles all requests; returns the failures. Raises as recoup.sync.reading.stream."""
        parts = [partial(self._carry, request) for request in requests]
        failed = await self._work.standstill.run_all(parts)
        return [failure for failures in failed for failure in failures]

    async def _carry(self, request: ReportRequest) -> Failures:
        """Handles one request and its replacements to the end; returns the failures.

        Raises ForbiddenError: what Amazon refuses for one window it refuses for all.
        """
        try:
            if request.status == "intended":
                request = await self._ask(request)
                self._tell(request)
            if request.status == "done":
                followers = await self._load(request)
            else:
                ended = await self._wait(request)
                verdict, remark = await self._judge(request, ended)
                if verdict is Verdict.LOAD and ended is not None:
                    followers = await self._load(await self._made(request, ended))
                else:
                    followers = await self._follow(request, ended, verdict, remark)
        except ForbiddenError:
            raise
        except (SpApiError, ReportError, NotAvailableError) as exc:
            return [exc]
        return await self.carry(followers)

    # Ask: the report's id is stored before anything else happens.

    async def _ask(self, request: ReportRequest) -> ReportRequest:
        """Requests the report from Amazon.

        A request of an earlier attempt may have reached Amazon: its report is looked for first, as
        soon as Amazon must have it.
        """
        if request.request_id in self._resumed:
            request, must_list = await self._desk.listing.let_answer_pass(request)
            if request.status != "intended":
                return request
            lost = await self._desk.listing.find_lost(request, anew=must_list)
            if lost is not None:
                return await self._ledger.note(request, **state_of(lost))
        if request.ask_at is not None:
            await self._desk.sleep_until(request.ask_at)
        try:
            return await self._narrowing.ask(request)
        except (BadRequestError, ForbiddenError, NotAvailableError) as exc:
            await self._ledger.note(request, status="failed", remark=str(exc))
            raise

    # Wait: one look at Amazon's is for all reports that are awaited.

    async def _wait(self, request: ReportRequest) -> AmazonReport | None:
        """Waits for the end of the report; None if it never ends. Raises ReportNotMadeError
        (recoup.sync.reports.polls).
        """
        with self._work.standstill.waiting():
            return await self._desk.polls.until_ended(request)

    # Judge: what its end means, by itself and beside other reports.

    async def _judge(
        self, request: ReportRequest, ended: AmazonReport | None
    ) -> tuple[Verdict, str | None]:
        """Judges the ended report; also returns the reason, if known."""
        is_cancelled = ended is not None and ended.status is ProcessingStatus.CANCELLED
        similar = False
        if ended is not None and is_cancelled and self._interval:
            similar = await self._desk.listing.had_similar(request, ended, within=self._interval)
        verdict = judge(
            ended.status if ended else None,
            request,
            similar_before=similar,
            halvable=request.window is not None
            and halves(request.window, self._report) is not None,
        )
        if verdict is Verdict.TOO_SOON and await self._ledger.was_often_too_soon(request):
            return Verdict.FAIL, _OTHER_SOFTWARE
        if verdict is Verdict.EMPTY and await self._ledger.must_have_rows(request):
            return Verdict.WITHHELD, _CANCELLED
        return verdict, None

    # Load: the file is fetched, and its rows, the cursor and the ledger are written together.

    async def _made(self, request: ReportRequest, ended: AmazonReport) -> ReportRequest:
        """Records that Amazon has made the report."""
        request = await self._ledger.note(request, **state_of(ended))
        if ended.ended_at is not None:
            self._work.plan.report_made(
                *(self._stream.name, self._scope, request.window),
                report_type=request.report_type,
                seconds=(ended.ended_at - ended.created_at).total_seconds(),
            )
        return request

    async def _load(self, request: ReportRequest) -> list[ReportRequest]:
        """Downloads and loads the file; returns the requests that replace it, if any.

        Raises ReportError when the window cannot be had.
        """
        self._tell(request)
        self._work.reached("report_done")
        try:
            async with fetch_file(self._work, request, self._report) as spool:
                self._work.reached("file_downloaded")
                loaded = await self._ledger.load(request, spool)
        except (RemoteNotFoundError, DocumentExpiredError, BrokenDocumentError) as exc:
            if not self._report.discovered:
                verdict = judge(None, request, similar_before=False, halvable=False)
            elif request.made_at > self._work.api.now() - LISTED:
                raise  # Amazon still lists it, and makes no other: the next sync tries the same one
            else:
                verdict = Verdict.FAIL
            return await self._follow(request, None, verdict, str(exc))
        except ReportFileError as exc:
            # It stays open: the next sync reads the file again, perhaps with a newer recoup, before
            # it asks for another.
            await self._ledger.note(request, remark=str(exc))
            raise
        self._state.count_file(loaded.read, loaded.loaded)
        self._tell(replace(request, status="loaded"), rows=loaded.read)
        return []

    # Follow: an end without rows is noted, and others may take the request's place.

    async def _follow(
        self,
        request: ReportRequest,
        ended: AmazonReport | None,
        verdict: Verdict,
        remark: str | None,
    ) -> list[ReportRequest]:
        """The requests that replace it. `remark`: why it ended, if known.

        Raises NotAvailableError or ReportFailedError when the window cannot be had.
        """
        status = "failed" if ended is None else str(state_of(ended)["status"])
        match verdict:
            case Verdict.WITHHELD:
                await self._ledger.note(request, status=status, remark=remark)
                raise NotAvailableError(
                    f"The {self._stream.noun} are not available: {remark} "
                    f"({request.report_type} report {request.report_id})."
                )
            case Verdict.EMPTY:
                await self._ledger.close_empty(request, ended)
                self._tell(replace(request, status="loaded"))
                return []
            case Verdict.TOO_SOON:
                wait = self._desk.wait_in_line(request, self._interval)
                followers = await self._ledger.replace(request, "too_soon", None, wait=wait)
                return self._replaced(request, followers)
        remark = remark or await fetch_reason(self._work.api, ended)
        _log.warning(
            "report_not_made", report=request.report_id, type=request.report_type, reason=remark
        )
        match verdict:
            case Verdict.REPEAT:
                wait = max(self._interval, self._desk.hurried(_SOON)) if ended else timedelta()
                followers = await self._ledger.replace(
                    request, status, remark, wait=wait, is_try=True
                )
                return self._replaced(request, followers)
            case Verdict.HALVE:
                followers = await self._ledger.replace(
                    request, status, remark, is_try=True, halve=True
                )
                return self._replaced(request, followers)
        await self._ledger.note(request, status=status, remark=remark)
        raise ReportFailedError(
            f"{request.report_type} report {request.report_id} failed: {remark}"
        )

    def _replaced(
        self, request: ReportRequest, followers: list[ReportRequest]
    ) -> list[ReportRequest]:
        self._state.forget_report((self._scope, request.request_id))
        for one in followers:
            self._tell(one)
        return followers

    # Beside every stage: how far it is.

    def _tell(self, request: ReportRequest, *, rows: int = 0) -> None:
        """Reports the state of a request to the progress and to the plan."""
        shares = {"intended": 0.0, "done": READY_SHARE, "loaded": LOADED_SHARE}
        share = shares.get(request.status, ASKED_SHARE)
        self._state.note_report((self._scope, request.request_id), share)
        if self._report.discovered:
            return  # one step of the plan, whatever is found
        plan, here = self._work.plan, (self._stream.name, self._scope, request.window)
        match request.status:
            case "intended":
                plan.report_intended(*here)
            case "in_queue" | "in_progress":
                plan.report_asked(*here)
            case "loaded":
                plan.report_ended(*here, rows=rows)
