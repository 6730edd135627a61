"""Reads that many want at once (recoup.db.shared_reads)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from recoup.db.shared_reads import BatchedReads, SharedReads
from tests.support.patience import PATIENCE


async def test_who_comes_while_messages_are_on_their_way_shares_the_next() -> None:
    """A thousand who ask cost a few reads; each gets its own answer, or None."""
    batches: list[int] = []

    async def read(keys: Sequence[int]) -> dict[int, str]:
        batches.append(len(keys))
        await asyncio.sleep(0)
        return {key: str(key) for key in keys if key != 7}

    reads = BatchedReads(read)
    asked = [*range(1000), *range(1000)]
    answers = await asyncio.gather(*(reads.get(key) for key in asked))

    assert answers == [None if key == 7 else str(key) for key in asked]
    assert sum(batches) == 1000
    assert len(batches) < 10


async def test_nobody_waits_for_a_flight_that_has_just_landed() -> None:
    """Whoever asks when the last read has ended, and its task has not yet, is answered too."""
    landed = asyncio.get_running_loop().create_future()

    async def read(keys: Sequence[int]) -> dict[int, int]:
        if not landed.done():
            landed.set_result(None)  # wakes the second one, before what follows the task's end
        return {key: key for key in keys}

    async def ask_when_landed() -> int | None:
        await landed
        return await reads.get(2)

    reads = BatchedReads(read, flights=1)
    late = asyncio.create_task(ask_when_landed())
    await asyncio.sleep(0)
    assert await reads.get(1) == 1
    async with asyncio.timeout(PATIENCE):
        assert await late == 2


async def test_an_answer_is_never_older_than_its_question() -> None:
    """A read that began before the question does not answer it: what changed meanwhile is seen."""
    stored, go_on = "old", asyncio.Event()

    async def read_many(keys: Sequence[str]) -> dict[str, str]:
        seen = stored
        await go_on.wait()
        return dict.fromkeys(keys, seen)

    async def read_one() -> str:
        return (await read_many(["key"]))["key"]

    batched, shared = BatchedReads(read_many), SharedReads[str, str]()
    early = [
        asyncio.create_task(batched.get("key")),
        asyncio.create_task(shared.get("key", read_one)),
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stored = "new"
    late = [
        asyncio.create_task(batched.get("key")),
        asyncio.create_task(shared.get("key", read_one)),
    ]
    await asyncio.sleep(0)
    go_on.set()

    assert await asyncio.gather(*early) == ["old", "old"]
    assert await asyncio.gather(*late) == ["new", "new"]


async def test_a_failure_reaches_all_who_asked_and_is_not_kept() -> None:
    """The next question is a new read."""
    fails = [True]

    async def read(keys: Sequence[int]) -> dict[int, int]:
        if fails.pop() if fails else False:
            raise OSError("no")
        return {key: key for key in keys}

    reads = BatchedReads(read, flights=1)
    refused = await asyncio.gather(*(reads.get(n) for n in range(3)), return_exceptions=True)

    assert [type(one) for one in refused] == [OSError] * 3
    assert await reads.get(1) == 1


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    """A client that hangs up does not end the read that others wait for."""
    go_on = asyncio.Event()

    async def read(keys: Sequence[int]) -> dict[int, int]:
        await go_on.wait()
        return {key: key for key in keys}

    reads = BatchedReads(read)
    first, second = (asyncio.create_task(reads.get(1)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()

    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first
