"""One budget for all processes of a seller, in PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import text

from recoup.db.engine import Database
from recoup.spapi.limits import SAFETY, UsagePlan
from recoup.spapi.operation import Operation
from recoup.sync.pacing.budget_queries import PgBudget
from tests.support.patience import PATIENCE

SLOW = Operation("slowThings", "GET", "/slow", UsagePlan(rate=0.01, burst=5))
BRISK = Operation("briskThings", "GET", "/brisk", UsagePlan(rate=20.0, burst=3))


async def granted(budget: PgBudget, operation: Operation, *, within: float) -> int:
    """How many calls are allowed at once: those that need no waiting."""
    count = 0
    try:
        async with asyncio.timeout(within):
            while True:
                await budget.acquire(operation)
                count += 1
    except TimeoutError:
        return count


async def test_two_processes_share_one_burst(database: Database) -> None:
    """Two budgets of one account get five calls together, not five each."""
    other = Database(database.conninfo)
    first, second = PgBudget(database, "seller"), PgBudget(other, "seller")

    counts = await asyncio.gather(
        granted(first, SLOW, within=1.5), granted(second, SLOW, within=1.5)
    )

    await other.close()
    assert sum(counts) == 5


async def test_sellers_do_not_share(database: Database) -> None:
    """Another account has a bucket of its own."""
    assert await granted(PgBudget(database, "one"), SLOW, within=1) == 5
    assert await granted(PgBudget(database, "two"), SLOW, within=1) == 5


async def test_a_restart_does_not_fill_the_bucket(database: Database) -> None:
    """A new process finds the bucket as the last one left it."""
    await granted(PgBudget(database, "seller"), SLOW, within=1)

    assert await granted(PgBudget(database, "seller"), SLOW, within=0.5) == 0


async def test_never_more_than_the_bucket_allows(database: Database) -> None:
    """Over any time t, at most burst + rate * t calls."""
    loop = asyncio.get_running_loop()
    budgets = [PgBudget(database, "seller") for _ in range(4)]
    began = loop.time()
    counts = await asyncio.gather(*(granted(b, BRISK, within=1.0) for b in budgets))
    took = loop.time() - began

    assert sum(counts) <= BRISK.plan.burst + BRISK.plan.rate * SAFETY * took + 1
    assert sum(counts) >= BRISK.plan.burst + 5, "the bucket refills"


async def test_a_429_empties_the_bucket_and_halves_an_assumed_rate(database: Database) -> None:
    """Somebody else spends too: wait a whole period, at half the rate that was only assumed."""
    budget = PgBudget(database, "seller")
    await budget.acquire(SLOW)
    await budget.throttled(SLOW, None)

    assert await granted(budget, SLOW, within=0.5) == 0
    assert budget.usage(SLOW).rate == SLOW.plan.rate / 2


async def test_a_confirmed_rate_survives_a_429(database: Database) -> None:
    """What Amazon's header said is known; a 429 then only means an empty bucket."""
    budget = PgBudget(database, "seller")
    await budget.acquire(SLOW)
    await budget.learned(SLOW, 0.02)
    await budget.throttled(SLOW, None)

    assert await granted(budget, SLOW, within=0.3) == 0
    assert budget.usage(SLOW).rate == 0.02


async def test_amazons_own_wait_is_kept(database: Database) -> None:
    """A Retry-After longer than the bucket's period decides."""
    waits: list[float] = []
    budget = PgBudget(database, "seller", waiting=lambda _operation, s: waits.append(s))
    await budget.acquire(BRISK)
    await budget.throttled(BRISK, timedelta(seconds=100))
    await granted(budget, BRISK, within=0.3)

    assert 95 < waits[-1] <= 100


async def test_waiting_holds_no_connection(database: Database) -> None:
    """A hundred waiters on a pool of a few connections leave room for everybody else."""
    await granted(PgBudget(database, "seller"), SLOW, within=1)
    waiters = [asyncio.create_task(PgBudget(database, "seller").acquire(SLOW)) for _ in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE), database.reading() as conn:
        idle = (
            await conn.execute(
                text("select count(*) from rate_budget where operation = 'slowThings'")
            )
        ).scalar_one()
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)

    assert idle == 1


async def _an_hour_later(database: Database) -> None:
    async with database.writing() as conn:
        await conn.execute(text("update rate_budget set slowed_at = slowed_at - interval '1 hour'"))


async def test_a_slowed_rate_climbs_back_when_nobody_disturbs(database: Database) -> None:
    """After quiet times a halved rate doubles again, and ends at the documented one."""
    budget = PgBudget(database, "seller")
    await budget.acquire(SLOW)
    for _ in range(3):
        await budget.throttled(SLOW, None)
    rates = []
    for _ in range(5):
        await granted(budget, SLOW, within=0.2)
        rates.append(budget.usage(SLOW).rate / SLOW.plan.rate)
        await _an_hour_later(database)

    assert rates == [1 / 8, 1 / 4, 1 / 2, 1, 1]


async def test_a_rate_that_was_told_too_low_climbs_and_falls_back(database: Database) -> None:
    """Amazon's header may tell less than Amazon allows: without a 429 the rate doubles up to the
    documented one. The same header changes nothing, in no process; a 429 brings it back.
    """
    budget, low = PgBudget(database, "seller"), SLOW.plan.rate / 4
    await budget.acquire(SLOW)
    await budget.learned(SLOW, low)
    rates = []
    for _ in range(3):
        await granted(budget, SLOW, within=0.2)
        rates.append(budget.usage(SLOW).rate / low)
        await _an_hour_later(database)
    other = PgBudget(database, "seller")
    await other.learned(SLOW, low)
    await granted(other, SLOW, within=0.2)
    assert (rates, other.usage(SLOW).rate) == ([1, 2, 4], SLOW.plan.rate)

    await other.throttled(SLOW, None)
    await granted(other, SLOW, within=0.2)
    assert other.usage(SLOW).rate == low


async def test_a_rate_that_was_just_slowed_stays_slow(database: Database) -> None:
    """Quiet means ten calls' time without a 429."""
    budget = PgBudget(database, "seller")
    await budget.acquire(BRISK)
    await budget.throttled(BRISK, None)
    await granted(budget, BRISK, within=0.5)

    assert budget.usage(BRISK).rate == BRISK.plan.rate / 2


async def test_what_is_left_grows_while_nobody_asks(database: Database) -> None:
    """The usage that plans rest on is that of now, not of the last call."""
    budget = PgBudget(database, "seller")
    await budget.acquire(BRISK)  # however long a connection takes
    await granted(budget, BRISK, within=0.3)
    emptied = budget.usage(BRISK).tokens
    async with asyncio.timeout(PATIENCE):
        while budget.usage(BRISK).tokens < emptied + 1:
            await asyncio.sleep(0.01)

    assert budget.usage(BRISK).tokens <= BRISK.plan.burst


async def test_a_429_without_a_time_does_not_shorten_one_that_had_it(database: Database) -> None:
    """Retry-After of another caller holds."""
    budget = PgBudget(database, "seller")
    await budget.acquire(SLOW)
    await budget.learned(SLOW, 1.0)
    await budget.throttled(SLOW, timedelta(seconds=600))
    await budget.throttled(SLOW, None)

    assert await budget._take(SLOW) > 500
