"""A seller's whole world, built from one key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from recoup.sandbox.world.cases import Cast, WantedClaim
from recoup.sandbox.world.catalogue import BASE36, Product, catalogue_size, make_product
from recoup.sandbox.world.dice import code, opaque_id
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.ledger import Entry, Ledger
from recoup.sandbox.world.orders import OrderBook
from recoup.sandbox.world.payments import PaymentBook
from recoup.sandbox.world.plot import CastPlot, Scripts
from recoup.sandbox.world.plots.scene import Stage
from recoup.sandbox.world.profile import CANADA, UNITED_STATES, US, Marketplace, Profile
from recoup.sandbox.world.records import InboundShipment
from recoup.sandbox.world.returns import ReturnBook
from recoup.sandbox.world.stock import StockRow, stock_rows
from recoup.sandbox.world.stockbook import StockBook
from recoup.sandbox.world.timeline import Timeline
from recoup.sandbox.world.transactions import Transaction, transaction

__all__ = ["CANADA", "GROUP_DAYS", "SPAN_DAYS", "UNITED_STATES", "Marketplace", "SellerWorld"]

SPAN_DAYS = 360
"""The world begins so long before its first edge; within any client's 12 months."""
GROUP_DAYS = 14
"""Amazon pays out every two weeks: one financial event group each."""


@dataclass(frozen=True)
class SellerWorld:
    """Everything about one seller as a function of the key; nothing here changes.

    What exists of it is decided by the edge in each request: an event shows
    when it lies before the edge.
    """

    key: bytes
    start: Instant
    orders_per_span: int
    profile: Profile = US
    wanted: tuple[WantedClaim, ...] | None = None

    @property
    def home(self) -> Marketplace:
        return self.profile.home

    @property
    def marketplaces(self) -> tuple[Marketplace, ...]:
        return self.profile.marketplaces

    @property
    def first_edge(self) -> Instant:
        """The end of the world at its creation: the planted ages count from here."""
        return Instant(self.start + SPAN_DAYS * DAY)

    @cached_property
    def seller_id(self) -> str:
        return "A" + code(self.key, "seller", 0, BASE36, 13)

    @cached_property
    def products(self) -> tuple[Product, ...]:
        count = catalogue_size(self.orders_per_span)
        return tuple(make_product(self.key, index, self.profile) for index in range(count))

    @cached_property
    def cast(self) -> Cast:
        products = catalogue_size(self.orders_per_span)
        return Cast(self.key, self.profile, self._order_times, products, self.wanted)

    @cached_property
    def orders(self) -> OrderBook:
        return OrderBook(
            key=self.key,
            timeline=self._order_times,
            products=self.products,
            prefix=self.profile.order_prefix,
            plot=CastPlot(self.cast),
        )

    @cached_property
    def scripts(self) -> Scripts:
        return Scripts(self._stage, self.cast)

    @cached_property
    def returns(self) -> ReturnBook:
        return ReturnBook(self._stage, self.scripts)

    @cached_property
    def payments(self) -> PaymentBook:
        return PaymentBook(self.scripts, self.returns, self.start, SPAN_DAYS * DAY)

    @cached_property
    def stock(self) -> StockBook:
        return StockBook(self._stage, self.scripts, self.returns)

    @cached_property
    def ledger(self) -> Ledger:
        fees = self._timeline("fees", SPAN_DAYS // 30)
        return Ledger(orders=self.orders, fees=fees, payments=self.payments)

    def transaction(self, entry: Entry) -> Transaction:
        return transaction(self.key, entry, self.products, self.ledger)

    def stock_row(self, index: int, edge: Instant) -> StockRow:
        return self.stock_rows(edge)[index]

    def stock_rows(self, edge: Instant) -> tuple[StockRow, ...]:
        """One row per product; those of the last two edges are kept."""
        return self._stock_rows(edge)

    def iter_transactions(self, edge: Instant) -> Iterator[Transaction]:
        for _, entry in self.ledger.iter_entries(self.start, edge, edge):
            yield self.transaction(entry)

    def inbound_shipments(
        self, edge: Instant, since: Instant | None = None
    ) -> Iterator[InboundShipment]:
        """The shipments created in [since, edge), the oldest cycle first; all, without a since."""
        return self.stock.inbound(self.start - 30 * DAY if since is None else since, edge)

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

    @cached_property
    def _stock_rows(self) -> _StockRows:
        return lru_cache(2)(lambda edge: stock_rows(self.key, self.products, self.stock, edge))

    @cached_property
    def _stage(self) -> Stage:
        return Stage(self.key, self.profile, self.products, self.orders)

    @cached_property
    def _order_times(self) -> Timeline:
        return self._timeline("orders", self.orders_per_span)

    def _timeline(self, kind: str, count: int) -> Timeline:
        return Timeline(self.key, f"{kind}-times", self.start, SPAN_DAYS * DAY, count)


_StockRows = Callable[[Instant], tuple[StockRow, ...]]
