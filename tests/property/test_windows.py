"""Laws of windows and cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st

from recoup.streams._window import (
    Window,
    next_window,
    plan_todo,
    share_done,
    subtract,
    union,
)

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    return ORIGIN + timedelta(hours=hour)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since = draw(st.integers(0, 60))
    return Window(at(since), at(since + draw(st.integers(1, 20))))


def hours(pieces: list[Window]) -> set[int]:
    """The hours that the windows cover: a model that is plainly right."""
    return {hour for hour in range(-5, 120) for w in pieces if w.since <= at(hour) < w.until}


many = st.lists(windows(), max_size=6)


@given(many)
def test_union_covers_the_same_time_in_separate_pieces(pieces: list[Window]) -> None:
    """A union loses nothing, adds nothing, and no two of its pieces touch."""
    merged = union(pieces)

    assert hours(merged) == hours(pieces)
    assert all(a.until < b.since for a, b in pairwise(merged))


@given(many, many)
def test_subtract_is_the_difference_of_sets(pieces: list[Window], holes: list[Window]) -> None:
    """What is left is exactly what was there and is in no hole."""
    assert hours(subtract(pieces, holes)) == hours(pieces) - hours(holes)


@given(many, st.integers(0, 30))
def test_what_was_never_read_is_always_to_do(closed: list[Window], overlap: int) -> None:
    """No hour inside the horizon is skipped unless it was closed before."""
    todo = plan_todo(closed, since=at(0), until=at(80), overlap=timedelta(hours=overlap))

    assert hours([Window(at(0), at(80))]) - hours(closed) <= hours(todo)


@given(many.filter(bool), st.integers(0, 30))
def test_the_overlap_is_read_again(closed: list[Window], overlap: int) -> None:
    """The last hours before the end of what is closed come again, older closed ones do not."""
    end = max(w.until for w in closed)
    todo = plan_todo(closed, since=at(0), until=at(100), overlap=timedelta(hours=overlap))

    again = {h for h in hours(closed) if at(h) >= end - timedelta(hours=overlap)}
    settled = {h for h in hours(closed) if at(h) < end - timedelta(hours=overlap)}
    assert again <= hours(todo)
    assert not settled & hours(todo)


@given(many.filter(bool), many)
def test_what_is_to_be_read_again_is_to_do_with_the_holes(
    closed: list[Window], again: list[Window]
) -> None:
    """Those pieces and what was never read, and nothing else."""
    todo = plan_todo(closed, since=at(0), until=at(80), overlap=timedelta(0), again=again)

    horizon = hours([Window(at(0), at(80))])
    assert hours(todo) == horizon & ((horizon - hours(closed)) | hours(again))


@given(many.filter(bool), many, st.integers(0, 30))
def test_holes_alone_are_what_is_missing_before_the_end(
    closed: list[Window], again: list[Window], overlap: int
) -> None:
    """Neither an overlap nor a piece is read again with them, nor what is new."""
    end = max(w.until for w in closed)
    todo = plan_todo(
        closed,
        since=at(0),
        until=at(100),
        overlap=timedelta(hours=overlap),
        again=again,
        only_holes=True,
    )

    assert hours(todo) == hours([Window(at(0), end)]) - hours(closed)


@given(many, st.integers(1, 15))
def test_taking_window_after_window_reads_all_and_ends(todo: list[Window], longest: int) -> None:
    """Closing the next window again and again covers everything, in windows of legal length."""
    limit = timedelta(hours=longest)
    left, done = union(todo), []
    while (window := next_window(left, longest=limit)) is not None:
        assert window.length <= limit
        done.append(window)
        left = subtract(left, [window])

    assert hours(done) == hours(todo)
    assert share_done(union(todo), left) == 1.0
