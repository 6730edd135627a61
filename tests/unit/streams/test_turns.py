"""Which day reads what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recoup.streams._turns import CYCLE, EVERY_DAY, has_turn, sweep_pieces
from recoup.streams._window import Window, union

DAY = timedelta(days=1)
SWEEP, OVERLAP = timedelta(days=42), timedelta(days=2)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def pieces(*, since: datetime, now: datetime) -> list[Window]:
    return sweep_pieces(SWEEP, overlap=OVERLAP, since=since, now=now)


def ages(window: Window, today: datetime) -> tuple[int, int]:
    return (today - window.until).days, (today - window.since).days


def test_each_day_of_the_week_has_a_seventh_of_the_sweep() -> None:
    """Monday the newest, Sunday the oldest, at whatever hour; together they are the whole."""
    found = []
    for number in range(7):
        today = MONDAY + number * DAY
        [piece] = pieces(since=today - timedelta(hours=1), now=today + timedelta(hours=number))
        found.append(ages(piece, today))

    assert found == [(2, 8), (8, 14), (14, 20), (20, 26), (26, 32), (32, 38), (38, 44)]


def test_a_day_that_has_begun_already_brings_nothing_again() -> None:
    """Nor does a clock that is a second behind."""
    noon = MONDAY + timedelta(hours=12)

    assert pieces(since=MONDAY, now=noon) == []
    assert pieces(since=noon, now=noon - timedelta(seconds=1)) == []


def test_days_without_a_sync_have_the_pieces_that_they_would_have_had() -> None:
    """Read in one go later, so that nothing is left out, what has grown old least of all."""
    daily = [
        piece
        for number in range(1, 21)
        for piece in pieces(since=MONDAY + (number - 1) * DAY, now=MONDAY + number * DAY)
    ]
    at_once = pieces(since=MONDAY, now=MONDAY + 20 * DAY)

    assert union(at_once) == union(daily)
    assert union(at_once) == [Window(MONDAY - 38 * DAY, MONDAY + 12 * DAY)]


def test_no_sweep_has_no_pieces() -> None:
    """Streams without one are read as they are due."""
    assert sweep_pieces(timedelta(0), overlap=OVERLAP, since=MONDAY, now=MONDAY + 9 * DAY) == []


def test_a_turn_comes_once_in_the_cycle_and_lasts_until_it_is_taken() -> None:
    """It begins at midnight, UTC, and a sync that missed the day takes it later."""
    number = MONDAY.toordinal() % CYCLE
    for hours in range(24 * CYCLE):
        now = MONDAY + timedelta(hours=hours)
        assert has_turn({number}, since=MONDAY - timedelta(seconds=1), now=now)
        assert not has_turn({number}, since=MONDAY, now=now), "taken"
    assert has_turn({number}, since=MONDAY, now=MONDAY + CYCLE * DAY)


def test_what_is_read_every_day_has_a_turn_after_each_midnight() -> None:
    """The first sync of a day reads it, however short after the last one of the day before."""
    second = timedelta(seconds=1)

    assert has_turn(EVERY_DAY, since=MONDAY - second, now=MONDAY)
    assert not has_turn(EVERY_DAY, since=MONDAY, now=MONDAY + DAY - second)
