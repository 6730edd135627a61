"""Laws of detection, on a real database, whatever happened to a seller's units."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st
from sqlalchemy import text

from recoup.claims.lifecycle import PROMPT_FROM
from recoup.db.embedded import EmbeddedServer
from tests.support.claim_cells import Cell, Column, cells, columns, worth_by_event
from tests.support.claim_rows import World
from tests.support.claim_story import (
    COST,
    ORDERS,
    Happening,
    Stage,
    assert_parts_sum_up,
    essence,
    load,
    more_orders,
    rows_of,
    stories,
)
from tests.support.order_rows import REFERRAL, UNIT_VALUE

_IS_LONG = settings.get_current_profile_name() == "long"
_laws = settings(
    # What these laws promise is most of the trust. `make test-long` has other examples each time.
    max_examples=settings.default.max_examples if _IS_LONG else 50,
    derandomize=not _IS_LONG,
    print_blob=_IS_LONG,
    deadline=None,
    # A detection takes a moment, and a story is short enough to be read as it is.
    phases=(Phase.explicit, Phase.generate),
    # The database is the same for all examples; each one's rows are rolled back.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Each unit once, whatever became of it later.
_LOSSES = {
    "loss",
    "loss that Amazon reconciles",
    "damage",
    "weak damage",
    "damage, then loss",
    "carrier's damage",
}
_COUNTED = {
    "lost_in_warehouse",
    "damaged_in_warehouse",
    "disposed_without_permission",
    "reimbursement_reversed",
}
Row = dict[str, Any]
_DAY = "2026-11-23"
_RETURNED = ("customer_return_missing", "return_damaged_by_amazon")


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedServer, template: str) -> Iterator[Stage]:
    """One database for all examples of all laws."""
    postgres.create_database("claim_laws", template=template)
    stage = Stage(postgres.url("claim_laws"))
    yield stage
    stage.close()
    postgres.drop_database("claim_laws")


async def money_claimed_never_exceeds_what_was_lost(
    world: World, story: Sequence[Happening], claims: Sequence[Row]
) -> None:
    """No more units than were lost or refunded, and no more money than these are worth."""
    events = {(one["type"], str(one["key"])): one for one in await world.candidates()}
    for claim in claims:
        assert claim["quantity"] <= events[claim["type"], str(claim["key"])]["units"]
        if claim["type"].endswith("_in_warehouse"):
            assert claim["amount"] == claim["quantity"] * COST
    lost = sum(one.units for one in story if one.kind in _LOSSES)
    warehouse = [one for one in claims if one["type"].endswith("_in_warehouse")]
    assert sum(one["amount"] for one in warehouse) <= lost * COST
    for order_id in ORDERS:
        made_good = sum(
            one.units if one.kind == "refund" else 1
            for one in story
            if one.kind in {"refund", "replace"} and ORDERS[one.place] == order_id
        )
        mine = [one for one in claims if one["order_id"] == order_id and one["type"] in _RETURNED]
        assert sum(one["quantity"] for one in mine) <= made_good
        assert sum(one["amount"] for one in mine) <= made_good * UNIT_VALUE


def parts_of_a_confidence_sum_to_it(claims: Sequence[Row]) -> None:
    """The number is 0 to 1 and the sum of what is shown beside it, the base first."""
    for claim in claims:
        assert_parts_sum_up(claim)


async def open_and_settled_units_are_those_of_the_event(world: World) -> None:
    """No unit is made or lost on the way."""
    for one in await world.candidates():
        assert one["quantity"] >= 0
        if one["type"] in _COUNTED:
            settled = sum(part["units"] for part in one["settled"])
            assert one["quantity"] + settled == one["units"]


async def no_payment_and_no_find_is_used_twice(world: World) -> None:
    """The sum over all types of what a payment or a find settled is at most its units."""
    settled: dict[str, int] = defaultdict(int)
    found: dict[tuple[str, int], int] = defaultdict(int)
    for one in await world.allocations():
        if one["by"] in {"payment", "reversed_payment"}:
            settled[one["reference"]["reimbursement_id"]] += one["units"]
        if one["by"] == "find":
            row = one["reference"]
            found[row["source_line"], row["quantity"]] += one["units"]
    assert all(units <= quantity for (_, quantity), units in found.items())
    paid = await world.conn.execute(
        text("select reimbursement_id, quantity_total from reimbursements")
    )
    quantities = {row.reimbursement_id: row.quantity_total for row in paid}
    assert all(units <= quantities[name] for name, units in settled.items())


async def no_claim_is_worth_more_than_was_charged_or_it_cost(claims: Sequence[Row]) -> None:
    """No worth above what is told of it, and no cap that does not say so."""
    for claim in claims:
        assert (claim["amount"] is None) == (claim["amount_missing"] is not None)
        if claim["amount"] is None:
            continue
        assert claim["amount"] < 2000 or "capped" in claim["amount_basis"]
        if claim["type"] in {*_RETURNED, "return_not_restocked"}:
            assert claim["amount"] <= claim["quantity"] * UNIT_VALUE
        elif claim["type"] == "refund_fee_not_credited":
            assert claim["amount"] <= REFERRAL * 3
        elif claim["type"] in _COUNTED - {"reimbursement_reversed"}:
            assert claim["amount"] <= claim["quantity"] * COST


async def a_fact_taken_away_adds_no_claim_and_no_money(
    world: World, before: Sequence[Row], cell: Cell
) -> None:
    """An empty cell, or a part of a sale or refund that is not told, makes nothing new and nothing dearer.

    Of whole rows no such law can hold: a payment that is not there settles nothing.
    """
    worth = worth_by_event(before)
    async with taken_back(world):
        await cell.blank(world)
        claims = await world.detect(_DAY)
        await no_claim_is_worth_more_than_was_charged_or_it_cost(claims)
        for event, (quantity, amount) in worth_by_event(claims).items():
            assert event in worth
            assert quantity <= worth[event][0]
            assert amount <= worth[event][1]


async def a_column_that_vanishes_adds_no_claim_and_no_money(
    world: World, before: Sequence[Row], column: Column
) -> None:
    """Rules that need it wait; what the others find was there, and is no larger, dearer or surer."""
    told = {str((one["type"], one["key"])): one for one in before}
    async with taken_back(world):
        await column.vanish(world)
        for one in await world.detect(_DAY):
            same = told[str((one["type"], one["key"]))]
            assert one["quantity"] <= same["quantity"]
            assert (one["amount"] or 0) <= (same["amount"] or 0)
            assert one["confidence"] < PROMPT_FROM or same["confidence"] >= PROMPT_FROM


async def an_irrelevant_row_changes_nothing(world: World, before: Sequence[Row]) -> None:
    """Moves between warehouses, other products, sales and the merchant's own refunds."""
    async with taken_back(world):
        await world.ledger("2026-08-01", -2, "", event_type="WhseTransfers")
        await world.ledger("2026-08-03", 2, "", event_type="WhseTransfers")
        await world.ledger("2026-08-03", -1, "", event_type="Shipments")
        await world.payment("2026-08-05", fnsku="X900", sku="SKU-900", asin="B900")
        orders = more_orders(world)
        await orders.sold("999-1", fulfilled_by="MERCHANT", sku="SKU-900")
        await orders.moved(
            "Refund", "999-1", "2026-08-01", units=1, sku="SKU-900", principal="-25.00"
        )
        await orders.sold("999-2", sku="SKU-900")
        assert essence(await world.detect(_DAY)) == essence(before)


async def detection_twice_is_detection_once(world: World, before: Sequence[Row]) -> None:
    """The second one changes no claim and writes no history."""
    count = text("select count(*) from claim_history")
    entries = (await world.conn.execute(count)).scalar_one()
    async with taken_back(world):
        await world.detect(_DAY)
        assert essence(await world.claims()) == essence(before)
        assert (await world.conn.execute(count)).scalar_one() == entries


async def one_more_find_or_payment_never_opens_units(world: World, before: Sequence[Row]) -> None:
    """What came back or was paid can only take units off losses."""
    async with taken_back(world):
        await world.ledger("2026-11-20", 1, "F")
        assert lost_units(await world.detect(_DAY)) <= lost_units(before)
    async with taken_back(world):
        await world.payment("2026-09-20")
        assert lost_units(await world.detect(_DAY)) <= lost_units(before)


def lost_units(claims: Sequence[Row]) -> int:
    return sum(one["quantity"] for one in claims if one["type"] == "lost_in_warehouse")


@asynccontextmanager
async def taken_back(world: World) -> AsyncIterator[None]:
    """What is done in the block is undone at its end."""
    savepoint = await world.conn.begin_nested()
    yield
    await savepoint.rollback()


@_laws
@given(stories, cells, columns, st.randoms(use_true_random=False))
# A payment that takes the confidence down to a limit, which few stories have.
@example(
    [Happening("damage", 10, 1, 0), Happening("pay for something", 40, 1, 0)],
    Cell("ledger", "reason", 0),
    Column("ledger", "ledger", "reason"),
    random.Random(0),
)
# A unit that came back so early that it counts as missing is not claimed as damaged too.
@example(
    [Happening("return damaged", 28, 1, 1), Happening("refund", 62, 3, 1)],
    Cell("returns", "status", 0),
    Column("returns", "returns", "status"),
    random.Random(0),
)
def test_the_laws_of_a_detection(
    stage: Stage, story: list[Happening], cell: Cell, column: Column, dice: random.Random
) -> None:
    """Each law above, of the same story; and the order of loading does not matter."""

    async def act(world: World) -> list[tuple[object, ...]]:
        await load(world, await rows_of(world, story))
        claims = await world.detect(_DAY)
        await money_claimed_never_exceeds_what_was_lost(world, story, claims)
        await open_and_settled_units_are_those_of_the_event(world)
        await no_payment_and_no_find_is_used_twice(world)
        parts_of_a_confidence_sum_to_it(claims)
        await detection_twice_is_detection_once(world, claims)
        await an_irrelevant_row_changes_nothing(world, claims)
        await a_fact_taken_away_adds_no_claim_and_no_money(world, claims, cell)
        await a_column_that_vanishes_adds_no_claim_and_no_money(world, claims, column)
        await one_more_find_or_payment_never_opens_units(world, claims)
        return essence(claims)

    async def shuffled(world: World) -> list[tuple[object, ...]]:
        rows = await rows_of(world, story)
        dice.shuffle(rows)
        await load(world, rows)
        return essence(await world.detect(_DAY))

    assert stage.play(shuffled) == stage.play(act)


@_laws
@given(stories)
def test_a_later_find_or_payment_withdraws(stage: Stage, story: list[Happening]) -> None:
    """When everything is found or paid, nothing of the kind is claimed any more."""
    # A find may be the counterpart of these, or Amazon's own count of what is open stays as it was.
    told_otherwise = {"correct", "pay with a unit", "take back", "loss that Amazon reconciles"}
    plain = [one for one in story if one.kind not in told_otherwise]

    async def act(world: World) -> None:
        orders = more_orders(world)
        await load(world, await rows_of(world, plain))
        for claim in await world.detect(_DAY):
            if claim["type"] == "lost_in_warehouse":
                later = (claim["event_on"] + timedelta(days=1)).isoformat()
                await world.ledger(later, claim["quantity"], "F", fnsku=claim["fnsku"])
            elif claim["type"] in _RETURNED:
                units = claim["quantity"]
                await orders.paid(claim["order_id"], "2026-11-20", cash=units)
        left = [one["type"] for one in await world.detect(_DAY)]
        assert "lost_in_warehouse" not in left
        assert not set(left) & set(_RETURNED)

    stage.play(act)


@_laws
@given(stories, st.integers(0, 250), st.integers(1, 60))
def test_what_expired_never_opens_again(
    stage: Stage, story: list[Happening], day: int, more: int
) -> None:
    """The last safe day of an event of the warehouse is the same on whatever day it is looked at.

    Of others it may move, but past it a claim stays past it.
    """

    async def act(world: World) -> None:
        first = date(2026, 6, 1) + timedelta(days=day)
        second = first + timedelta(days=more)
        await load(world, await rows_of(world, story))
        seen = {one["claim_id"]: one["deadline"] for one in await world.detect(first.isoformat())}
        expired = {name for name, last in seen.items() if last is not None and last < first}
        for one in await world.detect(second.isoformat()):
            if one["claim_id"] in seen and "date" in one["key"]:
                assert one["deadline"] == seen[one["claim_id"]]
            if one["claim_id"] in expired:
                assert one["deadline"] is not None
                assert one["deadline"] < second

    stage.play(act)
