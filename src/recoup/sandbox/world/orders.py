"""One story per order: what was bought, and when what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from recoup.sandbox.world.catalogue import CENT, Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import DAY, HOUR, MINUTE, Instant, after
from recoup.sandbox.world.timeline import Timeline

MAX_UPDATE_DELAY = 22 * DAY
"""No order is updated later than this after its creation (sum of the longest steps below)."""
MAX_OPEN = 5 * DAY
"""Every order is shipped or cancelled before this has passed since its creation."""
MAX_REFUND_DELAY = 42 * DAY
"""No order is refunded later than this after its creation."""

_NUMBERS = 10**14


@dataclass(frozen=True, slots=True)
class OrderDates:
    """When an order changed. None: that never happens to this order.

    `touched` is a late change after delivery that shows only in the last update time.
    """

    created: Instant
    paid: Instant
    cancelled: Instant | None
    shipped: Instant | None
    delivered: Instant | None
    touched: Instant | None

    def last_updated(self, edge: Instant) -> Instant:
        """The latest change before the edge of the world."""
        latest = self.created
        for moment in (self.paid, self.cancelled, self.shipped, self.delivered, self.touched):
            if moment is not None and latest < moment < edge:
                latest = moment
        return latest

    def status(self, edge: Instant) -> str:
        """Amazon's FulfillmentStatus as it stands at the edge of the world."""
        if self.cancelled is not None and self.cancelled < edge:
            return "CANCELLED"
        if self.shipped is not None and self.shipped < edge:
            return "SHIPPED"
        return "UNSHIPPED" if self.paid < edge else "PENDING"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One item of an order; amounts are for the whole quantity, `discount` is not negative."""

    order_item_id: str
    product: Product
    quantity: int
    unit_price: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal

    @property
    def principal(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def total(self) -> Decimal:
        return self.principal - self.discount + self.shipping + self.tax


@dataclass(frozen=True, slots=True)
class Refund:
    """Units of one line paid back to the buyer."""

    posted: Instant
    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order from its creation to its refund, of which the edge of the world shows a part."""

    index: int
    order_id: str
    dates: OrderDates
    by_amazon: bool
    service_level: str
    business: bool
    lines: tuple[OrderLine, ...]
    refund: Refund | None


@dataclass(frozen=True)
class OrderBook:
    """All orders of a seller; each is made when it is asked for."""

    key: bytes
    timeline: Timeline
    products: Sequence[Product]

    def dates(self, index: int) -> OrderDates:
        created = self.timeline.at(index)
        dice = Dice(self.key, "order-dates", index)
        paid = after(created, dice.between(MINUTE, 2 * HOUR))
        if dice.happens(45):
            cancelled = after(paid, dice.between(10 * MINUTE, 20 * HOUR))
            return OrderDates(created, paid, cancelled, None, None, None)
        shipped = after(paid, dice.between(3 * HOUR, 96 * HOUR))
        delivered = after(shipped, dice.between(DAY, 6 * DAY))
        touched = after(delivered, dice.between(DAY, 11 * DAY)) if dice.happens(80) else None
        return OrderDates(created, paid, None, shipped, delivered, touched)

    def story(self, index: int) -> OrderStory:
        dates = self.dates(index)
        dice = Dice(self.key, "order", index)
        by_amazon = dice.happens(900)
        service_level = dice.pick(("STANDARD", "STANDARD", "EXPEDITED", "SECOND_DAY", "NEXT_DAY"))
        business = dice.happens(60)
        count = dice.pick((1, 1, 1, 1, 1, 1, 2, 2, 3))
        lines = tuple(self._line(dice, index, line, by_amazon=by_amazon) for line in range(count))
        return OrderStory(
            index=index,
            order_id=self.order_id(index),
            dates=dates,
            by_amazon=by_amazon,
            service_level=service_level,
            business=business,
            lines=lines,
            refund=self._plan_refund(index, lines),
        )

    def find_refund_time(self, index: int) -> Instant | None:
        """When the order is refunded; None when never. Costs little where there is none."""
        dice = Dice(self.key, "refund", index)
        return self._roll_refund_time(dice, index)

    def order_id(self, index: int) -> str:
        """`114-1234567-1234567`. The number is a permutation of the index: unique, and it leads back."""
        factor, shift = self._permutation
        number = (index * factor + shift) % _NUMBERS
        return f"{111 + number % 4}-{number // 10**7:07d}-{number % 10**7:07d}"

    def find_index(self, order_id: str, edge: Instant) -> int | None:
        """The index behind an order id; None when the world has no such order (yet)."""
        parts = order_id.split("-")
        if [len(part) for part in parts] != [3, 7, 7] or not all(map(str.isdecimal, parts)):
            return None
        factor, shift = self._permutation
        index = (int(parts[1] + parts[2]) - shift) * pow(factor, -1, _NUMBERS) % _NUMBERS
        if index >= self.count(edge) or self.order_id(index) != order_id:
            return None
        return index

    def count(self, edge: Instant) -> int:
        return self.timeline.count_before(edge)

    def created_in(self, start: Instant, end: Instant, edge: Instant) -> range:
        """The indexes of the orders created in [start, end)."""
        return self.timeline.window(start, min(end, edge))

    def maybe_updated_in(self, start: Instant, end: Instant, edge: Instant) -> range:
        """A range that holds every order last updated in [start, end), and some others."""
        return self.timeline.window(Instant(start - MAX_UPDATE_DELAY), min(end, edge))

    @cached_property
    def _permutation(self) -> tuple[int, int]:
        # A factor that shares no divisor with 10**14 makes index -> number reversible.
        dice = Dice(self.key, "order-numbers")
        return dice.roll(_NUMBERS // 10) * 10 + dice.pick((1, 3, 7, 9)), dice.roll(_NUMBERS)

    def _line(self, dice: Dice, index: int, line: int, *, by_amazon: bool) -> OrderLine:
        # The smaller of two rolls: some products sell much better than others.
        size = len(self.products)
        product = self.products[min(dice.roll(size), dice.roll(size))]
        quantity = dice.pick((1, 1, 1, 1, 1, 2, 2, 3))
        unit_price = (product.price * dice.between(90, 105) / 100).quantize(CENT)
        principal = unit_price * quantity
        discount = (principal / 10).quantize(CENT) if dice.happens(100) else Decimal("0.00")
        shipping = Decimal("0.00") if by_amazon else dice.between(399, 999) * CENT
        factor, shift = self._permutation
        return OrderLine(
            order_item_id=f"{((index * 4 + line) * factor + shift) % _NUMBERS:014d}",
            product=product,
            quantity=quantity,
            unit_price=unit_price,
            discount=discount,
            shipping=shipping,
            tax=((principal - discount) * dice.pick((0, 0, 5, 7, 8)) / 100).quantize(CENT),
        )

    def _plan_refund(self, index: int, lines: tuple[OrderLine, ...]) -> Refund | None:
        dice = Dice(self.key, "refund", index)
        posted = self._roll_refund_time(dice, index)
        if posted is None:
            return None
        line = dice.roll(len(lines))
        return Refund(posted, line, dice.between(1, lines[line].quantity))

    def _roll_refund_time(self, dice: Dice, index: int) -> Instant | None:
        if not dice.happens(70):
            return None
        delivered = self.dates(index).delivered
        return None if delivered is None else after(delivered, dice.between(DAY, 30 * DAY))
