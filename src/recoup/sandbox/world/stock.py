"""Stock in Amazon's warehouses, one row per product, from the stock ledger's balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.records import (
    CARRIER_DAMAGED,
    CUSTOMER_DAMAGED,
    DEFECTIVE,
    DISTRIBUTOR_DAMAGED,
    WAREHOUSE_DAMAGED,
)
from recoup.sandbox.world.stockbook import StockBook


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units of one product by state."""

    product: Product
    last_updated: Instant
    fulfillable: int
    inbound_working: int
    inbound_shipped: int
    inbound_receiving: int
    reserved_orders: int
    reserved_transfer: int
    reserved_processing: int
    researching: tuple[int, int, int]
    customer_damaged: int
    warehouse_damaged: int
    defective: int
    carrier_damaged: int = 0
    distributor_damaged: int = 0

    @property
    def reserved(self) -> int:
        return self.reserved_orders + self.reserved_transfer + self.reserved_processing

    @property
    def inbound(self) -> int:
        return self.inbound_working + self.inbound_shipped + self.inbound_receiving

    @property
    def unfulfillable(self) -> int:
        broken = self.customer_damaged + self.warehouse_damaged + self.defective
        return broken + self.carrier_damaged + self.distributor_damaged

    @property
    def in_warehouse(self) -> int:
        """The ledger's closing balance over all places and dispositions."""
        return self.fulfillable + self.reserved + self.unfulfillable

    @property
    def total(self) -> int:
        return self.inbound + self.in_warehouse + sum(self.researching)


def stock_rows(
    key: bytes, products: tuple[Product, ...], book: StockBook, edge: Instant
) -> tuple[StockRow, ...]:
    """Every product's row as of the edge of the world."""
    balance, inbound = book.balance(edge), _inbound(book, edge)
    researched = book.researched(edge)
    broken: dict[tuple[int, str], int] = defaultdict(int)
    for (number, _, disposition), units in balance.unsellable.items():
        broken[number, disposition] += units
    rows = []
    for product in products:
        index = product.index
        sellable = sum(balance.sellable[3 * index : 3 * index + 3])
        dice = Dice(key, "reserved", index, balance.changed[index])
        kept = [min(sellable // 4, most) for most in (dice.roll(4), dice.roll(3), dice.roll(2))]
        working, shipped, receiving = inbound.get(index, (0, 0, 0))
        rows.append(
            StockRow(
                product=product,
                last_updated=Instant(balance.changed[index]),
                fulfillable=sellable - sum(kept),
                inbound_working=working,
                inbound_shipped=shipped,
                inbound_receiving=receiving,
                reserved_orders=kept[0],
                reserved_transfer=kept[1],
                reserved_processing=kept[2],
                researching=(researched.get(index, 0), 0, 0),
                customer_damaged=broken[index, CUSTOMER_DAMAGED],
                warehouse_damaged=broken[index, WAREHOUSE_DAMAGED],
                defective=broken[index, DEFECTIVE],
                carrier_damaged=broken[index, CARRIER_DAMAGED],
                distributor_damaged=broken[index, DISTRIBUTOR_DAMAGED],
            )
        )
    return tuple(rows)


def _inbound(book: StockBook, edge: Instant) -> Mapping[int, tuple[int, int, int]]:
    """Inbound units per product: at the seller, in transit, being received."""
    units: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for shipment in book.on_the_way(edge):
        status = shipment.status(edge)
        if status in {"CANCELLED", "CLOSED"}:
            continue
        step = {"WORKING": 0, "SHIPPED": 1, "IN_TRANSIT": 1}.get(status, 2)
        for item in shipment.items:
            units[item.product][step] += max(0, item.shipped - item.received(edge))
    return {product: (one[0], one[1], one[2]) for product, one in units.items()}
