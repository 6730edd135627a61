"""Buckets, shares and answers for many, without a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from recoup.api.buckets import Buckets
from recoup.api.one_flight import SharedAnswer
from recoup.db.shares import Share, sharing, turn
from tests.support.patience import PATIENCE


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again() -> None:
    """At once as many as the burst; then as many as the rate, and the wait is told."""
    clock = Clock()
    buckets = Buckets(per_second=2, burst=3, monotonic=clock)

    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert buckets.take("b") == 0
    clock.now = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 0.5]
    clock.now = 1000
    assert [buckets.take("a", 3), buckets.take("a")] == [0, 0.5]


def test_buckets_are_bounded() -> None:
    """A million addresses cost the memory of some; who was there last is remembered."""
    buckets = Buckets(per_second=1, burst=1, monotonic=Clock(), keys=100)
    for number in range(10_000):
        buckets.take(str(number))

    assert len(buckets._buckets) == 100
    assert buckets.take("9999") > 0


async def test_many_who_ask_at_once_cost_one_answer() -> None:
    """One flight; its answer is good for a while, a failure is not kept."""
    clock, asked = Clock(), []

    async def ask() -> int:
        asked.append(clock.now)
        await asyncio.sleep(0)
        if len(asked) == 3:
            raise OSError("no")
        return len(asked)

    answer = SharedAnswer(ask, seconds=1, monotonic=clock)
    assert await asyncio.gather(*(answer.get() for _ in range(100))) == [1] * 100
    clock.now = 0.9
    assert await answer.get() == 1
    clock.now = 1.0
    assert await answer.get() == 2
    clock.now = 5.0
    with pytest.raises(OSError, match="no"):
        await answer.get()
    assert await answer.get() == 4


async def test_who_leaves_does_not_end_it_for_others() -> None:
    """A client that hangs up while all wait for one answer takes nothing away."""
    ready = asyncio.Event()

    async def ask() -> str:
        await ready.wait()
        return "ok"

    answer = SharedAnswer(ask, seconds=1)
    first, second = (asyncio.create_task(answer.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    ready.set()

    assert await second == "ok"


async def test_a_share_is_not_exceeded() -> None:
    """Tasks beyond it wait; one that holds a place gets a second one without waiting."""
    held, most = 0, 0

    async def work() -> None:
        nonlocal held, most
        async with turn():
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            async with turn():
                await asyncio.sleep(0)
            held -= 1

    with sharing(Share(2)):
        tasks = [asyncio.create_task(work()) for _ in range(10)]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*tasks)
    assert most == 2

    most = 0
    await asyncio.gather(*(work() for _ in range(10)))
    assert most == 10
