"""GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2. Source: docs/amazon.md#settlements.

Settlements exist by themselves, one per financial event group. Their rows are the leaves of the
transactions whose money was counted in the group's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.ledger import MAX_DEFERRAL, EntryKind
from recoup.sandbox.world.money_tree import Leaves, Path
from recoup.sandbox.world.seller import GROUP_DAYS, SellerWorld
from recoup.sandbox.world.transactions import (
    COMMISSION,
    DISCOUNT,
    FULFILLMENT_FEE,
    PRINCIPAL,
    RARE_FEE,
    REFUND_COMMISSION,
    SHIPPING,
    TAX,
    Transaction,
)

_HEADER = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date",
    "total-amount", "currency", "transaction-type", "order-id", "merchant-order-id",
    "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description",
    "amount", "fulfillment-id", "posted-date", "posted-date-time", "order-item-code",
    "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip
_FIRST_ID = 10_000_000_000
_DEPOSIT_AFTER = timedelta(days=2)
_MADE_AFTER = timedelta(hours=8)
_NAMES: dict[Path, tuple[str, str]] = {
    PRINCIPAL: ("ItemPrice", "Principal"),
    DISCOUNT: ("Promotion", "Principal"),
    SHIPPING: ("ItemPrice", "Shipping"),
    TAX: ("ItemPrice", "Tax"),
    COMMISSION: ("ItemFees", "Commission"),
    REFUND_COMMISSION: ("ItemFees", "RefundCommission"),
    FULFILLMENT_FEE: ("ItemFees", "FBAPerUnitFulfillmentFee"),
    RARE_FEE: ("ItemFees", "DigitalServicesFee"),
}
_CODES = {
    "Lost_Warehouse": "WAREHOUSE_LOST",
    "Damaged_Warehouse": "WAREHOUSE_DAMAGE",
    "Lost_Inbound": "MISSING_FROM_INBOUND",
    "Damaged_Inbound": "INBOUND_CARRIER_DAMAGE",
    "CustomerReturn": "REVERSAL_REIMBURSEMENT",
    "CustomerServiceIssue": "FREE_REPLACEMENT_REFUND_ITEMS",
    "Reimbursement_Reversal": "COMPENSATED_CLAWBACK",
    "Fee_Correction": "INCORRECT_FEES_ITEMS",
    "Removal_Order_Lost": "REMOVAL_ORDER_LOST",
}
"""The reason of a reimbursement as settlements call it (docs/amazon.md#reasons-of-payments)."""


@dataclass(frozen=True)
class Settlement:
    """One payout: the money counted in [since, until). All moments are aware UTC."""

    settlement_id: str
    since: datetime
    until: datetime
    deposit_at: datetime
    created_at: datetime
    marketplace_id: str


def settlements(world: SellerWorld) -> Iterator[Settlement]:
    """Every settlement from the first on, without end; each is created after its period."""
    for number in count():
        since = datetime.fromtimestamp(world.start + number * GROUP_DAYS * DAY, UTC)
        until = since + timedelta(days=GROUP_DAYS)
        yield Settlement(
            settlement_id=str(_FIRST_ID + number),
            since=since,
            until=until,
            deposit_at=until + _DEPOSIT_AFTER,
            created_at=until + _MADE_AFTER,
            marketplace_id=world.home.marketplace_id,
        )


def settled(world: SellerWorld, number: int) -> Iterator[Transaction]:
    """The transactions of a settlement."""
    begins = Instant(world.start + number * GROUP_DAYS * DAY)
    ends = Instant(begins + GROUP_DAYS * DAY)
    for _, entry in world.ledger.iter_entries(Instant(begins - MAX_DEFERRAL), ends, ends):
        if begins <= entry.counted < ends:
            yield world.transaction(entry)


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The row with the total, then one row per amount. The option names the settlement."""
    number = int(request.options["settlementId"]) - _FIRST_ID
    one = next(one for n, one in enumerate(settlements(world)) if n == number)
    total = sum((transaction.total for transaction in settled(world, number)), Decimal(0))
    currency = world.home.currency
    yield (
        one.settlement_id, _moment(world, one.since), _moment(world, one.until),
        _moment(world, one.deposit_at), _amount(world, total), currency, *("",) * 18,
    )  # fmt: skip
    for transaction in settled(world, number):
        yield from _of_transaction(world, one.settlement_id, transaction)


def _of_transaction(world: SellerWorld, settlement_id: str, one: Transaction) -> Iterator[Row]:
    parts: list[tuple[str, str, str, Leaves]] = [("", "", "", one.leaves)]
    if one.items:
        lines = {} if one.story is None else {x.product.sku: x for x in one.story.lines}
        parts = []
        for item in one.items:
            line = lines.get(item.product.sku)
            code = "" if line is None else line.order_item_id
            parts.append((item.product.sku, code, str(item.quantity), item.leaves))
    for sku, item_code, quantity, leaves in parts:
        for path, amount in leaves.items():
            yield _row(world, settlement_id, one, (sku, item_code, quantity), path, amount)


def _row(
    world: SellerWorld,
    settlement_id: str,
    one: Transaction,
    item: tuple[str, str, str],
    path: Path,
    amount: Decimal,
) -> Row:
    entry, story = one.entry, one.story
    posted = datetime.fromtimestamp(entry.posted, UTC)
    sku, item_code, quantity = item
    kind, amount_type, description = _names(world, one, path)
    adjustment = f"{entry.index:07d}{entry.ordinal}" if entry.kind is EntryKind.REFUND else ""
    with_order = story is not None
    european = world.profile.metric
    return (
        settlement_id, "", "", "", "", "", kind, story.order_id if story else "",
        "", adjustment, f"D{entry.index:09d}" if entry.kind is EntryKind.SHIPMENT else "",
        world.home.name if with_order else "", amount_type, description, _amount(world, amount),
        ("AFN" if story.by_amazon else "MFN") if story else "",
        f"{posted:%d.%m.%Y}" if european else f"{posted:%m/%d/%y}",
        _moment(world, posted), item_code, "", "", sku,
        quantity if description == "Principal" and amount_type == "ItemPrice" else "",
        "TEN-PERCENT-OFF" if amount_type == "Promotion" else "",
    )  # fmt: skip


def _names(world: SellerWorld, one: Transaction, path: Path) -> tuple[str, str, str]:
    """transaction-type, amount-type and amount-description."""
    kind = one.entry.kind
    if kind in {EntryKind.SHIPMENT, EntryKind.REFUND}:
        return "Order" if kind is EntryKind.SHIPMENT else "Refund", *_NAMES[path]
    if kind is EntryKind.SERVICE_FEE:
        name = "Subscription Fee" if path[-1] == "Subscription" else "Storage Fee"
        return "ServiceFee" if path[-1] == "Subscription" else "other-transaction", "other", name
    reason = world.ledger.payment(one.entry).reason
    return "other-transaction", "FBA Inventory Reimbursement", _CODES.get(reason, reason.upper())


def _amount(world: SellerWorld, amount: Decimal) -> str:
    return world.profile.amount(int(amount * 100))


def _moment(world: SellerWorld, moment: datetime) -> str:
    if world.profile.metric:
        return f"{moment:%d.%m.%Y %H:%M:%S} UTC"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


REPORT = ReportType(
    name="GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    cadence=Cadence.AUTOMATIC,
    header=_HEADER,
    rows=_rows,
    needs_dates=False,
    options=frozenset({"settlementId"}),
)
