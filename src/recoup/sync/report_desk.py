"""Amazon's reports as the streams of one sync see them: one listing, one queue, shared polls.

A daily sync asks for eight reports and more, so what can be asked once is asked once: which reports
exist already, and which of those that are awaited have ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.errors import (
    MalformedAnswerError,
    RemoteNotFoundError,
    ThrottledError,
    UnavailableError,
)
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    MOST_TYPES,
    AmazonReport,
    create_report,
    get_more_reports,
    get_report,
    get_reports,
)
from recoup.spapi.paging import PageGuard
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.sync.report_plan import find_lost
from recoup.sync.report_queries import (
    ReportRequest,
    ReportTimes,
    find_oldest_intent,
    list_known_ids,
    read_cooldowns,
    read_report_times,
    write_cooldown,
)

_log = get_logger(__name__)

OLDEST = timedelta(days=90)
"""How far back getReports sees."""
_FRESH = timedelta(days=1)
# With so many awaited reports one getReports costs less of Amazon's limits than a getReport each.
_ENOUGH_FOR_A_LISTING = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait for what.

    first: before the first poll of a type that this seller has no times of; shortest, longest:
    between two polls, growing. stale: a report that stands in the queue for so long will not be
    made. cooldown_first, cooldown_longest: after createReport of one type was refused.
    """

    first: timedelta = timedelta(seconds=60)
    shortest: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    stale: timedelta = timedelta(days=2)
    cooldown_first: timedelta = timedelta(minutes=1)
    cooldown_longest: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class _Watch:
    """An awaited report. `due`: when to look next, on the monotonic clock (seconds)."""

    report_id: str
    report_type: str
    created_at: datetime
    due: float
    polls: int = 0
    ended: AmazonReport | None = None
    is_lost: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class ReportDesk:
    """The reports of one connection during one attempt of a sync.

    types: the report types of the sync's streams. hurry: by what to divide every wait; 1 at
    Amazon's, more at a sandbox whose time runs faster.
    """

    def __init__(
        self,
        api: SpApi,
        database: Database,
        connection_id: ConnectionId,
        *,
        types: Sequence[str],
        pace: Pace | None = None,
        hurry: Callable[[], float] = lambda: 1.0,
        retry: RetryPolicy = DEFAULT_RETRY,
    ) -> None:
        self._api = api
        self._database = database
        self._connection_id = connection_id
        self._types = tuple(dict.fromkeys(types))
        self._pace = pace or Pace()
        self._hurry = hurry
        self._retry = retry
        self._watches: dict[str, _Watch] = {}
        self._polling = asyncio.Lock()
        self._listing: list[AmazonReport] | None = None
        self._listed = asyncio.Lock()
        self._times: dict[str, ReportTimes] | None = None
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._cooldowns: dict[str, tuple[datetime, timedelta]] | None = None
        self._refused: set[str] = set()

    def hurried(self, span: timedelta) -> timedelta:
        """A span of Amazon's as it passes at this server."""
        return span / self._hurry()

    # What exists already.

    async def list_recent(self) -> list[AmazonReport]:
        """Reports of the sync's types, whoever asked for them: those of the last day, and all since
        the oldest request whose answer we may have lost. Asked once per attempt.
        """
        async with self._listed:
            if self._listing is None:
                async with self._database.reading() as conn:
                    oldest = await find_oldest_intent(conn, self._connection_id)
                now = self._api.now()
                since = now - _FRESH
                if oldest is not None:
                    since = min(since, oldest - timedelta(minutes=1))
                since = max(since, now - OLDEST)
                self._listing = await self.list_since(self._types, since)
        return self._listing

    async def list_since(self, types: Sequence[str], since: datetime) -> list[AmazonReport]:
        """Every report of the types since then, page by page to the end, the newest first."""
        found: dict[str, AmazonReport] = {}
        for first in range(0, len(types), MOST_TYPES):
            guard = PageGuard("getReports")
            some = types[first : first + MOST_TYPES]
            page = await get_reports(self._api, report_types=some, created_since=since)
            while True:
                guard.check([one.report_id for one in page.reports], page.next_token)
                found |= {one.report_id: one for one in page.reports}
                if page.next_token is None:
                    break
                page = await get_more_reports(self._api, page.next_token)
        return sorted(found.values(), key=lambda one: one.created_at, reverse=True)

    async def find_lost(self, request: ReportRequest) -> AmazonReport | None:
        """The report of a request that an earlier attempt may have made without storing its id."""
        return find_lost(request, await self.list_recent(), await self._known(request))

    async def _known(self, request: ReportRequest) -> frozenset[str]:
        async with self._database.reading() as conn:
            return await list_known_ids(conn, self._connection_id, [request.report_type])

    # Asking for a report.

    async def create(self, request: ReportRequest) -> str:
        """Ask Amazon for the report once; gives its id.

        Types stand in a line of their own each: one that Amazon refuses (429) waits, and the others
        do not. Raises the SpApiError of an answer that another try does not help.
        """
        async with self._asking[request.report_type]:
            failures = 0
            refused_since: float | None = None
            while True:
                await self._wait_for_type(request.report_type)
                try:
                    report_id = await self._create(request)
                except ThrottledError as exc:
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() - refused_since > self._retry.throttled_for.total_seconds():
                        raise
                    await self._cool_down(request.report_type, exc)
                except (UnavailableError, MalformedAnswerError):
                    # Amazon may have taken it: look before asking again.
                    failures += 1
                    if failures >= self._retry.attempts:
                        raise
                    await self._retry.pause(failures)
                    lost = await self._look_for(request)
                    if lost is not None:
                        return lost.report_id
                else:
                    await self._accepted(request.report_type)
                    return report_id

    async def _create(self, request: ReportRequest) -> str:
        asked = request.asked
        return await create_report(
            self._api,
            report_type=request.report_type,
            marketplace_ids=request.marketplace_ids,
            since=asked.since if asked else None,
            until=asked.until if asked else None,
            options=request.options,
        )

    async def _look_for(self, request: ReportRequest) -> AmazonReport | None:
        since = request.intended_at - timedelta(minutes=1)
        found = await self.list_since([request.report_type], since)
        return find_lost(request, found, await self._known(request))

    async def _wait_for_type(self, report_type: str) -> None:
        if self._cooldowns is None:
            async with self._database.reading() as conn:
                self._cooldowns = await read_cooldowns(conn, self._connection_id)
        until, _ = self._cooldowns.get(report_type, (None, None))
        if until is not None:
            await self.sleep_until(until)

    async def _cool_down(self, report_type: str, error: ThrottledError) -> None:
        """Wait longer with each refusal. Two types refused in a row: it is the common limit."""
        assert self._cooldowns is not None
        self._refused.add(report_type)
        if len(self._refused) > 1:
            await self._api.throttled(error, CREATE_REPORT)
        first, longest = (
            self.hurried(span) for span in (self._pace.cooldown_first, self._pace.cooldown_longest)
        )
        _, before = self._cooldowns.get(report_type, (None, None))
        wait = first if before is None else min(max(before * 2, first), longest)
        wait = max(wait, error.retry_after or timedelta())
        _log.info("report_type_refused", report_type=report_type, wait_seconds=wait.total_seconds())
        await self._store_cooldown(report_type, self._api.now() + wait, wait)

    async def _accepted(self, report_type: str) -> None:
        self._refused.clear()
        assert self._cooldowns is not None
        until, wait = self._cooldowns.get(report_type, (None, None))
        if until is not None and wait is not None:
            await self._store_cooldown(report_type, until, wait / 2)

    async def _store_cooldown(self, report_type: str, until: datetime, wait: timedelta) -> None:
        assert self._cooldowns is not None
        self._cooldowns[report_type] = (until, wait)
        async with self._database.writing() as conn:
            await write_cooldown(conn, self._connection_id, report_type, until=until, wait=wait)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until it is so late at Amazon's. Holds nothing; can be cancelled."""
        while (left := (moment - self._api.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock, no event
            await asyncio.sleep(min(left, 30.0))

    # Waiting for a report.

    async def usual_seconds(self, report_type: str) -> float:
        """How long this seller's reports of the type take; a guess where there were none."""
        if self._times is None:
            async with self._database.reading() as conn:
                self._times = await read_report_times(conn, self._connection_id)
        times = self._times.get(report_type)
        return times.p50_seconds if times else self.hurried(self._pace.first).total_seconds()

    async def until_ended(self, request: ReportRequest) -> AmazonReport | None:
        """The report once it has ended, however long that takes; None when it never will be.

        Whoever finds out first that it is time to look, looks for everybody.
        """
        assert request.report_id is not None
        watch = await self._watch(request)
        try:
            while watch.ended is None and not watch.is_lost:
                watch.news.clear()
                await self._wait_for_news(watch)
                if watch.ended is None and time.monotonic() >= watch.due:
                    async with self._polling:
                        if watch.ended is None and time.monotonic() >= watch.due:
                            await self._poll()
        finally:
            del self._watches[watch.report_id]
        return watch.ended

    async def _watch(self, request: ReportRequest) -> _Watch:
        assert request.report_id is not None
        created_at = request.report_created_at or request.intended_at
        usual = await self.usual_seconds(request.report_type)
        left = usual - (self._api.now() - created_at).total_seconds()
        watch = _Watch(
            request.report_id,
            request.report_type,
            created_at,
            due=time.monotonic() + max(0.0, min(left, usual)),
        )
        self._watches[watch.report_id] = watch
        return watch

    @staticmethod
    async def _wait_for_news(watch: _Watch) -> None:
        try:
            async with asyncio.timeout(max(0.0, watch.due - time.monotonic())):
                await watch.news.wait()
        except TimeoutError:
            return

    async def _poll(self) -> None:
        """Ask for all that are awaited in one call, or for each that is due when they are few."""
        awaited = [one for one in self._watches.values() if one.ended is None]
        if len(awaited) >= _ENOUGH_FOR_A_LISTING:
            types = tuple(dict.fromkeys(one.report_type for one in awaited))
            since = min(one.created_at for one in awaited) - timedelta(minutes=1)
            since = max(since, self._api.now() - OLDEST)
            found = {one.report_id: one for one in await self.list_since(types, since)}
        else:
            awaited = [one for one in awaited if time.monotonic() >= one.due]
            found = {}
        for watch in awaited:
            report = found.get(watch.report_id) or await self._find(watch.report_id)
            self._note(watch, report)

    async def _find(self, report_id: str) -> AmazonReport | None:
        try:
            return await get_report(self._api, report_id)
        except RemoteNotFoundError:
            return None

    def _note(self, watch: _Watch, report: AmazonReport | None) -> None:
        """What a poll has shown of one report, and when to look again."""
        if report is None:
            watch.is_lost = True
        elif report.status.is_final:
            watch.ended = report
        elif self._api.now() - report.created_at > self._pace.stale:
            watch.is_lost = True
        else:
            gap = min(self._pace.shortest * 1.5 ** min(watch.polls, 20), self._pace.longest)
            soon = time.monotonic() + self.hurried(gap).total_seconds()
            if time.monotonic() >= watch.due:
                watch.polls += 1
                watch.due = soon
            else:
                watch.due = max(watch.due, soon)
        watch.news.set()
