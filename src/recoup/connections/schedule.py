"""When connections sync by themselves: by the server's schedule, or by one of their own. Pure.

A schedule is a cron expression in UTC, or empty: no scheduled sync.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped] # croniter ships no types

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
# More often than hourly only asks Amazon for what it has not got: reports are made a few times a day.
_FIXED_MINUTE = re.compile(r"\d{1,2} ")


def next_scheduled_sync(schedule: str, now: datetime) -> datetime | None:
    """The first minute after `now` that matches the cron, in UTC; None without a schedule."""
    if not schedule:
        return None
    at: datetime = croniter(schedule, now).get_next(datetime)
    return at


def is_due(schedule: str, minute: datetime) -> bool:
    """Whether a sync is to start in this minute."""
    return bool(schedule) and bool(croniter.match(schedule, minute))


def syncs_by_itself(own: str | None, *, server_syncs: bool) -> bool:
    """own: the schedule of the connection; None where it follows the server's, if there is one."""
    return server_syncs if own is None else bool(own)


def require_schedule(text: str) -> str:
    """The schedule of a connection without needless blanks. Raises ValueError for one that is none,
    or that could be due more than once an hour.
    """
    schedule = " ".join(text.split())
    if not schedule:
        return ""
    if not _FIXED_MINUTE.match(schedule) or len(schedule.split()) != 5:
        raise ValueError("must be a cron expression of five fields with one minute: `0 2 * * *`")
    if not croniter.is_valid(schedule):
        raise ValueError("must be a cron expression such as `0 2 * * *`, or empty for none")
    try:
        next_scheduled_sync(schedule, _ANY_TIME)
    except CroniterBadDateError:
        raise ValueError("names a day that never comes, such as the 30th of February") from None
    return schedule
