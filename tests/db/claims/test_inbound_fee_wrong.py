"""inbound_fee_wrong: fees for inbound problems that were none (docs/rules.md#inbound_fee_wrong)."""

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
    """Cancelled before arrival: the fee itself, 0.3, for review only; 30 days that nobody confirms."""
    await charge(world, status="CANCELLED")

    [claim] = await fees(world)

    assert (claim["amount"], claim["currency"]) == (Decimal("7.50"), "USD")
    assert float(claim["confidence"]) == 0.3
    assert claim["deadline"] == date(2026, 10, 30)
    assert "not confirmed" in claim["window_note"]


async def test_more_problems_than_missing_units_are_listed(world: World) -> None:
    """Three units called a problem, but ten expected and eight received."""
    await charge(world, problem_quantity=3)

    [claim] = await fees(world)

    assert claim["quantity"] == 3


async def test_a_fee_that_the_counts_explain_is_no_claim(world: World) -> None:
    """Two problems, two units missing."""
    await charge(world)

    assert await fees(world) == []


async def test_a_row_without_a_fee_is_no_claim(world: World) -> None:
    """Nothing was charged."""
    await charge(world, status="CANCELLED", fee_total=Decimal(0))

    assert await fees(world) == []


async def test_a_shipment_cancelled_after_its_arrival_is_no_claim(world: World) -> None:
    """What was received came, whatever the status says."""
    await charge(world, status="CANCELLED")
    await world.ledger("2026-09-01", 8, "", event_type="Receipts", reference_id="FBA1")

    assert await fees(world) == []


async def test_counts_that_are_missing_contradict_nothing(world: World) -> None:
    """Without an expected quantity there is nothing to compare."""
    await charge(world, expected_quantity=None)

    assert await fees(world) == []


async def test_a_fee_outside_of_amazons_range_says_so(world: World) -> None:
    """An inbound defect costs 0.32 to 5.72 a unit in the US since 2026-01-15."""
    await charge(world, problem_quantity=3, fee_total=Decimal("30.00"))

    [claim] = await fees(world)

    assert any("0.32 to 5.72 USD" in note for note in claim["evidence"]["notes"])


async def test_a_fee_without_a_shipment_belongs_to_none(world: World) -> None:
    """Service fees of inbound shipments name none since 2026; the nearest one is not asked."""
    await charge(world)
    await world.add(
        "transactions",
        transaction_id="T1",
        type="ServiceFee",
        posted_at="2026-10-02",
        total_amount=Decimal(-40),
        currency="USD",
        is_reimbursement=False,
        related_identifiers={},
        breakdowns={},
    )
    for number, name in enumerate(("FBAInboundConvenienceFee", "FBAInboundTransportationFee")):
        await world.add(
            "fees",
            transaction_id="T1",
            line=f"transaction/{number}",
            posted_at="2026-10-02",
            path=f"Expenses/{name}",
            type=name,
            category="other",
            amount=Decimal(-20),
            currency="USD",
        )

    assert await world.detect() == []


async def test_a_marketplace_whose_window_is_not_known_gives_no_deadline(
    database: Database,
) -> None:
    """Unknown is said, and nothing expires."""
    async with database.writing() as conn:
        world = await make_world(conn, (SINGAPORE,))
        await charge(world, status="CANCELLED")

        [claim] = await fees(world)

    assert claim["deadline"] is None
    assert "not known" in claim["window_note"]


async def test_a_case_about_the_fee_is_settled_by_money(world: World) -> None:
    """A sum for the case pays the fee of any number of units."""
    await charge(world, problem_quantity=3)
    await fees(world)
    await world.filed(FEE)
    await world.payment("2026-10-20", reason="Fee_Correction", case_id="4711", per_unit="7.50")

    assert await world.states(FEE) == [("approved", Decimal("7.50"))]
