"""Units that came back damaged or were not restocked (docs/rules.md#return_damaged_by_amazon,
docs/rules.md#return_not_restocked).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.support.claim_rows import UK, World, make_world
from tests.support.order_rows import UNIT_VALUE, Orders

DAMAGED = ClaimType.RETURN_DAMAGED_BY_AMAZON
NOT_RESTOCKED = ClaimType.RETURN_NOT_RESTOCKED


@pytest.fixture
async def orders(world: World) -> Orders:
    """A refunded order, and a ledger that reaches around it."""
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01")
    await world.history()
    return orders


@pytest.mark.parametrize(
    ("disposition", "confidence"),
    [
        ("CARRIER_DAMAGED", "0.7"),
        ("WAREHOUSE_DAMAGED", "0.7"),
        ("Carrier damaged", "0.7"),
        ("WAREHOUSE_DAMAHED", "0.7"),
        ("DAMAGED", "0.5"),
    ],
)
async def test_a_return_damaged_by_amazon_is_owed(
    orders: Orders, disposition: str, confidence: str
) -> None:
    """The carrier's and the warehouse's damage firmly, plain DAMAGED with half the confidence."""
    await orders.returned("111-1", "2026-08-09", detailed_disposition=disposition, status="Other")

    [claim] = await orders.claims(DAMAGED)

    assert claim["key"] == {"orderId": "111-1", "sku": "SKU-1"}
    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)
    assert claim["confidence"] == Decimal(confidence)
    assert await orders.claims(ClaimType.CUSTOMER_RETURN_MISSING) == []


async def test_a_unit_that_came_back_long_before_the_refund_is_one_claim(orders: Orders) -> None:
    """It counts as missing, as returns count from 30 days before the refund, and not as damaged too."""
    await orders.returned("111-1", "2026-07-01", detailed_disposition="CARRIER_DAMAGED")
    await orders.returned("111-1", "2026-06-30")

    claims = await orders.world.detect("2026-11-23")

    assert [(one["type"], one["quantity"]) for one in claims] == [("customer_return_missing", 1)]


@pytest.mark.parametrize("disposition", ["CUSTOMER_DAMAGED", "DEFECTIVE", "EXPIRED", "SELLABLE"])
async def test_what_policy_excludes_is_not_owed(orders: Orders, disposition: str) -> None:
    """Customer-damaged units are not Amazon-damaged ones; defective and expired ones neither."""
    await orders.returned("111-1", "2026-08-09", detailed_disposition=disposition)

    assert await orders.claims(DAMAGED) == []


@pytest.mark.parametrize(("as_of", "words"), [("2026-08-12", "7 days"), ("2026-11-01", "look")])
async def test_a_return_that_says_reimbursed_is_not_owed(
    orders: Orders, as_of: str, words: str
) -> None:
    """Status Reimbursed with its row still to come is waited for, and said so."""
    await orders.returned(
        "111-1", "2026-08-09", detailed_disposition="CARRIER_DAMAGED", status="Reimbursed"
    )

    assert await orders.claims(DAMAGED, as_of) == []
    [candidate] = await orders.candidates(DAMAGED)
    assert words in candidate["settled"][0]["why"]


async def test_a_damaged_return_that_was_paid_is_not_owed(orders: Orders) -> None:
    """A payment for the order settles it."""
    await orders.returned("111-1", "2026-08-09", detailed_disposition="CARRIER_DAMAGED")
    await orders.paid("111-1", "2026-09-01")

    assert await orders.claims(DAMAGED) == []


async def test_one_payment_does_not_settle_two_units(orders: Orders) -> None:
    """Of a missing and a damaged unit one is paid, the other stays, below 0.5."""
    await orders.refunded("111-1", "2026-08-01")
    await orders.returned("111-1", "2026-08-09", detailed_disposition="CARRIER_DAMAGED")
    await orders.paid("111-1", "2026-09-01")

    claims = await orders.world.detect()

    [claim] = [one for one in claims if one["order_id"] == "111-1"]
    assert (claim["type"], claim["quantity"]) == (DAMAGED, 1)
    assert claim["confidence"] < Decimal("0.5")


async def test_a_damaged_return_without_a_refund_is_not_owed(orders: Orders) -> None:
    """A refund must exist."""
    await orders.sold("111-2")
    await orders.returned("111-2", "2026-08-09", detailed_disposition="CARRIER_DAMAGED")

    assert await orders.claims(DAMAGED) == []


@pytest.mark.parametrize(
    ("place", "opens", "deadline"),
    [("US", date(2026, 9, 30), date(2026, 11, 28)), ("UK", date(2026, 9, 15), date(2026, 11, 13))],
)
async def test_the_days_count_from_the_refund(
    database: Database, place: str, opens: date, deadline: date
) -> None:
    """The window of customer returns, not the day of the return."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,)) if place == "UK" else await make_world(conn)
        orders = Orders(world)
        await orders.sold("111-1")
        await orders.refunded("111-1", "2026-08-01")
        await orders.returned("111-1", "2026-08-30", detailed_disposition="CARRIER_DAMAGED")

        [claim] = await orders.claims(DAMAGED)

    assert (claim["fileable_from"], claim["deadline"]) == (opens, deadline)


async def test_a_return_the_ledger_does_not_show_is_listed(orders: Orders) -> None:
    """Returned as sellable, no unit into stock at that warehouse for two weeks."""
    await orders.returned("111-1", "2026-08-09")

    [claim] = await orders.claims(NOT_RESTOCKED)

    assert claim["key"] == {"orderId": "111-1", "sku": "SKU-1"}
    assert (claim["quantity"], claim["amount"]) == (1, UNIT_VALUE)
    assert claim["confidence"] == Decimal("0.4")
    assert claim["deadline"] == date(2026, 11, 28)


@pytest.mark.parametrize("day", ["2026-08-05", "2026-08-09", "2026-08-12", "2026-08-23"])
async def test_a_return_that_reached_stock_is_not_listed(orders: Orders, day: str) -> None:
    """The return's day may have moved by four, and a unit may take two weeks."""
    await orders.returned("111-1", "2026-08-09")
    await orders.restocked(day)

    assert await orders.claims(NOT_RESTOCKED) == []


async def test_units_in_stock_count_once(orders: Orders) -> None:
    """Sums are compared: of two returns that day one reached stock."""
    await orders.returned("111-1", "2026-08-09")
    await orders.returned("111-1", "2026-08-09")
    await orders.restocked("2026-08-10")

    [claim] = await orders.claims(NOT_RESTOCKED)

    assert claim["quantity"] == 1


async def test_what_reached_stock_of_a_later_return_hides_no_earlier_one(orders: Orders) -> None:
    """Within the two weeks the returns of the days between count too."""
    await orders.sold("111-2")
    await orders.refunded("111-2", "2026-08-05")
    await orders.returned("111-1", "2026-08-09")
    await orders.returned("111-2", "2026-08-16")
    await orders.restocked("2026-08-16")

    [claim] = await orders.claims(NOT_RESTOCKED)

    assert claim["order_id"] == "111-1"


async def test_a_unit_in_stock_in_another_state_is_not_missing(orders: Orders) -> None:
    """What was regraded is in stock, if not as sellable."""
    await orders.returned("111-1", "2026-08-09")
    await orders.restocked("2026-08-09", disposition="CUSTOMER_DAMAGED")

    assert await orders.claims(NOT_RESTOCKED) == []


async def test_a_return_not_put_back_by_its_status_is_not_listed(orders: Orders) -> None:
    """Only rows that say `Unit returned to inventory`."""
    await orders.returned("111-1", "2026-08-09", status="Repackaged Successfully")

    assert await orders.claims(NOT_RESTOCKED) == []


async def test_a_payment_settles_what_was_not_restocked(orders: Orders) -> None:
    """A payment for the order settles it."""
    await orders.returned("111-1", "2026-08-09")
    await orders.paid("111-1", "2026-09-01")

    assert await orders.claims(NOT_RESTOCKED) == []


async def test_a_fresh_return_waits_for_its_ledger_row(orders: Orders) -> None:
    """Still missing after 14 days; before, the claim waits."""
    await orders.world.history(until="2026-11-04")
    await orders.returned("111-1", "2026-10-30")

    [claim] = await orders.claims(NOT_RESTOCKED, "2026-11-05")

    assert claim["fileable_from"] == date(2026, 11, 13)


async def test_a_ledger_that_does_not_reach_so_far_says_nothing(world: World) -> None:
    """The ledger is late: no claim beyond its last day, nor in its first 30 days."""
    orders = Orders(world)
    await world.history(since="2026-07-15", until="2026-09-01")
    for order_id, day in (("111-1", "2026-08-05"), ("111-2", "2026-09-02")):
        await orders.sold(order_id)
        await orders.refunded(order_id, "2026-08-01")
        await orders.returned(order_id, day)

    assert await orders.claims(NOT_RESTOCKED) == []
    assert len(await orders.candidates(NOT_RESTOCKED)) == 2


async def test_an_fnsku_whose_balances_do_not_add_up_is_held_back(orders: Orders) -> None:
    """A doubtful FNSKU makes no new claim of this type, and the candidate says why."""
    await orders.returned("111-1", "2026-08-09")
    await orders.world.monthly(
        month_on="2026-08-01", fnsku="X001", starting_balance=5, ending_balance=9
    )

    assert await orders.claims(NOT_RESTOCKED) == []
    [candidate] = await orders.candidates(NOT_RESTOCKED)
    assert "does not add up" in candidate["suppressed"]
