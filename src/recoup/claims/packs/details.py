"""What a claim states to Amazon, as label and value: read from its evidence, by claim type. Pure.

Only what Amazon's own pages and reports name: no id of recoup, of a report or of a call. What the
evidence does not contain is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from recoup.claims.packs.grouping import cause_of, version_of
from recoup.claims.packs.written import (
    day_in,
    decimal_in,
    one_line,
    whole_in,
    written_day,
    written_list,
    written_money,
    written_month,
)
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import ClaimType
from recoup.money import Money


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that a form or a text needs."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class PackItem:
    """A claim as it is filed. version: of what a pack says of it; it changes with the claim."""

    claim_id: str
    version: str
    type: ClaimType
    quantity: int
    amount: Money | None
    event_on: date
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    key: Mapping[str, Any]
    evidence: Mapping[str, Any]

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        """The source rows of one table."""
        found = self.evidence.get("rows") or []
        return [row for row in found if isinstance(row, Mapping) and row.get("table") == table]

    def number(self, name: str) -> object:
        numbers = self.evidence.get("numbers")
        return numbers.get(name) if isinstance(numbers, Mapping) else None

    @property
    def cause(self) -> str | None:
        """Why a fee is too high, where a claim type has several causes."""
        return cause_of(self.key)

    def notes(self) -> list[str]:
        """What detection has to say to the person who files."""
        found = self.evidence.get("notes")
        return [str(note) for note in found] if isinstance(found, list) else []


def item_of(row: ClaimRow) -> PackItem:
    known = row.amount is not None and row.currency is not None
    return PackItem(
        claim_id=row.claim_id,
        version=version_of(row),
        type=row.type,
        quantity=row.quantity,
        amount=Money(row.amount, row.currency) if known else None,  # type: ignore[arg-type]
        event_on=row.event_on,
        sku=row.sku,
        fnsku=row.fnsku,
        asin=row.asin,
        order_id=row.order_id,
        key=row.key,
        evidence=row.evidence or {},
    )


def facts_of(item: PackItem) -> list[Fact]:
    """The facts of one claim in the order in which a form asks for them."""
    told = (*_OWN[item.type](item), *_product(item))
    return [Fact(label, one_line(value)) for label, value in told if value not in {None, ""}]


def charges_of(item: PackItem) -> list[str]:
    """Of a claim about fees: each charge on a line."""
    lines = []
    for row in item.rows("fees"):
        parts = (
            _day(row.get("chargedOn")),
            f"order {row['orderId']}" if row.get("orderId") else None,
            _said("charged", _money(row.get("charged"), item)),
            _said("should be", _money(row.get("expected"), item)),
        )
        lines.append(one_line(", ".join(filter(None, parts))))
    return lines


_Told = Iterator[tuple[str, str | None]]


def _product(item: PackItem) -> _Told:
    yield "FNSKU", item.fnsku
    yield "SKU", item.sku
    yield "ASIN", item.asin


def _stock_event(item: PackItem) -> _Told:
    """A loss, damage or disposal in the ledger."""
    rows = item.rows("ledger")
    yield "Date", written_day(item.event_on)
    yield "Units", f"{item.quantity:,}"
    yield "Fulfillment center", _values(rows, "fulfillment_center")
    yield "Reference ID", _values(rows, "reference_id")


def _shortage(item: PackItem) -> _Told:
    receipts = sorted(filter(None, (day_in(row.get("eventOn")) for row in item.rows("ledger"))))
    yield "Shipment ID", _key(item, "shipmentId")
    yield "First receipt", written_day(receipts[0]) if receipts else None
    yield "Units sent", _count(item.number("shipped"))
    yield "Units received", _count(item.number("receivedByShipment"))
    yield "Units missing", f"{item.quantity:,}"


def _inbound_damage(item: PackItem) -> _Told:
    yield "Shipment ID", _key(item, "shipmentId")
    yield "Received", written_day(item.event_on)
    yield "Units damaged", f"{item.quantity:,}"
    yield "Disposition", _values(item.rows("ledger"), "disposition")
    yield "Carrier", _values(item.rows("inbound_plan_shipments"), "carrier")
    yield "Fulfillment center", _values(item.rows("ledger"), "fulfillmentCenter")


def _missing_return(item: PackItem) -> _Told:
    yield "Order ID", item.order_id
    yield "Refund or replacement", written_day(item.event_on)
    yield "Units not returned", f"{item.quantity:,}"


def _returned(item: PackItem) -> _Told:
    rows = item.rows("returns")
    yield "Order ID", item.order_id
    yield "Returned", _days(rows, "returned_at")
    yield "Units", f"{item.quantity:,}"
    yield "License plate number", _values(rows, "license_plate_number")
    yield "Disposition", _values(rows, "disposition")
    yield "Fulfillment center", _values(rows, "fulfillment_center")


def _overpaid(item: PackItem) -> _Told:
    yield "Order ID", item.order_id
    yield "Refund", written_day(item.event_on)
    yield "Charged", _money(item.number("charged"), item)
    yield "Refunded too much", _amount(item)


def _fee_credit(item: PackItem) -> _Told:
    yield "Order ID", item.order_id
    yield "Refund", written_day(item.event_on)
    yield "Referral fee charged", _money(item.number("referralFee"), item)
    yield "Credit due", _money(item.number("due"), item)
    yield "Credited", _money(item.number("credited"), item)


def _parcel(item: PackItem) -> _Told:
    rows = item.rows("removal_shipments")
    yield "Removal order ID", _key(item, "removalOrderId") or item.order_id
    yield "Shipped", _days(rows, "shippedAt") or written_day(item.event_on)
    yield "Carrier", _values(rows, "carrier")
    yield "Tracking number", _key(item, "trackingNumber")
    yield "Units", f"{item.quantity:,}"


def _removal(item: PackItem) -> _Told:
    rows = item.rows("removals")
    yield "Removal order ID", _key(item, "removalOrderId") or item.order_id
    yield "Units requested", _sum(rows, "requested")
    yield "Units shipped", _sum(rows, "shipped")
    yield "Units disposed of", _sum(rows, "disposed")
    yield "Units cancelled", _sum(rows, "cancelled")
    yield "Units not accounted for", f"{item.quantity:,}"


def _fulfillment_fee(item: PackItem) -> _Told:
    preview = [*item.rows("fee_preview"), *item.rows("fee_preview_history")]
    yield "Charges", _count(item.number("charges"))
    yield "Package size", _values(preview, "size")
    yield "Charged too much", _amount(item)


def _storage_fee(item: PackItem) -> _Told:
    yield "Month", _month(item.key.get("month"))
    yield "Fee charged", _money(item.number("fee"), item)
    yield "Volume charged", _volume(item.number("chargedCubicCentimeters"))
    yield "Correct volume", _volume(item.number("previewCubicCentimeters"))
    yield "Units charged", _rounded(item.number("chargedUnits"))
    yield "Units in stock", _rounded(item.number("ledgerMeanUnits"))
    yield "Units of that age", _count(item.number("olderUnits"))
    yield "Charged too much", _amount(item)


def _inbound_fee(item: PackItem) -> _Told:
    rows = item.rows("inbound_noncompliance")
    yield "Shipment ID", _key(item, "shipmentId")
    yield "Problem", _key(item, "problemType")
    yield "Reported", written_day(item.event_on)
    yield "Units expected", _sum(rows, "expectedQuantity")
    yield "Units received", _sum(rows, "receivedQuantity")
    yield "Fee", _amount(item)


def _reversal(item: PackItem) -> _Told:
    yield "Reversal ID", _key(item, "reimbursementId")
    yield "Original reimbursement ID", _key(item, "originalReimbursementId")
    yield "Taken back", written_day(item.event_on)
    yield "Units", f"{item.quantity:,}"
    yield "Amount taken back", _amount(item)


def _underpaid(item: PackItem) -> _Told:
    yield "Reimbursement ID", _key(item, "reimbursementId")
    yield "Paid", written_day(item.event_on)
    yield "Units", f"{item.quantity:,}"
    yield "Paid per unit", _money(item.number("paid_per_unit"), item)
    yield "Value per unit", _money(item.number("worth_per_unit"), item)


_OWN: Mapping[ClaimType, Callable[[PackItem], _Told]] = {
    ClaimType.LOST_IN_WAREHOUSE: _stock_event,
    ClaimType.DAMAGED_IN_WAREHOUSE: _stock_event,
    ClaimType.DISPOSED_WITHOUT_PERMISSION: _stock_event,
    ClaimType.INBOUND_SHORTAGE: _shortage,
    ClaimType.INBOUND_DAMAGE: _inbound_damage,
    ClaimType.CUSTOMER_RETURN_MISSING: _missing_return,
    ClaimType.RETURN_NOT_RESTOCKED: _returned,
    ClaimType.RETURN_DAMAGED_BY_AMAZON: _returned,
    ClaimType.REFUND_OVERPAID: _overpaid,
    ClaimType.REFUND_FEE_NOT_CREDITED: _fee_credit,
    ClaimType.REMOVAL_LOST: _parcel,
    ClaimType.REMOVAL_DISCREPANCY: _removal,
    ClaimType.FULFILLMENT_FEE_OVERCHARGE: _fulfillment_fee,
    ClaimType.STORAGE_FEE_OVERCHARGE: _storage_fee,
    ClaimType.INBOUND_FEE_WRONG: _inbound_fee,
    ClaimType.REIMBURSEMENT_REVERSED: _reversal,
    ClaimType.REIMBURSEMENT_UNDERPAID: _underpaid,
}


def _key(item: PackItem, name: str) -> str | None:
    value = item.key.get(name)
    return None if value is None else str(value)


def _values(rows: Iterable[Mapping[str, Any]], name: str) -> str | None:
    """The different values of a column, in the order of the rows."""
    found = dict.fromkeys(str(row[name]) for row in rows if row.get(name) not in {None, ""})
    return written_list([*found]) or None


def _days(rows: Iterable[Mapping[str, Any]], name: str) -> str | None:
    found = dict.fromkeys(filter(None, (_day(row.get(name)) for row in rows)))
    return written_list([*found]) or None


def _day(value: object) -> str | None:
    found = day_in(value)
    return None if found is None else written_day(found)


def _month(value: object) -> str | None:
    found = day_in(f"{value}-01")
    return None if found is None else written_month(found)


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> str | None:
    """None if a row lacks the number: a part is not the whole."""
    numbers = [whole_in(row.get(name)) for row in rows]
    if not numbers or None in numbers:
        return None
    return f"{sum(number for number in numbers if number is not None):,}"


def _count(value: object) -> str | None:
    number = whole_in(value)
    return None if number is None else f"{number:,}"


def _amount(item: PackItem) -> str | None:
    return None if item.amount is None else written_money(item.amount)


def _money(value: object, item: PackItem) -> str | None:
    """An amount of the evidence, which is in the currency of the claim."""
    number = decimal_in(value)
    if number is None or item.amount is None:
        return None
    return written_money(Money(number, item.amount.currency))


def _volume(value: object) -> str | None:
    number = decimal_in(value)
    return None if number is None else f"{number.quantize(Decimal(1)):,} cubic cm per unit"


def _rounded(value: object) -> str | None:
    """A mean, which may have any number of digits."""
    number = decimal_in(value)
    return None if number is None else f"{round(number, 1):,}"


def _said(words: str, value: str | None) -> str | None:
    return None if value is None else f"{words} {value}"
