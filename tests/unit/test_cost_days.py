"""Days of a table of costs: as every usual spreadsheet writes them, and never guessed."""

from __future__ import annotations

from datetime import date

import pytest

from recoup.api.cost_days import parse_day
from recoup.api.cost_entry import WholeFile, parse_csv_costs


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        " 2026/1/31 ",
        "2026.01.31",
        "31.01.2026",
        "31.1.2026",
        "31/01/2026",
        "1/31/2026",
    ],
)
def test_days_of_every_usual_spreadsheet(text: str) -> None:
    """One that can be read in one way only is read."""
    assert parse_day(text) == date(2026, 1, 31)


def test_the_same_number_twice_is_one_day() -> None:
    """5/5 is the fifth of May in London and in Boston."""
    assert parse_day("5/5/2026") == date(2026, 5, 5)


@pytest.mark.parametrize(
    "text", ["", "31.02.2026", "31.01.26", "13/13/2026", "2026-13-01", "2026-1/31", "soon", "45678"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    """The message shows how to write a day."""
    with pytest.raises(ValueError, match=r"^must be a day, e\.g\. 2026-01-31$"):
        parse_day(text)


def test_a_day_that_may_be_another_says_both() -> None:
    """The message is what to write instead."""
    with pytest.raises(ValueError, match="write 2026-04-03 or 2026-03-04"):
        parse_day("03/04/2026")


def test_a_table_of_costs_from_a_german_spreadsheet() -> None:
    """Semicolons, a decimal comma and a day with points."""
    (cost,) = parse_csv_costs(b"SKU;Cost;Currency;Valid from\nA;4,20;EUR;31.01.2026\n", WholeFile())

    assert (str(cost.cost), cost.valid_from) == ("4.20", date(2026, 1, 31))
