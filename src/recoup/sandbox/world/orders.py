"""One story per order: the purchase, and the times of all that followed.

An order exists in two forms: a plan of plain integers, cheap enough to write a year of them into
a report, and a story, which is the plan with names and Decimals for the APIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from heapq import merge
from itertools import chain
from typing import NamedTuple, Protocol

from recoup.sandbox.world.catalogue import CENT, Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.draws import Draws
from recoup.sandbox.world.instants import DAY, HOUR, MINUTE, Instant
from recoup.sandbox.world.timeline import Timeline

MAX_UPDATE_DELAY = 22 * DAY
"""No order is updated later than this after its creation (sum of the longest steps below)."""
MAX_OPEN = 5 * DAY
"""Every order is shipped or cancelled before this has passed since its creation."""
MAX_REFUND_DELAY = 42 * DAY
"""No order is refunded later than this after its creation."""
REFUND_EVERY = 14
"""One order of each such run is refunded, if it ships at all: about 7 of 100."""

_NUMBERS = 10**14
_ORDINARY = 15  # the number of the last ordinary terms; a mask as well
# Created orders' words: paid, shipped, delivered, fate, touched (2 bytes each); fulfiller,
# service, place (1 byte); how many lines; per line two for the product and one for its terms.
_LAYOUT = "<HHHHHBBBBHHBHHBHHB"
_LINES = tuple((1, 1, 1, 1, 1, 1, 2, 2, 3)[byte * 9 // 256] for byte in range(256))
_SERVICES = ("STANDARD", "STANDARD", "EXPEDITED", "SECOND_DAY", "NEXT_DAY")
_BY_AMAZON_BELOW = 230  # nine of ten, of 256
_CANCELLED_BELOW = 2949  # 4.5 % of 65536
_TOUCHED_FROM = 60293  # 8 %


class LinePlan(NamedTuple):
    """One item of an order; money in cents, `unit` per unit, the rest for the whole quantity."""

    product: int
    quantity: int
    unit: int
    discount: int
    shipping: int
    tax: int


class OrderPlan(NamedTuple):
    """An order in integers; `number` is its index. Moments are Instants; 0 where that never happens.

    `place` is one byte of chance that decides where it goes to and ships from. A line is a product
    and the number of its terms, which OrderBook.priced turns into amounts.
    """

    number: int
    created: int
    paid: int
    cancelled: int
    shipped: int
    delivered: int
    touched: int
    by_amazon: bool
    service: int
    place: int
    lines: Sequence[tuple[int, int]]

    def last_updated(self, edge: int) -> int:
        """The latest change before the edge of the world."""
        if 0 < self.touched < edge:
            return self.touched
        if 0 < self.delivered < edge:
            return self.delivered
        if 0 < self.shipped < edge:
            return self.shipped
        if 0 < self.cancelled < edge:
            return self.cancelled
        return self.paid if self.paid < edge else self.created


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """Money paid back to the buyer of an order's line.

    `per_mille` is the share of the units' price, `commission_back` tells whether Amazon gives
    its commission back as it should.
    """

    posted: Instant
    line: int
    quantity: int
    per_mille: int = 1000
    commission_back: bool = True


@dataclass(frozen=True, slots=True)
class OrderRole:
    """What the world's plot requires of an order: shipped by Amazon, one line, its units."""

    quantity: int
    product: int | None
    refunds: tuple[RefundPlan, ...]
    extra_fee_cents: int = 0
    """Charged per unit in addition to the correct fulfillment fee."""
    fee_given_back: bool = False
    """Whether Amazon pays that back by itself."""
    by_amazon: bool = True


class Plot(Protocol):
    """The orders that have a role to play."""

    def roles(self, period: int) -> Mapping[int, OrderRole]: ...


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
        """Amazon's FulfillmentStatus as of the edge of the world."""
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
class OrderStory:
    """An order from its creation to its refund, of which the edge of the world shows part."""

    index: int
    order_id: str
    dates: OrderDates
    by_amazon: bool
    service_level: str
    business: bool
    lines: tuple[OrderLine, ...]
    place: int
    refunds: tuple[RefundPlan, ...]

    @property
    def refund(self) -> RefundPlan | None:
        """The first refund; None if there is none."""
        return self.refunds[0] if self.refunds else None


@dataclass(frozen=True)
class OrderBook:
    """All orders of a seller; each is created when it is requested."""

    key: bytes
    timeline: Timeline
    products: Sequence[Product]
    prefix: int
    plot: Plot

    def plan(self, index: int) -> OrderPlan:
        return next(iter(self.plans(index, index + 1)))

    def plans(self, first: int, stop: int) -> Iterable[OrderPlan]:
        """The orders of a range of indexes."""
        if self.timeline.count == 0:
            return ()
        periods = range(first // self.timeline.count, (stop - 1) // self.timeline.count + 1)
        if len(periods) == 1:
            return self._plans(first, stop, self.plot.roles(periods[0]))
        return chain.from_iterable(
            self._plans(
                max(first, period * self.timeline.count),
                min(stop, (period + 1) * self.timeline.count),
                self.plot.roles(period),
            )
            for period in periods
        )

    def _plans(self, first: int, stop: int, roles: Mapping[int, OrderRole]) -> Iterator[OrderPlan]:
        # All in one place: a call per order would cost a year's report a fifth of its speed.
        size, line_count, make, role_of = len(self.products), _LINES, OrderPlan._make, roles.get
        times, draws = self.timeline.times(first, stop), self._draws.between(first, stop)
        for index, created, words in zip(range(first, stop), times, draws, strict=True):
            fate, role = words[3], role_of(index)
            by_amazon = words[5] < _BY_AMAZON_BELOW
            paid = created + MINUTE + (words[0] * (2 * HOUR - MINUTE) >> 16)
            cancelled = shipped = delivered = touched = 0
            if fate < _CANCELLED_BELOW and role is None:
                cancelled = paid + 10 * MINUTE + (words[1] * (20 * HOUR - 10 * MINUTE) >> 16)
            else:
                shipped = paid + 3 * HOUR + (words[1] * (93 * HOUR) >> 16)
                delivered = shipped + DAY + (words[2] * (5 * DAY) >> 16)
                if fate >= _TOUCHED_FROM:
                    touched = delivered + DAY + (words[4] * (10 * DAY) >> 16)
            if role is not None:
                by_amazon = role.by_amazon
                lines = [self._role_line(role, words)]
            else:
                lines = []
                place = 9
                for _ in range(line_count[words[8]]):
                    one, other = words[place], words[place + 1]
                    # The smaller of two: some products sell much better than others.
                    lower = one if one < other else other  # noqa: FURB136 - min() takes twice as long
                    lines.append((lower * size >> 16, words[place + 2] & _ORDINARY))
                    place += 3
            yield make(
                (
                    index, created, paid, cancelled, shipped, delivered, touched,
                    by_amazon, words[6], words[7], lines,
                )
            )  # fmt: skip

    def _role_line(self, role: OrderRole, words: tuple[int, ...]) -> tuple[int, int]:
        natural = min(words[9], words[10]) * len(self.products) >> 16
        product = natural if role.product is None else role.product
        return product, role.quantity * (_ORDINARY + 1) + (words[11] & _ORDINARY)

    def item(self, plan: OrderPlan, number: int) -> LinePlan:
        """One line of a plan with its amounts."""
        product, terms = plan.lines[number]
        return self.priced(product, terms, by_amazon=plan.by_amazon)

    def items(self, plan: OrderPlan) -> tuple[LinePlan, ...]:
        """All lines of a plan with their amounts."""
        return tuple(self.item(plan, number) for number in range(len(plan.lines)))

    def priced(self, product: int, terms: int, *, by_amazon: bool) -> LinePlan:
        """The amounts of a line of a plan: the same product and terms always cost the same."""
        quantity, percent, discounted, tax, parcel = TERMS[terms]
        unit = self.products[product].price_cents * percent // 100
        principal = unit * quantity
        discount = principal // 10 if discounted else 0
        return LinePlan(
            product=product,
            quantity=quantity,
            unit=unit,
            discount=discount,
            shipping=0 if by_amazon else parcel,
            tax=(principal - discount) * tax // 100,
        )

    def shipments(self, since: int, until: int) -> Iterator[tuple[int, int, int, int]]:
        """Moment, place, product and quantity of each line that Amazon ships in [since, until)."""
        window = self.timeline.window(Instant(since - MAX_OPEN), Instant(until))
        terms_of = TERMS
        for plan in self.plans(window.start, window.stop):
            shipped = plan[4]
            if plan[7] and since <= shipped < until:
                for product, terms in plan[10]:
                    yield shipped, plan[9], product, terms_of[terms][0]

    def dates(self, index: int) -> OrderDates:
        return _dates(self.plan(index))

    def story(self, index: int) -> OrderStory:
        plan = self.plan(index)
        return OrderStory(
            index=index,
            order_id=self.order_id(index),
            dates=_dates(plan),
            by_amazon=plan.by_amazon,
            service_level=_SERVICES[plan.service % len(_SERVICES)],
            business=plan.service > 240,
            lines=tuple(
                self._line(index, number, line) for number, line in enumerate(self.items(plan))
            ),
            place=plan.place,
            refunds=self.refunds(index, plan),
        )

    def find_role(self, index: int) -> OrderRole | None:
        return self.plot.roles(index // self.timeline.count).get(index)

    def find_refund_time(self, index: int) -> Instant | None:
        """When the order is first refunded; None if never. Cheap if there is none."""
        refunds = self.refunds(index)
        return refunds[0].posted if refunds else None

    def refunded_in(self, indexes: range) -> Iterator[int]:
        """The orders that are refunded if they ship, and some more; in order."""
        first = indexes.start
        while first < indexes.stop:
            period = first // self.timeline.count
            last = min(indexes.stop, (period + 1) * self.timeline.count)
            roles = self.plot.roles(period)
            played = sorted(index for index in roles if first <= index < last)
            yield from merge(played, self._by_chance(first, last, roles))
            first = last

    def _by_chance(self, first: int, stop: int, roles: Mapping[int, OrderRole]) -> Iterator[int]:
        for index, _ in self.lots(range(first, stop)):
            if index not in roles:
                yield index

    def posting(self, index: int, shipped: int) -> tuple[Instant, Instant | None]:
        """When the money of a shipped order is posted, and until when it is deferred, if it is."""
        after_hours, held, days = self._posting_draws.of(index)
        posted = shipped + HOUR + (after_hours * (35 * HOUR) >> 16)
        matures = posted + 7 * DAY + (days * (3 * DAY) >> 16) if held < 154 else None
        return Instant(posted), None if matures is None else Instant(matures)

    def lots(self, indexes: range) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The orders of a range that chance picks for a refund, with their words."""
        groups = range(indexes.start // REFUND_EVERY, -(-indexes.stop // REFUND_EVERY))
        words_of = self._refund_draws.between(groups.start, groups.stop)
        for group, words in zip(groups, words_of, strict=True):
            index = group * REFUND_EVERY + words[0] % REFUND_EVERY
            if index in indexes:
                yield index, words

    def lot(self, index: int) -> tuple[int, ...]:
        """The words of an order's lot: which one, line, units, wait, and five of its return."""
        return self._refund_draws.of(index // REFUND_EVERY)

    def refunds(self, index: int, plan: OrderPlan | None = None) -> tuple[RefundPlan, ...]:
        """The refunds of an order, oldest first."""
        role = self.find_role(index)
        if role is not None:
            return role.refunds
        lot, line, units, wait, *_ = self.lot(index)
        if index % REFUND_EVERY != lot % REFUND_EVERY:
            return ()
        plan = self.plan(index) if plan is None else plan
        if not plan.delivered:
            return ()
        line = line * len(plan.lines) >> 16
        quantity = 1 + (units * TERMS[plan.lines[line][1]][0] >> 16)
        posted = Instant(plan.delivered + DAY + (wait * (29 * DAY) >> 32))
        return (RefundPlan(posted, line, quantity),)

    def order_id(self, index: int) -> str:
        """`114-1234567-1234567`. The number is a reversible permutation of the index, so unique."""
        factor, shift = self.permutation
        number = (index * factor + shift) % _NUMBERS
        return f"{self.prefix + number % 4}-{number // 10**7:07d}-{number % 10**7:07d}"

    def item_id(self, index: int, line: int) -> str:
        factor, shift = self.permutation
        return f"{((index * 4 + line) * factor + shift) % _NUMBERS:014d}"

    def find_index(self, order_id: str, edge: Instant) -> int | None:
        """The index of an order id; None if the world has no such order (yet)."""
        parts = order_id.split("-")
        if [len(part) for part in parts] != [3, 7, 7] or not all(map(str.isdecimal, parts)):
            return None
        factor, shift = self.permutation
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
        """A range that contains every order last updated in [start, end), and some others."""
        return self.timeline.window(Instant(start - MAX_UPDATE_DELAY), min(end, edge))

    @cached_property
    def permutation(self) -> tuple[int, int]:
        """Factor and shift that turn an index into a number of 14 digits, and back."""
        # A factor that shares no divisor with 10**14 makes index -> number reversible.
        dice = Dice(self.key, "order-numbers")
        return dice.roll(_NUMBERS // 10) * 10 + dice.pick((1, 3, 7, 9)), dice.roll(_NUMBERS)

    @cached_property
    def _draws(self) -> Draws:
        return Draws(self.key, "order", _LAYOUT)

    @cached_property
    def _refund_draws(self) -> Draws:
        return Draws(self.key, "refund", "<HHHIBBBBB")

    @cached_property
    def _posting_draws(self) -> Draws:
        return Draws(self.key, "posting", "<HBH")

    def _line(self, index: int, number: int, line: LinePlan) -> OrderLine:
        return OrderLine(
            order_item_id=self.item_id(index, number),
            product=self.products[line.product],
            quantity=line.quantity,
            unit_price=line.unit * CENT,
            discount=line.discount * CENT,
            shipping=line.shipping * CENT,
            tax=line.tax * CENT,
        )


def _dates(plan: OrderPlan) -> OrderDates:
    return OrderDates(
        created=Instant(plan.created),
        paid=Instant(plan.paid),
        cancelled=Instant(plan.cancelled) if plan.cancelled else None,
        shipped=Instant(plan.shipped) if plan.shipped else None,
        delivered=Instant(plan.delivered) if plan.delivered else None,
        touched=Instant(plan.touched) if plan.touched else None,
    )


class Terms(NamedTuple):
    """The terms of a line. `parcel_cents` is the buyer's price for shipping by the seller."""

    quantity: int
    price_percent: int
    discounted: bool
    tax_percent: int
    parcel_cents: int


def _terms() -> Iterator[Terms]:
    """Those of ordinary lines, then those of lines with a role: one unit, two, three."""
    dice = Dice(b"", "terms")
    ordinary = [
        Terms(
            quantity=dice.pick((1, 1, 1, 1, 1, 2, 2, 3)),
            price_percent=dice.between(90, 105),
            discounted=dice.happens(100),
            tax_percent=dice.pick((0, 0, 5, 7, 8)),
            parcel_cents=dice.between(399, 999),
        )
        for _ in range(_ORDINARY + 1)
    ]
    yield from ordinary
    for quantity in (1, 2, 3):
        for one in ordinary:
            yield Terms(
                quantity, 100, discounted=False, tax_percent=one.tax_percent, parcel_cents=0
            )


TERMS = tuple(_terms())
"""By the number of a line's terms. Few, so that a report can keep the texts they lead to."""
