"""storage_fee_overcharge (docs/rules.md#storage_fee_overcharge)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.support.claim_rows import UK, World, make_world

STORAGE = ClaimType.STORAGE_FEE_OVERCHARGE.value


async def storage(world: World, **values: Any) -> None:
    """September: a box of 10 x 12 x 14.4 inches (one cubic foot), ten on hand, 10.00."""
    row = {
        "month_on": "2026-09-01",
        "fnsku": "X001",
        "fulfillment_center": "PHL7",
        "country": world.country,
        "item_volume": Decimal(1),
        "volume_units": "cubic feet",
        "average_quantity_on_hand": Decimal(10),
        "currency": world.currency,
        "monthly_storage_fee": Decimal("10.00"),
    }
    await world.add("storage_fees", **row | values)


async def measures(world: World, *sides: str, seen: str = "2026-01-05", **values: Any) -> None:
    longest, median, shortest = (Decimal(side) for side in sides or ("14.4", "12", "10"))
    row = {
        "sku": "SKU-1",
        "store": "" if world.country == "GB" else world.country,
        "seen_at": seen,
        "fnsku": "X001",
        "longest_side": longest,
        "median_side": median,
        "shortest_side": shortest,
        "unit_of_dimension": "inches",
        "currency": world.currency,
    }
    await world.add("fee_preview_history", **row | values)


async def balance(world: World, month: str, start: int, end: int, **values: Any) -> None:
    row = {
        "month_on": month,
        "fnsku": "X001",
        "msku": "SKU-1",
        "disposition": "SELLABLE",
        "location": world.country,
        "starting_balance": start,
        "ending_balance": end,
    }
    await world.monthly(**row | values)


async def fees(world: World, as_of: str = "2026-11-23") -> list[dict[str, Any]]:
    return [one for one in await world.detect(as_of) if one["type"] == STORAGE]


async def test_a_volume_above_the_preview_is_owed(world: World) -> None:
    """1.25 cubic feet charged, one measured: a fifth of the fee; 90 days from the next month."""
    await measures(world)
    await storage(world, item_volume=Decimal("1.25"))

    [claim] = await fees(world)

    assert claim["key"]["cause"] == "volume"
    assert claim["amount"] == Decimal("2.00")
    assert 0.3 <= float(claim["confidence"]) <= 0.5
    assert claim["deadline"] == date(2026, 12, 29)


async def test_a_tenth_more_volume_is_tolerated(world: World) -> None:
    """More than 10 %."""
    await measures(world)
    await storage(world, item_volume=Decimal("1.09"))

    assert await fees(world) == []


async def test_units_of_measure_are_converted(database: Database) -> None:
    """Centimeters of the preview against cubic meters of the fee."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,))
        await measures(world, "50", "40", "20", unit_of_dimension="centimeters")
        await storage(world, item_volume=Decimal("0.04"), volume_units="cubic meters")
        await storage(
            world, item_volume=Decimal("0.05"), volume_units="cubic meters", month_on="2026-10-01"
        )

        [claim] = await fees(world)

    assert claim["key"]["month"] == "2026-10"
    assert claim["amount"] == Decimal("2.00")


async def test_a_unit_that_is_not_known_is_not_compared(world: World) -> None:
    """`--` or a new word for a unit proves nothing."""
    await measures(world)
    await storage(world, item_volume=Decimal(1000), volume_units="--")

    assert await fees(world) == []


async def test_a_month_is_compared_with_the_measures_of_its_time(world: World) -> None:
    """Measured anew in October, smaller: September was charged rightly."""
    await measures(world)
    await measures(world, "7.2", "12", "10", seen="2026-10-15")
    await storage(world)

    assert await fees(world) == []


async def test_more_units_than_the_ledger_had_are_owed(world: World) -> None:
    """Ten on hand charged, the ledger's mean is five: half of the fee."""
    await world.history()
    await storage(world)
    await balance(world, "2026-09-01", 5, 5)

    [claim] = await fees(world)

    assert claim["key"]["cause"] == "quantity"
    assert claim["amount"] == Decimal("5.00")
    assert float(claim["confidence"]) < 0.5


async def test_movements_change_the_mean_from_their_day_on(world: World) -> None:
    """Five at the start and fifteen from the 16th on are twelve and a half on average."""
    await world.history()
    await storage(world, average_quantity_on_hand=Decimal("12.5"))
    await balance(world, "2026-09-01", 5, 20)
    await world.ledger("2026-09-16", 15, "", event_type="Receipts", reference_id="FBA1")

    assert await fees(world) == []


async def test_a_month_without_a_summary_starts_where_the_last_one_ended(world: World) -> None:
    """The summary of a month comes later than its fees."""
    await world.history()
    await storage(world)
    await balance(world, "2026-08-01", 9, 5)

    [claim] = await fees(world)

    assert claim["amount"] == Decimal("5.00")


async def test_a_ledger_that_does_not_add_up_proves_nothing(world: World) -> None:
    """The movements do not lead from the month's first balance to its last one."""
    await world.history()
    await storage(world)
    await balance(world, "2026-09-01", 5, 9)

    assert await fees(world) == []


async def test_a_month_that_the_ledger_does_not_cover_is_not_judged(world: World) -> None:
    """History starts mid-story."""
    await world.history(since="2026-09-10")
    await storage(world)
    await balance(world, "2026-09-01", 5, 5)

    assert await fees(world) == []


async def test_the_same_fee_is_not_owed_twice(world: World) -> None:
    """Decisions: no unit is in two claims; the quantity's part is of what the volume leaves."""
    await world.history()
    await measures(world)
    await storage(world, item_volume=Decimal(2))
    await balance(world, "2026-09-01", 5, 5)

    found = {one["key"]["cause"]: one["amount"] for one in await fees(world)}

    assert found == {"volume": Decimal("5.00"), "quantity": Decimal("2.50")}


@pytest.mark.parametrize(("received", "owed"), [("2026-03-10", "6.00"), ("2026-02-10", None)])
async def test_an_aged_surcharge_needs_units_that_are_old(
    world: World, received: str, owed: str | None
) -> None:
    """Ten units, six of them received within 181 days of the snapshot: six charged too many."""
    await world.history(since="2025-06-01")
    await balance(world, "2026-09-01", 10, 10)
    await world.ledger(received, 6, "", event_type="Receipts", reference_id="FBA1")
    await world.add(
        "long_term_storage_fees",
        snapshot_on="2026-09-05",
        sku="SKU-1",
        fnsku="X001",
        country="US",
        surcharge_age_tier="181-210 days",
        quantity_charged=10,
        amount_charged=Decimal("10.00"),
        currency="USD",
    )

    found = await fees(world)

    assert [one["amount"] for one in found] == ([Decimal(owed)] if owed else [])


async def test_without_a_balance_no_quantity_is_compared(world: World) -> None:
    """The summary is needed: an unknown balance is not a balance of zero."""
    await world.history()
    await storage(world)
    await measures(world, "10", "8", "2")

    assert [one for one in await fees(world) if one["key"]["cause"] == "quantity"] == []


@pytest.mark.parametrize(
    ("paid", "state"),
    [
        pytest.param("2.00", ("approved", Decimal("2.00")), id="all of it"),
        pytest.param("1.95", ("approved", Decimal("2.00")), id="a few cents are missing"),
        pytest.param("0.50", ("filed", Decimal("1.50")), id="a part"),
    ],
)
async def test_a_case_about_storage_is_settled_by_money(
    world: World, paid: str, state: tuple[str, Decimal]
) -> None:
    """A sum for the case, without product and units, pays what it reaches."""
    await measures(world)
    await storage(world, item_volume=Decimal("1.25"))
    await fees(world)
    await world.filed(STORAGE)
    await world.payment(
        "2026-11-10",
        reason="GeneralAdjustment",
        case_id="4711",
        fnsku="",
        sku="",
        cash=0,
        amount_total=Decimal(paid),
    )

    assert await world.states(STORAGE) == [state]


@pytest.mark.parametrize(
    ("day", "paid", "left"),
    [
        ("2026-10-20", "2.00", []),
        ("2026-10-20", "0.50", [Decimal("1.50")]),
        ("2026-09-20", "2.00", [Decimal("2.00")]),
    ],
)
async def test_a_fee_correction_of_the_product_comes_off(
    world: World, day: str, paid: str, left: list[Decimal]
) -> None:
    """What was paid after the charge, asked for or not, is not claimed again."""
    await measures(world)
    await storage(world, item_volume=Decimal("1.25"))
    await world.payment(day, reason="Fee_Correction", per_unit=paid)

    assert [claim["amount"] for claim in await fees(world)] == left
