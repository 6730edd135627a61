"""When a mail may be sent: once a local day, not in quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, strategies as st

from recoup.notifications.quiet import MailTimes, minute_of, time_of

BERLIN = MailTimes("Europe/Berlin", 8 * 60, 22 * 60, 7 * 60)
MINUTES = st.integers(0, 1439)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - UTC is added
    lambda naive: naive.replace(tzinfo=UTC)
)


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(20, 59), None),
        (at(21), at(6, 0, 11)),  # 22:00 in Berlin
        (at(23, 30), at(6, 0, 11)),
        (at(5, 59), at(6)),
        (at(6), None),
    ],
)
def test_quiet_hours_are_of_the_local_day(now: datetime, until: datetime | None) -> None:
    """Half-open, over midnight."""
    assert BERLIN.quiet_until(now) == until


def test_the_day_of_a_mail_begins_at_its_time() -> None:
    """Before it, the last mail that was due is yesterday's."""
    assert BERLIN.day_of(at(6, 59)) == date(2026, 11, 9)
    assert BERLIN.day_of(at(7)) == date(2026, 11, 10)


@given(now=TIMES, start=MINUTES, end=MINUTES)
def test_quiet_hours_always_end_outside_of_them(now: datetime, start: int, end: int) -> None:
    """A mail is postponed, never lost: at the end of quiet hours none begin, and it is ahead."""
    if start == end:
        return
    times = MailTimes("America/New_York", 0, start, end)
    until = times.quiet_until(now)
    if until is not None:
        assert until > now
        assert times.quiet_until(until) is None


@given(minute=MINUTES)
def test_a_time_of_the_day_is_read_as_it_is_written(minute: int) -> None:
    """Both ways."""
    assert minute_of(time_of(minute)) == minute


@pytest.mark.parametrize("text", ["24:00", "7:30", "07:60", "07-30", "", "\u0660\u0667:30"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """With an example."""
    with pytest.raises(ValueError, match="07:30"):
        minute_of(text)
