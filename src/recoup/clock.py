"""Time as a value that is passed in, so that tests choose it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

# A machine that began without a time (no battery, NTP late) is set right by more than this.
_CORRECTION = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1990, 2199

Clock = Callable[[], datetime]
"""Returns the present as an aware UTC datetime."""


def utc_now() -> datetime:
    """The current time on this machine, aware, UTC."""
    return datetime.now(UTC)


def _elapsed() -> float:
    """Seconds since some moment, those included in which the machine slept."""
    if not hasattr(time, "clock_gettime"):  # Windows
        return time.monotonic()
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The time of this machine as it was at the start, and what has gone by since.

    A clock that is set meanwhile does not move it, so a difference to Amazon's clock that was learned
    before stays right (recoup.spapi.amazon_clock). More than a day is a correction, and followed.
    """

    def __init__(self, wall: Clock = utc_now, elapsed: Callable[[], float] = _elapsed) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._ahead = wall() - _after(elapsed())

    def __call__(self) -> datetime:
        """The present, aware, UTC."""
        steady, wall = _after(self._elapsed()) + self._ahead, self._wall()
        if abs(wall - steady) > _CORRECTION:
            self._ahead += wall - steady
            return wall
        return steady


def _after(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


steady_now = SteadyClock()
"""For what is reckoned in Amazon's time."""


def to_rfc3339(moment: datetime) -> str:
    """`2026-11-15T12:00:00Z`, with milliseconds only where there are any. Read and written again it is
    the same text.

    Raises ValueError for a naive datetime: which instant it means is unknown.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    moment = moment.astimezone(UTC)
    spec = "milliseconds" if moment.microsecond >= 1000 else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """The aware UTC datetime of an ISO 8601 text with offset. Raises ValueError without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no UTC offset in {text!r}")
    return moment.astimezone(UTC)


def parse_believable(text: str) -> datetime:
    """Like `parse_rfc3339`, for a time that somebody else says.

    Raises ValueError, without the text itself, also for a year with which sums and windows of time
    go wrong.
    """
    try:
        moment = parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise ValueError("is not a time") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"is in the year {moment.year}")
    return moment


def parse_http_date(text: str) -> datetime:
    """The instant of an HTTP `Date` header (RFC 9110, 5.6.7). Raises ValueError."""
    return parsedate_to_datetime(text).astimezone(UTC)


def format_http_date(moment: datetime) -> str:
    """An instant as an HTTP `Date` header, whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
