"""What the sandbox pays for a client's own case, in every source that shows money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from recoup.sandbox.control_payments import add_payment
from recoup.sandbox.sellers import Seller
from recoup.sandbox.world.totals import Totals, count_up
from tests.sandbox.report_reading import MIDNIGHT, REIMBURSEMENTS, new_world, read
from tests.sandbox.running import Running


@pytest.fixture
def seller() -> Seller:
    return Seller(world=new_world(7, 120))


def rows_of(seller: Seller, *numbers: str) -> list[dict[str, str]]:
    return [
        row
        for row in read(REIMBURSEMENTS, seller.world, edge=MIDNIGHT)
        if row["reimbursement-id"] in numbers
    ]


def sum_of(seller: Seller) -> Decimal:
    totals = Totals()
    for _ in count_up(seller.world, MIDNIGHT, totals):
        pass
    return totals.amount


def test_a_case_is_paid_and_taken_back_in_every_source(seller: Seller) -> None:
    """The report names the case, and the transactions grow by the same cents."""
    sku = seller.world.products[3].sku
    before = sum_of(seller)
    told = {"caseId": "4711", "sku": sku, "units": 2, "amount": "24.68"}

    paid = add_payment(seller, told, MIDNIGHT)
    assert sum_of(seller) == before + Decimal("24.68")
    back = add_payment(seller, {"reverses": paid["reimbursementId"], "units": 1}, MIDNIGHT)

    assert sum_of(seller) == before + Decimal("12.34")
    first, second = rows_of(seller, paid["reimbursementId"], back["reimbursementId"])
    assert (first["case-id"], first["sku"], first["amount-total"]) == ("4711", sku, "24.68")
    assert first["quantity-reimbursed-cash"] == "2"
    assert (second["amount-total"], second["original-reimbursement-id"]) == (
        "-12.34",
        paid["reimbursementId"],
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"sku": "none", "amount": "1.00"},
        {"amount": "1.00"},
        {"units": 0, "amount": "1.00"},
        {"units": 3, "amount": "1.00"},
        {"amount": "0.001"},
        {"amount": "much"},
        {"amount": "1.00", "approvedAt": "yesterday"},
        {"amount": "1.00", "case": "4711"},
        {"reverses": "1"},
        {"amount": "1.00", "orderId": "none"},
    ],
)
def test_a_wrong_payment_is_refused(seller: Seller, wrong: dict[str, object]) -> None:
    """With a message, and nothing is added."""
    told = {"sku": seller.world.products[0].sku, **wrong} if wrong != {"amount": "1.00"} else wrong

    with pytest.raises(ValueError, match=r"must|unknown|no payment"):
        add_payment(seller, told, MIDNIGHT)

    assert seller.world.payments.answers == []


def test_the_control_pays_over_http() -> None:
    """The next listing of transactions has the money."""
    with Running(orders=60) as sandbox:
        (row, *_) = sandbox.stock()
        answer = sandbox.control(
            "payments", {"caseId": "4711", "sku": row["sellerSku"], "amount": "12.34"}
        )
        paid = answer.json()
        listed = sandbox.transactions(postedAfter="2026-11-14T00:00:00Z")

    assert (answer.status_code, paid["amount"], paid["currency"]) == (200, "12.34", "USD")
    assert paid["approvedAt"] == "2026-11-14T23:00:00Z"
    amounts = [
        one["totalAmount"]["currencyAmount"]
        for one in listed
        if one["postedDate"].startswith("2026-11-14T23:00:00")
    ]
    assert Decimal("12.34") in [Decimal(str(amount)) for amount in amounts]
