"""What a stream does next, by its cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recoup.ids import ConnectionId, SyncId
from recoup.streams import all_streams
from recoup.streams._stream import Snapshot, Windows
from recoup.streams._turns import EVERY_DAY
from recoup.streams._window import Window
from recoup.sync.cursors.next_window import begin, close_window, open_next, shorten, turn_page
from recoup.sync.cursors.queries import Cursor

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = Windows(
    history=timedelta(days=365),
    overlap=timedelta(hours=6),
    holdback=timedelta(seconds=150),
)
ORDERS = replace(next(stream for stream in all_streams() if stream.name == "orders"), cursor=RULE)
API = ORDERS.api
assert API is not None
NEW = Cursor(ConnectionId("c"), "orders", "")
FIRST, SECOND = SyncId("sync_1"), SyncId("sync_2")


def begun(
    cursor: Cursor,
    rule: Windows | Snapshot,
    sync: SyncId,
    *,
    now: datetime,
    marketplace_ids: Sequence[str] = ("US",),
    repeat_after: timedelta = timedelta(0),
) -> Cursor:
    return begin(
        cursor,
        replace(ORDERS, cursor=rule),
        sync,
        now=now,
        marketplace_ids=marketplace_ids,
        repeat_after=repeat_after,
    )


def choose_next(cursor: Cursor, rule: Windows | Snapshot = RULE) -> Cursor | None:
    """Of a section that reports bring no part of."""
    return open_next(cursor, rule, API, todo=cursor.todo, now=NOW)


def started(cursor: Cursor = NEW, sync: SyncId = FIRST) -> Cursor:
    chosen = choose_next(begun(cursor, RULE, sync, now=NOW))
    assert chosen is not None
    return chosen


def test_the_first_sync_asks_for_twelve_months_up_to_the_holdback() -> None:
    """From midnight a year ago, so that no hour of that day is missed."""
    window = started().open_window

    assert window == Window(datetime(2025, 11, 23, tzinfo=UTC), NOW - timedelta(seconds=150))


def test_a_page_token_is_gone_on_with_by_another_worker_and_by_the_next_sync() -> None:
    """Neither a crash nor a failed sync costs the pages that were read."""
    cursor = turn_page(started(), token="t2", now=NOW)

    for sync in (FIRST, SECOND):
        again = started(cursor, sync)
        assert (again.open_window, again.page_token) == (cursor.open_window, "t2")


def test_an_old_page_token_is_not_trusted() -> None:
    """Past its lifetime the window begins again."""
    cursor = turn_page(started(), token="t2", now=NOW - timedelta(hours=24))

    again = started(cursor, SECOND)
    assert again.page_token is None
    assert again.open_window is not None


def test_after_the_last_window_nothing_is_left_and_the_next_sync_reads_the_overlap() -> None:
    """Later syncs ask for what is new, and for the last hours again."""
    done = close_window(started(), RULE, until=None)
    assert choose_next(done) is None

    later = NOW + timedelta(days=1)
    next_cursor = begun(done, RULE, SECOND, now=later)
    assert next_cursor.todo == (
        Window(NOW - timedelta(seconds=150, hours=6), later - timedelta(seconds=150)),
    )


def test_amazons_watermark_decides_how_far_a_window_is_closed() -> None:
    """What Amazon did not vouch for is read by the next sync, and this one ends."""
    watermark = NOW - timedelta(hours=1)
    done = close_window(started(), RULE, until=watermark)

    assert done.closed[-1].until == watermark
    assert choose_next(done) is None


def test_a_window_that_could_not_be_finished_is_halved() -> None:
    """A token that died would die again in a window as long."""
    whole = started()
    assert whole.open_window is not None
    shorter = choose_next(shorten(whole))

    assert shorter is not None
    assert shorter.open_window is not None
    assert shorter.open_window.length == whole.open_window.length / 2
    assert shorter.todo == whole.todo, "nothing is skipped"


def test_a_snapshot_is_read_whole_once_per_sync() -> None:
    """A takeover does not read it again when it was finished, the next sync does."""
    rule = Snapshot()
    todo = begun(NEW, rule, FIRST, now=NOW)
    assert choose_next(todo, rule) is not None
    done = close_window(todo, rule, until=None)

    assert choose_next(begun(done, rule, FIRST, now=NOW), rule) is None
    assert choose_next(begun(done, rule, SECOND, now=NOW), rule) is not None


def test_a_snapshot_of_each_day_is_left_as_it_is_until_midnight() -> None:
    """What is to be read once a day is not read by every sync."""
    rule = Snapshot(on=EVERY_DAY)
    read = replace(NEW, read_at=NOW)

    soon = begun(read, rule, FIRST, now=NOW + timedelta(hours=11))
    later = begun(read, rule, FIRST, now=NOW + timedelta(hours=12))

    assert choose_next(soon, rule) is None
    assert choose_next(later, rule) is not None


def test_a_turn_waits_until_amazon_makes_the_report_again() -> None:
    """Four hours after the last one, although a new day has begun."""
    rule = Snapshot(on=EVERY_DAY)
    read = replace(NEW, read_at=NOW + timedelta(hours=11))
    four = timedelta(hours=4)

    soon = begun(read, rule, FIRST, now=NOW + timedelta(hours=13), repeat_after=four)
    later = begun(read, rule, FIRST, now=NOW + timedelta(hours=15), repeat_after=four)

    assert soon.todo == ()
    assert later.todo


def test_a_clock_that_is_a_second_behind_skips_nothing() -> None:
    """What Amazon's clock shows is known to the second: the last reading may seem to lie ahead."""
    ahead = replace(NEW, read_at=NOW + timedelta(seconds=1))

    assert begun(ahead, Snapshot(), FIRST, now=NOW).todo
    assert begun(ahead, RULE, FIRST, now=NOW).todo


def test_a_takeover_goes_on_with_what_is_left() -> None:
    """The second attempt of a sync does not plan anew."""
    cursor = replace(begun(NEW, RULE, FIRST, now=NOW), todo=())

    assert begun(cursor, RULE, FIRST, now=NOW + timedelta(days=3)) == cursor


def test_a_marketplace_that_is_new_brings_its_history() -> None:
    """What was read for others was not read for it."""
    done = close_window(started(), RULE, until=None)
    later = NOW + timedelta(days=1)

    same = begun(done, RULE, SECOND, now=later, marketplace_ids=("US",))
    fewer = begun(done, RULE, SECOND, now=later, marketplace_ids=())
    more = begun(done, RULE, SECOND, now=later, marketplace_ids=("US", "CA"))

    assert same.closed == fewer.closed == done.closed
    assert more.closed == ()
    assert more.todo[0].length > timedelta(days=364)
    again = begun(
        replace(more, closed=done.closed), RULE, FIRST, now=later, marketplace_ids=("CA",)
    )
    assert again.closed == done.closed


def test_a_shortened_window_grows_again() -> None:
    """A token that died once does not make every later sync ask for small windows."""
    short = replace(shorten(started()), todo=())
    lengths = []
    for number in range(4):
        short = begun(short, RULE, SyncId(f"later_{number}"), now=NOW)
        lengths.append(short.longest_window)

    whole = started().open_window
    assert whole is not None
    assert lengths == [whole.length, None, None, None]


def test_what_was_just_read_is_not_asked_for_again_after_a_sync_that_failed() -> None:
    """Amazon makes a report once in four hours: within them only the holes are to do."""
    since = datetime(2025, 11, 23, tzinfo=UTC)
    hole = Window(NOW - timedelta(days=200), NOW - timedelta(days=170))
    failed = replace(
        NEW,
        closed=(Window(since, hole.since), Window(hole.until, NOW - timedelta(seconds=150))),
        marketplace_ids=("US",),
    )
    later = NOW + timedelta(hours=1)

    by_report = begun(failed, RULE, SECOND, now=later, repeat_after=timedelta(hours=4))
    by_pages = begun(failed, RULE, SECOND, now=later)

    assert by_report.todo == (hole,)
    assert by_pages.todo[-1].until == later - timedelta(seconds=150)
