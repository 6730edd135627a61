"""Amounts by the path of their names, and the tree that Amazon builds from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Path = tuple[str, ...]
Leaves = Mapping[Path, Decimal]
"""Money by path, for example ("Sales", "ProductCharges", "OurPricePrincipal")."""


@dataclass(frozen=True, slots=True)
class Node:
    """A breakdown: its amount is the sum of its children if it has any."""

    name: str
    amount: Decimal
    children: tuple[Node, ...]


def add_up(many: Iterable[Leaves]) -> dict[Path, Decimal]:
    """The sum per path, in the order of their first occurrence."""
    sums: dict[Path, Decimal] = {}
    for leaves in many:
        for path, amount in leaves.items():
            sums[path] = sums.get(path, Decimal(0)) + amount
    return sums


def grow(leaves: Leaves) -> tuple[Node, ...]:
    """The tree over the paths. No path may be a prefix of another."""
    below: dict[str, dict[Path, Decimal]] = {}
    for path, amount in leaves.items():
        below.setdefault(path[0], {})[path[1:]] = amount
    nodes = []
    for name, rest in below.items():
        children = () if () in rest else grow(rest)
        nodes.append(Node(name, sum(rest.values(), Decimal(0)), children))
    return tuple(nodes)
