"""Token buckets, as Amazon's usage plans describe them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Holds up to `burst` calls and refills at `rate` calls per second.

    `at` is the time of the last call in seconds of any clock that never goes back.
    """

    rate: float
    burst: int
    level: float
    at: float

    def take(self, now: float) -> bool:
        """Whether a call at `now` is allowed. A refused call takes nothing."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


def full_bucket(rate: float, burst: int, now: float) -> Bucket:
    return Bucket(rate=rate, burst=burst, level=burst, at=now)
