"""Which rules wait for what: the documented tables, and what sellers commonly lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.streams import all_streams
from tests.support.claim_waits import NEEDS, column_table, rule_table, waiting_for

DOCUMENT = Path(__file__).parents[2] / "docs" / "claims.md"

_ORDERS = {
    *("customer_return_missing", "refund_overpaid", "reimbursement_reversed"),
    *("return_damaged_by_amazon", "return_not_restocked"),
}
_FEES = {"fulfillment_fee_overcharge", "storage_fee_overcharge"}
_PAYMENTS = {"reimbursement_reversed", "reimbursement_underpaid"}

LACKING: dict[str, set[str]] = {
    "fee_preview": _FEES,
    "settlements": _ORDERS | _FEES | {"refund_fee_not_credited"},
    "long_term_storage_fees": {"storage_fee_overcharge"},
    "storage_fees": {"storage_fee_overcharge"},
    "inventory": set(),
    "inbound_plans": _PAYMENTS | {"inbound_damage"},
    "shipments": _PAYMENTS | {"inbound_damage", "inbound_shortage", "inbound_fee_wrong"},
    "replacements": _ORDERS | _PAYMENTS,
    "inbound_noncompliance": {"inbound_fee_wrong"},
    "removals": _PAYMENTS | {"removal_discrepancy", "removal_lost", "disposed_without_permission"},
    "removal_shipments": _PAYMENTS
    | {"removal_discrepancy", "removal_lost", "disposed_without_permission"},
    "ledger_summary": {
        *("lost_in_warehouse", "damaged_in_warehouse", "disposed_without_permission"),
        *("return_not_restocked", "storage_fee_overcharge"),
    },
}
"""Streams that an account may be without, and the rules that wait for each."""

MOST_PAIRS = 696
"""Of a column that a file may be without and a rule that waits for it, at present."""


@pytest.mark.parametrize("name", LACKING)
def test_a_seller_who_lacks_a_stream_keeps_the_rules_that_do_without_it(name: str) -> None:
    """No fee preview, no settlements, no removals: only what depends on them waits."""
    [stream] = [one for one in all_streams() if one.name == name]

    assert set(waiting_for(stream)) == LACKING[name]


def test_what_is_only_shown_holds_back_no_rule() -> None:
    """Names, texts and measures that no number depends on may vanish from a file."""
    shown = {
        ("returns", "product_name"),
        ("returns", "reason"),
        ("reimbursements", "product_name"),
        ("reimbursements", "condition"),
        ("reimbursements", "original_reimbursement_type"),
        ("removal_shipments", "carrier"),
        ("replacements", "reason_code"),
        ("storage_fees", "asin"),
        ("long_term_storage_fees", "asin"),
        ("inbound_noncompliance", "asin"),
        ("inbound_noncompliance", "fee_type"),
    }

    assert shown.isdisjoint(frozenset().union(*NEEDS.values()))


def test_the_document_says_what_each_rule_waits_for() -> None:
    """`python -m tests.support.claim_waits` prints both tables."""
    written = DOCUMENT.read_text(encoding="utf-8")

    assert rule_table() in written
    assert column_table() in written


def test_no_more_columns_hold_back_rules_than_now() -> None:
    """Pairs of a column that a file may be without and a rule that waits for it; fewer are better."""
    pairs = [
        (table.name, one.column)
        for stream in all_streams()
        if stream.report is not None
        for one in stream.report.fields
        for table in (stream.table, *stream.parts)
        for needs in NEEDS.values()
        if not one.required and (table.name, one.column) in needs
    ]

    assert len(pairs) <= MOST_PAIRS
