"""Rows as the JSON that PostgreSQL splits."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from recoup.db.upsert import to_document


def test_amounts_are_texts_without_exponents() -> None:
    """In jsonb an amount of another spelling would count as a change, and a float would not be exact."""
    amounts = ["0.0000001", "0E-10", "1E+2", "-12.30", "8.50"]
    rows = [{"amount": Decimal(text), "tree": [{"of": Decimal(text)}]} for text in amounts]

    told = json.loads(to_document([*rows, {"sku": "BLUE-E-7"}]))

    spelled = ["0.0000001", "0.0000000000", "100", "-12.30", "8.50"]
    assert [row["amount"] for row in told[:-1]] == spelled
    assert [row["tree"] for row in told[:-1]] == [[{"of": text}] for text in spelled]


def test_times_and_days_are_iso() -> None:
    """PostgreSQL casts them."""
    row = {"at": datetime(2026, 11, 30, 1, 2, 3, 4, tzinfo=UTC), "on": date(2026, 11, 30)}

    [told] = json.loads(to_document([row]))

    assert datetime.fromisoformat(told["at"]) == row["at"]
    assert told["on"] == "2026-11-30"


def test_what_no_column_takes_is_refused() -> None:
    """Half of a surrogate pair, and values of other types."""
    for value in ("\ud800", object()):
        with pytest.raises((ValueError, TypeError)):
            to_document([{"value": value}])
