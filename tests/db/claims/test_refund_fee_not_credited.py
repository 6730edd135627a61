"""The referral fee that a refund should bring back (docs/rules.md#refund_fee_not_credited)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from recoup.claims.rule import ClaimType
from tests.support.claim_rows import World
from tests.support.order_rows import REFERRAL, Orders

NOT_CREDITED = ClaimType.REFUND_FEE_NOT_CREDITED


@pytest.fixture
def orders(world: World) -> Orders:
    return Orders(world)


async def test_a_fee_that_was_kept_is_owed(orders: Orders) -> None:
    """The fee charged less the 20 % that Amazon may keep; 90 days from the refund's day."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", referral=None, administration=None)

    [claim] = await orders.claims(NOT_CREDITED)

    assert (claim["quantity"], claim["amount"]) == (1, REFERRAL * 4 / 5)
    assert claim["confidence"] == Decimal("0.6")
    assert (claim["fileable_from"], claim["deadline"]) == (date(2026, 9, 15), date(2026, 11, 29))


@pytest.mark.parametrize("kept", ["-0.75", "-0.80"])
async def test_a_fee_credited_less_the_administration_fee_is_not_owed(
    orders: Orders, kept: str
) -> None:
    """20 % may be kept, and five cents are rounding."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", administration=kept)

    assert await orders.claims(NOT_CREDITED) == []


async def test_an_administration_fee_above_the_most_is_owed(orders: Orders) -> None:
    """5.00 USD at most, though 20 % of the fee would be 8.00."""
    await orders.sold("111-1", principal="270.00", referral="-40.00")
    await orders.refunded(
        "111-1", "2026-09-01", principal="-270.00", referral="40.00", administration="-8.00"
    )

    [claim] = await orders.claims(NOT_CREDITED)

    assert claim["amount"] == 3


async def test_a_partial_refund_is_not_looked_at(orders: Orders) -> None:
    """A full refund of a unit."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", share="0.4", referral=None, administration=None)

    assert await orders.claims(NOT_CREDITED) == []


async def test_a_credit_that_comes_later_withdraws_the_claim(orders: Orders) -> None:
    """14 days are waited; a credit in a transaction of its own counts too."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", referral=None, administration=None)
    assert len(await orders.claims(NOT_CREDITED)) == 1

    await orders.moved("Adjustment", "111-1", "2026-09-10", units=1, sku="SKU-1", referral=REFERRAL)

    assert await orders.claims(NOT_CREDITED) == []


async def test_a_fee_correction_for_the_order_settles_it(orders: Orders) -> None:
    """A payment of the family of fees with the order id."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", referral=None, administration=None)
    await orders.paid("111-1", "2026-09-20", reason="Fee_Correction", per_unit="3.00")

    assert await orders.claims(NOT_CREDITED) == []
    [candidate] = await orders.candidates(NOT_CREDITED)
    assert candidate["quantity"] == 0


async def test_a_payment_for_the_unit_is_none_for_the_fee(orders: Orders) -> None:
    """No payment for an order settles the fee: the unit and the fee are two debts."""
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-09-01", referral=None, administration=None)
    await orders.paid("111-1", "2026-09-20")

    assert len(await orders.claims(NOT_CREDITED)) == 1


async def test_one_unit_of_several_is_a_share_of_the_fee(orders: Orders) -> None:
    """The fee per unit, for the units refunded in full."""
    await orders.sold("111-1", units=4)
    await orders.refunded("111-1", "2026-09-01", units=2, referral=None, administration=None)

    [claim] = await orders.claims(NOT_CREDITED)

    assert (claim["quantity"], claim["amount"]) == (2, REFERRAL * 2 * 4 / 5)


async def test_a_fee_with_tax_of_its_own_is_credited_with_it(orders: Orders) -> None:
    """The most that may be kept counts before tax, whose share comes on top."""
    base, tax = Decimal("40.00"), Decimal("8.00")
    await orders.sold("111-1", referral=None, referral_base=-base, referral_tax=-tax)
    await orders.refunded(
        "111-1",
        "2026-09-01",
        referral=None,
        referral_base=base,
        referral_tax=tax,
        administration=None,
        administration_base="-5.00",
        administration_tax="-1.00",
    )

    assert await orders.claims(NOT_CREDITED) == []


async def test_a_case_about_the_fee_is_settled_by_money(orders: Orders) -> None:
    """The answer to the case names no order and no unit."""
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-09-01", units=2, referral=None, administration=None)
    await orders.claims(NOT_CREDITED)
    await orders.world.filed(NOT_CREDITED)
    paid = {"reason": "Fee_Correction", "case_id": "4711", "per_unit": str(REFERRAL * 2 * 4 / 5)}
    await orders.world.payment("2026-10-10", **paid)

    assert await orders.world.states(NOT_CREDITED) == [("approved", Decimal(6))]


async def test_the_answer_for_one_order_of_a_case_pays_that_order(orders: Orders) -> None:
    """A pack is one case about several orders, of one product here; the rest stays filed."""
    for order_id, day in (("111-1", "2026-09-01"), ("111-2", "2026-09-02")):
        await orders.sold(order_id)
        await orders.refunded(order_id, day, referral=None, administration=None)
    await orders.claims(NOT_CREDITED)
    await orders.world.filed(NOT_CREDITED)
    paid = {"case_id": "4711", "per_unit": str(REFERRAL * 4 / 5), "order_id": "111-2"}
    await orders.world.payment("2026-10-10", reason="Fee_Correction", **paid)

    await orders.world.detect()

    found = {
        one["order_id"]: (one["status"], one["paid_amount"])
        for one in await orders.world.claims(NOT_CREDITED)
    }
    assert found == {"111-1": ("filed", None), "111-2": ("approved", REFERRAL * 4 / 5)}


async def test_a_refund_of_the_seller_brings_the_fee_back_too(orders: Orders) -> None:
    """Facts A2 leaves units of such refunds unpaid; the referral fee of a refund is no unit."""
    await orders.sold("111-1")
    await orders.refunded(
        "111-1", "2026-09-01", description="Seller refund", referral=None, administration=None
    )

    assert len(await orders.claims(NOT_CREDITED)) == 1


async def test_a_credit_that_names_no_sku_may_be_for_each(orders: Orders) -> None:
    """Of an order with two SKUs it is not told for which; the reading that claims less."""
    await orders.sold("111-1")
    await orders.sold("111-1", order=False, sku="SKU-2")
    await orders.refunded("111-1", "2026-09-01", referral=None, administration=None)
    await orders.moved("Adjustment", "111-1", "2026-09-10", units=1, sku=None, referral=REFERRAL)

    assert await orders.claims(NOT_CREDITED) == []
