"""A question that many ask at once, and that is answered once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedAnswer(Generic[T]):
    """The answer of `ask`, which is good for some seconds. Those who come meanwhile wait for it."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[T]],
        *,
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._monotonic = monotonic
        self._flight: asyncio.Task[T] | None = None
        self._landed_at = 0.0

    async def get(self) -> T:
        """Raises what `ask` raises; a failure is not kept."""
        if self._flight is None or (
            self._flight.done() and self._monotonic() - self._landed_at >= self._seconds
        ):
            # Asked for everybody: not from the share of connections of whoever came first.
            self._flight = asyncio.create_task(self._fly(), context=Context())
        # One who leaves does not end it for the others.
        return await asyncio.shield(self._flight)

    async def _fly(self) -> T:
        try:
            answer = await self._ask()
        except BaseException:
            self._flight = None
            raise
        self._landed_at = self._monotonic()
        return answer
