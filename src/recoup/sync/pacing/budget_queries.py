"""Amazon's token buckets, kept in PostgreSQL: one budget for all processes of a seller.

GCRA with the database's clock: a row holds the instant at which the bucket will be full again, so
a restart does not believe in a full bucket and two machines need no common clock. Waiting holds
no connection.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from recoup.clock import utc_now
from recoup.db.engine import Database, Writer
from recoup.db.single_reads import Statement
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.spapi.bucket import CONFIRMED_SECONDS, LEAST_QUIET_SECONDS, QUIET_CALLS
from recoup.spapi.limits import SAFETY, OwnWorkplace, Workplace
from recoup.spapi.operation import Operation
from recoup.sync.pacing.bounds import Usage, full
from recoup.sync.record.progress import Hindrance
from recoup.sync.record.purge_queries import delete_unused_budgets

_log = get_logger(__name__)

# Sleep in pieces: the rate may rise, or another process may release calls, while we wait.
_LONGEST_NAP_SECONDS = 30.0
# A slot given up for an instant would only be asked for again: a page of inventory waits half a
# second, and its token lives 30.
_SHORT_NAP_SECONDS = 1.0

_SPEND = text(
    """
    insert into budget_account (connection_id, account) values (:connection_id, :account)
    on conflict (connection_id) do update set account = excluded.account
    where budget_account.account <> excluded.account
    """
)

_ENSURE = Statement(
    """
    insert into rate_budget (account, operation, rate, burst)
    values (%(account)s, %(operation)s, %(rate)s, %(burst)s)
    on conflict (account, operation) do nothing
    """
)

# A rate that was lowered doubles again after each quiet time without a 429, up to the documented one:
# the other software may have stopped, Amazon's header is known to tell less than Amazon allows
# (selling-partner-api-models issue 1444), and nothing but trying shows it. One above the documented
# falls back to that when Amazon has not told it for a while.
_TAKE = Statement(
    """
    with held as (
        select account, operation, burst, full_at, clock_timestamp() as at, slowed_at,
               rate < %(documented)s
                   and coalesce(slowed_at, '-infinity')
                       < clock_timestamp() - make_interval(secs => %(quiet)s) as recovers,
               rate > %(documented)s
                   and coalesce(told_at, '-infinity')
                       < clock_timestamp() - make_interval(secs => %(confirmed)s) as is_stale,
               rate as old_rate
        from rate_budget
        where account = %(account)s and operation = %(operation)s
        for update
    ), paced as (
        select *, case when recovers then least(old_rate * 2, %(documented)s)
                       when is_stale then %(documented)s else old_rate end as rate
        from held
    ), asked as (
        select *, at + (old_rate / rate) * greatest(full_at - at, interval '0') as filled_at,
               make_interval(secs => 1 / (rate * %(safety)s)) as period
        from paced
    ), answered as (
        select *, filled_at + period - at <= burst * period as allowed from asked
    )
    update rate_budget
    set full_at = case when allowed then answered.filled_at + period else answered.filled_at end,
        rate = answered.rate,
        slowed_at = case when recovers then at else rate_budget.slowed_at end,
        told = case when is_stale then null else rate_budget.told end
    from answered
    where rate_budget.account = answered.account
      and rate_budget.operation = answered.operation
    returning allowed, rate_budget.rate,
        extract(epoch from answered.filled_at + period - at - answered.burst * period)::float8
            as wait_seconds,
        (extract(epoch from answered.burst * period - (rate_budget.full_at - at))
            / extract(epoch from period))::float8 as tokens
    """
)

# The calls that are left stay left: the bucket is as full as before, it only fills at another pace.
# A rate reported before changes nothing: the rate may have risen above it since.
_CONFIRM = Statement(
    """
    with held as (
        select account, operation, told is distinct from cast(%(rate)s as float8) as is_news
        from rate_budget
        where account = %(account)s and operation = %(operation)s
        for update
    )
    update rate_budget
    set rate = case when is_news then %(rate)s else rate end, confirmed = true, told = %(rate)s,
        told_at = clock_timestamp(),
        slowed_at = case when is_news and %(rate)s < %(documented)s then clock_timestamp()
                         else slowed_at end,
        full_at = clock_timestamp() + case when is_news then rate / cast(%(rate)s as float8) else 1 end
            * greatest(full_at - clock_timestamp(), interval '0')
    from held
    where rate_budget.account = held.account and rate_budget.operation = held.operation
    returning is_news
    """
)

# Somebody else spends from the same bucket, or our rate is wrong. Empty it; and a rate that only
# the documentation told is halved, down to a sixteenth, one that Amazon told is what Amazon told.
_EMPTY = text(
    """
    with slowed as (
        select account, operation,
               case when confirmed then least(rate, coalesce(told, rate))
                    else least(rate, greatest(rate / 2, :documented / 16)) end as rate
        from rate_budget
        where account = :account and operation = :operation
        for update
    ), paced as (
        select *, make_interval(secs => 1 / (rate * :safety)) as period from slowed
    )
    update rate_budget
    set rate = paced.rate, slowed_at = clock_timestamp(),
        full_at = greatest(full_at, clock_timestamp() + (burst - 1) * period
            + greatest(make_interval(secs => :wait), period))
    from paced
    where rate_budget.account = paced.account and rate_budget.operation = paced.operation
    """
)


async def name_account(conn: Writer, connection_id: ConnectionId, account: str) -> None:
    """Notes whose budget a connection spends, before it does. One that it has replaced is deleted."""
    spent = await conn.execute(_SPEND, {"connection_id": connection_id, "account": account})
    if spent.rowcount:
        await delete_unused_budgets(conn)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The last known state of the row, and its time (monotonic seconds)."""

    usage: Usage
    at: float


@dataclass(frozen=True, slots=True)
class _Told:
    """What Amazon's header said, and when that was stored (monotonic seconds)."""

    rate: float
    at: float


class PgBudget:
    """The Budget of one seller (`account`).

    `waiting` receives each wait, in seconds; `hindered` since when Amazon answers an operation with
    429, or not at all, None when it does again.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        *,
        waiting: Callable[[Operation, float], None] = lambda _operation, _seconds: None,
        workplace: Workplace | None = None,
        hindered: Callable[[Operation, Hindrance | None], None] = lambda _operation, _what: None,
    ) -> None:
        self._database = database
        self._account = account
        self._waiting = waiting
        self._workplace = workplace or OwnWorkplace()
        self._seen: dict[str, _Seen] = {}
        self._hindered = hindered
        self._hindrances: dict[str, Hindrance] = {}
        self._confirmed: dict[str, _Told] = {}

    def recall(self, known: Mapping[str, Usage]) -> None:
        """Begins with the states that earlier processes stored, by operation name."""
        at = time.monotonic()
        self._seen |= {operation: _Seen(usage, at) for operation, usage in known.items()}

    def usage(self, operation: Operation) -> Usage:
        """As last seen or recalled, and filled since; before that the documented plan with a full
        bucket.
        """
        seen = self._seen.get(operation.name)
        if seen is None:
            return full(operation.plan)
        flowed = (time.monotonic() - seen.at) * seen.usage.rate * SAFETY
        tokens = min(float(operation.plan.burst), seen.usage.tokens + flowed)
        return Usage(seen.usage.rate, tokens)

    async def acquire(self, operation: Operation) -> None:
        while True:
            wait_seconds = await self._take(operation)
            self._waiting(operation, wait_seconds)
            if wait_seconds <= 0:
                return
            # Jitter: several waiters should not come back in the same instant.
            nap = min(wait_seconds, _LONGEST_NAP_SECONDS)
            nap += random.uniform(0, 0.05 * nap)  # noqa: S311
            if nap < _SHORT_NAP_SECONDS:
                await asyncio.sleep(nap)
                continue
            async with self._workplace.away():
                await asyncio.sleep(nap)

    async def learned(self, operation: Operation, rate: float) -> None:
        known, now = self._confirmed.get(operation.name), time.monotonic()
        if known and known.rate == rate and now - known.at < CONFIRMED_SECONDS / 6:
            return
        is_news = await self._database.write_once(
            _CONFIRM,
            account=self._account,
            operation=operation.name,
            rate=rate,
            documented=operation.plan.rate,
        )
        self._confirmed[operation.name] = _Told(rate, now)
        if any(row.is_news for row in is_news):
            usage = Usage(rate, self.usage(operation).tokens)
            self._seen[operation.name] = _Seen(usage, time.monotonic())

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        _log.info("throttled_by_amazon", operation=operation.name, account=self._account)
        self._tell(operation, "throttled by Amazon")
        async with self._database.writing() as conn:
            await conn.execute(
                _EMPTY,
                {
                    "account": self._account,
                    "operation": operation.name,
                    "documented": operation.plan.rate,
                    "safety": SAFETY,
                    "wait": retry_after.total_seconds() if retry_after else 0.0,
                },
            )

    async def unanswered(self, operation: Operation) -> None:
        self._tell(operation, "Amazon is not responding")

    async def recovered(self, operation: Operation) -> None:
        self._hindrances.pop(operation.name, None)
        self._hindered(operation, None)

    def _tell(self, operation: Operation, what: str) -> None:
        known = self._hindrances.get(operation.name)
        if known is None or known.what != what:
            known = self._hindrances[operation.name] = Hindrance(what, utc_now())
        self._hindered(operation, known)

    async def _take(self, operation: Operation) -> float:
        """Seconds until a call is allowed; zero or less: it is allowed and counted."""
        if operation.name not in self._seen:
            await self._ensure(operation)
        [row] = await self._database.write_once(
            _TAKE,
            account=self._account,
            operation=operation.name,
            safety=SAFETY,
            documented=operation.plan.rate,
            confirmed=CONFIRMED_SECONDS,
            quiet=max(QUIET_CALLS / operation.plan.rate, LEAST_QUIET_SECONDS),
        )
        self._seen[operation.name] = _Seen(Usage(row.rate, row.tokens), time.monotonic())
        return 0.0 if row.allowed else max(row.wait_seconds, 0.001)

    async def _ensure(self, operation: Operation) -> None:
        await self._database.write_once(
            _ENSURE,
            account=self._account,
            operation=operation.name,
            rate=operation.plan.rate,
            burst=operation.plan.burst,
        )
