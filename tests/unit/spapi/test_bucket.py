"""The token bucket keeps Amazon's law, whatever the calls and answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from recoup.spapi.bucket import (
    CONFIRMED_SECONDS,
    FLOOR,
    LEAST_QUIET_SECONDS,
    QUIET_CALLS,
    SAFETY,
    after_throttling,
    full_bucket,
    refilled,
    seconds_until_call,
    spend,
    with_learned_rate,
)
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operation import Operation, UsagePlan
from tests.support.patience import PATIENCE
from tests.unit.spapi.amazon import THINGS, Time

pytestmark = pytest.mark.anyio

SLOW = UsagePlan(rate=0.0056, burst=20)

plans = st.builds(
    UsagePlan,
    rate=st.floats(min_value=0.001, max_value=50),
    burst=st.integers(min_value=1, max_value=3) | st.integers(min_value=4, max_value=60),
)
# How long the caller idles before it wants its next call, in seconds.
pauses = st.lists(st.just(0.0) | st.floats(min_value=0, max_value=500), min_size=1, max_size=120)
unhurried = settings(deadline=None)  # a busy machine is no failure


@unhurried
@given(plan=plans, pauses=pauses)
def test_no_window_holds_more_calls_than_burst_and_rate_allow(plan, pauses):
    """In any t seconds at most burst + rate * t calls are allowed, however they are asked for."""
    bucket, now, calls = full_bucket(plan, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        now += seconds_until_call(bucket, now)
        bucket = spend(bucket, now)
        calls.append(now)

    for first in range(len(calls)):
        for last in range(first, len(calls)):
            window = calls[last] - calls[first]
            assert last - first + 1 <= plan.burst + plan.rate * window + 1e-6


@unhurried
@given(plan=plans, pauses=pauses, rate=st.floats(min_value=0.001, max_value=50))
def test_after_a_429_the_calls_follow_from_an_empty_bucket(plan, pauses, rate):
    """Within t seconds of a 429 at most rate * t calls are allowed, at the rate that Amazon named
    or, in time, the documented one.
    """
    bucket = with_learned_rate(full_bucket(plan, 0.0), 0.0, rate)
    bucket, now = after_throttling(bucket, 0.0), 0.0
    for count, pause in enumerate(pauses, start=1):
        now += pause
        now += seconds_until_call(bucket, now)
        bucket = spend(bucket, now)
        assert count <= max(rate, plan.rate) * now + 1e-6


@unhurried
@given(plan=plans, throttlings=st.integers(min_value=1, max_value=20))
def test_an_assumed_rate_is_halved_by_each_429_down_to_the_floor(plan, throttlings):
    """Each 429 halves a rate that no header confirmed, never below a sixteenth."""
    bucket = full_bucket(plan, 0.0)
    for _ in range(throttlings):
        bucket = after_throttling(bucket, 0.0)

    assert bucket.rate == pytest.approx(plan.rate * max(0.5**throttlings, FLOOR))


def test_a_confirmed_rate_survives_a_429():
    """What Amazon's header said stays true when the bucket turns out to be empty."""
    bucket = with_learned_rate(full_bucket(SLOW, 0.0), 0.0, 0.02)

    assert after_throttling(bucket, 0.0).rate == 0.02


def test_a_rate_below_the_documented_one_rises_again_and_falls_back_to_what_was_told():
    """The header may tell less than Amazon allows: without a 429 the rate doubles until it is the
    documented one; the same header changes nothing, and a 429 brings the told rate back.
    """
    quiet = max(QUIET_CALLS / SLOW.rate, LEAST_QUIET_SECONDS)
    low = SLOW.rate / 3
    bucket = with_learned_rate(full_bucket(SLOW, 0.0), 0.0, low)

    assert refilled(bucket, quiet - 1).rate == low
    assert refilled(bucket, quiet).rate == 2 * low
    assert with_learned_rate(bucket, quiet, low).rate == 2 * low
    assert refilled(bucket, 10 * quiet).rate == SLOW.rate
    assert after_throttling(bucket, 10 * quiet).rate == low


def test_a_header_sets_the_rate_again_after_it_was_halved():
    """A halved guess ends as soon as Amazon names the rate."""
    bucket = after_throttling(full_bucket(SLOW, 0.0), 0.0)

    assert with_learned_rate(bucket, 0.0, 0.0056).rate == 0.0056


def test_a_full_bucket_gives_its_burst_at_once_and_then_the_safe_rate():
    """searchOrders: 20 calls now, each further one after 1 / (0.0056 * 0.97) seconds."""
    bucket = full_bucket(SLOW, 0.0)
    for _ in range(20):
        assert seconds_until_call(bucket, 0.0) == 0
        bucket = spend(bucket, 0.0)

    assert seconds_until_call(bucket, 0.0) == pytest.approx(1 / (0.0056 * SAFETY), rel=1e-6)


def test_a_long_rest_fills_the_bucket_to_its_burst_only():
    """A day without a call is worth a burst of calls, not a day's worth."""
    bucket, day = full_bucket(SLOW, 0.0), 86_400.0
    for _ in range(20):
        bucket = spend(bucket, day)

    assert seconds_until_call(bucket, day) > 0


def test_a_retry_after_is_waited_whatever_the_bucket_holds():
    """Amazon's own wait comes before what the rate would allow."""
    bucket = after_throttling(full_bucket(UsagePlan(rate=10, burst=5), 0.0), 0.0, 42.0)

    assert seconds_until_call(bucket, 2.0) == pytest.approx(40.0)


def test_a_call_that_is_not_allowed_cannot_be_spent():
    """Spending without a wait is an error, not a debt."""
    bucket = after_throttling(full_bucket(SLOW, 0.0), 0.0)

    with pytest.raises(ValueError, match="no call"):
        spend(bucket, 0.0)


async def test_a_local_budget_sleeps_until_the_next_call_is_due():
    """After the burst each call waits its turn; the sleep is the one that was passed in."""
    time = Time()
    budget = LocalBudget(monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(11):
        await budget.acquire(THINGS)

    assert sum(time.slept) == pytest.approx(1 / (2 * SAFETY), rel=1e-3)


async def test_operations_have_buckets_of_their_own():
    """A 429 of one operation does not slow another."""
    time = Time()
    budget = LocalBudget(monotonic=time.monotonic, sleep=time.sleep)
    await budget.throttled(THINGS, timedelta(hours=1))
    await budget.acquire(Operation("getOthers", "GET", "/others", THINGS.plan))

    assert time.slept == []


async def test_a_cancelled_waiter_lets_the_next_one_go_on():
    """Who is cancelled while it waits spends no call and blocks nobody."""
    time, asleep = Time(), asyncio.Event()

    async def sleep_for_ever(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    budget = LocalBudget(monotonic=time.monotonic, sleep=sleep_for_ever)
    await budget.throttled(THINGS, timedelta(seconds=60))
    first, second = (asyncio.create_task(budget.acquire(THINGS)) for _ in range(2))
    await asleep.wait()
    time.now += timedelta(seconds=61)
    first.cancel()

    await asyncio.wait_for(second, timeout=PATIENCE)
    assert first.cancelled()


def test_a_rate_above_the_documented_one_is_believed_for_an_hour():
    """It falls back unless the header tells it again; told again, it is believed at once."""
    high = 4 * SLOW.rate
    bucket = with_learned_rate(full_bucket(SLOW, 0.0), 0.0, high)
    kept = with_learned_rate(bucket, CONFIRMED_SECONDS - 1, high)

    assert refilled(bucket, CONFIRMED_SECONDS - 1).rate == high
    assert refilled(bucket, CONFIRMED_SECONDS).rate == SLOW.rate
    assert refilled(kept, CONFIRMED_SECONDS).rate == high
    fallen = refilled(bucket, CONFIRMED_SECONDS)
    assert with_learned_rate(fallen, CONFIRMED_SECONDS, high).rate == high
