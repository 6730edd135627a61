"""Steps of a claim and the state of its window."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from recoup.claims.lifecycle import (
    Review,
    Status,
    WindowState,
    days_left,
    possible_steps,
    require_step,
    review_of,
    window_state,
)
from recoup.errors import ImpossibleStepError

TODAY = date(2026, 11, 20)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("detected", {"filed", "dismissed"}),
        ("filed", {"approved", "rejected", "dismissed"}),
        ("approved", set()),
        ("rejected", {"filed", "dismissed"}),
        ("dismissed", {"detected"}),
        ("withdrawn", set()),
    ],
)
def test_each_status_leads_to_those_that_can_follow(status: str, possible: set[str]) -> None:
    """Every other step is refused with the ones that are possible; staying is no step."""
    for wanted in Status:
        if wanted in possible or wanted == status:
            require_step(Status(status), wanted)
        else:
            with pytest.raises(ImpossibleStepError) as refused:
                require_step(Status(status), wanted)
            assert set(refused.value.possible) == possible
    assert set(possible_steps(Status(status))) == possible


@pytest.mark.parametrize(
    ("opens", "closes", "expected", "left"),
    [
        (0, 0, WindowState.OPEN, 0),
        (-5, 1, WindowState.OPEN, 1),
        (1, 30, WindowState.WAIT, 30),
        (-60, -1, WindowState.EXPIRED, -1),
        (None, 3, WindowState.OPEN, 3),
        (-5, None, WindowState.UNKNOWN, None),
        (5, None, WindowState.UNKNOWN, None),
        (None, None, WindowState.UNKNOWN, None),
    ],
)
def test_a_window_is_told_by_the_day(
    opens: int | None, closes: int | None, expected: WindowState, left: int | None
) -> None:
    """The last safe day is still open, the one after is not, and no deadline is never invented."""
    begin = None if opens is None else TODAY + timedelta(days=opens)
    end = None if closes is None else TODAY + timedelta(days=closes)

    assert window_state(begin, end, TODAY) is expected
    assert days_left(end, TODAY) == left


@given(st.none() | DAYS, st.none() | DAYS, DAYS, st.integers(0, 900))
def test_expired_never_opens_again(
    opens: date | None, closes: date | None, today: date, later: int
) -> None:
    """However much time goes by."""
    if window_state(opens, closes, today) is WindowState.EXPIRED:
        later_on = today + timedelta(days=later)
        assert window_state(opens, closes, later_on) is WindowState.EXPIRED


@pytest.mark.parametrize(
    ("confidence", "review"),
    [
        ("1", Review.AUTO),
        ("0.85", Review.AUTO),
        ("0.8499", Review.PROMPT),
        ("0.5", Review.PROMPT),
        ("0.4999", Review.MANUAL),
        ("0", Review.MANUAL),
    ],
)
def test_confidence_says_how_much_to_look(confidence: str, review: Review) -> None:
    """The bounds 0.85 and 0.50 belong to the better band."""
    assert review_of(Decimal(confidence)) is review
