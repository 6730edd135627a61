"""Laws of progress."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from recoup.sync.record.progress import (
    FINALIZING,
    MILESTONES,
    STARTING,
    Hindrance,
    StreamProgress,
    estimate_rows,
    message,
    milestones_between,
    percent,
)

streams = st.builds(
    StreamProgress,
    noun=st.just("orders"),
    rows=st.integers(0, 10**7),
    expected=st.none() | st.integers(0, 10**7),
    fraction=st.floats(0, 1),
    waiting_seconds=st.floats(0, 10**6),
)


@given(st.lists(streams, max_size=5), st.integers(0, FINALIZING))
def test_percent_never_falls_and_stays_between_the_milestones(
    parts: list[StreamProgress], before: int
) -> None:
    """Whatever the streams say, the number does not go back and reading ends at 90."""
    now = percent(parts, before=before)

    assert now >= before
    assert STARTING <= now <= FINALIZING


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.data())
def test_more_work_done_is_never_less_progress(fractions: list[float], data: st.DataObject) -> None:
    """When no stream falls back, neither does the whole."""
    later = [data.draw(st.floats(f, 1)) for f in fractions]

    def whole(parts: list[float]) -> int:
        return percent([StreamProgress("x", 0, None, f) for f in parts], before=0)

    assert whole(later) >= whole(fractions)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_every_milestone_is_passed_once(a: int, b: int, c: int) -> None:
    """Going in two steps passes the same milestones as going in one."""
    start, middle, end = sorted((a, b, c))

    steps = milestones_between(start, middle) + milestones_between(middle, end)
    assert steps == milestones_between(start, end)
    assert all(step in MILESTONES for step in steps)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_an_estimate_is_never_below_what_is_there(rows: int, read: int, fraction: float) -> None:
    """More rows than expected cannot have arrived; at the end the estimate is the truth."""
    estimate = estimate_rows(rows=rows, read=read, fraction=fraction)

    assert estimate is None or estimate >= rows
    assert estimate_rows(rows=rows, read=read, fraction=1) == rows


def test_the_message_counts_in_words_a_seller_understands() -> None:
    """The example of docs/api.md#poll."""
    done = StreamProgress("SKUs", 40, 40, 1.0)
    orders = StreamProgress("orders", 1247, 2500, 0.5)

    assert message([done, orders]) == "Processing orders... 1,247 of 2,500 orders processed"


def test_the_message_tells_of_what_moves() -> None:
    """A stream that has not begun has nothing to tell while another one has."""
    waiting = StreamProgress("inbound plans", 0, None, 0.0)
    orders = StreamProgress("orders", 1247, 2500, 0.5)

    assert message([waiting, orders]).startswith("Processing orders...")
    assert message([waiting]).startswith("Processing inbound plans...")


def test_throttling_is_told_with_its_beginning() -> None:
    """A seller reads since when Amazon refuses calls; that is no failure."""
    since = datetime(2026, 11, 15, 12, 3, tzinfo=UTC)
    hindrance = Hindrance("throttled by Amazon", since)
    orders = StreamProgress("orders", 5, None, 0.5, waiting_seconds=9, hindrance=hindrance)

    assert message([orders]).endswith("(throttled by Amazon since 12:03 UTC)")


def test_a_wait_is_told_coarsely() -> None:
    """A long wait does not change its text every second: each change is an event."""
    texts = {
        message([StreamProgress("orders", 0, None, 0.0, waiting_seconds=s)]) for s in range(2, 180)
    }

    assert len(texts) < 12
    assert all("waiting for Amazon's limit" in text for text in texts)
