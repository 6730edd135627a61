"""No unit is in two claims, and none is lost between two (docs/decisions.md#one-unit-one-claim)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from recoup.claims.tables import claim
from recoup.db.engine import Database
from tests.support.claim_rows import CA, US, World, make_world
from tests.support.order_rows import Orders

LOST, DAMAGED = "lost_in_warehouse", "damaged_in_warehouse"
DISPOSED, INBOUND_DAMAGE = "disposed_without_permission", "inbound_damage"
REVERSED, MISSING = "reimbursement_reversed", "customer_return_missing"
RETURN_DAMAGED, REMOVAL_LOST = "return_damaged_by_amazon", "removal_lost"


@pytest.fixture
async def world(world: World) -> World:
    """A ledger of most of a year."""
    await world.history()
    return world


@pytest.fixture
async def orders(world: World) -> Orders:
    """An order of one unit each of SKU-1 and SKU-2."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1")
    await orders.sold("111-1", sku="SKU-2", order=False, item={"asin": "B002"})
    return orders


async def _claimed(world: World) -> dict[str, int]:
    """Open units by type."""
    units: dict[str, int] = {}
    for one in await world.detect():
        units[one["type"]] = units.get(one["type"], 0) + one["quantity"]
    return units


async def _shipment(world: World, shipped: int, received: int, number: str = "FBA1") -> None:
    """A closed shipment, by a partnered carrier."""
    place = {"shipment_id": number, "marketplace_id": world.marketplace_id}
    await world.add("shipments", status="CLOSED", **place)
    await world.add(
        "shipment_items",
        shipment_id=number,
        sku="SKU-1",
        fnsku="X001",
        quantity_shipped=shipped,
        quantity_received=received,
    )
    await world.add(
        "inbound_plan_shipments",
        inbound_plan_id=number,
        plan_shipment_id="S1",
        shipment_id=number,
        is_partnered_carrier=True,
        tracking_numbers=[],
    )


async def _receipt(world: World, day: str, units: int, number: str = "FBA1", **values: Any) -> None:
    await world.ledger(day, units, "", event_type="Receipts", reference_id=number, **values)


async def _regraded(world: World, day: str, code: str, before: str, after: str) -> None:
    """The two legs of a change of state."""
    await world.ledger(day, -1, code, disposition=before)
    await world.ledger(day, 1, "P", disposition=after)


async def _damaged_return(orders: Orders, state: str = "CARRIER_DAMAGED") -> None:
    """A refunded unit of SKU-1 that came back damaged by Amazon or its carrier."""
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", "2026-08-09", detailed_disposition=state, status="Other")


async def _taken_back(world: World, day: str, original: str, kind: str, units: int = 1) -> None:
    await world.reversal(day, original, cash=-units, original_reimbursement_type=kind)


# Reversals: what came since was taken back rightly


@pytest.mark.parametrize("is_loaded", [True, False])
@pytest.mark.parametrize(("came", "owed"), [(2, 0), (1, 1), (0, 2)])
async def test_units_received_after_their_payment_make_its_reversal_right(
    world: World, came: int, owed: int, *, is_loaded: bool
) -> None:
    """Found and put back; the shipment tells, or its receipts where it is not loaded."""
    if is_loaded:
        await _shipment(world, 10, 8 + came)
    await _receipt(world, "2026-06-01", 8)
    original = await world.payment("2026-08-01", reason="Lost_Inbound", cash=2)
    if came:
        await _receipt(world, "2026-09-20", came)
    await _taken_back(world, "2026-10-01", original, "Lost_Inbound", 2)

    assert await _claimed(world) == ({REVERSED: owed} if owed else {})


async def test_another_shipment_makes_no_reversal_right(world: World) -> None:
    """The shortage stands, and what came was planned otherwise; it is for review."""
    await _shipment(world, 10, 8)
    await _shipment(world, 50, 50, "FBA2")
    await _receipt(world, "2026-06-01", 8)
    original = await world.payment("2026-08-01", reason="Lost_Inbound", cash=2)
    await _receipt(world, "2026-09-20", 50, "FBA2")
    await _taken_back(world, "2026-10-01", original, "Lost_Inbound", 2)

    [one] = await world.detect()

    assert (one["type"], one["quantity"]) == (REVERSED, 2)
    assert one["confidence"] < 0.5


async def test_units_received_once_excuse_one_reversal(world: World) -> None:
    """Of two units of a payment, taken back one by one, one has come."""
    await _shipment(world, 10, 9)
    await _receipt(world, "2026-06-01", 8)
    original = await world.payment("2026-08-01", reason="Lost_Inbound", cash=2)
    await _receipt(world, "2026-09-20", 1)
    await _taken_back(world, "2026-10-01", original, "Lost_Inbound")
    await _taken_back(world, "2026-10-02", original, "Lost_Inbound")

    assert await _claimed(world) == {REVERSED: 1}


async def test_a_removal_payment_taken_back_is_not_judged_as_a_customers_order(
    world: World,
) -> None:
    """The order that it names is a removal order, of which no units were refunded."""
    product = {"order_id": "RO1", "reason": "REMOVAL_ORDER_LOST"}
    original = await world.payment("2026-08-01", cash=4, **product)
    await world.reversal(
        "2026-10-01",
        original,
        cash=-4,
        order_id="RO1",
        original_reimbursement_type="REMOVAL_ORDER_LOST",
    )

    assert await _claimed(world) == {REVERSED: 4}


async def test_a_parcel_that_arrived_after_its_payment_makes_the_reversal_right(
    world: World,
) -> None:
    """The seller says that the paid parcel arrived."""
    await world.removal("2026-09-20", order_type="Return", order_id="RO1")
    await _parcel(world, "2026-09-25")
    await world.detect()
    original = await world.payment("2026-10-10", reason="REMOVAL_ORDER_LOST")
    arrived = update(claim).where(claim.c.type == REMOVAL_LOST).values(arrived=True)
    await world.conn.execute(arrived)
    await _taken_back(world, "2026-10-30", original, "REMOVAL_ORDER_LOST")

    assert await _claimed(world) == {}


@pytest.mark.parametrize(
    ("mended", "owed"),
    [("2026-07-15", 0), ("2026-11-02", 0), ("2026-02-01", 1), (None, 1)],
)
async def test_a_damage_undone_makes_the_reversal_of_its_payment_right(
    world: World, mended: str | None, owed: int
) -> None:
    """Made sellable again after the damage, long before the reversal or after it."""
    await _regraded(world, "2026-06-01", "E", "SELLABLE", "WAREHOUSE_DAMAGED")
    original = await world.payment("2026-06-20", reason="Damaged_Warehouse")
    if mended:
        await _regraded(world, mended, "Q", "WAREHOUSE_DAMAGED", "SELLABLE")
    await _taken_back(world, "2026-10-20", original, "Damaged_Warehouse")

    assert await _claimed(world) == ({REVERSED: 1} if owed else {})


async def test_one_mended_unit_excuses_one_reversal(world: World) -> None:
    """Not already used."""
    for day, paid in (("2026-06-01", "2026-06-20"), ("2026-06-02", "2026-06-21")):
        await _regraded(world, day, "E", "SELLABLE", "WAREHOUSE_DAMAGED")
        original = await world.payment(paid, reason="Damaged_Warehouse")
        await _taken_back(world, "2026-10-20", original, "Damaged_Warehouse")
    await _regraded(world, "2026-07-15", "Q", "WAREHOUSE_DAMAGED", "SELLABLE")

    assert await _claimed(world) == {REVERSED: 1}


async def test_a_unit_paid_as_damaged_and_as_lost_may_be_taken_back_once(world: World) -> None:
    """Positive twice for one unit, under two names."""
    await world.ledger("2026-09-01", -1, "E")
    original = await world.payment("2026-09-10", reason="Damaged_Warehouse")
    await world.ledger("2026-09-12", -1, "M", disposition="WAREHOUSE_DAMAGED")
    await world.payment("2026-09-20")
    await _taken_back(world, "2026-10-10", original, "Damaged_Warehouse")

    assert await _claimed(world) == {}


async def test_a_payment_for_units_that_nobody_owes_is_taken_back_for_review(world: World) -> None:
    """Amazon may take back what it paid in error; a customer's damage it need not pay."""
    await world.ledger("2026-09-01", -1, "M", disposition="CUSTOMER_DAMAGED")
    original = await world.payment("2026-09-10")
    await world.reversal("2026-10-10", original)

    [one] = await world.detect()

    assert (one["type"], float(one["confidence"])) == (REVERSED, 0.4)


# Damaged when it came, then an event of the warehouse


async def test_a_shipments_damaged_unit_that_code_6_moves_is_one_claim(world: World) -> None:
    """6 moves what a carrier damaged, whose event the shipment's is."""
    await _shipment(world, 10, 10)
    await _receipt(world, "2026-09-01", 9)
    await _receipt(world, "2026-09-01", 1, disposition="CARRIER_DAMAGED")
    await _regraded(world, "2026-09-10", "6", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED")
    unpaid = await _claimed(world)
    await world.payment("2026-10-01", reason="Damaged_Warehouse")

    assert unpaid == {INBOUND_DAMAGE: 1}
    assert await _claimed(world) == {}
    [candidate] = await world.candidates(INBOUND_DAMAGE)
    assert candidate["settled"][0]["by"] == "payment"


async def test_code_6_without_a_known_origin_is_a_claim(world: World) -> None:
    """Of two units one came damaged; a payment of damage is for the other one."""
    await _receipt(world, "2026-09-05", 1, disposition="CARRIER_DAMAGED")
    await _regraded(world, "2026-09-01", "6", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED")
    await _regraded(world, "2026-09-10", "6", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED")
    [one] = await world.detect()

    assert (one["type"], one["key"]["date"]) == (DAMAGED, "2026-09-01")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("CARRIER_DAMAGED", "6"),
        ("CARRIER_DAMAGED", "M"),
        ("WAREHOUSE_DAMAGED", "M"),
        ("WAREHOUSE_DAMAGED", "D"),
        ("DAMAGED", "6"),
        ("DAMAGED", "D"),
    ],
)
async def test_a_return_that_came_damaged_is_one_claim(
    orders: Orders, state: str, code: str
) -> None:
    """What the warehouse does with it later is no second event, whoever pays for it."""
    await _damaged_return(orders, state)
    at = "WAREHOUSE_DAMAGED" if code == "D" else "CARRIER_DAMAGED" if code == "6" else state
    await orders.world.ledger("2026-09-10", -1, code, disposition=at)
    unpaid = await _claimed(orders.world)
    reason = "Lost_Warehouse" if code == "M" else "Damaged_Warehouse"
    await orders.world.payment("2026-10-01", reason=reason)

    assert unpaid == {RETURN_DAMAGED: 1}
    assert await _claimed(orders.world) == {}


async def test_a_return_that_was_mended_is_no_claim(orders: Orders) -> None:
    """A returned unit that is sellable goes back to stock and is not paid."""
    await _damaged_return(orders)
    await _regraded(orders.world, "2026-09-10", "Q", "CARRIER_DAMAGED", "SELLABLE")

    assert await _claimed(orders.world) == {}


async def test_a_payment_of_another_damage_settles_no_return(orders: Orders) -> None:
    """A damage of the warehouse is paid before what only may be the same unit."""
    await _damaged_return(orders)
    await orders.world.ledger("2026-09-10", -1, "E")
    await orders.world.payment("2026-10-01", reason="Damaged_Warehouse")

    assert await _claimed(orders.world) == {RETURN_DAMAGED: 1}


# Damaged in the warehouse, then lost


@pytest.mark.parametrize(("paid", "owed"), [(None, 1), ("Lost_Warehouse", 0)])
async def test_a_damaged_unit_that_goes_missing_is_one_claim(
    world: World, paid: str | None, owed: int
) -> None:
    """The damage is claimed; a payment of the loss is for the same unit."""
    await _regraded(world, "2026-09-01", "E", "SELLABLE", "WAREHOUSE_DAMAGED")
    await world.ledger("2026-09-10", -1, "M", disposition="WAREHOUSE_DAMAGED")
    if paid:
        await world.payment("2026-10-01", reason=paid)

    assert await _claimed(world) == ({DAMAGED: 1} if owed else {})
    [candidate] = await world.candidates(LOST)
    assert candidate["settled"][0]["by"] == "damage"


async def test_three_names_of_one_unit_are_one_claim(orders: Orders) -> None:
    """Came damaged, was moved by code 6, went missing, and was paid as lost."""
    await _damaged_return(orders)
    await _regraded(orders.world, "2026-09-08", "6", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED")
    await orders.world.ledger("2026-09-10", -1, "M", disposition="WAREHOUSE_DAMAGED")
    unpaid = await _claimed(orders.world)
    await orders.world.payment("2026-10-01")

    assert unpaid == {RETURN_DAMAGED: 1}
    assert await _claimed(orders.world) == {}


async def test_a_sellable_loss_is_paid_before_an_unsellable_one(world: World) -> None:
    """What Amazon need not pay does not take the payment of what it owes."""
    await world.ledger("2026-09-01", -1, "M", disposition="DEFECTIVE")
    await world.ledger("2026-09-05", -1, "M")
    await world.payment("2026-09-20")

    [one] = await world.detect()

    assert (one["key"]["date"], one["key"]["disposition"]) == ("2026-09-01", "DEFECTIVE")


async def test_a_unit_handed_over_in_another_country_ends_no_loss_here(database: Database) -> None:
    """Never across currencies: the unit of a payment in Canada is found in Canada."""
    async with database.writing() as conn:
        world = await make_world(conn, (US, CA))
        await world.history()
        await world.ledger("2026-09-01", -1, "M")
        await world.payment("2026-09-20", cash=0, inventory=1, currency="CAD")
        await world.ledger("2026-09-19", 1, "N")
        await world.ledger("2026-09-21", 1, "N", country="CA")

        assert await _claimed(world) == {}


async def _parcel(world: World, day: str) -> None:
    """One unit of a removal order."""
    await world.add(
        "removal_shipments",
        order_id="RO1",
        shipped_at=day,
        sku="SKU-1",
        fnsku="X001",
        disposition="Unsellable",
        tracking_number="1Z1",
        shipped_quantity=1,
        removal_order_type="Return",
    )


async def test_units_in_a_parcel_to_the_seller_were_not_sent_without_order(world: World) -> None:
    """The parcel is listed as such, also while its removal order is not loaded."""
    await world.ledger("2026-10-18", -1, "", event_type="VendorReturns")
    await _parcel(world, "2026-10-20")

    assert await _claimed(world) == {REMOVAL_LOST: 1}


# Orders: which unit came back


@pytest.mark.parametrize(
    ("returned", "left"), [("2026-08-09", REVERSED), ("2026-09-20", RETURN_DAMAGED)]
)
async def test_a_damaged_return_whose_payment_was_taken_back_is_one_claim(
    orders: Orders, returned: str, left: str
) -> None:
    """Paid after it came, its damage was paid; paid before, the reversal is right."""
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", returned, detailed_disposition="CARRIER_DAMAGED", status="Other")
    original = await orders.paid("111-1", "2026-09-01")
    await orders.world.reversal("2026-10-10", original, order_id="111-1")

    assert await _claimed(orders.world) == {left: 1}


@pytest.mark.parametrize("both", [True, False])
async def test_what_came_back_of_one_sku_does_not_cover_another(
    orders: Orders, *, both: bool
) -> None:
    """A unit too many under SKU-1 leaves SKU-2 missing, for a person to look at."""
    await orders.refunded("111-1", "2026-08-01", sku="SKU-2")
    await orders.returned("111-1", "2026-08-10", status="Other")
    if both:
        await orders.refunded("111-1", "2026-08-01")
        await orders.returned("111-1", "2026-08-12", status="Other")

    [one] = await orders.world.detect()

    assert (one["type"], one["sku"]) == (MISSING, "SKU-2")
    assert one["confidence"] < 0.5
    assert one["confidence_parts"][-1]["part"] == "other unit returned"


async def test_a_unit_too_many_is_not_damaged_and_missing(orders: Orders) -> None:
    """The second one under SKU-1 may be SKU-2; it is claimed once."""
    for sku in ("SKU-1", "SKU-2"):
        await orders.refunded("111-1", "2026-08-01", sku=sku)
    for state in ("SELLABLE", "CARRIER_DAMAGED"):
        await orders.returned("111-1", "2026-08-10", status="Other", detailed_disposition=state)

    assert await _claimed(orders.world) == {MISSING: 1}


async def test_a_return_excuses_the_reversal_of_its_own_sku(orders: Orders) -> None:
    """SKU-1 came back after both were paid; the payment of SKU-2 was taken back wrongly."""
    await orders.returned("111-1", "2026-10-08", status="Other")
    for sku, fnsku in (("SKU-1", "X001"), ("SKU-2", "X002")):
        product = {"sku": sku, "fnsku": fnsku, "order_id": "111-1"}
        await orders.refunded("111-1", "2026-08-01", sku=sku)
        original = await orders.world.payment("2026-09-01", reason="CustomerReturn", **product)
        await orders.world.reversal("2026-10-10", original, **product)

    [one] = await orders.world.detect()

    assert (one["type"], one["sku"]) == (REVERSED, "SKU-2")


async def test_a_damaged_return_under_a_strange_sku_is_the_orders(world: World) -> None:
    """Searched by order id: an order of one SKU has no other unit to come back."""
    orders = Orders(world)
    await orders.sold("111-2")
    await orders.refunded("111-2", "2026-08-01")
    await orders.returned(
        "111-2",
        "2026-08-09",
        sku="amzn.gr.SKU-1",
        fnsku="X777",
        asin="B777",
        detailed_disposition="CARRIER_DAMAGED",
        status="Other",
    )

    assert await _claimed(world) == {RETURN_DAMAGED: 1}


async def test_a_payment_for_a_return_that_names_no_order_holds_the_claim_back(
    orders: Orders,
) -> None:
    """It may have paid the unit: an order that is not told makes no claim that a told one settles."""
    await orders.refunded("111-1", "2026-08-01")
    await orders.world.payment("2026-10-01", reason="CustomerReturn")

    assert await orders.world.detect() == []
    [event] = await orders.world.candidates(MISSING)
    assert "does not state its order" in event["suppressed"]
