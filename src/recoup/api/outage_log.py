"""Why the database cannot be used: for the operator's log, and for nobody who asks over HTTP.

The server's texts name hosts, ports, accounts and folders, and an outage is told to whoever asks,
signed in or not.
"""

from __future__ import annotations

import time

from recoup.errors import DatabaseError
from recoup.logs import get_logger

OUTAGE = "database_unavailable"
"""The name of the log event."""

_log = get_logger(__name__)
# Every request of an outage has the same reason.
_TELL_AGAIN_SECONDS = 10.0


class _Told:
    """What was last told, and when (on the monotonic clock, seconds)."""

    reason = ""
    at = 0.0


def tell_operator(error: DatabaseError) -> None:
    """Logs each reason at once, and while it lasts every ten seconds."""
    reason, now = str(error), time.monotonic()
    if reason != _Told.reason or now - _Told.at >= _TELL_AGAIN_SECONDS:
        _Told.reason, _Told.at = reason, now
        _log.warning(OUTAGE, reason=reason)
