"""Several services in one process and event loop, until a signal or until the first one ends."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TypeVar

from recoup.sync.side_tasks import cancel_all

T = TypeVar("T")

Service = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Runs until the event is set, then ends by itself within a few seconds."""

# A worker hands its syncs on in 3 seconds, and one in a process of its own is given 4.5
# (worker_process.py); whoever is later than this is cancelled.
_GRACE_SECONDS = 5.0

# Containers made and not freed, after which the collector looks for cycles. A page of Amazon's has
# tens of thousands, and at Python's 700 a worker spends a seventh of its time on looking.
_COLLECT_AFTER = 10_000

_Handler = Callable[[int, FrameType | None], object]


def end_in_order() -> None:
    """Makes terminating signals raise, so that everything started is stopped.

    The default would leave the embedded PostgreSQL behind.
    """

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    # A shell without job control starts background programs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in _ending_signals() - {signal.SIGINT}:
        signal.signal(number, leave)


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, on the loop that serves the most requests of one processor. Blocking.

    Also spares the collector of cycles all that was made until now, which stays to the end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    with asyncio.Runner(loop_factory=_fast_loop) as runner:
        return runner.run(main)


def _fast_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":  # where uvloop does not run
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


async def run_services(services: Sequence[Service]) -> bool:
    """Runs all until a signal arrives or the first one ends; then stops the others too.

    True when it was a signal. Raises what the first service that failed raised.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    came: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        loop.call_soon_threadsafe(stop.set)

    tasks = [asyncio.create_task(service(stop)) for service in services]
    stopped = asyncio.create_task(stop.wait())
    with _signals_to(hear):
        try:
            first, _ = await asyncio.wait({*tasks, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
        finally:
            await cancel_all([*tasks, stopped])
    _raise_first([*first, *tasks])
    return bool(came)


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Runs work that does not know `stop`; if it is set, cancels the work and returns None."""
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await cancel_all([working, stopped])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keeps signals from ending the block, for the short time that stopping a server takes."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        return

    with _signals_to(ignore):
        yield


@contextmanager
def _signals_to(handler: _Handler) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ending_signals()}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _ending_signals() -> set[signal.Signals]:
    """The terminating signals. Windows has no SIGHUP, and nohup(1) must be respected."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        numbers.add(hangup)
    return numbers


def _raise_first(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
