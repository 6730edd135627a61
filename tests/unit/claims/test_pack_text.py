"""The text of a pack: short, in the seller's words, whatever the claims hold."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from recoup.claims.packs.details import PackItem, facts_of
from recoup.claims.packs.text import LONGEST, write_text
from recoup.claims.packs.written import written_day, written_money
from recoup.claims.proofs.kinds import ProofKind
from recoup.claims.rule import ClaimType
from recoup.money import Money

ISO = re.compile(r"\d{4}-\d\d-\d\d|\d\dT\d\d:\d\d")
LONG = "x" * 500
HOSTILE = "A\n\nDear Amazon,\x1b[31m\u2028 please"


def item(claim_type: ClaimType, number: int = 0, **values: Any) -> PackItem:
    plain = {
        "claim_id": f"claim_{number:032}",
        "version": "v",
        "type": claim_type,
        "quantity": 2,
        "amount": Money(Decimal("12.3000000000"), "USD"),
        "event_on": date(2026, 10, 14),
        "sku": f"SKU-{number}",
        "fnsku": f"X{number:04}",
        "asin": "B0TEST",
        "order_id": f"111-{number}",
        "key": {"shipmentId": "FBA15ABC", "sku": f"SKU-{number}"},
        "evidence": {},
    }
    return PackItem(**(plain | values))


def evidence(table: str, **cells: Any) -> dict[str, Any]:
    place = {
        "table": table,
        "source": "GET_LEDGER_DETAIL_VIEW_DATA 21551781399406",
        "source_line": 47,
    }
    return {"rows": [place | cells], "numbers": {}, "notes": []}


@pytest.mark.parametrize("count", [1, 2, 300])
@pytest.mark.parametrize("claim_type", list(ClaimType))
def test_every_text_is_short_and_without_internal_ids(claim_type: ClaimType, count: int) -> None:
    """With bare claims, with hostile and endless values, and with more claims than have room."""
    variants: list[dict[str, Any]] = [
        {},
        {"amount": None, "sku": None, "fnsku": None, "asin": None, "order_id": None, "key": {}},
        {
            "sku": LONG,
            "fnsku": HOSTILE,
            "asin": LONG,
            "key": {"shipmentId": LONG, "problemType": LONG},
        },
        {"evidence": {"rows": [None, 5, {"table": "ledger"}], "numbers": "none", "notes": 3}},
    ]
    for values in variants:
        items = [item(claim_type, number, **values) for number in range(count)]
        written = write_text(items, list(ProofKind))

        assert 0 < len(written.text) <= LONGEST < 2000
        assert written.text.startswith("Hello,")
        assert written.text.endswith("Thank you.")
        assert "claim_" not in written.text
        assert not ISO.search(written.text)
        assert "\x1b" not in written.text + written.subject
        assert "\n\nDear Amazon" not in written.text
        assert written.is_whole or "the complete list is in the attached file" in written.text


def test_what_has_no_room_is_counted() -> None:
    """The lines that are there and the rest are all claims."""
    items = [item(ClaimType.INBOUND_SHORTAGE, number) for number in range(300)]

    text = write_text(items).text

    shown = sum(line.startswith("- ") for line in text.splitlines())
    (rest,) = re.findall(r"\.\.\. and ([\d,]+) more", text)
    assert shown + int(rest) == 300
    assert "600 units that I sent" in text
    assert "$3,690.00 is due" in text


def test_a_sum_with_an_unknown_part_is_not_named() -> None:
    """Nor one of nothing."""
    known = item(ClaimType.INBOUND_SHORTAGE)

    assert (
        "is due" not in write_text([known, item(ClaimType.INBOUND_SHORTAGE, 1, amount=None)]).text
    )
    assert "is due" not in write_text([item(ClaimType.INBOUND_SHORTAGE, amount=None)]).text


def test_facts_come_from_the_rows_that_prove_them() -> None:
    """Of a loss: day, center and Amazon's reference; not the report, its line, or our key."""
    row = evidence("ledger", fulfillment_center="LAS7", reference_id="55357242514217")
    found = {
        one.label: one.value for one in facts_of(item(ClaimType.LOST_IN_WAREHOUSE, evidence=row))
    }

    assert found == {
        "Date": "14 October 2026",
        "Units": "2",
        "Fulfillment center": "LAS7",
        "Reference ID": "55357242514217",
        "FNSKU": "X0000",
        "SKU": "SKU-0",
        "ASIN": "B0TEST",
    }


def test_a_fee_lists_its_charges() -> None:
    """Each with day, order, what was charged and what is right, without the zeros of a division."""
    row = evidence(
        "fees", orderId="114-1", chargedOn="2026-11-09", charged="7.8200000000", expected="6.92"
    )

    text = write_text([item(ClaimType.FULFILLMENT_FEE_OVERCHARGE, evidence=row)]).text

    assert "- 9 November 2026, order 114-1, charged $7.82, should be $6.92" in text


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("0.9000000", "GBP", "\u00a30.90"),
        ("12", "EUR", "\u20ac12.00"),
        ("12.3", "CAD", "CAD 12.30"),
        ("1500", "JPY", "JPY 1,500"),
    ],
)
def test_money_is_written_as_people_do(amount: str, currency: str, written: str) -> None:
    """A sign only where no other country of Amazon's has the same."""
    assert written_money(Money(Decimal(amount), currency)) == written


def test_days_read_the_same_everywhere() -> None:
    """The month as a word."""
    assert written_day(date(2026, 3, 4)) == "4 March 2026"


def test_a_count_that_all_claims_share_is_of_each() -> None:
    """It stands beside the sum of the pack, and would contradict it otherwise."""
    one, other = (
        item(ClaimType.INBOUND_SHORTAGE, number, quantity=2, key={"shipmentId": "FBA15"})
        for number in range(2)
    )

    assert "Units missing, each: 2\n" in write_text([one, other]).text
    assert "4 units" in write_text([one, other]).text
    assert "Units missing: 2\n" in write_text([one]).text
    assert "Shipment ID: FBA15\n" in write_text([one, other]).text


@pytest.mark.parametrize("claim_type", list(ClaimType))
def test_each_claim_of_several_states_its_units_and_amount_once(claim_type: ClaimType) -> None:
    """Whatever its facts are; one without a known amount says so."""
    one = item(claim_type, 0, quantity=7, amount=Money(Decimal("43.21"), "GBP"))
    other = item(claim_type, 1, quantity=3, amount=None)

    lines = [line for line in write_text([one, other]).text.splitlines() if line[:2] == "- "]

    assert [len(re.findall(r"\b7\b", line)) for line in lines] == [1, 0]
    assert [line.count("\N{POUND SIGN}43.21") for line in lines] == [1, 0]
    assert [len(re.findall(r"\b3\b", line)) for line in lines] == [0, 1]
    assert [line.count("amount not known") for line in lines] == [0, 1]
