"""Work with companion tasks that may end it: a heartbeat, a progress writer, a signal."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


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
        await _cancel_all([work, *companions])


async def run_all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Returns all results, in order; the first exception cancels the others and is raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await _cancel_all(tasks)


async def _cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
