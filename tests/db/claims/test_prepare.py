"""What rules share: payments net of reversals, costs by day, windows of the seller's marketplaces."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.prepare import prepare
from recoup.claims.policy import load_policy
from recoup.db.engine import Database
from tests.support.claim_rows import DE, US, World, make_world


async def _rows(world: World, sql: str, as_of: str = "2026-11-23") -> list[dict[str, Any]]:
    await prepare(world.conn, world.connection_id, date.fromisoformat(as_of), load_policy())
    return [dict(row) for row in (await world.conn.execute(text(sql))).mappings()]


@pytest.mark.parametrize(
    ("reason", "family"),
    [
        ("Lost_Warehouse", "lost"),
        ("Lost_warehouse", "lost"),
        ("Lost: Warehouse", "lost"),
        ("Damaged_Warehouse", "damaged"),
        ("CustomerReturn", "return"),
        ("CustomerServiceIssue", "outbound"),
        ("Lost_Inbound", "inbound"),
        ("GeneralAdjustment", "general"),
        ("Something_New", "unknown"),
        ("Reimbursement_Reversal", "unknown"),
    ],
)
async def test_a_payment_has_the_family_of_its_reason_however_it_is_written(
    world: World, reason: str, family: str
) -> None:
    """Case, blanks and signs do not matter; what is not known stays unknown."""
    await world.payment("2026-09-20", reason=reason)

    [payment] = await _rows(world, "select family from detect_payment")

    assert payment["family"] == family


@pytest.mark.parametrize(
    ("cash", "inventory", "made_whole", "amount"), [(-1, 1, 1, 0), (-1, 0, 0, 0)]
)
async def test_a_reversal_is_netted_with_the_payment_it_names(
    world: World, cash: int, inventory: int, made_whole: int, amount: int
) -> None:
    """Units made whole are the sum of the totals, the cash is the sum of the amounts."""
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original, cash=cash, inventory=inventory)

    [payment] = await _rows(world, "select * from detect_payment")
    [reversal] = await _rows(world, "select * from detect_reversal")

    assert (payment["made_whole_units"], payment["paid_units"]) == (made_whole, 1)
    assert payment["amount"] == amount
    assert reversal["original_payment_id"] == payment["payment_id"]
    assert reversal["original_family"] == "lost"


async def test_a_reversal_takes_its_units_once_from_lines_of_one_payment(world: World) -> None:
    """A reimbursement id can hold several lines; a reversal of two units takes two."""
    for occurrence in (1, 2, 3):
        await world.payment("2026-09-20", number="R1", occurrence=occurrence)
    await world.reversal("2026-10-20", "R1", cash=-2)

    payments = await _rows(world, "select * from detect_payment order by payment_id")

    assert [p["made_whole_units"] for p in payments] == [0, 0, 1]


async def test_money_added_to_a_payment_is_no_second_unit(world: World) -> None:
    """A payment that was raised later is one payment: more money for the same unit."""
    original = await world.payment("2026-09-20", per_unit="5.00")
    await world.payment("2026-10-01", per_unit="5.00", original_reimbursement_id=original)

    [payment] = await _rows(world, "select * from detect_payment")

    assert (payment["made_whole_units"], payment["amount"]) == (1, 10)


async def test_what_happened_after_the_day_is_not_seen(world: World) -> None:
    """A replay sees a payment from the marketplace's day of its approval on."""
    await world.payment("2026-09-20")

    assert not await _rows(world, "select * from detect_payment", as_of="2026-09-19")
    assert await _rows(world, "select * from detect_payment", as_of="2026-09-20")


async def test_a_cost_is_valid_until_the_next_one(world: World) -> None:
    """Costs follow each other per product without overlap."""
    await world.cost("4.00", since="2026-01-01")
    await world.cost("5.00", since="2026-06-01")

    costs = await _rows(world, "select * from detect_cost order by valid_from")

    assert [c["valid_to"] for c in costs] == [date(2026, 6, 1), date(9999, 12, 31)]
    assert (costs[0]["fnsku"], costs[0]["sku"]) == ("X001", None)


@pytest.mark.parametrize(
    ("country", "marketplace"), [("DE", DE), ("PL", DE), ("CZ", DE), ("US", US)]
)
async def test_units_without_a_store_of_the_seller_are_claimed_in_his_store_of_that_area(
    database: Database, country: str, marketplace: str
) -> None:
    """One ledger for the region, its country tells where the unit was."""
    async with database.writing() as conn:
        world = await make_world(conn, (DE,))
        [row] = await _rows(
            world, f"select marketplace_id from detect_country where country = '{country}'"
        )

    assert row["marketplace_id"] == marketplace


async def test_a_product_is_known_by_its_skus(world: World) -> None:
    """FNSKU, SKU and ASIN come from the ledger, the stock and the fee preview."""
    await world.ledger("2026-09-01", -1)
    await world.add(
        "inventory", marketplace_id=US, sku="SKU-1b", fnsku="X001", condition="NewItem", asin="B001"
    )

    products = await _rows(world, "select * from detect_product order by sku")

    assert [p["sku"] for p in products] == ["SKU-1", "SKU-1b"]
