"""A clock that is set while recoup runs, and times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recoup.clock import SteadyClock, parse_rfc3339, steady_now, to_rfc3339
from recoup.config import Settings
from recoup.spapi.amazon_clock import AmazonClock
from recoup.sync.access import SellerAccess

START = datetime(2026, 11, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """Its clock, and the seconds since it was switched on."""

    def __init__(self) -> None:
        self.wall, self.seconds = START, 500.0
        self.steady = SteadyClock(lambda: self.wall, lambda: self.seconds)

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_that_is_set_moves_no_window(step: timedelta) -> None:
    """Until the next answer recoup would close an hour that is not over, and lose its rows."""
    machine = Machine()
    amazon = AmazonClock(machine.steady)
    amazon.learn({"date": "Sun, 15 Nov 2026 12:00:05 GMT"})
    machine.wall += step
    machine.passes(10)

    assert amazon.ahead is not None
    assert machine.steady() + amazon.ahead == START + timedelta(seconds=15)


def test_a_clock_that_was_years_off_is_believed_once_it_is_right() -> None:
    """A machine without a battery begins in 1970: recoup need not be started again."""
    machine = Machine()
    machine.wall += timedelta(days=9000)
    machine.passes(10)

    assert machine.steady() == machine.wall
    machine.passes(10)
    assert machine.steady() == machine.wall


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 999_999])
def test_a_time_that_was_sent_is_written_as_it_came(microsecond: int) -> None:
    """Else a client would print other times than the server: `27.000Z` here and `27Z` there."""
    sent = to_rfc3339(START.replace(microsecond=microsecond))

    assert to_rfc3339(parse_rfc3339(sent)) == sent


async def test_syncs_reckon_with_it() -> None:
    """What reads from Amazon uses it unless a test says otherwise."""
    access = SellerAccess(Settings())

    assert access._clock is steady_now
    await access.close()
