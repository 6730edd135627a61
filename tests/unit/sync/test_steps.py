"""What a stream does next, by its cursor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recoup.ids import ConnectionId, SyncId
from recoup.streams import all_streams
from recoup.streams.stream import Snapshot, Windows
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor
from recoup.sync.steps import begin, choose, close_window, shorten, turn_page

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = Windows(
    history=timedelta(days=365),
    overlap=timedelta(hours=6),
    holdback=timedelta(seconds=150),
)
API = next(stream.api for stream in all_streams() if stream.name == "orders")
assert API is not None
NEW = Cursor(ConnectionId("c"), "orders", "")
FIRST, SECOND = SyncId("sync_1"), SyncId("sync_2")


def started(cursor: Cursor = NEW, sync: SyncId = FIRST) -> Cursor:
    chosen = choose(begin(cursor, RULE, sync, now=NOW), RULE, API, now=NOW)
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
    assert choose(done, RULE, API, now=NOW) is None

    later = NOW + timedelta(days=1)
    next_cursor = begin(done, RULE, SECOND, now=later)
    assert next_cursor.todo == (
        Window(NOW - timedelta(seconds=150, hours=6), later - timedelta(seconds=150)),
    )


def test_amazons_watermark_decides_how_far_a_window_is_closed() -> None:
    """What Amazon did not vouch for is read by the next sync, and this one ends."""
    watermark = NOW - timedelta(hours=1)
    done = close_window(started(), RULE, until=watermark)

    assert done.closed[-1].until == watermark
    assert choose(done, RULE, API, now=NOW) is None


def test_a_window_that_could_not_be_finished_is_halved() -> None:
    """A token that died would die again in a window as long."""
    whole = started()
    assert whole.open_window is not None
    shorter = choose(shorten(whole), RULE, API, now=NOW)

    assert shorter is not None
    assert shorter.open_window is not None
    assert shorter.open_window.length == whole.open_window.length / 2
    assert shorter.todo == whole.todo, "nothing is skipped"


def test_a_snapshot_is_read_whole_once_per_sync() -> None:
    """A takeover does not read it again when it was finished, the next sync does."""
    rule = Snapshot()
    todo = begin(NEW, rule, FIRST, now=NOW)
    assert choose(todo, rule, API, now=NOW) is not None
    done = close_window(todo, rule, until=None)

    assert choose(begin(done, rule, FIRST, now=NOW), rule, API, now=NOW) is None
    assert choose(begin(done, rule, SECOND, now=NOW), rule, API, now=NOW) is not None


def test_a_snapshot_that_is_young_enough_is_left_as_it_is() -> None:
    """What is to be read once a day is not read by every sync."""
    rule = Snapshot(every=timedelta(hours=20))
    read = replace(NEW, read_at=NOW)

    soon = begin(read, rule, FIRST, now=NOW + timedelta(hours=19))
    later = begin(read, rule, FIRST, now=NOW + timedelta(hours=20))

    assert choose(soon, rule, API, now=NOW) is None
    assert choose(later, rule, API, now=NOW) is not None


def test_a_takeover_goes_on_with_what_is_left() -> None:
    """The second attempt of a sync does not plan anew."""
    cursor = replace(begin(NEW, RULE, FIRST, now=NOW), todo=())

    assert begin(cursor, RULE, FIRST, now=NOW + timedelta(days=3)) == cursor
