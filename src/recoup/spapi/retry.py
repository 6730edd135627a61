"""How long to retry, and how long to wait in between."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

_MAX_DOUBLINGS = 30  # beyond the cap in any case, and far from the largest float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter; every wait has a ceiling and can be cancelled."""

    attempts: int = 6
    """Tries of one call that gets malformed answers, and the least of one that finds Amazon
    unavailable."""
    outage: timedelta = timedelta(minutes=10)
    """How long a call is retried while Amazon is unavailable (5xx, a broken connection)."""
    base: timedelta = timedelta(seconds=0.5)
    cap: timedelta = timedelta(seconds=30)
    throttled_for: timedelta = timedelta(hours=6)
    """How long a call gets nothing but 429s before it gives up."""
    request_limit: timedelta = timedelta(minutes=2)
    """The time limit of one request, however slowly its answer arrives."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    """A number in [0, 1), the share of the back-off to wait."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""

    def is_lost(self, failures: int, since: float) -> bool:
        """Whether a call that has found Amazon unavailable so often, since then on the monotonic
        clock, is given up.
        """
        return failures >= self.attempts and self.monotonic() - since >= self.outage.total_seconds()

    async def pause(self, failures: int, *, at_least: timedelta | None = None) -> None:
        """Waits after the n-th failure in a row, at least as long as Amazon requested."""
        ceiling = min(self.base * 2 ** min(failures - 1, _MAX_DOUBLINGS), self.cap)
        seconds = ceiling.total_seconds() * self.jitter()
        await self.sleep(max(seconds, at_least.total_seconds() if at_least else 0.0))


DEFAULT_RETRY = RetryPolicy()
