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
from recoup.logs import get_logger
from recoup.spapi.limits import SAFETY, AlwaysMyTurn, Turns
from recoup.spapi.operation import Operation
from recoup.sync.bounds import Usage, full
from recoup.sync.progress import Hindrance

_log = get_logger(__name__)

# Sleep in pieces: the rate may rise, or another process may give way, while we wait.
_LONGEST_NAP_SECONDS = 30.0
# A slot given up for an instant would only be asked for again: a page of inventory waits half a
# second, and its token lives 30.
_SHORT_NAP_SECONDS = 1.0
# Without a 429 for so many calls' time, and no less than a minute, a slowed rate is tried faster.
_QUIET_CALLS = 10
_LEAST_QUIET_SECONDS = 60.0

_ENSURE = text(
    """
    insert into rate_budget (account, operation, rate, burst)
    values (:account, :operation, :rate, :burst)
    on conflict (account, operation) do nothing
    """
)

# A rate that was halved doubles again after each quiet time without a 429, up to the documented one:
# the other software may have stopped, and nothing but trying shows it.
_TAKE = text(
    """
    with held as (
        select account, operation, burst, full_at, clock_timestamp() as at, slowed_at,
               not confirmed and rate < :documented
                   and coalesce(slowed_at, '-infinity')
                       < clock_timestamp() - make_interval(secs => :quiet) as recovers,
               rate as old_rate
        from rate_budget
        where account = :account and operation = :operation
        for update
    ), paced as (
        select *, case when recovers then least(old_rate * 2, :documented) else old_rate end as rate
        from held
    ), asked as (
        select *, at + (old_rate / rate) * greatest(full_at - at, interval '0') as filled_at,
               make_interval(secs => 1 / (rate * :safety)) as period
        from paced
    ), answered as (
        select *, filled_at + period - at <= burst * period as allowed from asked
    )
    update rate_budget
    set full_at = case when allowed then answered.filled_at + period else answered.filled_at end,
        rate = answered.rate,
        slowed_at = case when recovers then at else rate_budget.slowed_at end
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
_CONFIRM = text(
    """
    update rate_budget
    set rate = :rate, confirmed = true,
        full_at = clock_timestamp() + (rate / cast(:rate as float8))
            * greatest(full_at - clock_timestamp(), interval '0')
    where account = :account and operation = :operation
      and (rate, confirmed) is distinct from (cast(:rate as float8), true)
    """
)

# Somebody else spends from the same bucket, or our rate is wrong. Empty it; and a rate that only
# the documentation told is halved, down to a sixteenth.
_EMPTY = text(
    """
    with slowed as (
        select account, operation,
               case when confirmed then rate
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the row said last, and when (monotonic seconds)."""

    usage: Usage
    at: float


class PgBudget:
    """The Budget of one seller (`account`).

    `waiting` is told of each wait, in seconds; `hindered` since when Amazon answers an operation with
    429, or not at all, None when it does again.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        *,
        waiting: Callable[[Operation, float], None] = lambda _operation, _seconds: None,
        turns: Turns | None = None,
        hindered: Callable[[Operation, Hindrance | None], None] = lambda _operation, _what: None,
    ) -> None:
        self._database = database
        self._account = account
        self._waiting = waiting
        self._turns = turns or AlwaysMyTurn()
        self._seen: dict[str, _Seen] = {}
        self._hindered = hindered
        self._hindrances: dict[str, Hindrance] = {}
        self._confirmed: dict[str, float] = {}

    def recall(self, known: Mapping[str, Usage]) -> None:
        """Begin with what earlier processes stored, by the names of operations."""
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
            async with self._turns.away():
                await asyncio.sleep(nap)

    async def learned(self, operation: Operation, rate: float) -> None:
        if self._confirmed.get(operation.name) == rate:
            return
        async with self._database.writing() as conn:
            await conn.execute(
                _CONFIRM, {"account": self._account, "operation": operation.name, "rate": rate}
            )
        self._confirmed[operation.name] = rate
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
        self._tell(operation, "Amazon does not answer")

    async def recovered(self, operation: Operation) -> None:
        self._hindrances.pop(operation.name, None)
        self._hindered(operation, None)

    def _tell(self, operation: Operation, what: str) -> None:
        known = self._hindrances.get(operation.name)
        if known is None or known.what != what:
            known = self._hindrances[operation.name] = Hindrance(what, utc_now())
        self._hindered(operation, known)

    async def _take(self, operation: Operation) -> float:
        """Seconds until a call is allowed; zero or less: it is, and it is counted."""
        async with self._database.writing() as conn:
            if operation.name not in self._seen:
                await self._ensure(conn, operation)
            row = (
                await conn.execute(
                    _TAKE,
                    {
                        "account": self._account,
                        "operation": operation.name,
                        "safety": SAFETY,
                        "documented": operation.plan.rate,
                        "quiet": max(_QUIET_CALLS / operation.plan.rate, _LEAST_QUIET_SECONDS),
                    },
                )
            ).one()
        self._seen[operation.name] = _Seen(Usage(row.rate, row.tokens), time.monotonic())
        return 0.0 if row.allowed else max(row.wait_seconds, 0.001)

    async def _ensure(self, conn: Writer, operation: Operation) -> None:
        await conn.execute(
            _ENSURE,
            {
                "account": self._account,
                "operation": operation.name,
                "rate": operation.plan.rate,
                "burst": operation.plan.burst,
            },
        )
