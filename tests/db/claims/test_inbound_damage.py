"""inbound_damage: units that arrived damaged with Amazon's carrier (docs/rules.md#inbound_damage)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from recoup.claims.rule import ClaimType
from tests.support.claim_rows import World

DAMAGE = ClaimType.INBOUND_DAMAGE.value


async def send_damaged(
    world: World,
    *,
    number: str = "FBA1",
    day: str = "2026-09-01",
    disposition: str = "CARRIER_DAMAGED",
    partnered: bool | None = True,
    units: int = 3,
    status: str = "CLOSED",
) -> None:
    """A shipment of 100 that arrived in full, some of its units damaged."""
    await world.add(
        "shipments", shipment_id=number, marketplace_id=world.marketplace_id, status=status
    )
    await world.add(
        "shipment_items",
        shipment_id=number,
        sku="SKU-1",
        fnsku="X001",
        quantity_shipped=100,
        quantity_received=100,
    )
    await world.add(
        "inbound_plan_shipments",
        inbound_plan_id=number,
        plan_shipment_id="S1",
        shipment_id=number,
        carrier="UPS",
        is_partnered_carrier=partnered,
        tracking_numbers=[],
    )
    for quantity, state in [(100 - units, "SELLABLE"), (units, disposition)]:
        await world.ledger(
            day,
            quantity,
            "",
            event_type="Receipts",
            reference_id=number,
            disposition=state,
        )


async def damages(world: World) -> list[dict[str, Any]]:
    return [one for one in await world.detect() if one["type"] == DAMAGE]


@pytest.mark.parametrize(
    "disposition", ["CARRIER_DAMAGED", "WAREHOUSE_DAMAGED", "WAREHOUSE_DAMAHED"]
)
async def test_units_damaged_by_amazons_carrier_or_at_its_dock_are_owed(
    world: World, disposition: str
) -> None:
    """A receipt in a damaged state, by a partnered carrier: 0.4, the window of the shipment."""
    await send_damaged(world, disposition=disposition)

    [claim] = await damages(world)

    assert claim["key"] == {"shipmentId": "FBA1", "sku": "SKU-1"}
    assert claim["quantity"] == 3
    assert float(claim["confidence"]) == 0.4
    assert claim["deadline"] == date(2027, 5, 31)


async def test_damage_of_the_sellers_own_packing_is_not_amazons(world: World) -> None:
    """DISTRIBUTOR_DAMAGED is the seller's fault."""
    await send_damaged(world, disposition="DISTRIBUTOR_DAMAGED")

    assert await damages(world) == []
    assert await world.candidates(DAMAGE) == []


@pytest.mark.parametrize("partnered", [False, None])
async def test_damage_with_another_carrier_is_no_claim(
    world: World, *, partnered: bool | None
) -> None:
    """Only a partnered carrier makes it Amazon's; not known counts as not."""
    await send_damaged(world, partnered=partnered)

    assert await damages(world) == []
    [candidate] = await world.candidates(DAMAGE)
    assert "carrier" in candidate["suppressed"]


async def test_damage_that_was_paid_is_no_claim(world: World) -> None:
    """A payment of the inbound family settles it, and `explain` can say so."""
    await send_damaged(world)
    await world.payment("2026-10-01", reason="Damaged_Inbound", cash=3)

    assert await damages(world) == []
    [candidate] = await world.candidates(DAMAGE)
    assert candidate["quantity"] == 0
    assert candidate["settled"][0]["units"] == 3


async def test_a_payment_goes_to_what_amazon_owes_before_what_it_does_not(world: World) -> None:
    """Amazon does not pay for another carrier, so its payment was for its own."""
    await send_damaged(world, number="FBA1", day="2026-08-01", partnered=False)
    await send_damaged(world, number="FBA2", day="2026-09-01")
    await world.payment("2026-10-01", reason="Damaged_Inbound", cash=3)

    assert await damages(world) == []


async def test_a_payment_for_damage_leaves_the_shortage_of_the_same_shipment(world: World) -> None:
    """One payment settles each unit once, damage before missing units."""
    await send_damaged(world, units=3)
    await world.add(
        "shipments", shipment_id="FBA2", marketplace_id=world.marketplace_id, status="CLOSED"
    )
    await world.add(
        "shipment_items",
        shipment_id="FBA2",
        sku="SKU-1",
        fnsku="X001",
        quantity_shipped=10,
        quantity_received=8,
    )
    await world.ledger("2026-08-01", 8, "", event_type="Receipts", reference_id="FBA2")
    await world.payment("2026-10-01", reason="Damaged_Inbound", cash=3)

    found = {one["type"]: one["quantity"] for one in await world.detect()}

    assert found == {"inbound_shortage": 2}


async def test_damage_is_no_shortage(world: World) -> None:
    """A damaged unit was received; it is counted once, as damage."""
    await send_damaged(world)

    assert [one["type"] for one in await world.detect()] == [DAMAGE]
