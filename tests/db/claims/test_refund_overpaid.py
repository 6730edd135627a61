"""More given back than was paid (docs/rules.md#refund_overpaid)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from recoup.claims.rule import ClaimType
from tests.support.claim_rows import World
from tests.support.order_rows import PRICE, TAX, UNIT_VALUE, Orders

OVERPAID = ClaimType.REFUND_OVERPAID
MISSING = ClaimType.CUSTOMER_RETURN_MISSING


@pytest.fixture
async def orders(world: World) -> Orders:
    """Orders of a seller whose returns are loaded up to today."""
    orders = Orders(world)
    await orders.returns_are_complete()
    return orders


async def test_a_refund_above_the_charge_is_owed(orders: Orders) -> None:
    """Principal, tax and shipping refunded, less those charged."""
    await orders.sold("111-1", shipping="4.00")
    await orders.refunded("111-1", "2026-08-01", share="1.2", shipping="-4.00")
    await orders.returned("111-1", "2026-08-09")

    [claim] = await orders.claims(OVERPAID)

    assert (claim["quantity"], claim["amount"]) == (1, (PRICE + TAX) / 5)
    assert claim["confidence"] == Decimal("0.6")
    assert (claim["event_on"], claim["deadline"]) == (date(2026, 8, 1), date(2026, 11, 28))


@pytest.mark.parametrize("excess", ["0.00", "0.02"])
async def test_a_refund_of_the_charge_is_not_owed(orders: Orders, excess: str) -> None:
    """Up to two cents are rounding."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", tax=-TAX - Decimal(excess))

    assert await orders.claims(OVERPAID) == []


async def test_a_second_refund_is_owed_from_its_own_day(orders: Orders) -> None:
    """Beyond the units shipped; the days count from the refund that went over."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.refunded("111-1", "2026-08-20")
    await orders.returned("111-1", "2026-08-09")

    [claim] = await orders.claims(OVERPAID)

    assert (claim["quantity"], claim["amount"]) == (1, PRICE + TAX)
    assert claim["event_on"] == date(2026, 8, 20)
    assert await orders.claims(MISSING) == []


async def test_a_refund_in_parts_is_not_owed(orders: Orders) -> None:
    """Two halves are one whole."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", share="0.5")
    await orders.refunded("111-1", "2026-08-04", share="0.5")

    assert await orders.claims(OVERPAID) == []


async def test_refund_and_replacement_with_one_return_is_owed(orders: Orders) -> None:
    """A full refund and a free replacement, one unit back, nothing paid: one unit's worth."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.replaced("111-1", "2026-08-05")
    await orders.returned("111-1", "2026-08-09")

    [claim] = await orders.claims(OVERPAID)

    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)
    assert claim["event_on"] == date(2026, 8, 5)
    assert await orders.claims(MISSING) == []


async def test_refund_and_replacement_with_both_back_is_not_owed(orders: Orders) -> None:
    """The replacement came back too, under its own order id."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    replacement = await orders.replaced("111-1", "2026-08-05")
    await orders.returned("111-1", "2026-08-09")
    await orders.returned(replacement, "2026-08-20")

    assert await orders.claims(OVERPAID) == []


async def test_no_unit_is_in_two_claims(orders: Orders) -> None:
    """With nothing back the missing return has the firmer evidence and is claimed."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.replaced("111-1", "2026-08-05")

    assert await orders.claims(OVERPAID) == []
    assert [one["quantity"] for one in await orders.claims(MISSING)] == [1]
    [candidate] = await orders.candidates(OVERPAID)
    assert "customer_return_missing" in candidate["suppressed"]


async def test_what_amazon_made_good_is_not_owed(orders: Orders) -> None:
    """A payment with the order id settles what is left after the missing units."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", share="1.3")
    await orders.returned("111-1", "2026-08-09")
    await orders.paid("111-1", "2026-08-20", reason="CustomerServiceIssue")

    assert await orders.claims(OVERPAID) == []


async def test_goodwill_is_not_counted(orders: Orders) -> None:
    """Goodwill lines are Amazon's own."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", goodwill="-5.00")

    assert await orders.claims(OVERPAID) == []


async def test_a_promotion_not_taken_back_is_no_excess(orders: Orders) -> None:
    """The smaller of the excess before and after promotions counts."""
    await orders.sold("111-1", promotion="-5.00")
    await orders.refunded("111-1", "2026-08-01")

    assert await orders.claims(OVERPAID) == []


async def test_a_sale_that_is_not_loaded_whole_proves_nothing(orders: Orders) -> None:
    """History starts mid-story: what was charged is not known, so nothing was too much."""
    await orders.sold("111-1", item={"quantity_ordered": 3, "quantity_fulfilled": 3})
    await orders.refunded("111-1", "2026-08-01", units=3)

    assert await orders.claims(OVERPAID) == []


async def test_orders_of_the_merchant_are_not_listed(orders: Orders) -> None:
    """Refunds of orders that the seller shipped are none of Amazon's."""
    await orders.sold("111-1", fulfilled_by="MERCHANT")
    await orders.refunded("111-1", "2026-08-01", share="1.5")

    assert await orders.claims(OVERPAID) == []
