"""When the scheduled sync comes next."""

from __future__ import annotations

from datetime import datetime

from croniter import croniter  # type: ignore[import-untyped] # croniter ships no types

from recoup.errors import ConfigurationError


def require_valid_schedule(schedule: str) -> None:
    """Raises ConfigurationError. Empty means that there is none."""
    if schedule and not croniter.is_valid(schedule):
        raise ConfigurationError(
            f"RECOUP_SYNC_SCHEDULE: {schedule!r} is no cron expression, e.g. 0 2 * * *"
        )


def next_scheduled_sync(schedule: str, now: datetime) -> datetime | None:
    """The first minute after `now` that the cron names, in UTC; None without a schedule."""
    if not schedule:
        return None
    at: datetime = croniter(schedule, now).get_next(datetime)
    return at
