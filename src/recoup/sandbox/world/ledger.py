"""The movements of money behind the transactions, found by time without a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from recoup.sandbox.world.instants import DAY, Instant, after
from recoup.sandbox.world.orders import MAX_REFUND_DELAY, OrderBook
from recoup.sandbox.world.payments import PaymentBook
from recoup.sandbox.world.records import Payment
from recoup.sandbox.world.returns import LATEST_PAYMENT
from recoup.sandbox.world.timeline import Timeline

MAX_SHIPMENT_DELAY = 6 * DAY
"""No shipment is posted later than this after its order was created."""
MAX_DEFERRAL = 11 * DAY
"""No transaction stays deferred longer than this after it was posted."""
OF_ORDER = 100
"""The ordinal of a payment for an ordinary order; those of cases count from 0."""

Position = tuple[int, int, int]
"""The position of a reader in the ledger: section, index in it, entry of that index."""
START: Position = (0, 0, 0)


class EntryKind(Enum):
    """The type of a transaction; the value is Amazon's transactionType and a part of its id."""

    SHIPMENT = "Shipment"
    REFUND = "Refund"
    SERVICE_FEE = "ServiceFee"
    REIMBURSEMENT = "FBAInventoryReimbursement"
    REVERSAL = "FBAReversedReimbursement"


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction before its amounts are computed.

    `index` counts in the source of its kind (order, period, place of a case), `ordinal` tells
    apart entries of the same kind and index. `matures` is set where the money is held back.
    """

    kind: EntryKind
    index: int
    ordinal: int
    posted: Instant
    matures: Instant | None = None

    @property
    def counted(self) -> Instant:
        """When the money joins a settlement group."""
        return self.posted if self.matures is None else self.matures

    def status(self, edge: Instant) -> str:
        if self.matures is None:
            return "RELEASED"
        return "DEFERRED_RELEASED" if self.matures < edge else "DEFERRED"


@dataclass(frozen=True)
class _Section:
    """A part of the ledger: the indexes that may have entries in a window, and their entries."""

    indexes: Callable[[Instant, Instant, int], Iterator[int]]
    entries: Callable[[int], Iterator[Entry]]


@dataclass(frozen=True)
class Ledger:
    """All movements of a seller's money.

    Sections, in reading order: 0 shipments, 1 refunds, 2 monthly fees, 3 reimbursements of cases,
    4 reimbursements of ordinary orders.
    """

    orders: OrderBook
    fees: Timeline
    payments: PaymentBook

    def iter_entries(
        self, start: Instant, end: Instant, edge: Instant, *, since: Position = START
    ) -> Iterator[tuple[Position, Entry]]:
        """Every entry posted in [start, end) once, from a position on, with its own position."""
        end = min(end, edge)
        if start >= end:
            return
        for number in range(since[0], len(self._sections)):
            section = self._sections[number]
            first = since[1] if number == since[0] else 0
            for index in section.indexes(start, end, first):
                for entry_number, entry in enumerate(section.entries(index)):
                    position = (number, index, entry_number)
                    if start <= entry.posted < end and position >= since:
                        yield position, entry

    def entries_of_order(self, index: int, edge: Instant) -> Iterator[Entry]:
        for entries in (self._shipment, self._refund):
            yield from (entry for entry in entries(index) if entry.posted < edge)

    def payment(self, entry: Entry) -> Payment:
        """The reimbursement behind an entry."""
        if entry.ordinal == OF_ORDER:
            found = self.payments.of_order(entry.index)
            assert found is not None
            return found
        return self.payments.of_place(entry.index)[entry.ordinal]

    @cached_property
    def _sections(self) -> tuple[_Section, ...]:
        return (
            _Section(self._in_orders(MAX_SHIPMENT_DELAY), self._shipment),
            _Section(self._in_refunded(MAX_REFUND_DELAY), self._refund),
            _Section(self._in_fees, self._fees),
            _Section(self.payments.places, self._of_case),
            _Section(self._in_refunded(MAX_REFUND_DELAY + LATEST_PAYMENT), self._of_order),
        )

    def _in_orders(self, delay: int) -> Callable[[Instant, Instant, int], Iterator[int]]:
        def indexes(start: Instant, end: Instant, first: int) -> Iterator[int]:
            window = self.orders.timeline.window(after(start, -delay), end)
            yield from range(max(first, window.start), window.stop)

        return indexes

    def _in_refunded(self, delay: int) -> Callable[[Instant, Instant, int], Iterator[int]]:
        def indexes(start: Instant, end: Instant, first: int) -> Iterator[int]:
            window = self.orders.timeline.window(after(start, -delay), end)
            yield from self.orders.refunded_in(range(max(first, window.start), window.stop))

        return indexes

    def _in_fees(self, start: Instant, end: Instant, first: int) -> Iterator[int]:
        window = self.fees.window(start, end)
        yield from range(max(first, window.start), window.stop)

    def _shipment(self, index: int) -> Iterator[Entry]:
        shipped = self.orders.plan(index).shipped
        if shipped:
            posted, matures = self.orders.posting(index, shipped)
            yield Entry(EntryKind.SHIPMENT, index, 0, posted, matures)

    def _refund(self, index: int) -> Iterator[Entry]:
        for ordinal, refund in enumerate(self.orders.refunds(index)):
            yield Entry(EntryKind.REFUND, index, ordinal, refund.posted)

    def _fees(self, index: int) -> Iterator[Entry]:
        posted = self.fees.at(index)
        yield Entry(EntryKind.SERVICE_FEE, index, 0, posted)
        yield Entry(EntryKind.SERVICE_FEE, index, 1, posted)

    def _of_case(self, place: int) -> Iterator[Entry]:
        for ordinal, payment in enumerate(self.payments.of_place(place)):
            if payment.cash:
                yield _reimbursement(payment, place, ordinal)

    def _of_order(self, index: int) -> Iterator[Entry]:
        payment = self.payments.of_order(index)
        if payment is not None:
            yield _reimbursement(payment, index, OF_ORDER)


def _reimbursement(payment: Payment, index: int, ordinal: int) -> Entry:
    kind = EntryKind.REIMBURSEMENT if payment.cash > 0 else EntryKind.REVERSAL
    return Entry(kind, index, ordinal, payment.approved)
