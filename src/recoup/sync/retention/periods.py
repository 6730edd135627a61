"""How long rows are kept, in days of the calendar. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

DEMANDED_MONTHS = 18
"""Amazon's Data Protection Policy of 2025-11-11: non-personal data is deleted within 18 months."""

RAW_MONTHS = 6
"""How long files and unreadable rows are kept as they came (ours): for an upgrade that reads more of
them, and beyond the 90 days in which Amazon has a settlement file."""

BATCH = timedelta(days=31)
"""The age that one transaction deletes at most, so that a backlog holds no lock for long."""

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """What is deleted in a week: rows of days before `rows_from`, raw ones that came before
    `raw_from`. Both are Mondays: a week of rows goes at once, up to six days early.
    """

    rows_from: date
    raw_from: date


def limits(today: date, *, months: int) -> Limits:
    """The limits of the week that `today` is in."""
    return Limits(
        _next_monday(months_before(today, months)), _next_monday(months_before(today, RAW_MONTHS))
    )


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last one that it has."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def _next_monday(day: date) -> date:
    """The day itself if it is one."""
    return day + timedelta(days=-day.weekday() % _WEEK)
