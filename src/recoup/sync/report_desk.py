"""Amazon's reports as the streams of one sync see them: one listing, one queue, shared polls.

A daily sync asks for eight reports and more, so what can be asked once is asked once: which reports
exist already, and which of those that are awaited have ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.errors import (
    MalformedAnswerError,
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
    get_reports,
)
from recoup.spapi.paging import PageGuard
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.sync.report_plan import find_lost
from recoup.sync.report_queries import (
    ReportRequest,
    find_oldest_intent,
    list_known_ids,
    read_cooldowns,
    write_cooldown,
)
from recoup.sync.report_watcher import OLDEST, Pace, ReportWatcher

_log = get_logger(__name__)

_FRESH = timedelta(days=1)


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
        self._listing: list[AmazonReport] | None = None
        self._listed = asyncio.Lock()
        self._made: dict[str, tuple[datetime, list[AmazonReport]]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._cooldowns: dict[str, tuple[datetime, timedelta]] | None = None
        self._refused: set[str] = set()
        self._line: dict[str, datetime] = {}
        self._watcher = ReportWatcher(
            api, database, connection_id, pace=self._pace, hurry=hurry, list_since=self.list_since
        )

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

    async def list_made(self, report_type: str, *, until: datetime) -> list[AmazonReport]:
        """Reports of a type, whoever asked for them, with all that were made up to a moment: other
        software does not stop while we sync. Those of the last day.
        """
        async with self._listed:
            taken_at, found = self._made.get(report_type, (None, []))
            if taken_at is None or taken_at <= until:
                taken_at = self._api.now()
                found = await self.list_since([report_type], until - _FRESH)
                self._made[report_type] = (taken_at, found)
        return found

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

    def wait_in_line(self, request: ReportRequest, interval: timedelta) -> timedelta:
        """How long to wait with a report that was asked for too soon: at least the interval.

        Those of one type that tell the present of several marketplaces stand in each other's way, so
        one follows the other.
        """
        now = self._api.now()
        turn = now + interval
        if request.window is None:
            before = self._line.get(request.report_type)
            turn = turn if before is None else max(turn, before + interval)
            self._line[request.report_type] = turn
        return turn - now

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

    async def until_ended(self, request: ReportRequest) -> AmazonReport | None:
        """The report once it has ended; None when it never will be (recoup.sync.report_watcher)."""
        return await self._watcher.until_ended(request)
