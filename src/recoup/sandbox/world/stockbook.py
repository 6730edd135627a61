"""The stock ledger: every movement by time, and the balance at any moment, without a list of either.

Time is cut into cycles. At the begin of each, a product's sellable units lie at a fixed level in
each of its three fulfillment centers. What is sold, lost or returned within the cycle is made good
by the seller's shipments and by transfers in the same cycle, so a balance needs only the movements
since its cycle began. Unsellable units of one cycle are cleared by a removal order of the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from math import isqrt

from recoup.sandbox.world.cases import LONGEST_AFTER, LONGEST_BEFORE
from recoup.sandbox.world.dice import Dice, letters
from recoup.sandbox.world.draws import Draws
from recoup.sandbox.world.instants import DAY, HOUR, Instant
from recoup.sandbox.world.plot import Scripts
from recoup.sandbox.world.plots.inbound import receipts_of
from recoup.sandbox.world.plots.scene import Stage
from recoup.sandbox.world.records import (
    RETURNS,
    SELLABLE,
    SHIPMENTS,
    TRANSFERS,
    VENDOR_RETURNS,
    InboundItem,
    InboundShipment,
    Movement,
    Parcel,
    Receipt,
    RemovalOrder,
)
from recoup.sandbox.world.returns import ReturnBook

CYCLE = 20 * DAY
SHIP_FROM = (0, 0, 1, 2)
"""The slot an order ships from, by the two lowest bits of its place."""
_PER_SHIPMENT = 12
_UNITS_PER_ORDER = 2  # rounded up: 1.4 lines of 1.5 units, nine of ten shipped by Amazon

StockPlace = tuple[int, int, str]
"""Product, slot, disposition."""


@dataclass(frozen=True)
class Balance:
    """Units at one moment. `sellable` counts by 3 * product + slot."""

    sellable: list[int]
    unsellable: Mapping[StockPlace, int]
    changed: list[int]
    """Per product, when its stock last changed."""


@dataclass(frozen=True)
class Upkeep:
    """The movements that restore the stock levels of one cycle."""

    movements: tuple[Movement, ...]
    inbound: tuple[InboundShipment, ...]
    removals: tuple[RemovalOrder, ...]


class StockBook:
    """The ledger of a seller's units."""

    def __init__(self, stage: Stage, scripts: Scripts, returns: ReturnBook) -> None:
        self._stage = stage
        self._scripts = scripts
        self._returns = returns
        # Not a whole number of cycles before the first edge, so that it finds stock on the way.
        self.begins = stage.orders.timeline.start - 7 * DAY
        self.upkeep = lru_cache(3)(self._upkeep)
        self._leftovers = lru_cache(4)(self._count_leftovers)
        self._incidents_of = lru_cache(2)(self._list_incidents)

    @cached_property
    def levels(self) -> list[int]:
        """Sellable units at the beginning of every cycle, by 3 * product + slot.

        High enough that no cycle sells a center empty: the mean, a margin and chance.
        """
        orders, count = self._stage.orders.timeline, len(self._stage.products)
        per_cycle = orders.count * CYCLE // orders.span_seconds * _UNITS_PER_ORDER
        levels = []
        for product in range(count):
            # Twice a uniform choice, the smaller: the density falls in a straight line.
            mean = per_cycle * (2 * (count - product) - 1) // count**2 + 1
            dice = Dice(self._stage.key, "level", product)
            for share in (2, 4, 4):
                units = mean // share + 1
                levels.append(units + 9 * isqrt(units) + 18 + dice.roll(16))
        return levels

    def movements(self, since: int, until: int) -> Iterator[Movement]:
        """Every movement in [since, until), in no particular order."""
        yield from self.shipments(since, until)
        yield from self.incidents(since, until)
        for number in self._cycles(since, until):
            for one in self.upkeep(number).movements:
                if since <= one.at < until:
                    yield one

    def shipments(self, since: int, until: int) -> Iterator[Movement]:
        """Units that left for the buyers of orders."""
        for at, place, product, units in self._stage.orders.shipments(since, until):
            yield Movement(at, product, SHIP_FROM[place & 3], SELLABLE, -units, SHIPMENTS)

    def incidents(self, since: int, until: int) -> Iterator[Movement]:
        """Movements of returns and plots."""
        for unit in self._returns.restocked(since, until):
            assert unit.restocked is not None
            yield Movement(unit.restocked, unit.product, unit.slot, unit.disposition, 1, RETURNS)
        for script in self._scripts.around(since, until):
            for one in script.movements:
                if since <= one.at < until:
                    yield one
            for sent in script.replacements:
                if since <= sent.at < until:
                    yield Movement(
                        sent.at, sent.product, sent.slot, SELLABLE, -sent.quantity, SHIPMENTS
                    )

    def balance(self, moment: int) -> Balance:
        """The units before a moment."""
        number = self._cycle_of(moment)
        begins = self._begin(number)
        sellable = list(self.levels)
        unsellable: dict[StockPlace, int] = defaultdict(int, self._leftovers(number - 1))
        changed = [int(begins)] * len(self._stage.products)
        for one in self._passing(begins):
            unsellable[one.product, one.slot, one.disposition] += one.quantity
        for at, place, product, units in self._stage.orders.shipments(begins, moment):
            sellable[3 * product + SHIP_FROM[place & 3]] -= units
            changed[product] = max(changed[product], at)
        for one in chain(self._incidents_of(number), self.upkeep(number).movements):
            if one.at >= moment:
                continue
            if one.disposition == SELLABLE:
                sellable[3 * one.product + one.slot] += one.quantity
            else:
                unsellable[one.product, one.slot, one.disposition] += one.quantity
            changed[one.product] = max(changed[one.product], one.at)
        return Balance(sellable, {place: n for place, n in unsellable.items() if n}, changed)

    def inbound(self, since: int, until: int) -> Iterator[InboundShipment]:
        """The shipments created in [since, until), the oldest first."""
        since = max(since, self.begins - LONGEST_BEFORE)
        for low, high in self._stretches(since, until):
            found = [one for script in self._scripts.around(low, high) for one in script.inbound]
            if high > self.begins:
                found += self.upkeep(self._cycle_of(low)).inbound
            inside = (one for one in found if low <= one.created_at < high)
            yield from sorted(inside, key=lambda one: (one.created_at, one.confirmation_id))

    def on_the_way(self, moment: int) -> Iterator[InboundShipment]:
        """The shipments that may contain units not received yet; those of earlier cycles do not."""
        since = self._begin(self._cycle_of(moment))
        yield from (one for one in self.inbound(since, moment))
        for script in self._scripts.around(since - LONGEST_AFTER, since):
            yield from (one for one in script.inbound if one.created_at < since)

    def removals(self, since: int, until: int) -> Iterator[RemovalOrder]:
        """The removal orders requested in [since, until)."""
        for number in self._cycles(since, until):
            for one in self.upkeep(number).removals:
                if since <= one.requested_at < until:
                    yield one
        for script in self._scripts.around(since, until):
            for one in script.removals:
                if since <= one.requested_at < until:
                    yield one

    def in_transit(self, moment: int) -> Mapping[int, int]:
        """Units per product that have left one center and not reached the other."""
        units: dict[int, int] = defaultdict(int)
        for one in self.upkeep(self._cycle_of(moment)).movements:
            if one.event == TRANSFERS and one.at < moment:
                units[one.product] -= one.quantity
        return units

    def researched(self, moment: int) -> Mapping[int, int]:
        """The units per product that Amazon searches for at a moment."""
        units: dict[int, int] = defaultdict(int)
        for case in self._scripts.cast.around(moment, moment + 1):
            for begins, ends, count in self._scripts.of(case).research:
                if begins <= moment < ends:
                    units[case.product] += count
        return units

    def _begin(self, number: int) -> Instant:
        return Instant(self.begins + number * CYCLE)

    def _cycle_of(self, moment: int) -> int:
        return max(0, (moment - self.begins) // CYCLE)

    def _cycles(self, since: int, until: int) -> range:
        if until <= self.begins:
            return range(0)
        return range(self._cycle_of(since), self._cycle_of(until - 1) + 1)

    def _stretches(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """A window cut where cycles begin."""
        cuts = [self._begin(number) for number in self._cycles(since, until)]
        ends = [since, *(cut for cut in cuts if since < cut < until), until]
        yield from pairwise(ends)

    def _passing(self, moment: int) -> Iterator[Movement]:
        """Unsellable units that a plot added before the moment and removes by itself."""
        for script in self._scripts.around(moment - LONGEST_AFTER, moment):
            for one in script.movements:
                if one.at < moment and one.disposition != SELLABLE and not one.stays:
                    yield one

    def _list_incidents(self, number: int) -> tuple[Movement, ...]:
        """Those of a whole cycle."""
        return tuple(self.incidents(self._begin(number), self._begin(number + 1)))

    def _count_leftovers(self, number: int) -> Mapping[StockPlace, int]:
        """The unsellable units that a cycle leaves behind, to be cleared in the next."""
        units: dict[StockPlace, int] = defaultdict(int)
        if number >= 0:
            for one in self._incidents_of(number):
                if one.disposition != SELLABLE and one.stays:
                    units[one.product, one.slot, one.disposition] += one.quantity
        return {place: count for place, count in units.items() if count}

    def _needs(self, number: int) -> list[int]:
        """The change of the sellable units from their levels in a cycle, by product and slot."""
        begins, ends = self._begin(number), self._begin(number + 1)
        needs = [0] * (3 * len(self._stage.products))
        for _, place, product, units in self._stage.orders.shipments(begins, ends):
            needs[3 * product + SHIP_FROM[place & 3]] += units
        for one in self._incidents_of(number):
            if one.disposition == SELLABLE:
                needs[3 * one.product + one.slot] -= one.quantity
        return needs

    def _upkeep(self, number: int) -> Upkeep:
        needs = self._needs(number)
        movements: list[Movement] = []
        removals: list[RemovalOrder] = []
        wanted: dict[int, dict[int, int]] = defaultdict(dict)
        for product in range(len(self._stage.products)):
            first, second, third = needs[3 * product : 3 * product + 3]
            for slot, units in ((1, second), (2, third)):
                movements += self._transfer(number, product, slot, units)
            total = first + second + third
            if total > 0:
                wanted[product // _PER_SHIPMENT][product] = total
            elif total < 0:
                movements.append(self._send_back(number, product, -total, removals))
        inbound = [self._shipment(number, lot, items) for lot, items in wanted.items()]
        for shipment in inbound:
            movements += receipts_of(shipment)
        movements += self._clear(number, removals)
        return Upkeep(tuple(movements), tuple(inbound), tuple(removals))

    @cached_property
    def _travels(self) -> Draws:
        return Draws(self._stage.key, "transfer", "<HHHHH")

    def _transfer(self, number: int, product: int, slot: int, units: int) -> Iterator[Movement]:
        """Both legs of a move between the first center and another one, days apart."""
        if units == 0:
            return
        words = self._travels.of(number * len(self._stage.products) + product)
        leaves = self._begin(number) + 9 * DAY + words[slot] * (2 * DAY) // 2**16
        arrives = leaves + DAY + words[slot + 2] * (5 * DAY) // 2**16
        away, towards = (0, slot) if units > 0 else (slot, 0)
        yield Movement(leaves, product, away, SELLABLE, -abs(units), TRANSFERS)
        yield Movement(arrives, product, towards, SELLABLE, abs(units), TRANSFERS)

    def _send_back(
        self, number: int, product: int, units: int, removals: list[RemovalOrder]
    ) -> Movement:
        """Surplus units, which the seller requests back."""
        order = self._removal(number, product, 1, units, begins_days=14, sent_days=18)
        removals.append(order)
        at = order.parcels[0].at
        return Movement(at, product, 0, SELLABLE, -units, VENDOR_RETURNS, order.removal_id)

    def _clear(self, number: int, removals: list[RemovalOrder]) -> Iterator[Movement]:
        """One removal order per product for the unsellable units of the cycle before."""
        by_product: dict[int, list[tuple[StockPlace, int]]] = defaultdict(list)
        for place, units in self._leftovers(number - 1).items():
            by_product[place[0]].append((place, units))
        for product, places in sorted(by_product.items()):
            total = sum(units for _, units in places)
            order = self._removal(number, product, 0, total, begins_days=1, sent_days=6)
            removals.append(order)
            for (_, slot, disposition), units in places:
                yield Movement(
                    order.parcels[0].at, product, slot, disposition, -units, VENDOR_RETURNS,
                    order.removal_id,
                )  # fmt: skip

    def _removal(
        self, number: int, product: int, kind: int, units: int, *, begins_days: int, sent_days: int
    ) -> RemovalOrder:
        key, ordinal = self._stage.key, (number * len(self._stage.products) + product) * 2 + kind
        sent = Instant(self._begin(number) + sent_days * DAY + 9 * HOUR)
        tracking = f"1Z{letters(key, 'removal-parcel', ordinal, 16)}"
        return RemovalOrder(
            removal_id=letters(key, "removal", ordinal, 10),
            requested_at=Instant(self._begin(number) + begins_days * DAY + 5 * HOUR),
            completed_at=Instant(sent + 2 * HOUR),
            order_type="Return",
            product=product,
            disposition="Sellable" if kind else "Unsellable",
            requested=units,
            cancelled=0,
            disposed=0,
            in_process=0,
            parcels=(Parcel(sent, units, "UPS_GR_COL", tracking),),
        )

    def _shipment(self, number: int, lot: int, items: Mapping[int, int]) -> InboundShipment:
        """The seller's shipment of a cycle with up to twelve products; all of it arrives."""
        key, ordinal = self._stage.key, number * len(self._stage.products) + lot
        dice = Dice(key, "inbound", ordinal)
        created = self._begin(number) + dice.between(HOUR, 8 * HOUR)
        delivered = created + DAY + dice.between(2 * DAY, 4 * DAY)
        return InboundShipment(
            confirmation_id=f"FBA{letters(key, 'fba', ordinal, 9)}",
            plan_id=f"wf{letters(key, 'plan', ordinal, 36).lower()}",
            shipment_id=f"sh{letters(key, 'shipment', ordinal, 36).lower()}",
            created_at=Instant(created),
            shipped_at=Instant(created + DAY),
            delivered_at=Instant(delivered),
            closed_at=Instant(delivered + dice.between(14 * DAY, 20 * DAY)),
            cancelled_at=None,
            center=self._stage.products[min(items)].centers[0],
            partnered=dice.happens(700),
            items=tuple(
                InboundItem(product, units, _book_in(delivered, units))
                for product, units in items.items()
            ),
        )


def _book_in(delivered: int, units: int) -> tuple[Receipt, ...]:
    """A small item is received at once, a larger one on two days."""
    first = units if units < 6 else units * 7 // 10
    receipts = [Receipt(delivered + DAY, first, SELLABLE)]
    if units > first:
        receipts.append(Receipt(delivered + 2 * DAY, units - first, SELLABLE))
    return tuple(receipts)
