"""Sums without the names of their parts: settlements name them, else a sentence says what waits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.detect import Detection, detect
from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.db.claims.test_fulfillment_fee import charge, preview
from tests.support.claim_rows import DE, TODAY, World, make_world
from tests.support.order_rows import FULFILLMENT, PRICE, REFERRAL, TAX, UNIT_VALUE, Orders

MISSING = ClaimType.CUSTOMER_RETURN_MISSING
OVERPAID = ClaimType.REFUND_OVERPAID
ORDER = "111-1"
_NAMED = ("principal", "tax", "referral", "fulfillment", "administration")
_UNNAMED: dict[str, Any] = dict.fromkeys(_NAMED)


@pytest.fixture
async def orders(world: World) -> Orders:
    """Orders of a seller whose returns are loaded up to today."""
    orders = Orders(world)
    await orders.returns_are_complete()
    return orders


async def sold_in_sums(orders: Orders, *, more: Decimal = Decimal(0)) -> None:
    """A sale and its refund, told as charges and as fees."""
    charges = PRICE + TAX
    fees = -REFERRAL - FULFILLMENT
    await orders.sold(ORDER, **_UNNAMED | {"unnamed_charges": charges, "unnamed_fees": fees})
    credited = REFERRAL - REFERRAL / 5 + more
    await orders.refunded(
        ORDER, "2026-08-01", **_UNNAMED | {"unnamed_charges": -charges, "unnamed_fees": credited}
    )


async def looked(world: World) -> Detection:
    return await detect(world.conn, world.connection_id, date.fromisoformat(TODAY))


async def test_a_settlement_names_the_parts_of_a_sum(world: World, orders: Orders) -> None:
    """The same money of order, SKU and kind is the same movement, and its worth is known then."""
    await sold_in_sums(orders)
    await orders.settled("Order", ORDER, "2026-07-20")
    await orders.settled("Refund", ORDER, "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)
    assert (await looked(world)).waits == ()


async def test_a_settlement_of_other_money_names_nothing(world: World, orders: Orders) -> None:
    """What differs by a cent may be another movement: nothing is claimed, and a sentence says so."""
    await sold_in_sums(orders, more=Decimal("0.01"))
    await orders.settled("Order", ORDER, "2026-07-20")
    await orders.settled("Refund", ORDER, "2026-08-01")

    detection = await looked(world)

    assert await world.claims() == []
    assert {one.subject for one in detection.waits} == {
        "refund_overpaid",
        "refund_fee_not_credited",
    }
    [told] = [one.message for one in detection.waits if one.subject == "refund_overpaid"]
    assert told == (
        'Claims "Refunded more than was paid" were searched only in part: Amazon reports the sale or '
        "refund of 1 order as totals without naming the parts. They stay as they are until this data is read."
    )


async def test_a_claim_stays_when_its_money_loses_its_names(world: World, orders: Orders) -> None:
    """Told anew in sums, it is neither withdrawn nor changed."""
    await orders.sold(ORDER)
    await orders.refunded(ORDER, "2026-08-01")
    await orders.refunded(ORDER, "2026-08-20")
    await orders.returned(ORDER, "2026-08-09")
    [before] = await orders.claims(OVERPAID)
    await world.conn.execute(
        text(
            "update fees set path = 'Sales/ProductCharges', type = 'ProductCharges', "
            "category = 'other' where category in ('principal', 'tax')"
        )
    )

    [after] = await orders.claims(OVERPAID)

    names = ("status", "quantity", "amount", "confidence")
    assert [after[name] for name in names] == [before[name] for name in names]
    assert after["status"] == "detected"


async def test_the_fulfillment_fee_in_a_sum_is_told(world: World) -> None:
    """FBAFees may hold other fees than the one that the preview is about."""
    await preview(world, "3.00")
    await charge(world, "5.00", leaf="FBAFees")
    await world.conn.execute(text("update fees set category = 'other'"))

    detection = await looked(world)

    assert await world.claims() == []
    [told] = detection.waits
    assert (
        "reports the fulfillment fee of 1 product only in a total with other fees" in told.message
    )


async def test_previews_of_no_store_are_told(database: Database) -> None:
    """Where the highest of several rows counts, what it may hide is said."""
    async with database.writing() as conn:
        world = await make_world(conn, (DE,))
        for number, fee in enumerate(("3.00", "5.00"), 1):
            await preview(world, fee, store="", occurrence=number)
        await charge(world, "4.00")

        detection = await looked(world)

        assert await world.claims() == []
        [told] = detection.waits
        assert "several rows for each of 1 product without naming the store" in told.message
