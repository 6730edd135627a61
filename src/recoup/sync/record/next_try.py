"""When a sync that failed is started again by itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from recoup.errors import RecoupError, Recovery

TRIGGER = "retry"
"""Of a sync that recoup starts because the one before it failed."""
GAPS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=10))
"""Together fewer hours than a day has: then the schedule is due."""

_PASSES = frozenset({Recovery.RETRY, Recovery.SNOOZE})


def next_try(errors: Sequence[RecoupError], *, tried: int, ended_at: datetime) -> datetime | None:
    """When to start a sync again that ended with these errors; None: not before its schedule.

    tried: how many syncs in a row this was done for. What a person must mend does not pass, and what
    Amazon does not accept as it is would not be accepted then either.
    """
    needs_person = any(error.recovery is Recovery.FAIL_SYNC for error in errors)
    passes = any(error.recovery in _PASSES for error in errors)
    if needs_person or not passes or tried >= len(GAPS):
        return None
    return ended_at + GAPS[tried]
