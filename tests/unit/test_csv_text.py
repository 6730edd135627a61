"""Texts of Amazon and of users in files that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from recoup.api.csv_text import csv_lines, plain_text
from recoup.claims.lifecycle import Status

FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
SIGNS = ("=", "+", "-", "@", *FULL_WIDTH)


def written(text: str) -> str:
    """The cell as a spreadsheet that splits at commas reads it."""
    (row,) = csv.reader(io.StringIO(csv_lines([[text]]).decode(), newline=""))
    return row[0]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", "a;", "a; ", 'a;"', "a|", "a\t", "a\r\n", "\t", "\n"])
def test_no_cell_begins_with_a_formula(before: str, sign: str) -> None:
    """At the start, and behind whatever another program takes for the start of a cell."""
    text = f"{before}{sign}HYPERLINK(1)"
    cell = written(text)

    pieces = [piece.strip(' "') for piece in re.split(r"[;|\t\r\n]", cell)]
    assert not [piece for piece in pieces if piece.startswith(SIGNS)]
    assert plain_text(cell) == text


@pytest.mark.parametrize("text", ["a=b", "A-1", "a;b", "x@example.com", "1; 2", ""])
def test_other_text_stays(text: str) -> None:
    """Signs inside a word are no formula."""
    assert written(text) == text


def test_numbers_stay_numbers() -> None:
    """Whatever their sign."""
    assert csv_lines([[Decimal("-5.00"), -3]]) == b"-5.00,-3\r\n"


@given(st.text(st.sampled_from(["a", ";", "|", "\t", "\r", "\n", " ", '"', *SIGNS])))
def test_what_was_protected_can_be_read_back(text: str) -> None:
    """A file that was downloaded and uploaded again has the same names."""
    assert plain_text(written(text)) == text


def protected(text: str) -> str:
    """The definition, letter by letter."""
    shown = "'" if text.startswith(("\t", "\r", "\n")) else ""
    for place in range(len(text) + 1):
        if place == 0 or text[place - 1] in ";|\t\r\n":
            rest = re.sub(r"^(?:[^\S\t\r\n]|\")*", "", text[place:])
            shown += "'" if rest.startswith(SIGNS) else ""
        shown += text[place : place + 1]
    return shown


TEXTS = st.text(st.sampled_from(["a", ";", "|", "\t", "\r", "\n", " ", "\xa0", '"', ",", *SIGNS]))
CELLS = TEXTS | st.none() | st.integers() | st.floats(-1e9, 1e9) | st.sampled_from(["", "a", "b;c"])


@given(st.lists(st.tuples(CELLS, TEXTS, TEXTS | st.none()), max_size=8))
def test_a_column_at_a_time_is_as_good_as_a_cell(rows: list[tuple[object, ...]]) -> None:
    """What is seen at one look of a whole column is what a look at each cell shows."""
    wanted = io.StringIO()
    csv.writer(wanted).writerows(
        [protected(value) if isinstance(value, str) else value for value in row] for row in rows
    )

    assert csv_lines(rows) == wanted.getvalue().encode()


def test_values_of_each_kind() -> None:
    """Also words of enumerations, days and times."""
    at = datetime(2026, 3, 1, 12, 0, 0, 5000, UTC)
    row = [
        None,
        True,
        Decimal("1.50"),
        Decimal("1E+3"),
        at,
        date(2026, 3, 1),
        Status.FILED,
        0.5,
        -3,
    ]

    assert (
        csv_lines([row]) == b",true,1.50,1000,2026-03-01T12:00:00.005Z,2026-03-01,filed,0.5,-3\r\n"
    )
