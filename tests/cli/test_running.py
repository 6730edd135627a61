"""Services that run beside each other, and work that a stop interrupts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from recoup.cli.running import run_loop, run_services, unless_stopped


@pytest.fixture
def collector() -> Iterator[None]:
    """Leaves the collector of cycles as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_a_page_is_read_without_a_search_for_cycles() -> None:
    """Thousands of containers of a page are made before the collector looks; what was there at the
    start it never looks at again.
    """
    looked: list[str] = []

    async def read() -> int:
        gc.callbacks.append(lambda phase, _info: looked.append(phase))
        try:
            page = [{} for _ in range(5_000)]
        finally:
            gc.callbacks.pop()
        return len(page) + gc.get_freeze_count()

    assert run_loop(read()) > 5_000 + 10_000
    assert looked == []


async def test_the_first_failure_stops_the_others():
    """One part that fails ends all, in order, and its error is the one that is raised."""
    ended = []

    async def fails(stop: asyncio.Event) -> None:
        raise OSError("no such port")

    async def works(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("in order")

    with pytest.raises(OSError, match="no such port"):
        await run_services([works, fails])

    assert ended == ["in order"]


async def test_the_first_end_stops_the_others():
    """A part that is done ends all, and no signal is reported."""

    async def is_done(stop: asyncio.Event) -> None:
        return

    async def works(stop: asyncio.Event) -> None:
        await stop.wait()

    assert await run_services([works, is_done]) is False


async def test_a_stop_interrupts_work_that_does_not_know_it():
    """Nothing is given then, and the work has been cancelled when that is known."""
    stop = asyncio.Event()
    waiting = asyncio.Event()
    cancelled = asyncio.Event()

    async def endless() -> int:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return 1

    running = asyncio.create_task(unless_stopped(stop, endless()))
    await waiting.wait()
    stop.set()

    assert await running is None
    assert cancelled.is_set()


async def test_work_that_ends_gives_its_result():
    """Without a stop the work is as if awaited, also when it fails."""

    async def answer() -> int:
        return 42

    async def fail() -> int:
        raise ValueError("wrong")

    assert await unless_stopped(asyncio.Event(), answer()) == 42
    with pytest.raises(ValueError, match="wrong"):
        await unless_stopped(asyncio.Event(), fail())
