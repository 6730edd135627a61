"""Waiting for reports: one poll for all awaited reports of a sync."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.errors import RemoteNotFoundError, ReportNotMadeError
from recoup.ids import ConnectionId
from recoup.spapi.client import SpApi
from recoup.spapi.operations.reports import AmazonReport, get_report
from recoup.sync.reports.queries import read_report_times
from recoup.sync.reports.request import ReportRequest, ReportTimes

# With this many awaited reports, one getReports polls all of them.
_ENOUGH_FOR_A_LISTING = 2
# Of so many reports hardly ever all have ended when half of them usually have: 1 time in 2 ** 5.
_MANY = 5
# Amazon's clock is known to the second.
_CLOCK_SECONDS = 2.0

ListSince = Callable[[Sequence[str], datetime], Awaitable[list[AmazonReport]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times.

    first: before the first poll of a type that this seller has no times of; shortest, longest:
    between two polls, growing. stale: a report that is in the queue for so long will not be
    made. least_patience, most_patience: the least and the most that one report keeps a sync waiting
    which has done all else. cooldown_first, cooldown_longest: after createReport of one type was refused.
    """

    first: timedelta = timedelta(seconds=60)
    shortest: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    stale: timedelta = timedelta(days=2)
    least_patience: timedelta = timedelta(minutes=30)
    most_patience: timedelta = timedelta(hours=2)
    cooldown_first: timedelta = timedelta(minutes=1)
    cooldown_longest: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class _Watch:
    """An awaited report.

    `due`: the time of the next poll, on the monotonic clock (seconds); `gap`: the seconds from the
    first poll to the second; `late_at`: the end of the wait if nothing else is left to do;
    `looked_at`: the time of the last poll.
    """

    report_id: str
    report_type: str
    created_at: datetime
    due: float
    gap: float
    late_at: float
    looked_at: float = 0.0
    polls: int = 0
    ended: AmazonReport | None = None
    is_lost: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class ReportWatcher:
    """Tells when reports have ended. `list_since` lists reports of types, page by page to the end;
    `is_still` says whether the sync does nothing else any more.
    """

    def __init__(
        self,
        api: SpApi,
        database: Database,
        connection_id: ConnectionId,
        *,
        pace: Pace,
        hurry: Callable[[], float],
        list_since: ListSince,
        is_still: Callable[[], bool] = lambda: False,
    ) -> None:
        self._api = api
        self._database = database
        self._connection_id = connection_id
        self._pace = pace
        self._hurry = hurry
        self._list_since = list_since
        self._is_still = is_still
        self._watches: dict[str, _Watch] = {}
        self._polling = asyncio.Lock()
        self._times: dict[str, ReportTimes] | None = None
        self._has_looked = False

    async def _times_of(self, report_type: str) -> ReportTimes | None:
        """The times of this seller's reports of the type; None if there were none."""
        if self._times is None:
            async with self._database.reading() as conn:
                self._times = await read_report_times(conn, self._connection_id)
        return self._times.get(report_type)

    def _hurried(self, span: timedelta) -> float:
        """Converts a span of Amazon's time to seconds at this server."""
        return (span / self._hurry()).total_seconds()

    async def until_ended(self, request: ReportRequest) -> AmazonReport | None:
        """Waits for the end of the report; None if it never ends.

        Whoever finds out first that it is time to look, looks for everybody. Raises
        ReportNotMadeError when the sync waits for nothing but reports, and this one is not made after
        twice the time that 19 of 20 take (recoup.sync.reports.polls.Pace bounds it).
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
                    self._give_up_if_late(watch, request)
        finally:
            del self._watches[watch.report_id]
        return watch.ended

    def _give_up_if_late(self, watch: _Watch, request: ReportRequest) -> None:
        if watch.ended is not None or watch.is_lost:
            return
        if self._is_still() and watch.looked_at >= watch.late_at:
            raise ReportNotMadeError(request.report_type, watch.report_id, request.window)

    async def _watch(self, request: ReportRequest) -> _Watch:
        assert request.report_id is not None
        created_at = request.made_at
        times = await self._times_of(request.report_type)
        usual = times.p50_seconds if times else self._hurried(self._pace.first)
        longest = 2 * times.p95_seconds if times else 0.0
        longest = max(longest, self._hurried(self._pace.least_patience))
        longest = min(longest, self._hurried(self._pace.most_patience))
        age = (self._api.now() - created_at).total_seconds()
        left = usual - age
        watch = _Watch(
            request.report_id,
            request.report_type,
            created_at,
            due=time.monotonic() + max(0.0, min(left, usual)),
            # What takes long as a rule is not done half a minute later.
            gap=max(self._hurried(self._pace.shortest), usual / 4),
            late_at=time.monotonic() + longest - max(0.0, age - _CLOCK_SECONDS),
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
        """Polls all awaited reports with one call, or each due one if there are few.

        The first look at many comes a gap later: another one would follow it anyway, and what ends
        last is found no later.
        """
        looked_at = time.monotonic()
        awaited = [one for one in self._watches.values() if one.ended is None]
        is_first, self._has_looked = not self._has_looked, True
        if is_first and len(awaited) >= _MANY:
            for watch in awaited:
                watch.due += watch.gap
            return
        if len(awaited) >= _ENOUGH_FOR_A_LISTING:
            types = tuple(dict.fromkeys(one.report_type for one in awaited))
            since = min(one.created_at for one in awaited) - timedelta(minutes=1)
            found = {one.report_id: one for one in await self._list_since(types, since)}
        else:
            awaited = [one for one in awaited if time.monotonic() >= one.due]
            found = {}
        for watch in awaited:
            report = found.get(watch.report_id) or await self._find(watch.report_id)
            watch.looked_at = looked_at
            self._see(watch, report)

    async def _find(self, report_id: str) -> AmazonReport | None:
        try:
            return await get_report(self._api, report_id)
        except RemoteNotFoundError:
            return None

    def _see(self, watch: _Watch, report: AmazonReport | None) -> None:
        """Evaluates a poll for one report, and sets the time of the next one."""
        if report is None:
            watch.is_lost = True
        elif report.status.is_final:
            watch.ended = report
        elif self._api.now() - report.created_at > self._pace.stale:
            watch.is_lost = True
        else:
            longest = self._hurried(self._pace.longest)
            soon = time.monotonic() + min(watch.gap * 1.5 ** min(watch.polls, 20), longest)
            if time.monotonic() >= watch.due:
                watch.polls += 1
                watch.due = soon
            else:
                watch.due = max(watch.due, soon)
        watch.news.set()
