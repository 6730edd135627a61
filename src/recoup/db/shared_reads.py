"""Reads that many want at the same time, done once. Nothing that is kept: an answer is never older
than the moment when it was asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_MOST_KEYS = 200
"""In one message: some 10 kB."""


class SharedReads(Generic[K, T]):
    """Reads of one thing each. Who comes while one runs shares the next."""

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[T]] = {}
        self._next: dict[K, asyncio.Task[T]] = {}

    async def get(self, key: K, read: Callable[[], Awaitable[T]]) -> T:
        """Raises what `read` raises, to all who wait for it."""
        task = self._next.get(key)
        if task is None:
            flight = self._fly(key, self._running.get(key), read)
            # Asked for everybody: not from the share of connections of whoever came first.
            task = self._next[key] = asyncio.create_task(flight, context=Context())
        # One who leaves does not end it for the others.
        return await asyncio.shield(task)

    async def _fly(
        self, key: K, before: asyncio.Task[T] | None, read: Callable[[], Awaitable[T]]
    ) -> T:
        if before is not None:
            await asyncio.wait({before})
        mine = self._running[key] = self._next.pop(key)
        try:
            return await read()
        finally:
            if self._running.get(key) is mine:
                del self._running[key]


class BatchedReads(Generic[K, T]):
    """Reads of many things at once. What is asked for while messages are on their way goes together
    in the next, so a herd of thousands waits for its turn and needs `flights` connections.

    read: returns what there is of some keys.
    """

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, T]]], *, flights: int = 2
    ) -> None:
        self._read = read
        self._flights = flights
        self._flying: set[asyncio.Task[None]] = set()
        self._waiting: dict[K, asyncio.Future[T | None]] = {}

    async def get(self, key: K) -> T | None:
        """None for what there is not. Raises what `read` raises, to all whose keys were in it."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
            if len(self._flying) < self._flights:
                flight = asyncio.create_task(self._fly(), context=Context())
                self._flying.add(flight)
        return await asyncio.shield(answer)

    async def _fly(self) -> None:
        try:
            while self._waiting:
                await self._read_next()
        finally:
            # In the same step as the last look at who waits: whoever comes after it flies anew.
            self._flying.discard(_this_task())

    async def _read_next(self) -> None:
        keys = list(self._waiting)[:_MOST_KEYS]
        asked = {key: self._waiting.pop(key) for key in keys}
        try:
            found = await self._read(keys)
        except BaseException as exc:  # those who asked raise it
            for answer in asked.values():
                _refuse(answer, exc)
            if not isinstance(exc, Exception):
                raise
        else:
            for key, answer in asked.items():
                if not answer.done():
                    answer.set_result(found.get(key))


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None, "it is called in one"
    return task


def _refuse(answer: asyncio.Future[T], why: BaseException) -> None:
    """Also where nobody waits any more: an exception that nobody fetches would be logged."""
    if isinstance(why, asyncio.CancelledError):
        answer.cancel()
    elif not answer.done():
        answer.set_exception(why)
        answer.exception()
