"""Amazon's token buckets, kept in PostgreSQL: one budget for all processes of a seller.

GCRA with the database's clock: a row holds the instant at which the bucket will be full again, so
a restart does not believe in a full bucket and two machines need no common clock. Waiting holds
no connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from recoup.clock import utc_now
from recoup.db.engine import Database, Writer
from recoup.logs import get_logger
from recoup.spapi.limits import SAFETY
from recoup.spapi.operation import Operation

_log = get_logger(__name__)

# Sleep in pieces: the rate may rise, or another process may give way, while we wait.
_LONGEST_NAP_SECONDS = 30.0

_ENSURE = text(
    """
    insert into rate_budget (account, operation, rate, burst)
    values (:account, :operation, :rate, :burst)
    on conflict (account, operation) do nothing
    """
)

_TAKE = text(
    """
    with asked as (
        select account, operation, burst,
               clock_timestamp() as at,
               greatest(full_at, clock_timestamp()) as full_at,
               make_interval(secs => 1 / (rate * :safety)) as period
        from rate_budget
        where account = :account and operation = :operation
        for update
    ), answered as (
        select *, full_at + period - at <= burst * period as allowed from asked
    )
    update rate_budget
    set full_at = case when allowed then answered.full_at + period else rate_budget.full_at end
    from answered
    where rate_budget.account = answered.account
      and rate_budget.operation = answered.operation
    returning allowed, rate_budget.rate,
        extract(epoch from answered.full_at + period - at - answered.burst * period)::float8
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
    set rate = paced.rate,
        full_at = clock_timestamp() + (burst - 1) * period
            + greatest(make_interval(secs => :wait), period)
    from paced
    where rate_budget.account = paced.account and rate_budget.operation = paced.operation
    """
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of an operation's bucket: calls per second, and calls left right now."""

    rate: float
    tokens: float


class PgBudget:
    """The Budget of one seller (`account`).

    `waiting` is told of each wait, in seconds; `throttling` since when Amazon answers an operation
    with 429, None when it no longer does.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        *,
        waiting: Callable[[Operation, float], None] = lambda _operation, _seconds: None,
        throttling: Callable[[Operation, datetime | None], None] = lambda _operation, _since: None,
    ) -> None:
        self._database = database
        self._account = account
        self._waiting = waiting
        self._throttling = throttling
        self._throttled_since: dict[str, datetime] = {}
        self._usage: dict[str, Usage] = {}
        self._confirmed: dict[str, float] = {}

    def usage(self, operation: Operation) -> Usage:
        """As last seen by this process; the documented plan with a full bucket before that."""
        plan = operation.plan
        return self._usage.get(operation.name, Usage(plan.rate, float(plan.burst)))

    async def acquire(self, operation: Operation) -> None:
        while True:
            wait_seconds = await self._take(operation)
            self._waiting(operation, wait_seconds)
            if wait_seconds <= 0:
                return
            # Jitter: several waiters should not come back in the same instant.
            nap = min(wait_seconds, _LONGEST_NAP_SECONDS)
            await asyncio.sleep(nap + random.uniform(0, 0.05 * nap))  # noqa: S311

    async def learned(self, operation: Operation, rate: float) -> None:
        if self._confirmed.get(operation.name) == rate:
            return
        async with self._database.writing() as conn:
            await conn.execute(
                _CONFIRM, {"account": self._account, "operation": operation.name, "rate": rate}
            )
        self._confirmed[operation.name] = rate
        self._usage[operation.name] = Usage(rate, self.usage(operation).tokens)

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        _log.info("throttled_by_amazon", operation=operation.name, account=self._account)
        since = self._throttled_since.setdefault(operation.name, utc_now())
        self._throttling(operation, since)
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

    async def recovered(self, operation: Operation) -> None:
        self._throttled_since.pop(operation.name, None)
        self._throttling(operation, None)

    async def _take(self, operation: Operation) -> float:
        """Seconds until a call is allowed; zero or less: it is, and it is counted."""
        async with self._database.writing() as conn:
            if operation.name not in self._usage:
                await self._ensure(conn, operation)
            row = (
                await conn.execute(
                    _TAKE,
                    {
                        "account": self._account,
                        "operation": operation.name,
                        "safety": SAFETY,
                    },
                )
            ).one()
        self._usage[operation.name] = Usage(row.rate, max(0.0, row.tokens))
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
