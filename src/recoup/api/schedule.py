"""The time of the next scheduled sync."""

from __future__ import annotations

from datetime import datetime

from croniter import croniter  # type: ignore[import-untyped] # croniter ships no types


def next_scheduled_sync(schedule: str, now: datetime) -> datetime | None:
    """The first minute after `now` that matches the cron, in UTC; None without a schedule."""
    if not schedule:
        return None
    at: datetime = croniter(schedule, now).get_next(datetime)
    return at
