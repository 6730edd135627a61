"""Work with companion tasks that may end it: a heartbeat, a progress writer, a signal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_ASK_AGAIN_SECONDS = 2.0


async def run_beside(main: Coroutine[Any, Any, T], *side: Coroutine[Any, Any, None]) -> T:
    """Returns the result of `main`; the companions are cancelled at its end.

    When one of them raises first, `main` is cancelled, and that is raised.
    """
    work = asyncio.create_task(main)
    companions = [asyncio.create_task(coroutine) for coroutine in side]
    try:
        await asyncio.wait({work, *companions}, return_when=asyncio.FIRST_COMPLETED)
        for companion in companions:
            if companion.done() and not work.done():
                companion.result()
        return await work
    finally:
        await cancel_all([work, *companions])


async def run_all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Returns all results, in order; the first exception cancels the others and is raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await cancel_all(tasks)


async def end_what_began(
    work: Coroutine[Any, Any, T], *, has_begun: Callable[[], bool], within: timedelta
) -> T:
    """Returns the result of `work`. A cancel is obeyed at once until it has begun, afterwards when it
    has ended, or after `within`: what another machine does already cannot be called back.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    finally:
        deadline = time.monotonic() + within.total_seconds()
        while has_begun() and not task.done() and (left := deadline - time.monotonic()) > 0:
            with suppress(asyncio.CancelledError):  # `cancel_all` repeats its request
                await asyncio.wait({task}, timeout=left)
        await cancel_all([task])


async def cancel_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Returns when all have ended. What they return or raise is nobody's any more.

    A request to cancel can be lost: `asyncio.wait_for`, in which pools of connections wait, returns a
    result that comes at the same moment instead (until Python 3.12). So it is made again, after longer
    than a task takes to put its things in order.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def ask() -> None:
        nonlocal timer
        for task in tasks:
            task.cancel()
        timer = loop.call_later(_ASK_AGAIN_SECONDS, ask)

    ask()
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        timer.cancel()
