"""Moments of the world: whole seconds since 1970 in UTC, so that a million cost little."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import NewType

Instant = NewType("Instant", int)
"""Seconds since 1970-01-01T00:00:00Z."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOREVER = Instant(2**60)
"""After everything."""
_EPOCH = date(1970, 1, 1).toordinal()


def after(moment: Instant, seconds: int) -> Instant:
    return Instant(moment + seconds)


def to_instant(moment: datetime) -> Instant:
    """The first whole second at or after an aware datetime.

    Rounding up keeps both ends of a half-open window right: everything in the world happens on
    whole seconds, so `x >= moment` and `x < moment` mean the same with the rounded value.
    """
    return Instant(math.ceil(moment.timestamp()))


def to_text(moment: Instant) -> str:
    """`2026-11-15T12:00:00Z`"""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_offset_text(moment: int) -> str:
    """`2026-11-15T12:00:00+00:00`, as most report files write it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def day_to_date(day: int) -> date:
    """The date of a day counted from 1970-01-01."""
    return date.fromordinal(_EPOCH + day)


def date_to_day(day: date) -> int:
    return day.toordinal() - _EPOCH
