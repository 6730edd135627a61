"""Token buckets: how much somebody may ask for at a time and in the long run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What people and frontends never meet; for a user, and for an address without one.

    per_second: requests in the long run. burst: at once, after a pause.
    connections_per_user: connections to the database that one user's requests hold at a time.
    """

    per_second: float = 50.0
    burst: float = 500.0
    connections_per_user: int = 5


class Buckets:
    """A bucket for each key. Bounded: the one that was used least recently is forgotten, full or not.

    monotonic: seconds.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: float,
        monotonic: Callable[[], float],
        keys: int = 10_000,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._keys = keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> float:
        """Takes from a bucket; 0, or the seconds until that is possible. Then nothing was taken."""
        now = self._monotonic()
        content, at = self._buckets.pop(key, (self._burst, now))
        content = min(self._burst, content + (now - at) * self._per_second)
        wait = max(0.0, (cost - content) / self._per_second)
        self._buckets[key] = (content if wait else content - cost, now)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        return wait
