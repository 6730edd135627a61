"""The rows that both All-Orders reports share. Columns: docs/amazon.md#report-columns.

A year of orders is written at the speed of the disk, so everything that repeats is looked up:
texts per product, per status, per second of the day and per amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from recoup.sandbox.reports.report import ReportRequest
from recoup.sandbox.world.instants import DAY, day_to_date
from recoup.sandbox.world.orders import TERMS, OrderPlan
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.seller import SellerWorld

HEADER = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "order-channel", "ship-service-level", "product-name",
    "sku", "asin", "item-status", "quantity", "currency", "item-price", "item-tax",
    "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state",
    "ship-postal-code", "ship-country", "promotion-ids", "is-business-order",
    "purchase-order-number", "price-designation",
)  # fmt: skip
_SERVICES = ("Standard", "Standard", "Expedited", "SecondDay", "NextDay")
_NUMBERS = 10**14
_TAB = "\t"
_ENCODING = "cp1252"
_BUSINESS_FROM = 240
_STATUS = ("Shipped", "Cancelled", "Unshipped", "Pending")
_ITEM_STATUS = ("Shipped", "Cancelled", "Unshipped", "Unshipped")
_PENDING = 3


_MINUTES = tuple(f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_SECONDS = tuple(f"{second:02d}+00:00" for second in range(60))


@cache
def _cent_texts() -> tuple[str, ...]:
    """Amounts below 300.00, of which the dearest line is one."""
    return tuple(map(decimal_text, range(30_000)))


def order_lines(
    world: SellerWorld, request: ReportRequest, *, by_update: bool, end: str
) -> Iterator[bytes]:
    """One line per item of the orders created (or last updated) in the window.

    `end` are the columns after the price designation, with their tabs.
    """
    edge, book, since, until = request.as_of, world.orders, request.begins, request.ends
    search = book.maybe_updated_in if by_update else book.created_in
    window = search(since, until, edge)
    factor, shift = book.permutation
    prefix, page, minutes, seconds = (
        world.profile.order_prefix,
        _Page(world, edge, end),
        _MINUTES,
        _SECONDS,
    )
    days, first_day, heads, items, tails = (
        page.days,
        page.first_day,
        page.heads,
        page.items,
        page.tails,
    )
    for plan in book.plans(window.start, window.stop):
        (
            index, created, _, _, shipped, delivered, touched, by_amazon, service, place, lines,
        ) = plan  # fmt: skip
        updated = delivered if 0 < delivered < edge and not touched else plan.last_updated(edge)
        if by_update and not since <= updated < until:
            continue
        status = 0 if 0 < shipped < edge else page.status(plan)
        # The same text as OrderBook.order_id: a leading one keeps all fourteen digits.
        number = (index * factor + shift) % _NUMBERS
        digits = str(_NUMBERS + number)
        start = (  # ASCII: the rest comes encoded
            f"{prefix + number % 4}-{digits[1:8]}-{digits[8:]}\t\t"
            f"{days[created // DAY - first_day]}{minutes[created % DAY // 60]}{seconds[created % 60]}\t"
            f"{days[updated // DAY - first_day]}{minutes[updated % DAY // 60]}{seconds[updated % 60]}\t"
            f"{heads[status][by_amazon][service % 5]}"
        ).encode()
        tail = tails[place % 3][service > _BUSINESS_FROM]
        for product, terms in lines:
            key = ((product << 7 | terms) << 2 | status) << 1 | by_amazon
            item = items.get(key)
            if item is None:
                item = items[key] = page.item(product, terms, status, by_amazon=by_amazon)
            yield start + item + tail[terms]


class _Page:
    """The texts from which the lines are composed.

    `heads` by status, fulfiller and service go from the status to the service level; `items` are
    kept as they are met; `tails` by place, business and terms go from the city to the end.
    """

    def __init__(self, world: SellerWorld, edge: int, end: str) -> None:
        self._world = world
        self._edge = edge
        self.first_day = world.start // DAY
        self.days = [
            f"{day_to_date(day).isoformat()}T" for day in range(self.first_day, edge // DAY + 1)
        ]
        self.items: dict[int, bytes] = {}
        self._names = [f"{one.title}\t{one.sku}\t{one.asin}\t" for one in world.products]
        self._cents = _cent_texts()
        self.heads = [
            [
                [f"{status}\t{fulfiller}\t{world.home.name}\t\t{name}\t" for name in _SERVICES]
                for fulfiller in ("Merchant", "Amazon")
            ]
            for status in _STATUS
        ]
        self.tails = [
            [
                [
                    f"{city}\t{state}\t{postal_code}\t{world.home.country}\t"
                    f"{'TEN-PERCENT-OFF' if terms.discounted else ''}\t{business}\t\t{end}\n".encode(
                        _ENCODING
                    )
                    for terms in TERMS
                ]
                for business in ("false", "true")
            ]
            for city, state, postal_code in world.profile.places
        ]

    def status(self, plan: OrderPlan) -> int:
        if 0 < plan.shipped < self._edge:
            return 0
        if 0 < plan.cancelled < self._edge:
            return 1
        return 2 if plan.paid < self._edge else 3

    def item(self, product: int, terms: int, status: int, *, by_amazon: bool) -> bytes:
        """From the product's name to the promotion's discount on carriage, with the tab behind."""
        quantity, name = TERMS[terms].quantity, self._names[product]
        if status == _PENDING:
            # Amazon shows no prices while the payment is not through.
            return f"{name}{_ITEM_STATUS[status]}\t{quantity}{10 * _TAB}".encode(_ENCODING)
        world, cents = self._world, self._cents
        _, _, unit, discount, shipping, tax = world.orders.priced(
            product, terms, by_amazon=by_amazon
        )
        return (
            f"{name}{_ITEM_STATUS[status]}\t{quantity}\t{world.home.currency}\t"
            f"{cents[unit * quantity]}\t{cents[tax]}\t{cents[shipping]}\t0.00\t\t\t"
            f"{cents[discount]}\t0.00\t"
        ).encode(_ENCODING)


def cells(lines: Iterator[bytes]) -> Iterator[tuple[str, ...]]:
    """The lines split into cells again."""
    for line in lines:
        yield tuple(line.decode(_ENCODING).rstrip("\n").split(_TAB))
