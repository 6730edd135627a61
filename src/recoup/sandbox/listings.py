"""What the item operations of the FBA Inventory sandbox made of a seller's stock (docs/amazon.md#inventory-items)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from recoup.sandbox.world.instants import Instant

Item = tuple[str, str]
"""Marketplace id and seller SKU."""


@dataclass(frozen=True)
class Listing:
    """A product that a client created. `updated` is its last change."""

    sku: str
    name: str
    quantity: int
    updated: Instant


@dataclass
class Listings:
    """Products created, units added to the world's own products, and products removed."""

    created: dict[Item, Listing] = field(default_factory=dict)
    more: dict[Item, int] = field(default_factory=dict)
    removed: set[Item] = field(default_factory=set)
    seen_tokens: set[str] = field(default_factory=set)
    """Idempotency tokens of additions already carried out."""

    def create(self, item: Item, name: str, now: Instant) -> None:
        self.created[item] = Listing(item[1], name, 0, now)

    def add(self, item: Item, quantity: int, now: Instant) -> None:
        listing = self.created.get(item)
        if listing is None:
            self.more[item] = self.more.get(item, 0) + quantity
        else:
            self.created[item] = replace(listing, quantity=listing.quantity + quantity, updated=now)

    def remove(self, item: Item) -> None:
        if self.created.pop(item, None) is None:
            self.removed.add(item)
        self.more.pop(item, None)
