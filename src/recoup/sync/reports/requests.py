"""Requests of Amazon's reports for the streams of one sync: one queue, one listing, shared polls.

A daily sync requests eight reports or more, which wait for the same limit.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recoup.db.engine import Database
from recoup.errors import (
    BadRequestError,
    ForbiddenError,
    MalformedAnswerError,
    NotAvailableError,
    OversizeError,
    SpApiError,
    ThrottledError,
    UnavailableError,
)
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.operations.reports import CREATE_REPORT, create_report
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.sync.record.lease_queries import Fence, hold_fence
from recoup.sync.reports.cooldown_queries import read_cooldowns, write_cooldown
from recoup.sync.reports.listing import UNHEARD, ReportListing
from recoup.sync.reports.polls import Pace, ReportWatcher
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.sent_queries import Sent, note_refused, note_sent
from recoup.sync.side_tasks import end_what_began

_log = get_logger(__name__)

# After so many 429s in a row a type is not for this account: with waits of 1, 2, 4 and 8 minutes
# in between, while Amazon took other types; and when it took none, after two hours (ours).
_REFUSALS = 5
_REFUSALS_OF_ALL = 8
_A_PAIR = 2
# A cancel, or a worker that stops, waits so long for Amazon's answer, which nearly always comes within
# it; both must be over in a second. Without the answer the next attempt must wait until Amazon lists
# what it took, a minute from the sending.
_LAST_WORDS = timedelta(seconds=0.8)
# Amazon may have taken the request.
_UNHEARD = (UnavailableError, MalformedAnswerError, OversizeError)

Store = Callable[[ReportRequest, str], Awaitable[ReportRequest]]
"""Records the id of the report that Amazon makes for a request; returns the request as it is then."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that Amazon makes for some of the requested marketplaces."""

    report_id: str
    marketplace_ids: tuple[str, ...]


class ReportDesk:
    """The reports of one connection during one attempt of a sync.

    fence: the attempt's; whoever has lost it requests nothing more. types: the report types of the
    sync's streams. hurry: by what to divide every wait; 1 at Amazon's, more at a sandbox whose time
    runs faster. is_still: whether all that the sync does is wait for reports. polls: reports when
    requested ones have ended.
    """

    def __init__(
        self,
        api: SpApi,
        database: Database,
        connection_id: ConnectionId,
        *,
        fence: Fence,
        types: Sequence[str],
        pace: Pace | None = None,
        hurry: Callable[[], float] = lambda: 1.0,
        retry: RetryPolicy = DEFAULT_RETRY,
        is_still: Callable[[], bool] = lambda: False,
        last_words: timedelta = _LAST_WORDS,
    ) -> None:
        self._api = api
        self._database = database
        self._connection_id = connection_id
        self._fence = fence
        self._pace = pace or Pace()
        self._hurry = hurry
        self._retry = retry
        self._last_words = last_words
        self.listing = ReportListing(api, database, connection_id, types=types)
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._cooldowns: dict[str, tuple[datetime, timedelta]] | None = None
        self._refused: set[str] = set()
        self._line: dict[str, datetime] = {}
        self.polls = ReportWatcher(
            api,
            database,
            connection_id,
            pace=self._pace,
            hurry=hurry,
            list_since=self.listing.list_since,
            is_still=is_still,
        )
        # How many requests Amazon has taken, and for which types and marketplaces.
        self._taken = 0
        self._taken_for: set[tuple[str, tuple[str, ...]]] = set()
        self._doubted: set[str] = set()
        self._given_up: dict[str, NotAvailableError] = {}
        self._suspects: set[str] = set()
        self._is_refused_whole = False
        self._probing = asyncio.Lock()

    def hurried(self, span: timedelta) -> timedelta:
        """A span of Amazon's time at this server."""
        return span / self._hurry()

    async def _note_sent(self, request: ReportRequest) -> Sent:
        """Raises FencedError: an attempt that has lost its sync sends nothing more."""
        async with self._database.writing() as conn:
            sent = await note_sent(conn, request.request_id)
            await hold_fence(conn, self._fence)
        return sent

    async def _note_refused(self, request: ReportRequest, sent: Sent) -> None:
        async with self._database.writing() as conn:
            await note_refused(conn, request.request_id, sent)

    def wait_in_line(self, request: ReportRequest, interval: timedelta) -> timedelta:
        """How long to wait with a report that was requested too soon: at least the interval.

        Those of one type that show the present of several marketplaces block each other, so
        one follows the other.
        """
        now = self._api.now()
        turn = now + interval
        if request.window is None:
            before = self._line.get(request.report_type)
            turn = turn if before is None else max(turn, before + interval)
            self._line[request.report_type] = turn
        return turn - now

    def doubt(self, report_type: str) -> None:
        """Lowers the tolerance for a type that Amazon refused the day before: one 429 is enough."""
        self._doubted.add(report_type)

    async def ask(self, request: ReportRequest, store: Store) -> ReportRequest:
        """Requests the report from Amazon once, and stores its id; returns what `store` returns.

        Each type has its own queue: one that Amazon refuses (429) waits, and the others
        do not. Raises the SpApiError of an answer that another try does not help, and
        NotAvailableError for a type that is refused again and again.
        """
        async with self._asking[request.report_type]:
            if request.report_type in self._given_up:
                raise self._given_up[request.report_type]
            failures = refusals = 0
            taken_before = self._taken
            refused_since: float | None = None
            while True:
                await self._wait_for_type(request.report_type)
                try:
                    stored = await self._send(request, store)
                except ThrottledError as exc:
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() - refused_since > self._retry.throttled_for.total_seconds():
                        raise
                    await self._cool_down(request.report_type, exc)
                    refusals += 1
                    enough = _REFUSALS if self._taken > taken_before else _REFUSALS_OF_ALL
                    if request.report_type in self._doubted or refusals >= enough:
                        self._given_up[request.report_type] = NotAvailableError(
                            f"Amazon refuses to create the report {request.report_type} (429, "
                            f"{refusals} times in a row): this account cannot have it, or other "
                            "software of the account uses up Amazon's limit."
                        )
                        raise self._given_up[request.report_type] from exc
                except (UnavailableError, MalformedAnswerError) as exc:
                    # Amazon may have taken it: look before asking again.
                    failures += 1
                    if failures >= self._retry.attempts:
                        raise
                    unheard = UNHEARD if exc.status is None else None
                    await self._retry.pause(failures, at_least=unheard)
                    lost = await self.listing.find_lost(request, anew=True)
                    if lost is not None:
                        return await store(request, lost.report_id)
                else:
                    await self._accepted(request)
                    return stored

    async def _send(self, request: ReportRequest, store: Store) -> ReportRequest:
        """Once the request is noted as sent, a cancel waits a moment for the answer and its id."""
        sent: Sent | None = None

        async def note() -> None:
            nonlocal sent
            sent = await self._note_sent(request)

        async def send() -> ReportRequest:
            try:
                report_id = await create_report(
                    self._api,
                    report_type=request.report_type,
                    marketplace_ids=request.marketplace_ids,
                    since=request.asked.since if request.asked else None,
                    until=request.asked.until if request.asked else None,
                    options=request.options,
                    before_sending=note,
                )
            except SpApiError as exc:
                if sent is not None and not isinstance(exc, _UNHEARD):
                    await self._note_refused(request, sent)
                raise
            return await store(request, report_id)

        return await end_what_began(
            send(), has_begun=lambda: sent is not None, within=self._last_words
        )

    async def ask_for_some(self, request: ReportRequest, error: SpApiError) -> Taken:
        """Requests the report without the marketplaces for which Amazon refuses it.

        What was refused for one type is suspected first for the others. Raises `error`, the answer
        for all of them, when it is refused for every one.
        """
        ids = request.marketplace_ids
        async with self._probing:
            if (request.report_type, ids) in self._taken_for:
                raise error  # the marketplaces are not what is wrong with it
            if self._is_refused_whole and not self._taken:
                raise error
            for some in self._parts_of(ids):
                if (report_id := await self._try(request, some)) is not None:
                    self._suspects |= set(ids).difference(some)
                    return Taken(report_id, some)
            taken = {one: await self._try(request, (one,)) for one in ids}
            accepted = {one: report_id for one, report_id in taken.items() if report_id is not None}
            if not accepted:
                self._is_refused_whole = True
                raise error
            self._suspects |= set(ids).difference(accepted)
            some = tuple(accepted)
            if len(some) == 1:
                return Taken(accepted[some[0]], some)
            together = await self.ask(replace(request, marketplace_ids=some), _keep)
            return Taken(_id_of(together), some)

    def _parts_of(self, ids: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The marketplaces without suspected ones and, if more than two, without each in turn."""
        parts = [tuple(one for one in ids if one not in self._suspects)]
        if len(ids) > _A_PAIR:
            parts += [tuple(one for one in ids if one != left_out) for left_out in ids]
        return [part for part in dict.fromkeys(parts) if 0 < len(part) < len(ids)]

    async def _try(self, request: ReportRequest, some: tuple[str, ...]) -> str | None:
        try:
            return _id_of(await self.ask(replace(request, marketplace_ids=some), _keep))
        except (BadRequestError, ForbiddenError):
            return None

    async def _wait_for_type(self, report_type: str) -> None:
        if self._cooldowns is None:
            async with self._database.reading() as conn:
                self._cooldowns = await read_cooldowns(conn, self._connection_id)
        until, _ = self._cooldowns.get(report_type, (None, None))
        if until is not None:
            await self.sleep_until(until)

    async def _cool_down(self, report_type: str, error: ThrottledError) -> None:
        """Waits longer after each refusal. Two types refused in a row mean the common limit."""
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

    async def _accepted(self, request: ReportRequest) -> None:
        report_type = request.report_type
        self._taken += 1
        self._taken_for.add((report_type, request.marketplace_ids))
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
        """Waits until this time at Amazon. Holds nothing; can be cancelled."""
        while (left := (moment - self._api.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock, no event
            await asyncio.sleep(min(left, 30.0))


async def _keep(request: ReportRequest, report_id: str) -> ReportRequest:
    """Stores nothing yet: the report tells of some of the request's marketplaces only."""
    return replace(request, report_id=report_id)


def _id_of(request: ReportRequest) -> str:
    assert request.report_id is not None
    return request.report_id
