"""inbound_shortage: units sent and not received (docs/rules.md#inbound_shortage)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim
from recoup.db.engine import Database
from tests.support.claim_rows import DE, UK, World, make_world

SHORTAGE = ClaimType.INBOUND_SHORTAGE.value


async def send(
    world: World,
    shipped: int,
    received: int,
    *,
    in_ledger: int | None = None,
    day: str = "2026-09-01",
    number: str = "FBA1",
    status: str | None = "CLOSED",
    sku: str = "SKU-1",
    fnsku: str = "X001",
    asin: str = "B001",
) -> None:
    """An item of a shipment and its receipts of one day; without a status the shipment is there."""
    if status is not None:
        await world.add(
            "shipments", shipment_id=number, marketplace_id=world.marketplace_id, status=status
        )
    await world.add(
        "shipment_items",
        shipment_id=number,
        sku=sku,
        fnsku=fnsku,
        quantity_shipped=shipped,
        quantity_received=received,
    )
    units = received if in_ledger is None else in_ledger
    if units:
        await receive(world, day, units, number, fnsku=fnsku, msku=sku, asin=asin)


async def receive(world: World, day: str, units: int, number: str, **values: Any) -> None:
    await world.ledger(day, units, "", event_type="Receipts", reference_id=number, **values)


async def shortages(world: World, as_of: str = "2026-11-23") -> list[dict[str, Any]]:
    return [one for one in await world.detect(as_of) if one["type"] == SHORTAGE]


async def candidate(world: World) -> dict[str, Any]:
    """The one candidate, after a detection."""
    [event] = await world.candidates(SHORTAGE)
    return event


async def test_units_of_a_closed_shipment_that_never_arrived_are_owed(world: World) -> None:
    """100 sent, 95 received by both counts, closed: five units, at once, 0.8."""
    await send(world, 100, 95)
    await world.cost("4.00")

    [one] = await shortages(world)

    assert one["key"] == {"shipmentId": "FBA1", "sku": "SKU-1"}
    assert (one["quantity"], one["amount"]) == (5, 20)
    assert float(one["confidence"]) == 0.8
    assert one["fileable_from"] == date(2026, 9, 1)
    assert one["deadline"] == date(2027, 5, 31)  # nine months after 1 September, less a day


async def test_a_later_receipt_and_a_payment_leave_nothing(world: World) -> None:
    """100 sent, 95 and later 98 received, two paid: nothing is owed."""
    await send(world, 100, 98, in_ledger=95)
    await receive(world, "2026-09-20", 3, "FBA1")
    await world.payment("2026-10-01", reason="Lost_Inbound", cash=2)

    assert await shortages(world) == []
    event = await candidate(world)
    assert (event["units"], event["quantity"]) == (2, 0)
    assert [part["by"] for part in event["settled"]] == ["payment"]


@pytest.mark.parametrize("reason", ["Lost_Warehouse", "Damaged_Warehouse"])
async def test_payments_for_warehouse_losses_settle_no_shipment(world: World, reason: str) -> None:
    """Rows of lost or damaged stock are never used for inbound."""
    await send(world, 100, 95)
    await world.payment("2026-10-01", reason=reason, cash=5)

    [one] = await shortages(world)

    assert one["quantity"] == 5


async def test_a_payment_goes_to_the_oldest_open_shortage_first(world: World) -> None:
    """Oldest first, a row is split, no unit is paid twice."""
    await send(world, 100, 97, day="2026-08-01", number="FBA1")
    await send(world, 100, 96, day="2026-09-01", number="FBA2")
    await world.payment("2026-10-01", reason="Lost_Inbound", cash=5)

    [one] = await shortages(world)

    assert one["key"]["shipmentId"] == "FBA2"
    assert one["quantity"] == 2


async def test_a_payment_of_before_the_delivery_settles_nothing(world: World) -> None:
    """Only rows approved from the first receipt on count."""
    await send(world, 100, 95, day="2026-09-01")
    await world.payment("2026-08-15", reason="Lost_Inbound", cash=5)

    [one] = await shortages(world)

    assert one["quantity"] == 5


async def test_a_payment_shortly_before_the_first_receipt_makes_it_doubtful(world: World) -> None:
    """Paid as wholly lost, and then a part came: for review."""
    await send(world, 10, 4, day="2026-09-01")
    number = await world.payment("2026-08-15", reason="Lost_Inbound", cash=10)

    [one] = await shortages(world)

    assert float(one["confidence"]) < 0.5
    assert number in one["confidence_parts"][-1]["why"]


async def test_a_payment_in_another_currency_settles_no_shortage(database: Database) -> None:
    """Shipments are settled per country, never across currencies."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK, DE))
        await send(world, 100, 95)
        await world.payment("2026-10-01", reason="Lost_Inbound", cash=5, currency="EUR")

        [one] = await shortages(world)

    assert one["quantity"] == 5


async def test_a_payment_of_a_filed_case_goes_to_its_shipment_only(world: World) -> None:
    """Rows of the case that was filed for a shipment go there, older ones or not."""
    await send(world, 100, 97, day="2026-08-01", number="FBA1")
    await send(world, 100, 98, day="2026-09-01", number="FBA2")
    await shortages(world)
    of_second = claim.c.key["shipmentId"].astext == "FBA2"
    await world.conn.execute(update(claim).where(of_second).values(status="filed", case_id="C7"))
    await world.payment("2026-10-01", reason="Lost_Inbound", cash=4, case_id="C7")

    await world.detect()

    events = await world.candidates(SHORTAGE)
    assert {one["key"]["shipmentId"]: one["quantity"] for one in events} == {"FBA1": 3, "FBA2": 0}


async def test_a_unit_counts_as_received_when_either_count_has_it(world: World) -> None:
    """Received is the larger of the shipment's count and the ledger's."""
    await send(world, 100, 95, in_ledger=99)

    [one] = await shortages(world)

    assert one["quantity"] == 1
    assert float(one["confidence"]) == 0.6  # the two sources do not agree


@pytest.mark.parametrize("fnsku", ["X001", ""])
async def test_a_receipt_under_a_label_that_the_shipment_does_not_list_is_of_its_sku(
    world: World, fnsku: str
) -> None:
    """An MSKU may change its FNSKU, and the API may name none; the receipt names the MSKU."""
    await send(world, 100, 0, fnsku=fnsku)
    await receive(world, "2026-09-01", 95, "FBA1", fnsku="X001-NEW")

    [one] = await shortages(world)

    assert one["quantity"] == 5
    assert one["fnsku"] == (fnsku or "X001-NEW")


async def test_a_payment_under_a_new_label_of_the_sku_settles_the_shortage(world: World) -> None:
    """The FNSKU has changed since the shipment was sent."""
    await send(world, 100, 95)
    await world.payment("2026-10-01", reason="Lost_Inbound", cash=5, fnsku="X001-NEW")

    assert await shortages(world) == []


async def test_a_payment_goes_to_the_shortage_of_its_own_label_first(world: World) -> None:
    """For the FNSKU; the SKU only where nothing of that is open."""
    await send(world, 100, 97, day="2026-08-01", number="FBA1", fnsku="X001-OLD")
    await send(world, 100, 96, day="2026-09-01", number="FBA2")
    await world.payment("2026-10-01", reason="Lost_Inbound", cash=4)

    [one] = await shortages(world)

    assert one["key"]["shipmentId"] == "FBA1"


@pytest.mark.parametrize(("received", "confidence"), [(80, 0.8), (79, 0.6)])
async def test_a_large_part_missing_is_less_certain(
    world: World, received: int, confidence: float
) -> None:
    """More than a fifth missing is more often a miscount of the seller."""
    await send(world, 100, received)

    [one] = await shortages(world)

    assert float(one["confidence"]) == confidence


async def test_a_sku_of_which_nothing_came_with_a_delivered_shipment_is_less_certain(
    world: World,
) -> None:
    """The whole SKU is zero: 0.6; its clock is the shipment's first receipt."""
    await send(world, 50, 50)
    await send(world, 10, 0, sku="SKU-2", fnsku="X002", status=None)

    [one] = await shortages(world)

    assert (one["sku"], one["quantity"]) == ("SKU-2", 10)
    assert float(one["confidence"]) == 0.6
    assert one["deadline"] == date(2027, 5, 31)


async def test_a_shipment_without_any_proof_of_delivery_has_no_deadline(world: World) -> None:
    """Nothing received and no delivery seen: 0.4, never shown as money owed."""
    await send(world, 50, 0)

    [one] = await shortages(world)

    assert float(one["confidence"]) == 0.4
    assert one["deadline"] is None
    assert "deadline" in one["reason"]


async def test_a_delivery_that_our_history_saw_dates_the_claim(world: World) -> None:
    """The day the status became DELIVERED, when it comes before the first receipt."""
    await send(world, 100, 95, day="2026-09-05")
    for day, status in [("2026-08-20", "IN_TRANSIT"), ("2026-09-01", "DELIVERED")]:
        await world.add("shipments_history", shipment_id="FBA1", seen_at=day, status=status)

    [one] = await shortages(world)

    assert one["deadline"] == date(2027, 5, 31)


@pytest.mark.parametrize("status", ["RECEIVING", "DELIVERED", "CHECKED_IN"])
async def test_a_shipment_that_is_still_open_waits_for_thirty_quiet_days(
    world: World, status: str
) -> None:
    """Fileable 30 days after the last receipt; until then it may still come in."""
    await send(world, 100, 90, day="2026-10-01", status=status)
    await receive(world, "2026-11-03", 5, "FBA1")

    [one] = await shortages(world)

    assert one["quantity"] == 5
    assert one["fileable_from"] == date(2026, 12, 3)
    assert float(one["confidence"]) == 0.4
    [one] = await shortages(world, "2026-12-03")
    assert float(one["confidence"]) == 0.6


@pytest.mark.parametrize("status", ["WORKING", "READY_TO_SHIP", "SHIPPED", "IN_TRANSIT"])
async def test_a_shipment_on_its_way_is_no_candidate(world: World, status: str) -> None:
    """What has not arrived cannot be missing."""
    await send(world, 100, 0, status=status)

    assert await shortages(world) == []
    assert await world.candidates(SHORTAGE) == []


@pytest.mark.parametrize("status", ["CANCELLED", "DELETED"])
async def test_a_cancelled_shipment_is_no_claim(world: World, status: str) -> None:
    """A cancelled or deleted shipment is not eligible."""
    await send(world, 100, 0, status=status)

    assert await shortages(world) == []
    assert "cancelled" in (await candidate(world))["suppressed"]


async def test_a_shipment_that_was_edited_after_pickup_is_no_claim(world: World) -> None:
    """A shipped quantity that was changed after the pickup proves nothing."""
    await send(world, 100, 95)
    await world.add("shipments_history", shipment_id="FBA1", seen_at="2026-08-10", status="SHIPPED")
    for day, units in [("2026-08-05", 95), ("2026-08-20", 100)]:
        await world.add(
            "shipment_items_history",
            shipment_id="FBA1",
            sku="SKU-1",
            fnsku="X001",
            seen_at=day,
            quantity_shipped=units,
            quantity_received=0,
        )

    assert await shortages(world) == []
    assert "changed" in (await candidate(world))["suppressed"]


async def test_a_surplus_of_a_variant_takes_units_off(world: World) -> None:
    """Units counted under another SKU of the same ASIN are not missing."""
    await send(world, 10, 6)
    await send(world, 10, 13, sku="SKU-1B", fnsku="X00B", status=None)
    await world.ledger("2026-08-01", 1, "", fnsku="X00B", msku="SKU-1B", event_type="Shipments")

    [one] = await shortages(world)

    assert one["quantity"] == 1
    assert [part["by"] for part in (await candidate(world))["settled"]] == ["surplus"]


async def test_what_came_as_a_variant_is_no_large_part_missing(world: World) -> None:
    """30 of 100 were not counted under this SKU, but 20 of them came under another: a tenth is missing."""
    await send(world, 100, 70)
    await send(world, 50, 70, sku="SKU-1B", fnsku="X00B", status=None)

    [one] = await shortages(world)

    assert (one["quantity"], float(one["confidence"])) == (10, 0.8)


async def test_a_surplus_of_another_product_takes_nothing_off(world: World) -> None:
    """A mis-scan is shown beside the claim, and reduces it for variants only."""
    await send(world, 10, 9)
    await send(world, 10, 13, sku="SKU-2", fnsku="X002", asin="B002", status=None)

    [one] = await shortages(world)

    assert one["quantity"] == 1


@pytest.mark.parametrize("reference", ["", "FBA2"])
async def test_units_that_came_with_another_shipment_make_it_a_case_for_review(
    world: World, reference: str
) -> None:
    """Receipts beyond the plan of another shipment, or of none, within 60 days: below 0.5."""
    await send(world, 100, 95)
    if reference:
        await send(world, 50, 55, day="2026-09-20", number=reference)
    else:
        await receive(world, "2026-09-20", 5, "")

    [one] = await shortages(world)

    assert float(one["confidence"]) < 0.5


@pytest.mark.parametrize("reason", ["GeneralAdjustment", "Something_New"])
async def test_a_possible_payment_keeps_the_claim_and_makes_it_doubtful(
    world: World, reason: str
) -> None:
    """The claim stays, says so, and drops below 0.5."""
    await send(world, 100, 95)
    number = await world.payment("2026-10-01", reason=reason)

    [one] = await shortages(world)

    assert one["quantity"] == 5
    assert float(one["confidence"]) < 0.5
    assert any(number in part["why"] for part in one["confidence_parts"])


async def test_europe_has_six_months(database: Database) -> None:
    """The same shipment in the United Kingdom: six months after delivery, less a day."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,))
        await send(world, 100, 95)

        [one] = await shortages(world)

    assert one["deadline"] == date(2027, 2, 28)


async def test_the_evidence_names_every_row_that_counts(world: World) -> None:
    """Shipment, item and receipts with their sources, and the arithmetic."""
    await send(world, 100, 95)

    [one] = await shortages(world)

    rows = one["evidence"]["rows"]
    assert {row["table"] for row in rows} == {"shipments", "shipment_items", "ledger"}
    assert all(row["source"] for row in rows)
    assert one["evidence"]["numbers"]["open"] == 5
    assert "100 units sent, 95 received" in one["reason"]


async def test_a_second_receipt_correction_counts_with_its_sign(world: World) -> None:
    """Receipts are corrected by negative rows."""
    await send(world, 100, 95, in_ledger=101)
    await receive(world, "2026-09-03", -6, "FBA1")

    [one] = await shortages(world)

    assert one["quantity"] == 5
