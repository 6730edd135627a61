"""Texts of Amazon and of users in files that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from recoup.api.csv_text import csv_lines, plain_text

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
