"""What a worker does about syncs that the database fails: it leaves them alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST_SECONDS = 2.0
_LONGEST_SECONDS = 30.0


class OutagePause:
    """Seconds in which no sync is begun, twice as many after each that failed too.

    A full disk or a server that is read-only for now fails every attempt, many times a minute; what
    runs meanwhile goes on. Half a minute at most, so that syncs go on soon after the fault is gone.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seconds = 0.0
        self._until = -1.0

    @property
    def is_on(self) -> bool:
        return self._monotonic() < self._until

    def begin(self) -> float:
        """The length of the pause; of the present one where several syncs fail together."""
        if not self.is_on:
            self._seconds = min(max(_FIRST_SECONDS, 2 * self._seconds), _LONGEST_SECONDS)
            self._until = self._monotonic() + self._seconds
        return self._seconds

    def forget(self) -> None:
        """A sync has come to its end: the next pause is a short one again."""
        self._seconds = 0.0
