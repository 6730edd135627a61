"""A unit that has another name by now is not missing: graded, found, donated, of another program."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.rule import ClaimType
from tests.db.claims.test_inbound_shortage import receive, send
from tests.support.claim_rows import World
from tests.support.order_rows import UNIT_VALUE, Orders

DISPOSED = ClaimType.DISPOSED_WITHOUT_PERMISSION.value
MISSING = ClaimType.CUSTOMER_RETURN_MISSING
REVERSED = ClaimType.REIMBURSEMENT_REVERSED.value
SHORTAGE = ClaimType.INBOUND_SHORTAGE.value


def graded(condition: str = "VG", sku: str = "SKU-1") -> dict[str, Any]:
    """Values of a ledger row of stock that Amazon made of a return."""
    return {"fnsku": "X0GR", "msku": f"amzn.gr.{sku}-3FxQ9aBcD-{condition}", "asin": "B001"}


async def refund_and_return(world: World, **values: Any) -> Orders:
    await world.history()
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", "2026-08-10", **values)
    return orders


@pytest.mark.parametrize("condition", ["VG", "G", "A", "LN"])
@pytest.mark.parametrize("event_type", ["Receipts", "CustomerReturns"])
async def test_a_damaged_return_that_was_graded_is_in_stock(
    world: World, event_type: str, condition: str
) -> None:
    """It is restocked at a lower value; `explain` shows as what."""
    await refund_and_return(world, detailed_disposition="DAMAGED")
    await world.ledger("2026-08-12", 1, "", event_type=event_type, **graded(condition))

    assert await world.detect() == []
    [event] = await world.candidates(ClaimType.RETURN_DAMAGED_BY_AMAZON.value)
    assert "Grade and Resell" in event["settled"][0]["why"]


@pytest.mark.parametrize("asin", ["B001", None])
async def test_a_return_under_another_name_is_graded_under_that_name(
    world: World, asin: str | None
) -> None:
    """Whether or not an ASIN tells which SKU of the order it belongs to."""
    await refund_and_return(world, sku="SKU-9", asin=asin, detailed_disposition="DAMAGED")
    await world.ledger("2026-08-12", 1, "", event_type="Receipts", **graded(sku="SKU-9"))

    assert await world.detect() == []
    [event] = await world.candidates(ClaimType.RETURN_DAMAGED_BY_AMAZON.value)
    assert "Grade and Resell" in event["settled"][0]["why"]


async def test_graded_stock_of_another_sku_settles_nothing(world: World) -> None:
    """The name holds the SKU that it was made of, hyphens and all."""
    await refund_and_return(world, detailed_disposition="CARRIER_DAMAGED")
    await world.ledger("2026-08-12", 1, "", event_type="Receipts", **graded(sku="SKU-1-B"))

    assert [one["type"] for one in await world.detect()] == [ClaimType.RETURN_DAMAGED_BY_AMAZON]


@pytest.mark.parametrize("day", ["2026-08-11", "2026-09-20"])
async def test_a_return_that_was_stocked_as_graded_is_stocked(world: World, day: str) -> None:
    """Wherever and whenever it was graded."""
    await refund_and_return(world)
    await world.ledger(day, 1, "", event_type="Receipts", fulfillment_center="PHX7", **graded())

    assert await world.detect() == []


@pytest.mark.parametrize("code", ["D", "G"])
async def test_graded_stock_may_be_disposed_of(world: World, code: str) -> None:
    """The settings of the program permit it."""
    await world.history()
    await world.ledger("2026-08-12", -1, code, **graded())

    assert await world.detect() == []
    [event] = await world.candidates(DISPOSED)
    assert "Grade and Resell" in event["suppressed"]


async def test_a_donation_is_a_disposal_with_less_confidence(world: World) -> None:
    """Code G: charity. Whether it is permitted only the seller's settings tell."""
    await world.history()
    await world.ledger("2026-08-12", -1, "D")
    await world.ledger("2026-08-12", -1, "G")

    found = [one for one in await world.detect() if one["type"] == DISPOSED]

    assert sorted(float(one["confidence"]) for one in found) == [0.35, 0.7]


@pytest.mark.parametrize(
    "values",
    [
        {"fulfillment_center": "XCND", "country": "CN"},
        {"store": "Low-Cost Store"},
        {"country": "CN"},
    ],
)
async def test_the_low_cost_store_is_another_program(world: World, values: dict[str, Any]) -> None:
    """Its losses are none of FBA."""
    await world.history()
    await world.ledger("2026-09-01", -1, "M", **values)

    assert await world.detect() == []


@pytest.mark.parametrize("asin", ["B001", ""])
async def test_units_without_a_label_are_those_of_their_asin_and_shipment(
    world: World, asin: str
) -> None:
    """Ten sent, seven received, three as `Amazon.Found`: nothing is missing; two: one is."""
    found = {"fnsku": "X0FOUND", "msku": "Amazon.Found.B001", "asin": asin}
    await send(world, 10, 7)
    await receive(world, "2026-09-04", 2, "FBA1", **found)
    [one] = [one for one in await world.detect() if one["type"] == SHORTAGE]
    await receive(world, "2026-09-05", 1, "FBA1", **found)

    assert one["quantity"] == 1
    assert [one for one in await world.detect() if one["type"] == SHORTAGE] == []


async def test_units_without_a_label_in_another_shipment_make_a_shortage_doubtful(
    world: World,
) -> None:
    """They may be these: for review only."""
    await send(world, 10, 7)
    await receive(
        world, "2026-09-04", 3, "FBA2", fnsku="X0FOUND", msku="Amazon.Found.B001", asin="B001"
    )

    [one] = [one for one in await world.detect() if one["type"] == SHORTAGE]

    assert one["confidence"] < Decimal("0.5")


@pytest.mark.parametrize(
    ("paid", "taken", "is_found", "owed"),
    [
        ("10.34", ["14.78"], True, "4.44"),
        ("10.34", ["14.78"], False, "14.78"),
        ("10.34", ["10.34"], True, None),
        ("10.34", ["5.00"], True, None),
        ("10.34", ["10.34", "3.00"], True, "3.00"),
        ("10.34", ["10.34", "10.34"], False, "20.68"),
    ],
)
async def test_money_taken_back_beyond_the_payment_is_owed(
    world: World, paid: str, taken: list[str], *, is_found: bool, owed: str | None
) -> None:
    """Units and money are both netted over all reversals of a reimbursement."""
    await world.history()
    await world.ledger("2026-08-01", -1, "M")
    number = await world.payment("2026-09-01", per_unit=paid)
    if is_found:
        await world.ledger("2026-10-01", 1, "F")
    for day, amount in enumerate(taken):
        await world.reversal(f"2026-10-{10 + day}", number, per_unit=amount)

    found = [one for one in await world.detect() if one["type"] == REVERSED]

    assert sum(one["amount"] for one in found) == Decimal(owed or 0)
    assert bool(found) == (owed is not None)


async def test_one_unit_told_twice_is_one_unit(world: World) -> None:
    """Order and license plate name it; a later pull may give it another day."""
    await world.history()
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-07-01", units=2)
    for day in ("2026-07-10", "2026-07-14"):
        await orders.returned("111-1", day, license_plate_number="LPN1")

    [claim] = await orders.claims(MISSING, "2026-09-20")

    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)


@pytest.mark.parametrize("plate", ["LPN1", ""])
async def test_a_damaged_unit_told_twice_is_claimed_once(world: World, plate: str) -> None:
    """With a license plate and without one."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-07-01", units=2)
    for day in ("2026-07-10", "2026-07-14"):
        values = {"license_plate_number": plate, "detailed_disposition": "CARRIER_DAMAGED"}
        await orders.returned("111-1", day, **values)

    [claim] = await orders.claims(ClaimType.RETURN_DAMAGED_BY_AMAZON, "2026-09-20")

    assert claim["amount"] == UNIT_VALUE


@pytest.mark.parametrize(("seen", "is_doubtful"), [(1, False), (2, True), (5, True)])
async def test_a_return_that_only_the_ledger_saw_makes_missing_doubtful(
    world: World, seen: int, *, is_doubtful: bool
) -> None:
    """The report of returns tells of one unit, the stock ledger of more."""
    orders = Orders(world)
    await orders.returns_are_complete()
    for number in range(5):
        await orders.sold(f"111-{number}")
        await orders.refunded(f"111-{number}", "2026-08-01")
    await orders.returned("111-0", "2026-08-10")
    await orders.restocked("2026-08-10")
    if seen > 1:
        await world.ledger("2026-08-12", seen - 1, "", event_type="CustomerReturns")

    found = await orders.claims(MISSING)

    assert len(found) == 4
    assert all((one["confidence"] < Decimal("0.5")) == is_doubtful for one in found)


@pytest.mark.parametrize("status", ["CANCELLED", "PENDING", "UNSHIPPED", None])
@pytest.mark.parametrize("fulfilled", [0, None, 1])
async def test_an_order_that_was_never_sent_lacks_no_return(
    world: World, status: str | None, fulfilled: int | None
) -> None:
    """A sale and its refund can be in the finances of an order that was cancelled before."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", order=False, item={"quantity_fulfilled": fulfilled})
    await world.add(
        "orders",
        order_id="111-1",
        marketplace_id=world.marketplace_id,
        sales_channel="AMAZON",
        status=status,
        fulfilled_by="AMAZON",
        created_at="2026-07-19",
        last_updated_at="2026-07-20",
        item_count=1,
        units_ordered=1,
    )
    await orders.refunded("111-1", "2026-08-01")

    assert await world.detect() == []


async def test_orders_and_money_are_joined_by_order_and_sku(world: World) -> None:
    """Item ids differ between the two for one and the same item."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1")
    await world.conn.execute(text("update order_items set order_item_id = 'of the order alone'"))
    await orders.refunded("111-1", "2026-08-01")

    [claim] = await orders.claims(MISSING)

    assert claim["amount"] == UNIT_VALUE
