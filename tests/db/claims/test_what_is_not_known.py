"""What is not known is no number: not zero, not one, and never the most that Amazon pays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.rule import ClaimType
from tests.support.claim_rows import World
from tests.support.order_rows import UNIT_VALUE, Orders

MISSING = ClaimType.CUSTOMER_RETURN_MISSING
LOST = ClaimType.LOST_IN_WAREHOUSE.value
LEAVES = {
    "price": ("Sales/ProductCharges/OurPricePrincipal", "principal", "25.00"),
    "referral": ("Expenses/AmazonFees/Commission", "referral_fee", "-3.75"),
    "fulfillment": (
        "Expenses/AmazonFees/FBAFees/FBAPerUnitFulfillmentFee",
        "fulfillment_fee",
        "-4.25",
    ),
    "unnamed price": ("Sales/ProductCharges", "other", "25.00"),
    "all fees": ("Expenses/AmazonFees", "other", "-8.00"),
    "all FBA fees": ("Expenses/AmazonFees/FBAFees", "other", "-4.25"),
    "unnamed discount": ("Sales/NewKindOfRebate", "other", "-5.00"),
}


async def refunded(
    world: World, *names: str, units: int | None = 1, total: str | None = None
) -> Orders:
    """An order whose sale has these leaves, refunded and not returned."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", sale=False)
    number = await orders.moved("Shipment", "111-1", "2026-07-20", units=units, sku="SKU-1")
    for place, name in enumerate(names):
        path, category, amount = LEAVES[name]
        await world.add(
            "fees",
            transaction_id=number,
            line=f"items.0/{place}.0",
            posted_at="2026-07-20",
            order_id="111-1",
            sku="SKU-1",
            quantity=units,
            path=path,
            type=path.rpartition("/")[2],
            category=category,
            amount=Decimal(amount),
            currency="USD",
        )
    told = total or str(sum(Decimal(LEAVES[name][2]) for name in names))
    await world.conn.execute(
        text("update transactions set total_amount = :told where transaction_id = :number"),
        {"told": Decimal(told), "number": number},
    )
    await orders.refunded("111-1", "2026-08-01")
    return orders


@pytest.mark.parametrize(
    ("names", "units", "total", "why"),
    [
        (("price",), 1, None, "not a fee of zero"),
        (("price", "referral"), 1, None, "not a fee of zero"),
        (("price", "fulfillment"), 1, None, "not a fee of zero"),
        (("unnamed price", "all fees"), 1, None, "the price of this order is not known"),
        (
            ("price", "referral", "fulfillment", "unnamed discount"),
            1,
            None,
            "has an unknown name",
        ),
        (("price", "referral", "fulfillment"), None, None, "does not state its units"),
        (("price", "referral", "fulfillment"), 1, "16.00", "do not add up"),
        ((), 1, None, "not loaded"),
    ],
)
async def test_a_sale_with_an_unknown_part_has_no_worth(
    world: World, names: tuple[str, ...], units: int | None, total: str | None, why: str
) -> None:
    """A claim without an amount says which part is missing, and is never worth the cap."""
    orders = await refunded(world, *names, units=units, total=total)

    [claim] = await orders.claims(MISSING)

    assert (claim["quantity"], claim["amount"]) == (1, None)
    assert why in claim["amount_missing"]


@pytest.mark.parametrize(
    "fees", [("referral", "fulfillment"), ("all fees",), ("referral", "all FBA fees")]
)
async def test_a_sale_whose_fees_are_told_in_sum_has_its_worth(
    world: World, fees: tuple[str, ...]
) -> None:
    """Which fees there were matters less than that all of them are told."""
    orders = await refunded(world, "price", *fees)

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE


async def test_one_of_two_shipments_without_fees_leaves_the_worth_unknown(world: World) -> None:
    """The fees of the one are not the fees of both."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", units=1, item={"quantity_ordered": 2, "quantity_fulfilled": 2})
    await orders.moved("Shipment", "111-1", "2026-07-21", units=1, sku="SKU-1", principal="25.00")
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] is None


async def test_an_amount_at_the_cap_says_that_it_is_capped(world: World) -> None:
    """Units that cost more than Amazon pays are worth the cap, in words too."""
    await world.history()
    await world.cost("7000.00")
    await world.ledger("2026-09-01", -1, "M")

    [claim] = [one for one in await world.detect() if one["type"] == LOST]

    assert claim["amount"] == 5000
    assert "capped at 5000" in claim["amount_basis"]


async def test_a_payment_is_not_held_against_a_worth_that_is_not_known(world: World) -> None:
    """A unit whose fees are not told is no unit of 5,000 that was paid with 17."""
    orders = await refunded(world, "price")
    await orders.paid("111-1", "2026-09-20")

    assert await orders.claims(ClaimType.REIMBURSEMENT_UNDERPAID) == []


async def test_a_refund_of_a_price_that_is_not_known_is_not_called_whole(world: World) -> None:
    """It may have been a part of the price, for which nothing is owed."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", sale=False, item={"unit_price": None})
    await orders.refunded("111-1", "2026-08-01", share="0.3")

    assert await orders.claims(MISSING) == []


@pytest.mark.parametrize(
    "values",
    [
        {"quantity_total": None},
        {"quantity_cash": None},
        {"quantity_inventory": None},
        {"quantity_total": None, "quantity_inventory": None},
        {"quantity_total": None, "quantity_cash": None, "quantity_inventory": None},
        {"amount_total": None, "quantity_total": None, "quantity_cash": None},
        {"reason": ""},
        {"fnsku": ""},
        {"sku": ""},
        {"fnsku": "", "sku": ""},
    ],
)
async def test_a_payment_that_does_not_tell_all_may_be_for_the_loss(
    world: World, values: dict[str, Any]
) -> None:
    """What may be paid is not claimed, whichever cell of the payment is empty."""
    await world.history()
    await world.cost("10.00")
    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-09-20", **values)

    assert await world.detect() == []


@pytest.mark.parametrize(
    "values", [{"order_id": ""}, {"quantity_total": None, "quantity_cash": None}]
)
async def test_a_payment_for_an_order_that_does_not_tell_all_may_be_for_it(
    world: World, values: dict[str, Any]
) -> None:
    """The same for a unit that a customer was to send back."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    told = {"reason": "CustomerReturn", "order_id": "111-1", "per_unit": "17.00"}
    await world.payment("2026-09-20", **told | values)

    assert await orders.claims(MISSING) == []


@pytest.mark.parametrize("values", [{"reason": ""}, {"event_type": None, "reason": ""}])
async def test_units_that_came_in_without_a_code_may_be_the_find(
    world: World, values: dict[str, Any]
) -> None:
    """A row of the ledger whose code is empty ends a loss as a find does."""
    await world.history()
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-15", 1, **{"reason": ""} | values)

    assert await world.detect() == []


@pytest.mark.parametrize("cells", [(5, 0), (5, None), (None, None), (0, 5), (0, 0)])
@pytest.mark.parametrize("code", ["F", "N"])
async def test_a_find_ends_a_loss_whatever_its_reconciled_cells_hold(
    world: World, code: str, cells: tuple[int | None, int | None]
) -> None:
    """Empty cells and filled ones alike."""
    reconciled, unreconciled = cells
    await world.history()
    await world.ledger(
        "2026-09-01", -5, "M", reconciled_quantity=reconciled, unreconciled_quantity=unreconciled
    )
    await world.ledger("2026-09-15", 5, code)

    assert await world.detect() == []


@pytest.mark.parametrize("unreconciled", [0, None])
async def test_units_that_amazon_reconciled_with_another_sku_are_settled(
    world: World, unreconciled: int | None
) -> None:
    """The reconciled quantity decides, not a find of the same FNSKU; one number tells the other."""
    await world.history()
    await world.ledger(
        "2026-09-01", -5, "M", reconciled_quantity=5, unreconciled_quantity=unreconciled
    )

    assert await world.detect() == []


@pytest.mark.parametrize(
    "values", [{"quantity": None}, {"status": None}, {"detailed_disposition": None}]
)
async def test_a_damaged_return_that_does_not_tell_all_is_not_claimed(
    world: World, values: dict[str, Any]
) -> None:
    """Without its units, its state, or whether Amazon has paid it, nothing is sure."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01", units=2)
    await orders.returned("111-1", "2026-08-10")
    row = {"detailed_disposition": "CARRIER_DAMAGED", "status": "x"}
    await orders.returned("111-1", "2026-08-11", **row | values)

    assert await world.detect() == []


async def test_a_shipment_that_does_not_tell_what_it_received_lacks_nothing(world: World) -> None:
    """The count of the stock ledger alone is not the larger of two."""
    await world.add(
        "shipments", shipment_id="FBA1", marketplace_id=world.marketplace_id, status="CLOSED"
    )
    await world.add(
        "shipment_items",
        shipment_id="FBA1",
        sku="SKU-1",
        fnsku="X001",
        quantity_shipped=10,
        quantity_received=None,
    )
    await world.ledger("2026-09-04", 7, "", event_type="Receipts", reference_id="FBA1")

    assert await world.detect() == []


@pytest.mark.parametrize(
    "cell", ["cancelled_quantity", "disposed_quantity", "shipped_quantity", "in_process_quantity"]
)
async def test_a_removal_with_an_empty_quantity_adds_up(world: World, cell: str) -> None:
    """What one of the numbers does not tell may be the rest of the others."""
    values = {"order_type": "Return", "requested": 4, "order_id": "RO1", "shipped_quantity": 3}
    await world.removal("2026-09-20", **values | {cell: None})
    await world.add(
        "removal_shipments",
        order_id="RO1",
        shipped_at="2026-09-25",
        sku="SKU-1",
        fnsku="X001",
        tracking_number="1Z1",
        shipped_quantity=3,
        removal_order_type="Return",
    )

    found = await world.detect()

    assert [one for one in found if one["type"] == "removal_discrepancy"] == []


async def test_a_disposal_order_that_does_not_tell_its_units_may_be_for_all(world: World) -> None:
    """An order of unknown size explains the disposal."""
    await world.history()
    await world.ledger("2026-09-01", -3, "D")
    await world.removal("2026-08-25", requested=1, requested_quantity=None, disposed_quantity=None)

    assert await world.detect() == []


async def test_stock_that_stores_share_is_not_added_up(world: World) -> None:
    """Each store of a network tells of the same units that Amazon is looking for."""
    await world.history()
    await world.ledger("2026-10-01", -1, "M")
    for store in ("A1PA6795UKMFR9", "A13V1IB3VIYZZH"):
        await world.add(
            "inventory_history",
            marketplace_id=store,
            sku="SKU-1",
            fnsku="X001",
            condition="New",
            seen_at="2026-11-20",
            researching_quantity=2,
        )

    [claim] = await world.detect()

    assert claim["evidence"]["numbers"]["researching"] == 2
