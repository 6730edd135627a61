"""Who waits holds no slot, and who works holds one."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from recoup.sync.pacing.slots import Seat, Slots
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.anyio


class Worked:
    """Counts the syncs that work at the same time, however many streams of each."""

    def __init__(self) -> None:
        self.now: Counter[Seat] = Counter()
        self.most = 0

    async def step(self, seat: Seat) -> None:
        async with seat.at_work():
            self.now[seat] += 1
            self.most = max(self.most, len(+self.now))
            await asyncio.sleep(0)
            self.now[seat] -= 1


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_no_more_work_at_once_than_there_are_slots():
    """Two slots, twenty sellers of five streams: never more than two sellers at work."""
    slots, worked = Slots(2), Worked()
    seats = [slots.seat() for _ in range(20)]
    await asyncio.gather(*(worked.step(seat) for seat in seats for _ in range(5)))
    assert worked.most == 2


async def test_streams_of_one_sync_share_its_slot():
    """All streams of a sync work side by side on one slot."""
    seat = Slots(1).seat()
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(PATIENCE):
            for _ in range(5):
                await stack.enter_async_context(seat.at_work())


async def test_a_throttled_seller_keeps_nobody_waiting():
    """One slot, one seller who waits for an hour, 199 others: all of them finish meanwhile."""
    slots = Slots(1)
    hour = asyncio.Event()
    done = 0

    async def throttled() -> None:
        seat = slots.seat()
        async with seat.at_work(), seat.away():
            await hour.wait()

    async def other() -> None:
        nonlocal done
        seat = slots.seat()
        for _ in range(3):
            async with seat.at_work():
                await asyncio.sleep(0)
        done += 1

    waiting = asyncio.create_task(throttled())
    await settle()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(other() for _ in range(199)))
    assert done == 199
    assert not waiting.done()
    hour.set()
    await waiting


async def test_the_slot_is_kept_while_one_stream_works():
    """A wait of one stream gives the slot back only when no other stream works."""
    slots = Slots(1)
    seat, other = slots.seat(), slots.seat()
    async with seat.at_work(), seat.at_work(), seat.away():
        entered = asyncio.create_task(other.at_work().__aenter__())
        await settle()
        assert not entered.done()
    await asyncio.wait_for(entered, PATIENCE)


async def test_the_slot_is_taken_again_after_the_wait():
    """Whoever comes back stands in line, and goes on when it is their turn."""
    slots = Slots(1)
    seat, other = slots.seat(), slots.seat()
    back = asyncio.Event()
    over = asyncio.Event()

    async def waits() -> None:
        async with seat.at_work():
            async with seat.away():
                await back.wait()
            over.set()

    task = asyncio.create_task(waits())
    await settle()
    async with other.at_work():
        back.set()
        await settle()
        assert not over.is_set()
    await asyncio.wait_for(over.wait(), PATIENCE)
    await task


async def test_first_come_first_served():
    """Slots go to those who have waited longest."""
    slots, order = Slots(1), []
    holder = slots.seat()

    async def wants(name: int) -> None:
        async with slots.seat().at_work():
            order.append(name)

    async with holder.at_work():
        tasks = [asyncio.create_task(wants(name)) for name in range(10)]
        await settle()
    await asyncio.gather(*tasks)
    assert order == list(range(10))


@pytest.mark.parametrize("where", ["waiting for a slot", "at work", "away"])
async def test_a_cancelled_sync_holds_nothing(where):
    """Wherever a cancel finds a sync, its slot is free for the next one."""
    slots = Slots(1)
    seat, blocker = slots.seat(), slots.seat()

    async def works() -> None:
        async with seat.at_work():
            if where == "away":
                async with seat.away():
                    await asyncio.Event().wait()
            await asyncio.Event().wait()

    async with AsyncExitStack() as stack:
        if where == "waiting for a slot":
            await stack.enter_async_context(blocker.at_work())
        task = asyncio.create_task(works())
        await settle()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(PATIENCE), slots.seat().at_work():
        pass
