"""Laws of detection, whatever a seller's ledger and reimbursements hold.

Units are neither made nor used twice, and the same facts give the same claims in whatever order
they came.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sqlalchemy import text

from recoup.claims.detect import detect
from recoup.db.engine import Database
from tests.support.claim_rows import World, make_world

_FIRST = date(2026, 6, 1)
_AS_OF = date(2026, 11, 23)
_COST = Decimal("7.50")
_OUT, _IN = ("M", "5", "E", "H", "D", "O", "Q"), ("F", "N", "P")


@dataclass(frozen=True)
class Movement:
    """A row of the ledger."""

    code: str
    day: int
    units: int
    product: int
    center: int
    unreconciled: int | None


@dataclass(frozen=True)
class Payment:
    """A row of the reimbursements, and whether it was taken back: None, without or with a unit."""

    reason: str
    day: int
    cash: int
    inventory: int
    product: int
    taken_back: bool | None


movements = st.builds(
    Movement,
    st.sampled_from(_OUT + _IN),
    st.integers(0, 150),
    st.integers(1, 3),
    st.integers(0, 1),
    st.integers(0, 1),
    st.none() | st.integers(0, 3),
)
payments = st.builds(
    Payment,
    st.sampled_from(["Lost_Warehouse", "Damaged_Warehouse", "GeneralAdjustment"]),
    st.integers(0, 170),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(0, 1),
    st.none() | st.booleans(),
)
facts = st.tuples(st.lists(movements, max_size=8), st.lists(payments, max_size=5))


async def _write(world: World, rows: list[tuple[int, Movement | Payment]]) -> None:
    """The rows in this order; the number of a row is its place in Amazon's file."""
    for number, row in rows:
        day = str(_FIRST + timedelta(days=row.day))
        product = {"fnsku": f"X{row.product}"}
        if isinstance(row, Movement):
            units = row.units if row.code in _IN else -row.units
            unreconciled = None if row.unreconciled is None else min(row.unreconciled, row.units)
            await world.ledger(
                day,
                units,
                row.code,
                msku=f"S{row.product}",
                fulfillment_center=f"FC{row.center}",
                reconciled_quantity=None if unreconciled is None else row.units - unreconciled,
                unreconciled_quantity=unreconciled,
                source_line=100 + number,
                **product,
            )
            continue
        await world.payment(
            day,
            reason=row.reason,
            cash=row.cash,
            inventory=row.inventory,
            number=f"R{number}",
            sku=f"S{row.product}",
            **product,
        )
        if row.taken_back is not None:
            await world.reversal(
                day,
                f"R{number}",
                cash=-row.cash,
                inventory=row.cash if row.taken_back else 0,
                number=f"V{number}",
                sku=f"S{row.product}",
                **product,
            )


async def _open_claims(world: World) -> dict[tuple[str, str], tuple[int, Decimal | None, Decimal]]:
    await detect(world.conn, world.connection_id, _AS_OF)
    return {
        (one["type"], str(one["key"])): (one["quantity"], one["amount"], one["confidence"])
        for one in await world.claims()
        if one["status"] == "detected"
    }


def _law(database_url: str, check: Callable[[World, Any], Awaitable[None]]) -> None:
    """Search for facts that break the law; each try is rolled back."""

    async def start() -> tuple[Database, Any, World]:
        database = Database(database_url)
        opened = database.writing()
        conn = await opened.__aenter__()
        # Between two tries Hypothesis thinks, on a busy machine for longer than a worker may idle.
        await conn.execute(text("set local idle_in_transaction_session_timeout = 0"))
        world = await make_world(conn)
        await world.history()
        for product in (0, 1):
            await world.cost(str(_COST), fnsku=f"X{product}")
        return database, opened, world

    with asyncio.Runner() as runner:
        database, opened, world = runner.run(start())

        async def one(rows: Any) -> None:
            savepoint = await world.conn.begin_nested()
            try:
                await check(world, rows)
            finally:
                await savepoint.rollback()

        # Each try is a whole detection, so what is found is shown as it is instead of shrunk.
        @settings(
            max_examples=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.reuse, Phase.generate),
        )
        @given(facts)
        def search(rows: Any) -> None:
            runner.run(one(rows))

        try:
            search()
        finally:
            runner.run(opened.__aexit__(None, None, None))
            runner.run(database.close())


def _numbered(rows: Any) -> list[tuple[int, Movement | Payment]]:
    return list(enumerate([*rows[0], *rows[1]]))


async def _used_units(world: World) -> Counter[tuple[str, str]]:
    """Units that each settler gave, by its kind and the row it is."""
    used: Counter[tuple[str, str]] = Counter()
    for row in await world.allocations():
        used[row["by"], json.dumps(row["reference"], sort_keys=True)] += row["units"]
    return used


def test_open_and_settled_units_are_those_of_the_event(database_url: str) -> None:
    """No unit is made or lost on the way, and money is units times value."""

    async def check(world: World, rows: Any) -> None:
        await _write(world, _numbered(rows))
        claims = await _open_claims(world)
        for candidate in await world.candidates():
            settled = sum(part["units"] for part in candidate["settled"])
            assert candidate["quantity"] >= 0
            assert candidate["quantity"] + settled == candidate["units"]
        for (kind, _), (quantity, amount, _) in claims.items():
            assert kind.startswith("reimbursement") or amount == quantity * _COST

    _law(database_url, check)


def test_no_payment_and_no_find_is_used_twice(database_url: str) -> None:
    """What settles events settles no more units than it has."""

    async def check(world: World, rows: Any) -> None:
        await _write(world, _numbered(rows))
        await _open_claims(world)
        for (by, reference), units in (await _used_units(world)).items():
            row = json.loads(reference)
            if by in {"payment", "reversed_payment"}:
                paid = _numbered(rows)[int(row["reimbursement_id"][1:])][1]
                assert isinstance(paid, Payment)
                assert units <= paid.cash + paid.inventory
            if by == "find":
                assert units <= row["quantity"]

    _law(database_url, check)


def test_the_order_of_loading_does_not_matter(database_url: str) -> None:
    """The same rows written in another order give the same claims."""

    async def check(world: World, rows: Any) -> None:
        numbered = _numbered(rows)
        shuffled = random.Random(0).sample(numbered, len(numbered))
        results = []
        for order in (numbered, shuffled):
            savepoint = await world.conn.begin_nested()
            await _write(world, order)
            results.append(await _open_claims(world))
            await savepoint.rollback()
        assert results[0] == results[1]

    _law(database_url, check)


def test_an_irrelevant_row_changes_nothing_and_twice_is_once(database_url: str) -> None:
    """Transfers, sales, other products and a second detection leave every claim as it is."""

    async def check(world: World, rows: Any) -> None:
        await _write(world, _numbered(rows))
        before = await _open_claims(world)
        again = await _open_claims(world)
        await world.ledger("2026-08-01", -1, "", event_type="WhseTransfers", fnsku="X0")
        await world.ledger("2026-08-01", -1, "", event_type="Shipments", fnsku="X0")
        await world.payment("2026-08-01", fnsku="XOTHER", sku="SOTHER")
        assert before == again == await _open_claims(world)

    _law(database_url, check)


def test_one_more_find_or_payment_never_opens_units(database_url: str) -> None:
    """What came back or was paid can only take units off losses."""

    async def check(world: World, rows: Any) -> None:
        await _write(world, _numbered(rows))
        before = _lost(await _open_claims(world))
        savepoint = await world.conn.begin_nested()
        await world.ledger("2026-11-20", 1, "F", fnsku="X0")
        with_find = _lost(await _open_claims(world))
        await savepoint.rollback()
        await world.payment("2026-09-20", fnsku="X0", sku="S0")
        with_payment = _lost(await _open_claims(world))
        assert with_find <= before
        assert with_payment <= before

    _law(database_url, check)


def _lost(claims: dict[tuple[str, str], tuple[int, Decimal | None, Decimal]]) -> int:
    return sum(
        quantity for (kind, _), (quantity, _, _) in claims.items() if kind.startswith("lost")
    )


def test_what_expired_never_opens_again(database_url: str) -> None:
    """The last safe day of an event is the same on whatever day it is looked at."""

    async def check(world: World, rows: Any) -> None:
        await _write(world, _numbered(rows))
        seen: dict[str, set[date | None]] = defaultdict(set)
        for days in (120, 150, 175):
            await detect(world.conn, world.connection_id, _FIRST + timedelta(days=days))
            for one in await world.claims():
                seen[one["claim_id"]].add(one["deadline"])
        assert all(len(days) == 1 for days in seen.values())

    _law(database_url, check)
