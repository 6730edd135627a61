"""Detects when a sync only waits for reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from recoup.sync.side_tasks import run_all

T = TypeVar("T")


class Standstill:
    """Counts the active parts of a sync. It begins with one, the sync itself.

    A wait for a limit counts as doing something: it ends by itself, and soon.
    """

    def __init__(self) -> None:
        self._busy = 1

    @property
    def is_reached(self) -> bool:
        """Whether every part waits for a report."""
        return self._busy == 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside, the part waits for a report and is not active."""
        self._busy -= 1
        try:
            yield
        finally:
            self._busy += 1

    async def run_all(self, parts: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """Like recoup.sync.side_tasks.run_all, but only the parts count while it lasts.

        Takes functions: the coroutine of a part that is cancelled before it begins is never made.
        """
        running = set(range(len(parts)))
        self._busy += len(parts) - 1

        async def run(number: int) -> T:
            try:
                return await parts[number]()
            finally:
                running.discard(number)
                self._busy -= 1

        try:
            return await run_all([run(number) for number in range(len(parts))])
        finally:
            self._busy += 1 - len(running)
