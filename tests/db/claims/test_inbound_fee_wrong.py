"""inbound_fee_wrong: fees for inbound problems that were none (claims facts T21, 5 R19)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.support.claim_rows import World, make_world

FEE = ClaimType.INBOUND_FEE_WRONG.value
SINGAPORE = "A19VAU5U5O7RUS"


async def charge(world: World, *, status: str = "CLOSED", **values: Any) -> None:
    """A shipment and a row of the noncompliance report about it."""
    await world.add(
        "shipments", shipment_id="FBA1", marketplace_id=world.marketplace_id, status=status
    )
    row = {
        "shipment_id": "FBA1",
        "sku": "SKU-1",
        "fnsku": "X001",
        "problem_type": "Missing units",
        "reported_at": "2026-10-01",
        "problem_quantity": 2,
        "expected_quantity": 10,
        "received_quantity": 8,
        "fee_type": "Defect fee",
        "currency": "USD",
        "fee_total": Decimal("7.50"),
    }
    await world.add("inbound_noncompliance", **row | values)


async def fees(world: World) -> list[dict[str, Any]]:
    return [one for one in await world.detect() if one["type"] == FEE]


async def test_a_fee_for_a_cancelled_shipment_that_never_arrived_is_listed(world: World) -> None:
    """R19: cancelled before arrival: the fee itself, 0.3, for review only, 90 days."""
    await charge(world, status="CANCELLED")

    [claim] = await fees(world)

    assert (claim["amount"], claim["currency"]) == (Decimal("7.50"), "USD")
    assert float(claim["confidence"]) == 0.3
    assert claim["deadline"] == date(2026, 12, 29)


async def test_more_problems_than_missing_units_are_listed(world: World) -> None:
    """R19: three units called a problem, but ten expected and eight received."""
    await charge(world, problem_quantity=3)

    [claim] = await fees(world)

    assert claim["quantity"] == 3


async def test_a_fee_that_the_counts_explain_is_no_claim(world: World) -> None:
    """R19: two problems, two units missing."""
    await charge(world)

    assert await fees(world) == []


async def test_a_row_without_a_fee_is_no_claim(world: World) -> None:
    """R19: nothing was charged."""
    await charge(world, status="CANCELLED", fee_total=Decimal(0))

    assert await fees(world) == []


async def test_a_shipment_cancelled_after_its_arrival_is_no_claim(world: World) -> None:
    """R19: what was received came, whatever the status says."""
    await charge(world, status="CANCELLED")
    await world.ledger("2026-09-01", 8, "", event_type="Receipts", reference_id="FBA1")

    assert await fees(world) == []


async def test_counts_that_are_missing_contradict_nothing(world: World) -> None:
    """R19: without an expected quantity there is nothing to compare."""
    await charge(world, expected_quantity=None)

    assert await fees(world) == []


async def test_a_marketplace_whose_window_is_not_known_gives_no_deadline(
    database: Database,
) -> None:
    """Facts 1.4, fixture 16: unknown is said, and nothing expires."""
    async with database.writing() as conn:
        world = await make_world(conn, (SINGAPORE,))
        await charge(world, status="CANCELLED")

        [claim] = await fees(world)

    assert claim["deadline"] is None
    assert "not known" in claim["window_note"]


async def test_a_case_about_the_fee_is_settled_by_money(world: World) -> None:
    """Facts 4.4 step 1: a sum for the case pays the fee of any number of units."""
    await charge(world, problem_quantity=3)
    await fees(world)
    await world.filed(FEE)
    await world.payment("2026-10-20", reason="Fee_Correction", case_id="4711", per_unit="7.50")

    assert await world.states(FEE) == [("approved", Decimal("7.50"))]
