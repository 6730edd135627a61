"""Waiting for reports: one look for all that are awaited, whoever waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.errors import RemoteNotFoundError
from recoup.ids import ConnectionId
from recoup.spapi.client import SpApi
from recoup.spapi.operations.reports import AmazonReport, get_report
from recoup.sync.report_queries import ReportRequest, ReportTimes, read_report_times

OLDEST = timedelta(days=90)
"""How far back getReports sees."""
# With so many awaited reports one getReports tells of all of them.
_ENOUGH_FOR_A_LISTING = 2
# Of so many reports hardly ever all have ended when half of them usually have: 1 time in 2 ** 5.
_MANY = 5

ListSince = Callable[[Sequence[str], datetime], Awaitable[list[AmazonReport]]]


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
    """An awaited report. `due`: when to look next, on the monotonic clock (seconds); `gap`: the
    seconds from the first look to the second.
    """

    report_id: str
    report_type: str
    created_at: datetime
    due: float
    gap: float
    polls: int = 0
    ended: AmazonReport | None = None
    is_lost: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class ReportWatcher:
    """Tells when reports have ended. `list_since` lists reports of types, page by page to the end."""

    def __init__(
        self,
        api: SpApi,
        database: Database,
        connection_id: ConnectionId,
        *,
        pace: Pace,
        hurry: Callable[[], float],
        list_since: ListSince,
    ) -> None:
        self._api = api
        self._database = database
        self._connection_id = connection_id
        self._pace = pace
        self._hurry = hurry
        self._list_since = list_since
        self._watches: dict[str, _Watch] = {}
        self._polling = asyncio.Lock()
        self._times: dict[str, ReportTimes] | None = None
        self._has_looked = False

    async def _usual_seconds(self, report_type: str) -> float:
        """How long this seller's reports of the type take; a guess where there were none."""
        if self._times is None:
            async with self._database.reading() as conn:
                self._times = await read_report_times(conn, self._connection_id)
        times = self._times.get(report_type)
        return times.p50_seconds if times else (self._pace.first / self._hurry()).total_seconds()

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
        usual = await self._usual_seconds(request.report_type)
        left = usual - (self._api.now() - created_at).total_seconds()
        watch = _Watch(
            request.report_id,
            request.report_type,
            created_at,
            due=time.monotonic() + max(0.0, min(left, usual)),
            # What takes long as a rule is not done half a minute later.
            gap=max((self._pace.shortest / self._hurry()).total_seconds(), usual / 4),
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
        """Ask for all that are awaited in one call, or for each that is due when they are few.

        The first look at many comes a gap later: another one would follow it anyway, and what ends
        last is found no later.
        """
        awaited = [one for one in self._watches.values() if one.ended is None]
        is_first, self._has_looked = not self._has_looked, True
        if is_first and len(awaited) >= _MANY:
            for watch in awaited:
                watch.due += watch.gap
            return
        if len(awaited) >= _ENOUGH_FOR_A_LISTING:
            types = tuple(dict.fromkeys(one.report_type for one in awaited))
            since = min(one.created_at for one in awaited) - timedelta(minutes=1)
            since = max(since, self._api.now() - OLDEST)
            found = {one.report_id: one for one in await self._list_since(types, since)}
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
            longest = (self._pace.longest / self._hurry()).total_seconds()
            soon = time.monotonic() + min(watch.gap * 1.5 ** min(watch.polls, 20), longest)
            if time.monotonic() >= watch.due:
                watch.polls += 1
                watch.due = soon
            else:
                watch.due = max(watch.due, soon)
        watch.news.set()
