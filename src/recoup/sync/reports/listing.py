"""What Amazon has already: reports of others, similar ones, and those whose answers were lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.ids import ConnectionId
from recoup.spapi.client import ONCE_LIMIT, SpApi
from recoup.spapi.operations.reports import (
    MOST_TYPES,
    AmazonReport,
    ProcessingStatus,
    get_more_reports,
    get_reports,
)
from recoup.spapi.paging import PageGuard
from recoup.sync.reports.matching import match_lost
from recoup.sync.reports.queries import (
    find_oldest_intent,
    list_known_ids,
    list_made_since,
)
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.sent_queries import read_sent
from recoup.sync.reports.windows import overlaps

_FRESH = timedelta(days=1)
UNHEARD = timedelta(seconds=30)
"""A createReport whose connection ended without an answer has been accepted or refused by then, and
is listed: so long does the gateway in front of Amazon's service wait for it (29 s, the limit that AWS
documents for its API gateway).
"""
# Of one that an earlier attempt sent, only the beginning is known.
_SETTLED = ONCE_LIMIT + UNHEARD
# That attempt may still be waiting for the answer, as a cancelled sync does for a moment.
_LOOK_AGAIN_SECONDS = 1.0


class ReportListing:
    """The reports of one connection at Amazon, listed as seldom as possible during one attempt.

    types: the report types that are planned, which are listed together.
    """

    def __init__(
        self,
        api: SpApi,
        database: Database,
        connection_id: ConnectionId,
        *,
        types: Sequence[str],
    ) -> None:
        self._api = api
        self._database = database
        self._connection_id = connection_id
        self._types = tuple(dict.fromkeys(types))
        self._recent: list[AmazonReport] | None = None
        self._listed_at: float | None = None  # on the monotonic clock (seconds)
        self._listed = asyncio.Lock()
        self._made: dict[str, tuple[datetime, list[AmazonReport]]] = {}

    async def _list_recent(self) -> list[AmazonReport]:
        """Lists reports of the planned types, whoever requested them: those of the last day, and all
        since the oldest request whose answer may be lost. Called once per attempt.
        """
        async with self._listed:
            if self._recent is None:
                since = await self._begin_of_recent()
                self._listed_at = time.monotonic()
                self._recent = await self.list_since(self._types, since)
        return self._recent

    async def _begin_of_recent(self) -> datetime:
        async with self._database.reading() as conn:
            oldest = await find_oldest_intent(conn, self._connection_id)
        since = self._api.now() - _FRESH
        return since if oldest is None else min(since, oldest - timedelta(minutes=1))

    async def _list_made(self, report_type: str, *, until: datetime) -> list[AmazonReport]:
        """Lists reports of a type, whoever requested them, including all made up to a moment, as
        other software continues during the sync. Covers the last day.
        """
        async with self._listed:
            taken_at, found = self._made.get(report_type, (None, []))
            if taken_at is None or taken_at <= until:
                taken_at = self._api.now()
                found = await self.list_since([report_type], until - _FRESH)
                self._made[report_type] = (taken_at, found)
        return found

    async def list_since(self, types: Sequence[str], since: datetime) -> list[AmazonReport]:
        """Lists every report of the types since then, page by page, the newest first."""
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

    async def list_unclaimed(
        self, report_type: str, *, since: datetime | None = None
    ) -> list[AmazonReport]:
        """Reports of the type that the ledger lacks, the newest first: those made since then, or
        the recent ones, which are listed once per attempt.
        """
        if since is None and report_type in self._types:
            found = [one for one in await self._list_recent() if one.report_type == report_type]
        else:
            # Of a type that was not planned at first, the plan having changed since.
            found = await self.list_since([report_type], since or await self._begin_of_recent())
        async with self._database.reading() as conn:
            known = await list_known_ids(conn, self._connection_id, [report_type])
        return [one for one in found if one.report_id not in known]

    async def find_lost(self, request: ReportRequest, *, anew: bool = False) -> AmazonReport | None:
        """The report that Amazon may have made for a request whose answer was lost.

        anew: what was listed at the beginning of the attempt is too old to show it.
        """
        since = request.intended_at - timedelta(minutes=1) if anew else None
        return match_lost(request, await self.list_unclaimed(request.report_type, since=since))

    async def had_similar(
        self, request: ReportRequest, ended: AmazonReport, *, within: timedelta
    ) -> bool:
        """Whether Amazon made a similar report, for us or somebody else, shortly before."""
        since = ended.created_at - within
        async with self._database.reading() as conn:
            ours = await list_made_since(conn, request, since)
        others = [
            (one.report_id, one.since, one.until)
            for one in await self._list_made(request.report_type, until=ended.created_at)
            if since <= one.created_at <= ended.created_at
            and one.status not in {ProcessingStatus.CANCELLED, ProcessingStatus.FATAL}
        ]
        return any(
            report_id != ended.report_id and overlaps(request.asked, begins, ends)
            for report_id, begins, ends in [*ours, *others]
        )

    async def let_answer_pass(self, request: ReportRequest) -> tuple[ReportRequest, bool]:
        """Waits until Amazon lists what an attempt sent shortly before it ended, if it did.

        Returns the entry as it is then, as that attempt may have heard its answer after all, and
        whether what was listed before is too old to show its report.
        """
        while True:
            async with self._database.reading() as conn:
                request, ago = await read_sent(conn, request.request_id)
            if ago is None or request.report_id is not None:
                return request, False
            if ago >= _SETTLED:
                return request, self._listing_age() > ago - _SETTLED
            await asyncio.sleep(min((_SETTLED - ago).total_seconds(), _LOOK_AGAIN_SECONDS))

    def _listing_age(self) -> timedelta:
        """Zero if nothing was listed yet: that is done when it is needed."""
        if self._listed_at is None:
            return timedelta()
        return timedelta(seconds=time.monotonic() - self._listed_at)
