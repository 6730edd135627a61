"""What can happen to a seller's units, for properties of detection: invented by Hypothesis.

A story is a list of happenings, turned into rows once; `load` puts the rows into the database in
any order. Two products of the warehouse, X001 / SKU-1 and X002 / SKU-2; orders sell SKU-1.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from recoup.db.engine import Database
from tests.support.claim_rows import World, make_world
from tests.support.order_rows import Orders

COST = Decimal("10.00")
ORDERS = ("111-0", "111-1", "111-2")
FIRST_DAY = date(2026, 6, 1)
Result = TypeVar("Result")
_EXAMPLES_A_CONNECTION = 20


@dataclass(frozen=True)
class Happening:
    """One thing on one day. `place`: which order, product, center, or payment that is taken back."""

    kind: str
    day: int
    units: int
    place: int

    @property
    def on(self) -> str:
        return (FIRST_DAY + timedelta(days=self.day)).isoformat()

    @property
    def product(self) -> dict[str, str]:
        return {"fnsku": "X002", "asin": "B002"} if self.place == 2 else {}


KINDS = (
    "loss",
    "loss that Amazon reconciles",
    "damage",
    "weak damage",
    "damage, then loss",
    "carrier's damage",
    "dispose",
    "correct",
    "regrade",
    "find",
    "pay the loss",
    "pay the damage",
    "pay with a unit",
    "pay for something",
    "pay the order",
    "take back",
    "refund",
    "refund a part",
    "return",
    "return damaged",
    "replace",
)
stories = st.lists(
    st.builds(
        Happening,
        kind=st.sampled_from(KINDS),
        day=st.integers(0, 150),
        units=st.integers(1, 3),
        place=st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
)


@dataclass
class Recorder:
    """Stands where a connection does, and keeps the statements instead of running them."""

    statements: list[Any] = field(default_factory=list)

    async def execute(self, statement: Any) -> None:
        self.statements.append(statement)


async def rows_of(world: World, story: Sequence[Happening]) -> list[Any]:
    """The story as INSERT statements, with all keys and line numbers in them."""
    recorder = Recorder()
    told = World(recorder, world.connection_id, world.marketplace_id)  # type: ignore[arg-type]
    orders = Orders(told)
    await orders.returns_are_complete()
    await told.history(since="2026-01-01", until="2027-02-01")
    for fnsku in ("X001", "X002"):
        await told.cost(str(COST), fnsku=fnsku)
    for order_id in ORDERS:
        await orders.sold(order_id, "2026-05-20", units=3)
    payments: list[tuple[str, dict[str, str]]] = []
    for one in story:
        await _tell(told, orders, payments, one)
    return recorder.statements


_PAID = {
    "pay the loss": "Lost_Warehouse",
    "pay the damage": "Damaged_Warehouse",
    "pay with a unit": "Lost_Warehouse",
    "pay for something": "GeneralAdjustment",
}


async def _move(world: World, one: Happening) -> None:
    """What the ledger tells: rows of one day, the units and the state that each moves."""
    out, damaged = -one.units, "WAREHOUSE_DAMAGED"
    rows: list[tuple[int, str, str]] = {
        "loss": [(out, "M5M"[one.place], "SELLABLE")],
        "loss that Amazon reconciles": [(out, "M", "SELLABLE")],
        "damage": [(out, "E", "SELLABLE"), (one.units, "P", damaged)],
        "weak damage": [(out, "H", "CUSTOMER_DAMAGED"), (one.units, "P", damaged)],
        "damage, then loss": [
            (out, "E", "SELLABLE"),
            (one.units, "P", damaged),
            (out, "M", damaged),
        ],
        "carrier's damage": [(out, "6", "CARRIER_DAMAGED"), (one.units, "P", damaged)],
        "dispose": [(out, "D", "SELLABLE")],
        "correct": [(out, "O", "SELLABLE")],
        "regrade": [(out, "Q", damaged), (one.units, "P", "SELLABLE")],
        "find": [(one.units, "FNF"[one.place], "SELLABLE")],
    }.get(one.kind, [])
    values: dict[str, Any] = dict(one.product)
    if one.product:
        values["msku"] = "SKU-2"
    if one.kind == "loss that Amazon reconciles":
        open_units = min(one.day % 4, one.units)
        values |= {"unreconciled_quantity": open_units}
        values |= {"reconciled_quantity": one.units - open_units}
    for units, code, state in rows:
        center = "DTM2" if code in "FN" else f"FC{one.place}"
        place = {"disposition": state, "fulfillment_center": center}
        await world.ledger(one.on, units, code, **place, **values)


async def _tell(
    world: World,
    orders: Orders,
    payments: list[tuple[str, dict[str, str]]],
    one: Happening,
) -> None:
    order_id = ORDERS[one.place]
    await _move(world, one)
    match one.kind:
        case kind if kind in _PAID:
            product = one.product | ({"sku": "SKU-2"} if one.product else {})
            units = {"inventory": one.units} if kind == "pay with a unit" else {"cash": one.units}
            told = {"cash": 0, "reason": _PAID[kind]} | units | product
            payments.append((await world.payment(one.on, **told), product))
        case "pay the order":
            order = {"order_id": order_id}
            payments.append((await orders.paid(order_id, one.on, cash=one.units), order))
        case "take back" if one.place < len(payments):
            number, values = payments[one.place]
            await world.reversal(one.on, number, inventory=one.units % 2, **values)
        case "refund":
            await orders.refunded(order_id, one.on, units=one.units)
        case "refund a part":
            await orders.refunded(order_id, one.on, units=one.units, share="0.3")
        case "return":
            await orders.returned(order_id, one.on)
            await orders.restocked(one.on)
        case "return damaged":
            await orders.returned(order_id, one.on, detailed_disposition="CARRIER_DAMAGED")
        case "replace":
            await orders.replaced(order_id, one.on)
        case _:
            pass


def more_orders(world: World) -> Orders:
    """Orders beside those of a story, with numbers of their own."""
    return Orders(world, itertools.count(1000))


async def load(world: World, rows: Sequence[Any]) -> None:
    for statement in rows:
        await world.conn.execute(statement)


class _EndedError(Exception):
    """The story is over; everything it wrote is undone."""


class Stage:
    """One database for all examples of all laws.

    A connection is kept for some examples, as the first detection of each is slow, and no longer, as
    hundreds of tables that were rolled back make it slow again.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner = asyncio.Runner()
        self._database = Database(url)
        self._played = 0

    def play(self, act: Callable[[World], Awaitable[Result]]) -> Result:
        """Run in a world of its own, in a transaction that is rolled back."""
        self._played += 1
        if self._played % _EXAMPLES_A_CONNECTION == 0:
            self._runner.run(self._database.close())
            self._database = Database(self._url)
        return self._runner.run(self._play(act))

    def close(self) -> None:
        self._runner.run(self._database.close())
        self._runner.close()

    async def _play(self, act: Callable[[World], Awaitable[Result]]) -> Result:
        results: list[Result] = []
        try:
            async with self._database.writing() as conn:
                world = await make_world(conn)
                # Apart from the numbers that the rows of a story have.
                world._lines = itertools.count(1000)
                results.append(await act(world))
                raise _EndedError  # noqa: TRY301 - the way to undo a transaction
        except _EndedError:
            return results[0]


def assert_parts_sum_up(claim: Mapping[str, Any]) -> None:
    """The confidence is 0 to 1, and the sum of the changes that are shown beside it."""
    parts = claim["confidence_parts"]
    assert 0 <= claim["confidence"] <= 1
    assert parts[0]["change"] > 0
    assert sum(Decimal(str(part["change"])) for part in parts) == claim["confidence"], claim["type"]
    assert all(set(part) == {"part", "change", "why"} and part["why"] for part in parts)


def essence(claims: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a claim says, without when it was written."""
    return [
        tuple(
            str(one[name])
            for name in (
                "type",
                "key",
                "quantity",
                "amount",
                "currency",
                "confidence",
                "event_on",
                "fileable_from",
                "deadline",
                "reason",
                "status",
            )
        )
        for one in claims
    ]
