"""What settled an event, in words."""

from __future__ import annotations

from datetime import date

import pytest

from recoup.claims.bodies.candidate import candidate_body
from recoup.claims.reading.explain import CandidateRow
from recoup.claims.rule import ClaimType
from recoup.ids import ConnectionId

CASES = [
    ({"by": "payment", "reference": "7", "units": 1, "why": "same FNSKU"}, "1 unit by payment 7: same FNSKU"),
    ({"by": "case", "reference": {"id": "7", "line": 2}, "units": 2, "why": "named"}, "2 units by case id 7, line 2: named"),
    ({"by": "find", "reference": None, "units": None, "why": "found"}, "an unknown number of units by find: found"),
]  # fmt: skip


@pytest.mark.parametrize(("settled", "words"), CASES)
def test_a_number_of_units_that_is_unknown_is_said_to_be(
    settled: dict[str, object], words: str
) -> None:
    """An unknown number of units is called unknown, and never 0."""
    row = CandidateRow(
        connection_id=ConnectionId("c"),
        type=ClaimType("lost_in_warehouse"),
        key={},
        marketplace_id=None,
        sku=None,
        fnsku=None,
        asin=None,
        order_id=None,
        event_on=date(2026, 11, 1),
        units=1,
        quantity=0,
        settled=[settled],
        suppressed=None,
        reason="",
        claim_id=None,
        status=None,
        place=(),
    )
    assert candidate_body(row).settled_in_words == [words]
