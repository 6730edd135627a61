"""What lies in Amazon's warehouses, one row per product."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import DAY, HOUR, Instant


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units of one product by what they are doing."""

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

    @property
    def reserved(self) -> int:
        return self.reserved_orders + self.reserved_transfer + self.reserved_processing

    @property
    def unfulfillable(self) -> int:
        return self.customer_damaged + self.warehouse_damaged + self.defective

    @property
    def total(self) -> int:
        inbound = self.inbound_working + self.inbound_shipped + self.inbound_receiving
        kept = self.fulfillable + self.reserved + sum(self.researching) + self.unfulfillable
        return inbound + kept


def stock_row(key: bytes, product: Product, start: Instant, edge: Instant) -> StockRow:
    """The row as it stands at the edge of the world.

    Each product is counted anew in a rhythm of its own (1 to 20 days); the count before the
    edge is what shows, so that the quantities are a function of the index and the edge alone.
    """
    rhythm = Dice(key, "stock-rhythm", product.index)
    period = rhythm.between(DAY, 20 * DAY)
    # Well before the world begins, so that every product has been counted once.
    first = start - 30 * DAY + rhythm.roll(10 * DAY) // HOUR * HOUR
    times = (edge - 1 - first) // period
    dice = Dice(key, "stock", product.index, times)
    fulfillable = 0 if dice.happens(80) else dice.between(1, 240)
    return StockRow(
        product=product,
        last_updated=Instant(first + times * period),
        fulfillable=fulfillable,
        inbound_working=dice.pick((0, 0, 0, 24, 48)),
        inbound_shipped=dice.pick((0, 0, 0, 12, 60)),
        inbound_receiving=dice.pick((0, 0, 0, 0, 6)),
        reserved_orders=dice.roll(4),
        reserved_transfer=dice.pick((0, 0, 0, 5)),
        reserved_processing=dice.pick((0, 0, 1)),
        researching=(dice.pick((0, 0, 0, 1)), dice.pick((0, 0, 0, 1)), dice.pick((0, 0, 0, 2))),
        customer_damaged=dice.pick((0, 0, 0, 1)),
        warehouse_damaged=dice.pick((0, 0, 0, 1)),
        defective=dice.pick((0, 0, 0, 2)),
    )
