"""What syncs read day after day: each day costs about the same, and nothing is forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from recoup.ids import ConnectionId, SyncId
from recoup.streams import all_streams
from recoup.streams._stream import Stream, Windows
from recoup.streams._turns import CYCLE, EVERY_DAY
from recoup.streams._window import Window, union
from recoup.sync.cursors.next_window import begin
from recoup.sync.cursors.queries import Cursor

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# A Wednesday, with the number 0 in the cycle.
START = datetime(2026, 1, 28, 9, tzinfo=UTC)
STREAMS = {stream.name: stream for stream in all_streams()}
IN_TURN = [s for s in STREAMS.values() if s.cursor.on and s.cursor.on != EVERY_DAY]
TRANSACTIONS = STREAMS["transactions"]
by_stream = pytest.mark.parametrize("stream", IN_TURN, ids=lambda stream: stream.name)


def new(stream: Stream) -> Cursor:
    return Cursor(ConnectionId("c"), stream.name, "")


def begun(cursor: Cursor, stream: Stream, now: datetime) -> Cursor:
    sync_id = SyncId(f"sync_{now.isoformat()}")
    return begin(cursor, stream, sync_id, now=now, marketplace_ids=("US",))


def ended(cursor: Cursor, stream: Stream, now: datetime) -> Cursor:
    """All that was to do is read."""
    if not cursor.todo:
        return cursor
    if isinstance(stream.cursor, Windows):
        cursor = replace(cursor, closed=tuple(union([*cursor.closed, *cursor.todo])))
    return replace(cursor, todo=(), read_at=now)


def synced(stream: Stream, times: Sequence[datetime]) -> Iterator[tuple[datetime, Cursor]]:
    """Each sync with what it had to do."""
    cursor = new(stream)
    for now in times:
        cursor = begun(cursor, stream, now)
        yield now, cursor
        cursor = ended(cursor, stream, now)


def daily(days: int, *, hour: int = 9) -> list[datetime]:
    return [START.replace(hour=hour) + number * DAY for number in range(days)]


def ages_when_read(times: Sequence[datetime]) -> dict[datetime, list[float]]:
    """Of each day: how many days had passed since its end whenever transactions of it were read."""
    ages = defaultdict(list)
    for now, cursor in synced(TRANSACTIONS, times):
        for window in cursor.todo:
            first = window.since.replace(hour=0, minute=0, second=0, microsecond=0)
            day = first if first == window.since else first + DAY
            while day + DAY <= window.until:
                ages[day].append((now - day - DAY) / DAY)
                day += DAY
    return ages


# Transactions.


def test_each_day_of_transactions_is_read_again_every_nine_days() -> None:
    """From two days on until it is more than 35 days old; at 14 and at 30 days and later, too."""
    ages = ages_when_read(daily(300))

    for number in range(1, 240):
        read = ages[START.replace(hour=0) + number * DAY]
        assert read[0] < 1
        assert all(later - sooner <= 9 for sooner, later in pairwise(read))
        assert any(14 <= age < 30 for age in read)
        assert read[-1] > 35


@pytest.mark.parametrize("between", [1, 2, 3, 5, 10, 30])
def test_whoever_syncs_seldom_misses_nothing(between: int) -> None:
    """What grew old between two syncs is read again by the later one."""
    ages = ages_when_read([START + number * DAY for number in range(0, 300, between)])

    for number in range(1, 200):
        read = ages[START.replace(hour=0) + number * DAY]
        assert any(14 <= age < 30 + between for age in read)
        assert read[-1] >= 30


def test_a_day_reads_as_much_as_any_other() -> None:
    """The overlap, the day since the last sync, and a seventh of the sweep."""
    first, *others = synced(TRANSACTIONS, daily(60))
    amounts = {sum((w.length for w in cursor.todo), timedelta(0)) / DAY for _, cursor in others}

    assert sum((w.length for w in first[1].todo), timedelta(0)) > 365 * DAY
    assert max(amounts) <= 9
    assert min(amounts) >= 8


def test_the_second_sync_of_a_day_reads_no_piece_again() -> None:
    """Only the last two days, although the first one began so early that its window ends yesterday."""
    midnight = START.replace(hour=0)
    times = [midnight - HOUR, midnight, midnight + HOUR]
    *_, (_, second), (_, third) = synced(TRANSACTIONS, times)

    assert len(second.todo) == 2, "the overlap, and Wednesday's piece"
    assert len(third.todo) == 1


def test_a_sync_that_ends_after_midnight_leaves_the_piece_to_the_next_one() -> None:
    """Which days' pieces were read is told by when a sync began."""
    late = START.replace(hour=23, minute=59)
    cursor = ended(begun(new(TRANSACTIONS), TRANSACTIONS, late), TRANSACTIONS, late + HOUR)

    assert len(begun(cursor, TRANSACTIONS, late + 2 * HOUR).todo) == 2


def test_a_sync_that_failed_has_read_no_piece() -> None:
    """The newest window is the last one: while it is missing, all of the day is."""
    *_, (_, first) = synced(TRANSACTIONS, [START - DAY])
    first = ended(first, TRANSACTIONS, START - DAY)
    failed = begun(first, TRANSACTIONS, START)
    piece, *rest = failed.todo
    failed = replace(failed, closed=tuple(union([*failed.closed, piece])), todo=tuple(rest))

    assert begun(failed, TRANSACTIONS, START + HOUR).todo[0] == piece


# Streams that take turns.


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_no_two_of_them_are_due_on_the_same_day(hour: int) -> None:
    """Whatever the hour of the daily sync, in any year, and no turn is left out."""
    due = defaultdict(list)
    for stream in IN_TURN:
        _, *others = synced(stream, daily(367, hour=hour))
        for now, cursor in others:
            if cursor.todo:
                due[now].append(stream.name)

    assert all(len(names) == 1 for names in due.values())
    assert len(due) == 366, "each day has one"


def test_the_fee_preview_is_read_every_three_days() -> None:
    """As often as Amazon makes it anew."""
    stream = STREAMS["fee_preview"]
    read = [now for now, cursor in synced(stream, daily(60)) if cursor.todo]

    assert {later - sooner for sooner, later in pairwise(read)} == {3 * DAY}


@by_stream
def test_a_turn_that_was_missed_is_taken_by_the_next_sync(stream: Stream) -> None:
    """A night without a sync costs a day, not another six."""
    own = [START + number * DAY for number in range(CYCLE) if number in stream.cursor.on]
    before, after = own[0] - DAY, own[0] + DAY
    found = [bool(cursor.todo) for _, cursor in synced(stream, [before, after, after + HOUR])]

    assert found == [True, True, False]


@by_stream
def test_a_sync_that_failed_has_not_taken_the_turn(stream: Stream) -> None:
    """It is due until it was read to its end."""
    [number, *_] = stream.cursor.on
    own = START + number * DAY
    [(_, first)] = synced(stream, [own - DAY])
    failed = begun(ended(first, stream, own - DAY), stream, own)

    assert failed.todo
    assert begun(failed, stream, own + HOUR).todo
    assert begun(failed, stream, own + DAY).todo


def test_a_hole_is_filled_by_any_sync() -> None:
    """What failed waits for no turn; nothing else is read with it."""
    stream = STREAMS["replacements"]
    [number] = stream.cursor.on
    own = START + number * DAY
    [(_, first)] = synced(stream, [own])
    hole = Window(own - 100 * DAY, own - 70 * DAY)
    [whole] = first.todo
    closed = (Window(whole.since, hole.since), Window(hole.until, whole.until))
    cursor = replace(first, closed=closed, todo=())

    assert begun(cursor, stream, own + DAY).todo == (hole,)
