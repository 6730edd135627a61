"""Laws of detection, on a real database, whatever happened to a seller's units."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sqlalchemy import text

from recoup.db.embedded import EmbeddedServer
from tests.support.claim_rows import World
from tests.support.claim_story import (
    COST,
    ORDERS,
    Happening,
    essence,
    load,
    more_orders,
    play,
    rows_of,
    stories,
)
from tests.support.order_rows import UNIT_VALUE

_few = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
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
_RETURNED = ("customer_return_missing", "return_damaged_by_amazon")


@pytest.fixture(scope="module")
def url(postgres: EmbeddedServer, template: str) -> Iterator[str]:
    """One database for all examples of all laws."""
    postgres.create_database("claim_laws", template=template)
    yield postgres.url("claim_laws")
    postgres.drop_database("claim_laws")


@_few
@given(stories)
def test_money_claimed_never_exceeds_what_was_lost(url: str, story: list[Happening]) -> None:
    """No more units than were lost or refunded, and no more money than these are worth."""

    async def act(world: World) -> None:
        await load(world, await rows_of(world, story))
        claims = await world.detect("2026-11-23")
        events = {(one["type"], str(one["key"])): one for one in await world.candidates()}
        for claim in claims:
            assert claim["quantity"] <= events[claim["type"], str(claim["key"])]["units"]
            if claim["type"].endswith("_in_warehouse"):
                assert claim["amount"] == claim["quantity"] * COST
        lost = sum(one.units for one in story if one.kind in _LOSSES)
        warehouse = [one for one in claims if one["type"].endswith("_in_warehouse")]
        assert sum(one["amount"] for one in warehouse) <= lost * COST
        for order_id in ORDERS:
            mine = [one for one in claims if one["order_id"] == order_id]
            made_good = sum(
                one.units if one.kind == "refund" else 1
                for one in story
                if one.kind in {"refund", "replace"} and ORDERS[one.place] == order_id
            )
            units = [one for one in mine if one["type"] in _RETURNED]
            assert sum(one["quantity"] for one in units) <= made_good
            assert sum(one["amount"] for one in units) <= made_good * UNIT_VALUE

    asyncio.run(play(url, act))


@_few
@given(stories)
def test_open_and_settled_units_are_those_of_the_event(url: str, story: list[Happening]) -> None:
    """No unit is made or lost on the way."""

    async def act(world: World) -> None:
        await load(world, await rows_of(world, story))
        await world.detect("2026-11-23")
        for one in await world.candidates():
            assert one["quantity"] >= 0
            if one["type"] in _COUNTED:
                settled = sum(part["units"] for part in one["settled"])
                assert one["quantity"] + settled == one["units"]

    asyncio.run(play(url, act))


@_few
@given(stories)
def test_no_payment_and_no_find_is_used_twice(url: str, story: list[Happening]) -> None:
    """The sum over all types of what a payment or a find settled is at most its units."""

    async def act(world: World) -> None:
        await load(world, await rows_of(world, story))
        await world.detect("2026-11-23")
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

    asyncio.run(play(url, act))


@_few
@given(stories)
def test_an_irrelevant_row_changes_nothing(url: str, story: list[Happening]) -> None:
    """Moves between warehouses, other products, sales and the merchant's own refunds."""

    async def act(world: World) -> None:
        await load(world, await rows_of(world, story))
        before = essence(await world.detect("2026-11-23"))
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
        assert essence(await world.detect("2026-11-23")) == before

    asyncio.run(play(url, act))


@_few
@given(stories, st.randoms(use_true_random=False))
def test_the_order_of_loading_does_not_matter(
    url: str, story: list[Happening], dice: random.Random
) -> None:
    """The same rows in another order give the same claims."""

    async def told(world: World, *, shuffled: bool) -> list[tuple[object, ...]]:
        rows = await rows_of(world, story)
        if shuffled:
            dice.shuffle(rows)
        await load(world, rows)
        return essence(await world.detect("2026-11-23"))

    first = asyncio.run(play(url, lambda world: told(world, shuffled=False)))

    assert asyncio.run(play(url, lambda world: told(world, shuffled=True))) == first


@_few
@given(stories)
def test_detection_twice_is_detection_once(url: str, story: list[Happening]) -> None:
    """The second one changes no claim and writes no history."""

    async def act(world: World) -> None:
        count = text("select count(*) from claim_history")
        await load(world, await rows_of(world, story))
        await world.detect("2026-11-23")
        first = essence(await world.claims())
        entries = (await world.conn.execute(count)).scalar_one()
        await world.detect("2026-11-23")
        assert essence(await world.claims()) == first
        assert (await world.conn.execute(count)).scalar_one() == entries

    asyncio.run(play(url, act))


@_few
@given(stories)
def test_a_later_find_or_payment_withdraws(url: str, story: list[Happening]) -> None:
    """When everything is found or paid, nothing of the kind is claimed any more."""
    # A find may be the counterpart of these, or Amazon's own count of what is open stays as it was.
    told_otherwise = {"correct", "pay with a unit", "take back", "loss that Amazon reconciles"}
    plain = [one for one in story if one.kind not in told_otherwise]

    async def act(world: World) -> None:
        orders = more_orders(world)
        await load(world, await rows_of(world, plain))
        for claim in await world.detect("2026-11-23"):
            if claim["type"] == "lost_in_warehouse":
                later = (claim["event_on"] + timedelta(days=1)).isoformat()
                await world.ledger(later, claim["quantity"], "F", fnsku=claim["fnsku"])
            elif claim["type"] in _RETURNED:
                units = claim["quantity"]
                await orders.paid(claim["order_id"], "2026-11-20", cash=units)
        left = [one["type"] for one in await world.detect("2026-11-23")]
        assert "lost_in_warehouse" not in left
        assert not set(left) & set(_RETURNED)

    asyncio.run(play(url, act))


@_few
@given(stories)
def test_one_more_find_or_payment_never_opens_units(url: str, story: list[Happening]) -> None:
    """What came back or was paid can only take units off losses."""

    async def lost(world: World) -> int:
        claims = await world.detect("2026-11-23")
        return sum(one["quantity"] for one in claims if one["type"] == "lost_in_warehouse")

    async def act(world: World) -> None:
        await load(world, await rows_of(world, story))
        before = await lost(world)
        savepoint = await world.conn.begin_nested()
        await world.ledger("2026-11-20", 1, "F")
        assert await lost(world) <= before
        await savepoint.rollback()
        await world.payment("2026-09-20")
        assert await lost(world) <= before

    asyncio.run(play(url, act))


@_few
@given(stories, st.integers(0, 250), st.integers(1, 60))
def test_what_expired_never_opens_again(
    url: str, story: list[Happening], day: int, more: int
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

    asyncio.run(play(url, act))
