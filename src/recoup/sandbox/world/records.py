"""Events in Amazon's warehouses and books, as plain records from which every source is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from recoup.sandbox.world.instants import Instant

SELLABLE = "SELLABLE"
CUSTOMER_DAMAGED = "CUSTOMER_DAMAGED"
DEFECTIVE = "DEFECTIVE"
CARRIER_DAMAGED = "CARRIER_DAMAGED"
WAREHOUSE_DAMAGED = "WAREHOUSE_DAMAGED"
DISTRIBUTOR_DAMAGED = "DISTRIBUTOR_DAMAGED"
"""Dispositions of the ledger (docs/amazon.md#dispositions)."""

SHIPMENTS = "Shipments"
RETURNS = "CustomerReturns"
RECEIPTS = "Receipts"
ADJUSTMENTS = "Adjustments"
TRANSFERS = "WhseTransfers"
VENDOR_RETURNS = "VendorReturns"
"""The six event types of the ledger (docs/amazon.md#ledger-events)."""


class Movement(NamedTuple):
    """A row of the stock ledger. `quantity` is signed; `slot` counts in the product's centers.

    `reconciled` and `unreconciled` are what Amazon shows on adjustments, else None.
    `stays`: whether unsellable units wait for the next clearing, or the plot that made them
    takes them away again.
    """

    at: int
    product: int
    slot: int
    disposition: str
    quantity: int
    event: str
    reference: str = ""
    reason: str = ""
    reconciled: int | None = None
    unreconciled: int | None = None
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of the reimbursements report; `unit_cents` per unit, `cash` and `stock` in units.

    A reversal has negative units of cash and names the row it takes back.
    """

    number: int
    """Unique in the world; the reimbursement id is derived from it."""
    approved: Instant
    product: int
    reason: str
    cash: int
    stock: int
    unit_cents: int
    order: int | None = None
    original: Payment | None = None
    case_id: str = ""

    @property
    def total_cents(self) -> int:
        return self.unit_cents * self.cash


@dataclass(frozen=True, slots=True)
class ReturnedUnit:
    """A unit that came back. `restocked` is when the ledger counts it; None: never."""

    at: Instant
    order: int
    product: int
    slot: int
    disposition: str
    reason: str
    status: str
    lpn: str
    restocked: Instant | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A free replacement unit for an order."""

    at: Instant
    order: int
    product: int
    slot: int
    quantity: int
    reason_code: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units on their way from a fulfillment center back to the seller."""

    at: Instant
    quantity: int
    carrier: str
    tracking: str


@dataclass(frozen=True, slots=True)
class RemovalOrder:
    """Units that the seller requested to be returned or destroyed. The quantities are final."""

    removal_id: str
    requested_at: Instant
    completed_at: Instant
    order_type: str
    product: int
    disposition: str
    requested: int
    cancelled: int
    disposed: int
    in_process: int
    parcels: tuple[Parcel, ...]
    finished: bool = True

    @property
    def shipped(self) -> int:
        return sum(parcel.quantity for parcel in self.parcels)

    def last_updated(self, edge: int) -> Instant:
        """The latest change before the edge."""
        moments = [self.requested_at, *(parcel.at for parcel in self.parcels), self.completed_at]
        return max(moment for moment in moments if moment < edge)


class Receipt(NamedTuple):
    """Units of one item that were received."""

    at: int
    quantity: int
    disposition: str


@dataclass(frozen=True, slots=True)
class InboundItem:
    """One product of an inbound shipment."""

    product: int
    shipped: int
    receipts: tuple[Receipt, ...]

    def received(self, edge: int) -> int:
        """Units received before the edge, in any state."""
        return sum(one.quantity for one in self.receipts if one.at < edge)


@dataclass(frozen=True, slots=True)
class InboundShipment:
    """Units on their way from the seller to a fulfillment center.

    Ids: `confirmation_id` is the FBA... id of v0 and of the ledger; `plan_id` (wf...) and
    `shipment_id` (sh...) belong to the 2024-03-20 API. Moments after `cancelled_at` do not come.
    """

    confirmation_id: str
    plan_id: str
    shipment_id: str
    created_at: Instant
    shipped_at: Instant
    delivered_at: Instant
    closed_at: Instant
    cancelled_at: Instant | None
    center: str
    partnered: bool
    items: tuple[InboundItem, ...]

    def status(self, edge: int) -> str:
        """Amazon's v0 ShipmentStatus at the edge."""
        if self.cancelled_at is not None and self.cancelled_at < edge:
            return "CANCELLED"
        receipts = [one.at for item in self.items for one in item.receipts]
        steps = [
            (self.closed_at, "CLOSED"),
            (min(receipts, default=self.closed_at), "RECEIVING"),
            (self.delivered_at, "DELIVERED"),
            (Instant(self.shipped_at + 86_400), "IN_TRANSIT"),
            (self.shipped_at, "SHIPPED"),
        ]
        for moment, status in steps:
            if moment < edge:
                return status
        return "WORKING"

    def status_changed(self, edge: int) -> Instant:
        """When the current status began: a further receipt alone is no such change."""
        if self.cancelled_at is not None and self.cancelled_at < edge:
            return self.cancelled_at
        receipts = [one.at for item in self.items for one in item.receipts]
        steps = [self.shipped_at, self.shipped_at + 86_400, self.delivered_at, self.closed_at]
        steps.append(min(receipts, default=self.closed_at))
        passed = [moment for moment in steps if moment < edge]
        return Instant(max(passed, default=self.created_at))

    def last_updated(self, edge: int) -> Instant:
        """The latest change before the edge: a step of the status, or a receipt."""
        moments = [self.created_at, self.shipped_at, self.delivered_at, self.closed_at]
        moments += [Instant(one.at) for item in self.items for one in item.receipts]
        if self.cancelled_at is not None:
            moments = [self.created_at, self.cancelled_at]
        return max(moment for moment in moments if moment < edge)


@dataclass(frozen=True, slots=True)
class Noncompliance:
    """A noncompliance of an inbound shipment, with or without a fee."""

    at: Instant
    shipment: InboundShipment
    product: int
    problem: str
    quantity: int
    expected: int
    received: int
    fee_cents: int


@dataclass(frozen=True, slots=True)
class StorageError:
    """A month of a product whose storage fee is computed from wrong figures."""

    product: int
    year: int
    month: int
    quantity_percent: int
    volume_percent: int


@dataclass(frozen=True, slots=True)
class Fact:
    """The truth about one case. `amount_cents` is None if SP-API does not contain it.

    `fileable_from` and `deadline` are local dates; None for an innocent.
    """

    key: Mapping[str, str]
    quantity: int
    event_date: date
    fileable_from: date | None
    deadline: date | None
    amount_cents: int | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that one case adds to the world."""

    fact: Fact
    movements: tuple[Movement, ...] = ()
    payments: tuple[Payment, ...] = ()
    returned: tuple[ReturnedUnit, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    removals: tuple[RemovalOrder, ...] = ()
    inbound: tuple[InboundShipment, ...] = ()
    noncompliance: tuple[Noncompliance, ...] = ()
    storage: tuple[StorageError, ...] = ()
    research: tuple[tuple[Instant, Instant, int], ...] = field(default=())
    """Periods in which Amazon searches for units, and how many."""
