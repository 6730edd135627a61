"""How a transaction of Amazon's becomes rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from recoup.streams._stream import Request
from recoup.streams.transactions import STREAM, parse
from recoup.sync.loading.page import parse_page

REQUEST = Request(("ATVPDKIKX0DER",), None, None)


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"currencyAmount": Decimal(amount), "currencyCode": currency}


def leaf(name: str, amount: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"breakdownType": name, "breakdownAmount": money(amount), "breakdowns": list(parts)}


def transaction(**fields: Any) -> dict[str, Any]:
    return {
        "transactionType": "Shipment",
        "transactionId": "t1",
        "transactionStatus": "RELEASED",
        "postedDate": "2026-11-01T12:00:00Z",
        "totalAmount": money("8.50"),
        "relatedIdentifiers": [
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "111-1"}
        ],
        "breakdowns": [
            leaf("Sales", "10.00", leaf("OurPricePrincipal", "10.00")),
            leaf("AmazonFees", "-1.50", leaf("Commission", "-1.50")),
        ],
        "items": [],
        **fields,
    }


def fees(item: dict[str, Any]) -> list[dict[str, Any]]:
    return list(parse(item, REQUEST).parts["fees"])  # type: ignore[arg-type]


def test_only_leaves_become_fees_and_they_add_up() -> None:
    """Parents are sums of their children: counting them too would double the money."""
    rows = fees(transaction())

    assert [(row["path"], row["amount"]) for row in rows] == [
        ("Sales/OurPricePrincipal", Decimal("10.00")),
        ("AmazonFees/Commission", Decimal("-1.50")),
    ]
    assert [row["category"] for row in rows] == ["principal", "referral_fee"]


def test_items_that_tell_the_whole_replace_the_whole() -> None:
    """The transaction's tree repeats the items' trees; only one of them is money."""
    product = {"contextType": "ProductContext", "sku": "S1", "asin": "B1", "quantityShipped": 2}
    item = {"breakdowns": transaction()["breakdowns"], "contexts": [product]}
    rows = fees(transaction(items=[item]))

    assert sum(row["amount"] for row in rows) == Decimal("8.50")
    assert {(row["sku"], row["asin"], row["quantity"]) for row in rows} == {("S1", "B1", 2)}


def test_items_that_do_not_tell_the_whole_are_not_trusted_with_it() -> None:
    """Where the items' leaves miss money, the transaction's own tree is used."""
    item = {"breakdowns": [leaf("Sales", "3.00", leaf("OurPricePrincipal", "3.00"))]}
    rows = fees(transaction(items=[item]))

    assert sum(row["amount"] for row in rows) == Decimal("8.50")
    assert all(row["line"].startswith("transaction/") for row in rows)


def test_base_and_tax_below_a_fee_are_told_apart() -> None:
    """In the EU a fee has children Base and Tax: the fee is the base, the tax is tax."""
    tree = [leaf("Commission", "-1.50", leaf("Base", "-1.25"), leaf("Tax", "-0.25"))]
    rows = fees(transaction(totalAmount=money("-1.50"), breakdowns=tree))

    assert [(row["type"], row["category"]) for row in rows] == [
        ("Base", "referral_fee"),
        ("Tax", "tax"),
    ]


def test_words_that_nobody_has_seen_are_stored_as_they_are() -> None:
    """New types, statuses and identifiers come without notice; none of them is refused. What an
    unknown identifier holds is not known, so it is not kept.
    """
    identifier = {"relatedIdentifierName": "ID_OF_NEXT_YEAR", "relatedIdentifierValue": "7"}
    parsed = parse(
        transaction(
            transactionType="TypeOfNextYear",
            transactionStatus="Odd",
            relatedIdentifiers=[identifier],
        ),
        REQUEST,
    )

    assert (parsed.row["type"], parsed.row["status"]) == ("TypeOfNextYear", "ODD")
    assert parsed.row["related_identifiers"] == {}


def test_an_unknown_leaf_is_kept_as_other() -> None:
    """Amazon publishes no list of names; money is never dropped for a name."""
    rows = fees(transaction(breakdowns=[leaf("FeeOfNextYear", "8.50")]))

    assert [(row["type"], row["category"], row["amount"]) for row in rows] == [
        ("FeeOfNextYear", "other", Decimal("8.50"))
    ]


@pytest.mark.parametrize("name", ["FBAInventoryReimbursement", "FBAReversedReimbursement"])
def test_a_reimbursement_is_recognised_by_type_or_by_leaf(name: str) -> None:
    """Amazon tells it in either place."""
    by_type = parse(transaction(transactionType=name), REQUEST)
    by_leaf = parse(transaction(breakdowns=[leaf(name, "8.50")]), REQUEST)
    by_description = parse(
        transaction(transactionType="Adjustment", description=name, breakdowns=None), REQUEST
    )
    neither = parse(transaction(), REQUEST)

    told = (by_type, by_leaf, by_description, neither)
    assert [p.row["is_reimbursement"] for p in told] == [True, True, True, False]


def product(sku: str, units: int | None) -> dict[str, Any]:
    """An item without breakdowns."""
    context = {"contextType": "ProductContext", "sku": sku, "asin": "B1", "quantityShipped": units}
    return {"breakdowns": None, "contexts": [context]}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([product("S1", 2)], ("S1", "B1", 2)),
        ([product("S1", 2), product("S1", 1)], ("S1", "B1", 3)),
        ([product("S1", 2), product("S1", None)], ("S1", "B1", None)),
        ([product("S1", 2), product("S2", 1)], (None, None, None)),
        ([{"breakdowns": None}], (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_leaves_of_the_whole_are_of_its_only_product(
    items: list[dict[str, Any]] | None, expected: tuple[str | None, str | None, int | None]
) -> None:
    """Items may have no breakdowns; which product the money is of is told where it is one."""
    rows = fees(transaction(items=items))

    found = {(row.get("sku"), row.get("asin"), row.get("quantity")) for row in rows}
    assert found == {expected}
    assert sum(row["amount"] for row in rows) == Decimal("8.50")


def test_a_transaction_without_id_keeps_its_identity_when_its_status_changes() -> None:
    """Amazon's own sandbox sends none; the same transaction must not become two rows."""
    deferred = transaction(transactionId=None, transactionStatus="Deferred")
    released = transaction(transactionId=None, transactionStatus="DEFERRED_RELEASED")
    other = transaction(transactionId=None, totalAmount=money("8.51"))

    ids = [parse(t, REQUEST).row["transaction_id"] for t in (deferred, released, other)]
    assert ids[0] == ids[1] != ids[2]
    assert parse(deferred, REQUEST).row["status"] == "DEFERRED"


@pytest.mark.parametrize(
    "amount",
    [Decimal("NaN"), Decimal("Infinity"), True, [1], "1_000", "\u0661\u0662", "1,50", " 1", ""],
)
def test_an_amount_that_is_no_number_is_refused(amount: object) -> None:
    """It goes to quarantine instead of into a sum."""
    broken = transaction(totalAmount={"currencyAmount": amount, "currencyCode": "USD"})
    with pytest.raises(ValueError, match="totalAmount"):
        parse(broken, REQUEST)


def test_a_transaction_without_id_keeps_its_identity_when_it_is_released() -> None:
    """A release adds identifiers, and takes the maturity date and the deferral's words away."""
    maturing = [{"contextType": "DeferredContext", "maturityDate": "2026-11-20T00:00:00Z"}]
    known = transaction()["relatedIdentifiers"]
    later = [
        {"relatedIdentifierName": name, "relatedIdentifierValue": "7"}
        for name in ("RELEASE_TRANSACTION_ID", "FINANCIAL_EVENT_GROUP_ID", "SETTLEMENT_ID")
    ]
    deferred = transaction(
        transactionId=None, transactionStatus="DEFERRED", contexts=maturing, description="waits"
    )
    released = transaction(
        transactionId=None,
        transactionStatus="DEFERRED_RELEASED",
        relatedIdentifiers=[*later, *known],
        totalAmount=money("8.5"),
    )
    of_another_order = transaction(
        transactionId=None,
        relatedIdentifiers=[
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "111-2"}
        ],
    )

    ids = [parse(t, REQUEST).row["transaction_id"] for t in (deferred, released, of_another_order)]
    assert ids[0] == ids[1] != ids[2]


def test_equal_transactions_without_id_are_several() -> None:
    """Their money counts as often as they come, and the page twice is the same rows."""
    page = [transaction(transactionId=None), transaction(), transaction(transactionId=None)]
    assert STREAM.api is not None
    first, again = (parse_page(STREAM, STREAM.api, REQUEST, page) for _ in range(2))

    ids = [parsed.row["transaction_id"] for parsed in first.rows]
    assert len(set(ids)) == 3
    assert ids == [parsed.row["transaction_id"] for parsed in again.rows]
    for parsed in first.rows:
        assert {fee["transaction_id"] for fee in parsed.parts["fees"]} == {
            parsed.row["transaction_id"]
        }


def test_a_transaction_with_an_id_that_comes_twice_is_one() -> None:
    """Amazon's id is the identity, however often a page tells it."""
    assert STREAM.api is not None
    batch = parse_page(STREAM, STREAM.api, REQUEST, [transaction(), transaction()])

    assert (len(batch.rows), batch.superseded) == (1, 1)
