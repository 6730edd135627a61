"""A worker's slots: a sync occupies one only while part of it works.

A sync waits most of its life: for a limit, for Amazon to make a report, after a refusal. While all
of its streams wait it releases its slot, and queues for one again afterwards. So one
throttled seller keeps nobody else waiting, and any number of syncs may be under way in a worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Limits how many syncs of one worker work at once, first come, first served."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    def seat(self) -> Seat:
        """A seat for one sync, still without a slot."""
        return Seat(self._free)


class Seat:
    """One sync's claim to a slot, shared by its streams.

    The first stream that comes to work takes the slot, the last one that leaves releases it. What
    is cancelled holds nothing. Whoever needs something else too, such as the right to load a file,
    takes that first: a slot is never held while waiting for another worker's good.
    """

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._held = False
        self._inside = 0
        self._away = 0
        # One stream waits for the slot, the others of the sync wait behind it.
        self._door = asyncio.Lock()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Inside, the sync has a slot; waits for one unless another stream already has it."""
        self._inside += 1
        try:
            await self._take()
            yield
        finally:
            self._inside -= 1
            self._give_back()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Inside `at_work`: releases the stream's need of a slot while it lasts."""
        self._away += 1
        self._give_back()
        try:
            yield
        finally:
            self._away -= 1
        await self._take()

    @property
    def _works(self) -> bool:
        return self._inside > self._away

    async def _take(self) -> None:
        async with self._door:
            if not self._held:
                await self._free.acquire()
                self._held = True
        # Whoever wanted it may have been cancelled while the slot was on its way.
        self._give_back()

    def _give_back(self) -> None:
        if self._held and not self._works:
            self._held = False
            self._free.release()
