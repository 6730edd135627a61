"""A seller's whole world, put together from one key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from recoup.sandbox.world.catalogue import BASE36, Product, catalogue_size, make_product
from recoup.sandbox.world.dice import code, opaque_id
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.ledger import Entry, Ledger
from recoup.sandbox.world.orders import OrderBook
from recoup.sandbox.world.stock import StockRow, stock_row
from recoup.sandbox.world.timeline import Timeline
from recoup.sandbox.world.transactions import Transaction, transaction

SPAN_DAYS = 360
"""The world begins so long before its first edge; within any client's 12 months."""
GROUP_DAYS = 14
"""Amazon pays out every two weeks: one financial event group each."""


@dataclass(frozen=True)
class Marketplace:
    """A marketplace the seller takes part in."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    language: str
    domain: str


UNITED_STATES = Marketplace("ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en_US", "www.amazon.com")
CANADA = Marketplace("A2EUQ1WTGCTBG2", "Amazon.ca", "CA", "CAD", "en_CA", "www.amazon.ca")


@dataclass(frozen=True)
class SellerWorld:
    """Everything about one seller as a function of the key; nothing here changes.

    What exists of it is decided by the edge that each question brings along: an event shows
    when it lies before the edge.
    """

    key: bytes
    start: Instant
    orders_per_span: int

    home = UNITED_STATES
    marketplaces = (UNITED_STATES, CANADA)

    @cached_property
    def seller_id(self) -> str:
        return "A" + code(self.key, "seller", 0, BASE36, 13)

    @cached_property
    def products(self) -> tuple[Product, ...]:
        count = catalogue_size(self.orders_per_span)
        return tuple(make_product(self.key, index) for index in range(count))

    @cached_property
    def orders(self) -> OrderBook:
        return OrderBook(self.key, self._timeline("orders", self.orders_per_span), self.products)

    @cached_property
    def ledger(self) -> Ledger:
        reimbursed = -(-self.orders_per_span // 100)
        return Ledger(
            key=self.key,
            orders=self.orders,
            fees=self._timeline("fees", SPAN_DAYS // 30),
            reimbursements=self._timeline("reimbursements", reimbursed),
        )

    def transaction(self, entry: Entry) -> Transaction:
        return transaction(self.key, entry, self.products, self.orders)

    def stock_row(self, index: int, edge: Instant) -> StockRow:
        return stock_row(self.key, self.products[index], self.start, edge)

    def iter_transactions(self, edge: Instant) -> Iterator[Transaction]:
        for _, entry in self.ledger.iter_entries(self.start, edge, edge):
            yield self.transaction(entry)

    def group_id(self, moment: Instant) -> str:
        """The financial event group that money counted at this moment belongs to."""
        number = (moment - self.start) // (GROUP_DAYS * DAY)
        return f"{opaque_id(self.key, 'group', number)[:20]}{number:06d}"

    def find_group(self, group_id: str) -> tuple[Instant, Instant] | None:
        """The half-open time of a group; None when there is no such group."""
        tail = group_id[20:]
        if not tail.isdecimal():
            return None
        begins = Instant(self.start + int(tail) * GROUP_DAYS * DAY)
        if self.group_id(begins) != group_id:
            return None
        return begins, Instant(begins + GROUP_DAYS * DAY)

    def _timeline(self, kind: str, count: int) -> Timeline:
        return Timeline(self.key, f"{kind}-times", self.start, SPAN_DAYS * DAY, count)
