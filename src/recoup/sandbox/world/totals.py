"""Counts of all data, for tests that compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.transactions import Transaction


@dataclass
class Totals:
    """Counts and sums over one seller's world up to an edge; money in the home currency."""

    orders: int = 0
    order_items: int = 0
    units_ordered: int = 0
    orders_by_status: Counter[str] = field(default_factory=Counter)
    stock_rows: int = 0
    stock_units: int = 0
    transactions: Counter[str] = field(default_factory=Counter)
    transactions_by_status: Counter[str] = field(default_factory=Counter)
    amount: Decimal = Decimal("0.00")
    leaf_amount: Decimal = Decimal("0.00")
    item_leaf_amount: Decimal = Decimal("0.00")


def count_up(world: SellerWorld, edge: Instant, totals: Totals) -> Iterator[None]:
    """Fills `totals`; yields after every item counted, so that a caller can do other work."""
    for index in range(world.orders.count(edge)):
        _count_order(world, index, edge, totals)
        yield
    for index in range(len(world.products)):
        totals.stock_rows += 1
        totals.stock_units += world.stock_row(index, edge).total
        yield
    for one in world.iter_transactions(edge):
        _count_transaction(one, edge, totals)
        yield


def _count_order(world: SellerWorld, index: int, edge: Instant, totals: Totals) -> None:
    story = world.orders.story(index)
    totals.orders += 1
    totals.order_items += len(story.lines)
    totals.units_ordered += sum(line.quantity for line in story.lines)
    totals.orders_by_status[story.dates.status(edge)] += 1


def _count_transaction(one: Transaction, edge: Instant, totals: Totals) -> None:
    totals.transactions[one.entry.kind.value] += 1
    totals.transactions_by_status[one.entry.status(edge)] += 1
    totals.amount += one.total
    totals.leaf_amount += sum(one.leaves.values(), Decimal(0))
    for item in one.items:
        totals.item_leaf_amount += item.total
