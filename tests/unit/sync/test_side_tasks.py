"""Companion tasks end when they are told to, whatever becomes of the first request."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from recoup.sync import side_tasks
from tests.support.patience import PATIENCE

_LONG = timedelta(seconds=PATIENCE)


async def test_a_request_to_cancel_that_was_lost_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `asyncio.wait_for` of Python 3.11 loses it: the task goes on as if nothing was said."""
    monkeypatch.setattr(side_tasks, "_ASK_AGAIN_SECONDS", 0.01)
    asked = 0

    async def companion() -> None:
        nonlocal asked
        while asked < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked += 1

    task = asyncio.create_task(companion())
    await asyncio.sleep(0)
    await side_tasks.cancel_all([task])

    assert task.done()
    assert asked == 2


class _Elsewhere:
    """Work that another machine goes on with once it has begun."""

    def __init__(self, *, begins: bool = True) -> None:
        self.has_begun = False
        self.goes_on = asyncio.Event()
        self._begins = begins

    async def work(self) -> str:
        self.has_begun = self._begins
        await self.goes_on.wait()
        return "done"

    def task(self, *, within: timedelta) -> asyncio.Task[str]:
        return asyncio.create_task(
            side_tasks.end_what_began(self.work(), has_begun=lambda: self.has_begun, within=within)
        )


async def test_what_has_begun_ends_although_it_is_cancelled_again_and_again() -> None:
    elsewhere = _Elsewhere()
    ended = []
    task = elsewhere.task(within=_LONG)
    task.add_done_callback(ended.append)
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not ended

    elsewhere.goes_on.set()
    await asyncio.wait({task})

    assert task.cancelled(), "who cancelled is not told of a result"


async def test_what_has_not_begun_ends_at_once() -> None:
    task = _Elsewhere(begins=False).task(within=_LONG)
    await asyncio.sleep(0)
    task.cancel()

    done, _ = await asyncio.wait({task}, timeout=_LONG.total_seconds() / 2)

    assert done
    assert task.cancelled()


async def test_what_has_begun_is_not_waited_for_for_ever() -> None:
    task = _Elsewhere().task(within=timedelta(seconds=0.01))
    await asyncio.sleep(0)
    task.cancel()

    done, _ = await asyncio.wait({task}, timeout=_LONG.total_seconds())

    assert done


async def test_without_a_cancel_the_result_and_the_error_come_through() -> None:
    elsewhere = _Elsewhere()
    elsewhere.goes_on.set()

    async def fails() -> None:
        raise LookupError

    assert await elsewhere.task(within=_LONG) == "done"
    with pytest.raises(LookupError):
        await side_tasks.end_what_began(fails(), has_begun=lambda: True, within=_LONG)
