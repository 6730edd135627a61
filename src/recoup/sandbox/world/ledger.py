"""When money moved: the entries behind the transactions, found by time without a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import DAY, HOUR, Instant, after
from recoup.sandbox.world.orders import MAX_REFUND_DELAY, OrderBook
from recoup.sandbox.world.timeline import Timeline

MAX_SHIPMENT_DELAY = 6 * DAY
"""No shipment is posted later than this after its order was created."""
MAX_DEFERRAL = 11 * DAY
"""No transaction stays deferred longer than this after it was posted."""
MAX_REVERSAL_DELAY = 46 * DAY
"""No reimbursement is reversed later than this after it was paid."""

Position = tuple[int, int, int]
"""Where a reader of the ledger stands: section, index in it, entry of that index."""
START: Position = (0, 0, 0)


class EntryKind(Enum):
    """What a transaction is; the value is Amazon's transactionType and a part of its id."""

    SHIPMENT = "Shipment"
    REFUND = "Refund"
    SERVICE_FEE = "ServiceFee"
    REIMBURSEMENT = "FBAInventoryReimbursement"
    REVERSAL = "FBAReversedReimbursement"


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction before its amounts are worked out.

    `index` counts in the source of its kind (order, period, reimbursement), `ordinal` tells
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
class Ledger:
    """All movements of a seller's money.

    Sections, in reading order: 0 shipments, 1 refunds, 2 monthly fees, 3 reimbursements.
    """

    key: bytes
    orders: OrderBook
    fees: Timeline
    reimbursements: Timeline

    def iter_entries(
        self, start: Instant, end: Instant, edge: Instant, *, since: Position = START
    ) -> Iterator[tuple[Position, Entry]]:
        """Every entry posted in [start, end) once, from a position on, with its own position."""
        end = min(end, edge)
        for section in range(since[0], len(self._sections)):
            source, delay, entries = self._sections[section]
            first = since[1] if section == since[0] else 0
            candidates = source.window(after(start, -delay), end)
            for index in range(max(first, candidates.start), candidates.stop):
                for number, entry in enumerate(entries(index)):
                    position = (section, index, number)
                    if start <= entry.posted < end and position >= since:
                        yield position, entry

    def entries_of_order(self, index: int, edge: Instant) -> Iterator[Entry]:
        for entries in (self._shipment, self._refund):
            yield from (entry for entry in entries(index) if entry.posted < edge)

    @cached_property
    def _sections(self) -> tuple[tuple[Timeline, int, Callable[[int], Iterator[Entry]]], ...]:
        """Per section: what its index counts, how late its entries come, and the entries."""
        return (
            (self.orders.timeline, MAX_SHIPMENT_DELAY, self._shipment),
            (self.orders.timeline, MAX_REFUND_DELAY, self._refund),
            (self.fees, 0, self._fees),
            (self.reimbursements, MAX_REVERSAL_DELAY, self._reimbursement),
        )

    def _shipment(self, index: int) -> Iterator[Entry]:
        shipped = self.orders.dates(index).shipped
        if shipped is None:
            return
        dice = Dice(self.key, "shipment", index)
        posted = after(shipped, dice.between(HOUR, 36 * HOUR))
        held = dice.between(7 * DAY, 10 * DAY) if dice.happens(600) else None
        matures = None if held is None else after(posted, held)
        yield Entry(EntryKind.SHIPMENT, index, 0, posted, matures)

    def _refund(self, index: int) -> Iterator[Entry]:
        posted = self.orders.find_refund_time(index)
        if posted is not None:
            yield Entry(EntryKind.REFUND, index, 0, posted)

    def _fees(self, index: int) -> Iterator[Entry]:
        posted = self.fees.at(index)
        yield Entry(EntryKind.SERVICE_FEE, index, 0, posted)
        yield Entry(EntryKind.SERVICE_FEE, index, 1, posted)

    def _reimbursement(self, index: int) -> Iterator[Entry]:
        posted = self.reimbursements.at(index)
        yield Entry(EntryKind.REIMBURSEMENT, index, 0, posted)
        dice = Dice(self.key, "reversal", index)
        if dice.happens(150):
            reversed_at = after(posted, dice.between(15 * DAY, 45 * DAY))
            yield Entry(EntryKind.REVERSAL, index, 0, reversed_at)
