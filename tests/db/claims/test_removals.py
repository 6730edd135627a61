"""removal_lost and removal_discrepancy (docs/rules.md#removal_lost, docs/rules.md#removal_discrepancy)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim
from recoup.db.engine import Database
from tests.support.claim_rows import CA, DE, UK, US, World, make_world

LOST = ClaimType.REMOVAL_LOST.value
DISCREPANCY = ClaimType.REMOVAL_DISCREPANCY.value


async def parcel(world: World, day: str = "2026-10-20", units: int = 4, **values: Any) -> None:
    row = {
        "order_id": "RO1",
        "shipped_at": day,
        "sku": "SKU-1",
        "fnsku": "X001",
        "disposition": "Unsellable",
        "tracking_number": "1Z1",
        "shipped_quantity": units,
        "carrier": "UPS",
        "removal_order_type": "Return",
    }
    await world.add("removal_shipments", **row | values)


async def order(world: World, requested: int = 4, day: str = "2026-09-20", **values: Any) -> None:
    row = {"order_id": "RO1", "order_type": "Return", "currency": world.currency}
    await world.removal(day, requested=requested, **row | values)


async def say(world: World, *, arrived: bool, of: str = LOST) -> None:
    """What the seller says of the parcels of a type."""
    await world.conn.execute(update(claim).where(claim.c.type == of).values(arrived=arrived))


async def found(world: World, of: str, as_of: str = "2026-11-23") -> list[dict[str, Any]]:
    return [one for one in await world.detect(as_of) if one["type"] == of]


async def test_every_parcel_is_listed_until_its_arrival_is_confirmed(world: World) -> None:
    """0.3 and "confirm arrival"; day 15 to day 74 after it was shipped."""
    await order(world)
    await parcel(world, "2026-10-20")

    [one] = await found(world, LOST)

    assert one["key"] == {"removalOrderId": "RO1", "trackingNumber": "1Z1", "sku": "SKU-1"}
    assert (one["quantity"], float(one["confidence"])) == (4, 0.3)
    assert one["fileable_from"] == date(2026, 11, 4)
    assert one["deadline"] == date(2027, 1, 2)
    assert "Confirm arrival" in one["reason"]


async def test_a_parcel_that_did_not_arrive_is_nearly_certain(world: World) -> None:
    """The seller's "not arrived" raises it to 0.85."""
    await order(world)
    await parcel(world)
    await found(world, LOST)
    await say(world, arrived=False)

    [one] = await found(world, LOST)

    assert float(one["confidence"]) == 0.85
    assert sum(part["change"] for part in one["confidence_parts"]) == pytest.approx(0.85)


async def test_a_parcel_that_arrived_is_no_claim(world: World) -> None:
    """The seller's "arrived" settles all SKUs of the parcel."""
    await order(world)
    await parcel(world)
    await found(world, LOST)
    await say(world, arrived=True)
    await parcel(world, sku="SKU-2", fnsku="X002")

    assert await found(world, LOST) == []
    assert [one["settled"][0]["by"] for one in await world.candidates(LOST)] == ["seller"] * 2


async def test_a_paid_parcel_is_no_claim(world: World) -> None:
    """A removal reimbursement of the FNSKU that was approved later settles it."""
    await order(world)
    await parcel(world)
    await world.payment("2026-11-10", reason="REMOVAL_ORDER_LOST", cash=4)

    assert await found(world, LOST) == []
    [candidate] = await world.candidates(LOST)
    assert candidate["settled"][0]["units"] == 4


async def test_a_payment_goes_to_the_parcel_that_surely_did_not_arrive(world: World) -> None:
    """Parcels of which nothing is known do not use up the payment of a lost one."""
    await order(world)
    await parcel(world, "2026-10-20", tracking_number="1Z1")
    await found(world, LOST)
    await say(world, arrived=False)
    await parcel(world, "2026-10-10", tracking_number="1Z0")
    await world.payment("2026-11-10", reason="REMOVAL_ORDER_LOST", cash=4)

    [one] = await found(world, LOST)

    assert one["key"]["trackingNumber"] == "1Z0"


async def test_a_payment_of_before_the_parcel_settles_nothing(world: World) -> None:
    """Only what was approved later counts."""
    await order(world)
    await parcel(world, "2026-10-20")
    await world.payment("2026-10-10", reason="REMOVAL_ORDER_LOST", cash=4)

    [one] = await found(world, LOST)

    assert one["quantity"] == 4


@pytest.mark.parametrize("told_by", ["fee", "ledger"])
async def test_a_payment_in_another_currency_settles_nothing(
    database: Database, told_by: str
) -> None:
    """Never across currencies: that of the order's fee, else of the country units left."""
    async with database.writing() as conn:
        world = await make_world(conn, (US, CA))
        await order(world, currency="CAD" if told_by == "fee" else "")
        await world.ledger(
            "2026-09-20",
            -4,
            "",
            event_type="VendorReturns",
            country="CA",
            disposition="DEFECTIVE",
        )
        await parcel(world)
        await world.payment("2026-11-10", reason="REMOVAL_ORDER_LOST", cash=4, currency="USD")
        [unpaid] = await found(world, LOST)
        await world.payment("2026-11-11", reason="REMOVAL_ORDER_LOST", cash=4, currency="CAD")

        assert (unpaid["quantity"], await found(world, LOST)) == (4, [])


async def test_a_removal_of_unknown_currency_may_be_paid_in_any(database: Database) -> None:
    """Better missed than claimed twice."""
    async with database.writing() as conn:
        world = await make_world(conn, (US, CA))
        await parcel(world)
        await world.payment("2026-11-10", reason="REMOVAL_ORDER_LOST", cash=4, currency="CAD")

        assert await found(world, LOST) == []


async def test_parcels_of_disposals_are_not_for_the_seller(world: World) -> None:
    """Only parcels of type Return come to the seller."""
    await parcel(world, removal_order_type="Disposal")

    assert await found(world, LOST) == []


@pytest.mark.parametrize("home", [UK, DE])
async def test_the_window_of_lost_removals_is_the_same_in_europe(
    database: Database, home: str
) -> None:
    """15 to 75 days in the United Kingdom and Germany too."""
    async with database.writing() as conn:
        world = await make_world(conn, (home,))
        await order(world)
        await parcel(world, "2026-10-20")

        [one] = await found(world, LOST)

    assert one["marketplace_id"] == home
    assert one["deadline"] == date(2027, 1, 2)


async def test_units_that_no_quantity_accounts_for_are_a_discrepancy(world: World) -> None:
    """Completed, one unit unaccounted: 0.5, 60 days after completion, wait 30."""
    await order(world, 5, last_updated_at="2026-10-01", shipped_quantity=3, cancelled_quantity=1)
    await parcel(world, units=3)

    [one] = await found(world, DISCREPANCY)

    assert one["key"] == {"removalOrderId": "RO1", "sku": "SKU-1"}
    assert (one["quantity"], float(one["confidence"])) == (1, 0.5)
    assert one["fileable_from"] == date(2026, 10, 31)
    assert one["deadline"] == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("ordered", "missing", "lost_on", "confidence"),
    [
        ("Sellable", "SELLABLE", "2026-09-25", 0.3),
        ("Unsellable", "DEFECTIVE", "2026-09-25", 0.3),
        ("Unsellable", "SELLABLE", "2026-09-25", 0.5),
        ("Sellable", "DEFECTIVE", "2026-09-25", 0.5),
        ("Sellable", "SELLABLE", "2026-09-15", 0.5),
        ("Sellable", "SELLABLE", "2026-10-05", 0.5),
    ],
)
async def test_units_that_went_missing_meanwhile_make_a_discrepancy_doubtful(
    world: World, ordered: str, missing: str, lost_on: str, confidence: float
) -> None:
    """A unit that could not be sent as it was lost is the claim of its loss.

    A sellable unit that went missing is none of an order of unsellable ones (docs/amazon.md#dispositions).
    """
    await world.history()
    await world.ledger(lost_on, -1, "M", disposition=missing)
    await order(world, 4, shipped_quantity=3, disposition=ordered, last_updated_at="2026-09-30")
    await parcel(world, units=3, disposition=ordered)

    [one] = await found(world, DISCREPANCY)

    assert (one["quantity"], float(one["confidence"])) == (1, confidence)


async def test_units_that_were_shipped_in_no_parcel_are_a_discrepancy(world: World) -> None:
    """Four count as shipped, the parcels hold three."""
    await order(world, 4)
    await parcel(world, units=3)

    [one] = await found(world, DISCREPANCY)

    assert one["quantity"] == 1


async def test_units_disposed_of_in_a_return_are_a_discrepancy(world: World) -> None:
    """A disposal inside an order of type Return is this type."""
    await order(world, 4, shipped_quantity=3, disposed_quantity=1)
    await parcel(world, units=3)

    [one] = await found(world, DISCREPANCY)

    assert one["quantity"] == 1
    assert "disposed" in one["reason"]


@pytest.mark.parametrize(
    "values",
    [
        {"cancelled_quantity": 1, "shipped_quantity": 3},
        {"in_process_quantity": 1, "shipped_quantity": 3},
        {"status": "Processing", "shipped_quantity": 3},
    ],
)
async def test_what_is_cancelled_or_not_finished_is_no_discrepancy(
    world: World, values: dict[str, Any]
) -> None:
    """The rest was cancelled, is in process, or the order is not completed."""
    await order(world, 4, **values)
    await parcel(world, units=3)

    assert await found(world, DISCREPANCY) == []


async def test_the_units_of_an_order_may_come_in_several_parcels(world: World) -> None:
    """One removal order splits into many parcels."""
    await order(world, 4)
    await parcel(world, units=3)
    await parcel(world, "2026-10-22", units=1, tracking_number="1Z2")

    assert await found(world, DISCREPANCY) == []


async def test_a_disposal_order_has_no_parcels(world: World) -> None:
    """Units that the seller had disposed of are not to come back."""
    await order(world, 4, order_type="Disposal", shipped_quantity=0, disposed_quantity=4)
    await parcel(world, order_id="RO2")

    assert await found(world, DISCREPANCY) == []


async def test_without_any_parcel_row_nothing_follows(world: World) -> None:
    """A report of parcels that was not loaded makes no claims."""
    await order(world, 4)

    assert await found(world, DISCREPANCY) == []


@pytest.mark.parametrize(("read_on", "is_claimed"), [("2026-09-20", False), ("2026-09-25", True)])
async def test_no_parcel_is_missing_before_its_window_was_read_again(
    world: World, read_on: str, *, is_claimed: bool
) -> None:
    """The report of parcels selects by the day of the request, and grows for weeks."""
    await world.add(
        "stream_cursor",
        stream="removal_shipments",
        scope="",
        closed="{[2025-01-01,2026-09-20)}",
        read_at=read_on,
    )
    await order(world, 4, day="2026-09-20")
    await parcel(world, units=3)

    assert bool(await found(world, DISCREPANCY)) == is_claimed


@pytest.mark.parametrize("of", ["disposition", "sku"])
async def test_a_parcel_that_does_not_tell_its_stock_may_hold_it(world: World, of: str) -> None:
    """Empty cells of the report of parcels make no unit missing."""
    await order(world, 4)
    await parcel(world, units=4, **{of: ""})

    assert await found(world, DISCREPANCY) == []


async def test_a_discrepancy_that_was_paid_is_no_claim(world: World) -> None:
    """A removal reimbursement settles it."""
    await order(world, 4)
    await parcel(world, units=3)
    await found(world, LOST)
    await say(world, arrived=True)
    await world.payment("2026-11-10", reason="REMOVAL_ORDER_LOST", cash=1)

    assert await found(world, DISCREPANCY) == []
