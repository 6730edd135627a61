"""The calls that Amazon still allows, and their budget."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from typing import Protocol

from recoup.spapi.bucket import (
    SAFETY,
    Bucket,
    after_throttling,
    full_bucket,
    seconds_until_call,
    spend,
    with_learned_rate,
)
from recoup.spapi.operation import Operation, UsagePlan

__all__ = ["SAFETY", "Budget", "LocalBudget", "OwnWorkplace", "UsagePlan", "Workplace"]


class Budget(Protocol):
    """The calls still allowed for one connection, shared by all processes that call."""

    async def acquire(self, operation: Operation) -> None:
        """Returns when one call may be made. Holds nothing while it waits; can be cancelled."""

    async def learned(self, operation: Operation, rate: float) -> None:
        """Records the rate that Amazon applies, in calls per second (x-amzn-RateLimit-Limit)."""

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        """Records a 429; `retry_after` is Amazon's own wait, if it named one."""

    async def unanswered(self, operation: Operation) -> None:
        """Records that Amazon has not answered some attempts of a call, which continues."""

    async def recovered(self, operation: Operation) -> None:
        """Records that Amazon accepted a call that it had refused or not answered before."""


class Workplace(Protocol):
    """A place to work for one seller, in a process with more sellers than it can serve at once."""

    def at_work(self) -> AbstractAsyncContextManager[None]:
        """Inside, this seller may work; waits until it may."""

    def away(self) -> AbstractAsyncContextManager[None]:
        """Inside `at_work`: a wait, during which another seller may work."""


class OwnWorkplace:
    """The workplace of a process that works for one seller only."""

    @staticmethod
    def at_work() -> AbstractAsyncContextManager[None]:
        return nullcontext()

    @staticmethod
    def away() -> AbstractAsyncContextManager[None]:
        return nullcontext()


class LocalBudget:
    """A budget in the memory of one process: for one-shot calls and for tests.

    `monotonic` returns seconds, `sleep` waits as many.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._buckets: dict[str, Bucket] = {}
        # Who came first goes first: the waiters of one operation stand in its lock's queue.
        self._queues: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def _bucket(self, operation: Operation) -> Bucket:
        return self._buckets.get(operation.name) or full_bucket(operation.plan, self._monotonic())

    async def acquire(self, operation: Operation) -> None:
        async with self._queues[operation.name]:
            # Asked again after each wait: a 429 may have emptied the bucket in the meantime.
            while wait := seconds_until_call(self._bucket(operation), self._monotonic()):
                await self._sleep(wait)
            self._buckets[operation.name] = spend(self._bucket(operation), self._monotonic())

    async def learned(self, operation: Operation, rate: float) -> None:
        self._buckets[operation.name] = with_learned_rate(
            self._bucket(operation), self._monotonic(), rate
        )

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        self._buckets[operation.name] = after_throttling(
            self._bucket(operation),
            self._monotonic(),
            retry_after.total_seconds() if retry_after else 0.0,
        )

    async def unanswered(self, operation: Operation) -> None:
        """Does nothing: nobody else is informed."""

    async def recovered(self, operation: Operation) -> None:
        """Does nothing: nobody else is informed."""
