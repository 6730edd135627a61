"""Why the database or the disk cannot be used: for the operator's log, and for nobody who asks over HTTP.

The texts name hosts, ports, accounts and folders, and an outage is told to whoever asks, signed in or
not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from recoup.errors import DatabaseError
from recoup.logs import get_logger

OUTAGE = "database_unavailable"
"""The name of the log event."""

_log = get_logger(__name__)
# Every request of an outage has one of a few reasons.
_TELL_AGAIN_SECONDS = 10.0
_MOST_REASONS = 20


class OutageLog:
    """Logs each reason at once, and while it lasts every ten seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}

    def tell(self, error: DatabaseError) -> None:
        reason, now = str(error), self._clock()
        told_at = self._told_at.get(reason)
        if told_at is not None and now - told_at < _TELL_AGAIN_SECONDS:
            return
        if len(self._told_at) >= _MOST_REASONS:
            self._told_at.clear()
        self._told_at[reason] = now
        _log.warning(OUTAGE, reason=reason)


OUTAGES = OutageLog()
"""Of this process."""
