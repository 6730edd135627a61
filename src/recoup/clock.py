"""Time as a value that is passed in, so that tests choose it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_FIRST_YEAR, _LAST_YEAR = 1990, 2199

Clock = Callable[[], datetime]
"""Returns the present as an aware UTC datetime."""


def utc_now() -> datetime:
    """The current time on this machine, aware, UTC."""
    return datetime.now(UTC)


def to_rfc3339(moment: datetime) -> str:
    """`2026-11-15T12:00:00Z`, with milliseconds only where there are any.

    Raises ValueError for a naive datetime: which instant it means is unknown.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    moment = moment.astimezone(UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
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
