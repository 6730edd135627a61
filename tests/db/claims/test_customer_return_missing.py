"""Refunded or replaced and never returned (docs/rules.md#customer_return_missing)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.support.claim_rows import UK, World, make_world
from tests.support.order_rows import UNIT_VALUE, Orders

MISSING = ClaimType.CUSTOMER_RETURN_MISSING


@pytest.fixture
async def orders(world: World) -> Orders:
    """Orders of a seller whose returns are loaded up to today."""
    orders = Orders(world)
    await orders.returns_are_complete()
    return orders


async def test_a_refunded_unit_that_never_came_back_is_owed(orders: Orders) -> None:
    """Refunded, nothing returned, nothing paid; worth the price less the fees charged."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["key"] == {"orderId": "111-1", "sku": "SKU-1"}
    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)
    assert claim["confidence"] == Decimal("0.8")
    assert {row["table"] for row in claim["evidence"]["rows"]} == {"transactions"}


async def test_a_unit_that_came_back_is_not_owed(orders: Orders) -> None:
    """A return in any disposition settles the refund."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", "2026-08-20", detailed_disposition="CUSTOMER_DAMAGED")

    assert await orders.claims(MISSING) == []
    [candidate] = await orders.candidates(MISSING)
    assert [one["by"] for one in candidate["settled"]] == ["return"]


@pytest.mark.parametrize(("is_paid", "owed"), [(True, 0), (False, 1)])
async def test_two_refunded_one_returned(orders: Orders, is_paid: bool, owed: int) -> None:
    """With a CustomerReturn payment nothing is open, without it one unit."""
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01", units=2)
    await orders.returned("111-1", "2026-08-12")
    if is_paid:
        await orders.paid("111-1", "2026-09-20")

    assert sum(one["quantity"] for one in await orders.claims(MISSING)) == owed


async def test_a_partial_refund_is_no_unit(orders: Orders) -> None:
    """30 % back is a concession, not a refunded unit."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", share="0.3")

    assert await orders.claims(MISSING) == []
    [candidate] = await orders.candidates(MISSING)
    assert [one["by"] for one in candidate["settled"]] == ["partial refund"]


@pytest.mark.parametrize(("share", "owed"), [("0.9", 1), ("0.89", 0)])
async def test_ninety_percent_of_the_price_is_a_unit(orders: Orders, share: str, owed: int) -> None:
    """Below 90 % of the unit price per unit a refund is partial."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", share=share)

    assert len(await orders.claims(MISSING)) == owed


async def test_a_price_after_promotion_counts_for_the_ninety_percent(orders: Orders) -> None:
    """A customer who paid 20 after a promotion and got 20 back was refunded in full."""
    await orders.sold("111-1", promotion="-5.00")
    await orders.refunded("111-1", "2026-08-01", principal="-20.00")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE - 5


async def test_units_without_a_number_follow_from_the_money(orders: Orders) -> None:
    """A refund that names no units is as many as its principal holds prices."""
    await orders.sold("111-1", units=3)
    await orders.refunded("111-1", "2026-08-01", units=None, principal="-50.00")

    [claim] = await orders.claims(MISSING)

    assert claim["quantity"] == 2


@pytest.mark.parametrize(
    ("place", "opens", "deadline"),
    [("US", date(2026, 9, 30), date(2026, 11, 28)), ("UK", date(2026, 9, 15), date(2026, 11, 13))],
)
async def test_the_window_is_the_one_of_the_marketplace(
    database: Database, place: str, opens: date, deadline: date
) -> None:
    """US days 60 to 119, UK days 45 to 104 after the refund (docs/claims.md#windows)."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,)) if place == "UK" else await make_world(conn)
        orders = Orders(world)
        await orders.sold("111-1")
        await orders.refunded("111-1", "2026-08-01")

        [claim] = await orders.claims(MISSING)

    assert (claim["fileable_from"], claim["deadline"]) == (opens, deadline)


async def test_days_are_those_of_the_marketplace(orders: Orders) -> None:
    """A refund at 03:00 UTC is one of the day before in Seattle."""
    await orders.sold("111-1")
    await orders.refunded("111-1", datetime(2026, 8, 2, 3, tzinfo=UTC))

    [claim] = await orders.claims(MISSING)

    assert claim["event_on"] == date(2026, 8, 1)


async def test_orders_of_the_merchant_are_not_amazons_to_pay(orders: Orders) -> None:
    """Only what Amazon fulfilled counts."""
    await orders.sold("111-1", fulfilled_by="MERCHANT")
    await orders.refunded("111-1", "2026-08-01")

    assert await orders.claims(MISSING) == []


async def test_an_order_never_shipped_is_not_owed(orders: Orders) -> None:
    """A cancel before shipping gives money back for a unit that never left."""
    await orders.sold("111-1", item={"quantity_fulfilled": 0}, sale=False)
    await orders.refunded("111-1", "2026-08-01")

    assert await orders.claims(MISSING) == []
    assert await orders.claims(ClaimType.REFUND_OVERPAID) == []


@pytest.mark.parametrize("kind", ["GuaranteeClaim", "Chargeback", "A-to-z Guarantee Refund"])
async def test_disputed_orders_are_left_to_amazon(orders: Orders, kind: str) -> None:
    """A-to-z claims and chargebacks are excluded, alone or beside a refund."""
    for order_id in ("111-1", "111-2"):
        await orders.sold(order_id)
        await orders.refunded(order_id, "2026-08-01", kind=kind)
    await orders.refunded("111-2", "2026-08-02")

    assert await orders.claims(MISSING) == []


async def test_a_refund_that_names_the_seller_is_not_owed(orders: Orders) -> None:
    """Refunds that the seller issued are not paid."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", description="Refund by seller")

    assert await orders.claims(MISSING) == []


async def test_a_replacement_counts_like_a_refund(orders: Orders) -> None:
    """A second unit was sent and the first never came back; days from its shipment."""
    await orders.sold("111-1")
    await orders.replaced("111-1", "2026-08-03", reason_code="LOST_IN_TRANSIT")

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["event_on"]) == (1, date(2026, 8, 3))
    assert "lost on the way" in claim["reason"]


@pytest.mark.parametrize("named_by", ["original", "replacement"])
async def test_a_replacement_that_amazon_paid_is_settled(orders: Orders, named_by: str) -> None:
    """A replacement instead of a refund: CustomerServiceIssue rows of either order settle it."""
    await orders.sold("111-1")
    replacement = await orders.replaced("111-1", "2026-08-03")
    order_id = "111-1" if named_by == "original" else replacement
    await orders.paid(order_id, "2026-08-20", reason="CustomerServiceIssue")

    assert await orders.claims(MISSING) == []


@pytest.mark.parametrize(
    "payment",
    [
        {"reason": "CustomerServiceIssue"},
        {"reason": "Something_New"},
        {"reason": "GeneralAdjustment"},
        {"cash": 0, "inventory": 1},
        {"sku": "ANOTHER-NAME", "fnsku": "X999"},
    ],
)
async def test_any_payment_with_the_order_id_settles(
    orders: Orders, payment: dict[str, Any]
) -> None:
    """Whatever its reason, in cash or in kind, under any SKU."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.paid("111-1", "2026-09-01", **payment)

    assert await orders.claims(MISSING) == []


async def test_a_payment_settles_its_own_sku_only(orders: Orders) -> None:
    """Two SKUs of an order, one paid: the other one stays owed."""
    await orders.sold("111-1")
    await orders.sold("111-1", sku="SKU-2", order=False, item={"asin": "B002"})
    await orders.refunded("111-1", "2026-08-01")
    await orders.refunded("111-1", "2026-08-01", sku="SKU-2")
    await orders.paid("111-1", "2026-09-01")

    [claim] = await orders.claims(MISSING)

    assert claim["sku"] == "SKU-2"


async def test_a_payment_settles_no_more_units_than_it_paid(orders: Orders) -> None:
    """Several units in one order: units count, not orders."""
    await orders.sold("111-1", units=3)
    await orders.refunded("111-1", "2026-08-01", units=3)
    await orders.paid("111-1", "2026-09-01")

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["amount"]) == (2, UNIT_VALUE * 2)


async def test_a_payment_taken_back_does_not_open_the_refund_again(orders: Orders) -> None:
    """Whether the reversal was right is for reimbursement_reversed to say."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    number = await orders.paid("111-1", "2026-09-01")
    await orders.world.reversal("2026-10-01", number, order_id="111-1")

    assert await orders.claims(MISSING) == []


@pytest.mark.parametrize(("day", "owed"), [("2026-07-03", 0), ("2026-07-01", 1), ("2026-11-20", 0)])
async def test_returns_count_from_thirty_days_before_the_refund(
    orders: Orders, day: str, owed: int
) -> None:
    """Returns may precede the refund by 30 days and come late without limit."""
    await orders.sold("111-1", "2026-06-20")
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", day)

    assert len(await orders.claims(MISSING)) == owed


async def test_a_return_under_another_sku_settles(orders: Orders) -> None:
    """What came back for the order under another SKU is searched by order id."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", "2026-08-10", sku="amzn.gr.SKU-1", fnsku="X777", asin="B777")

    assert await orders.claims(MISSING) == []


async def test_a_return_of_another_refunded_sku_settles_nothing_else(orders: Orders) -> None:
    """Of two refunded SKUs the one that came back settles itself."""
    await orders.sold("111-1")
    await orders.sold("111-1", sku="SKU-2", order=False, item={"asin": "B002"})
    await orders.refunded("111-1", "2026-08-01")
    await orders.refunded("111-1", "2026-08-01", sku="SKU-2")
    await orders.returned("111-1", "2026-08-10", sku="SKU-2", asin="B002", fnsku="X002")

    [claim] = await orders.claims(MISSING)

    assert claim["sku"] == "SKU-1"


async def test_a_late_return_withdraws_the_claim(orders: Orders) -> None:
    """Re-checked at every detection; a unit that comes after day 60 ends the claim."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    assert len(await orders.claims(MISSING, "2026-10-05")) == 1

    await orders.returned("111-1", "2026-10-10")

    assert await orders.claims(MISSING, "2026-10-12") == []


async def test_several_refunds_lower_the_confidence(orders: Orders) -> None:
    """0.6 when the order has several refunds; the last one is waited for."""
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01")
    await orders.refunded("111-1", "2026-08-15")

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["confidence"]) == (2, Decimal("0.6"))
    assert claim["fileable_from"] == date(2026, 10, 14)
    assert claim["deadline"] == date(2026, 11, 28)


async def test_returns_not_loaded_to_today_lower_the_confidence(world: World) -> None:
    """0.5 when the returns report is not complete."""
    orders = Orders(world)
    await orders.returns_are_complete(until="2026-09-01")
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["confidence"] == Decimal("0.5")


async def test_a_payment_without_units_may_be_for_this_one(orders: Orders) -> None:
    """Money on the order that names no units drops it below 0.5."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.paid(
        "111-1", "2026-09-01", cash=0, amount_total=Decimal("5.00"), reason="GeneralAdjustment"
    )

    [claim] = await orders.claims(MISSING)

    assert claim["confidence"] < Decimal("0.5")


async def test_without_the_sale_the_amount_is_not_known(orders: Orders) -> None:
    """No guess is shown as money owed; the reason stands in its place."""
    await orders.sold("111-1", sale=False)
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] is None
    assert "not loaded" in claim["amount_missing"]


async def test_a_unit_is_worth_no_more_than_the_cap(orders: Orders) -> None:
    """5,000 USD per unit at most."""
    await orders.sold("111-1", principal="9000.00", item={"unit_price": Decimal(9000)})
    await orders.refunded("111-1", "2026-08-01", principal="-9000.00")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == 5000


async def test_settlements_stand_in_for_missing_transactions(orders: Orders) -> None:
    """A refund that only a settlement tells is found, by its own money and fees."""
    await orders.sold("111-1", sale=False)
    await orders.settled("Order", "111-1", "2026-07-21")
    await orders.settled("Refund", "111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE
    assert {row["table"] for row in claim["evidence"]["rows"]} == {"settlement_lines"}


async def test_a_settlement_that_repeats_a_transaction_counts_once(orders: Orders) -> None:
    """The same refund in both sources is one refund."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.settled("Refund", "111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["confidence"]) == (1, Decimal("0.8"))


@pytest.mark.parametrize(
    ("deferred", "release"),
    [
        ({}, {"DEFERRED_TRANSACTION_ID": "T-deferred"}),
        ({"RELEASE_TRANSACTION_ID": "T-release"}, {}),
    ],
)
async def test_a_released_transaction_counts_once(
    orders: Orders, deferred: dict[str, str], release: dict[str, str]
) -> None:
    """A deferred refund and its release are two transactions, and one names the other."""
    await orders.sold("111-1", units=2)
    for day, number, related in (
        ("2026-08-01", "T-deferred", deferred),
        ("2026-08-09", "T-release", release),
    ):
        await orders.refunded("111-1", day, transaction_id=number, related=related)

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["event_on"]) == (1, date(2026, 8, 1))


async def test_fees_with_tax_of_their_own_are_fees(orders: Orders) -> None:
    """In the EU a fee has Base and Tax below it; both are what the fee cost."""
    await orders.sold("111-1", referral=None, referral_base="-3.00", referral_tax="-0.75")
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE


async def test_tax_that_amazon_withholds_is_no_fee(orders: Orders) -> None:
    """Price without tax less the fees; what Amazon remits as tax is neither."""
    await orders.sold("111-1", withheld="-2.00")
    await orders.refunded("111-1", "2026-08-01", withheld="2.00")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE


@pytest.mark.parametrize(("until", "is_claimed"), [("2026-08-20", False), ("2026-09-20", True)])
async def test_nothing_is_missing_before_the_returns_of_its_weeks_were_read(
    world: World, until: str, *, is_claimed: bool
) -> None:
    """Refunds and returns are compared where both are loaded."""
    orders = Orders(world)
    await orders.returns_are_complete(until)
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")

    assert bool(await orders.claims(MISSING)) == is_claimed
