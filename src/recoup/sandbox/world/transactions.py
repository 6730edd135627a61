"""Whole transactions: the amounts of a ledger entry, by item and in sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from recoup.sandbox.world.catalogue import CENT, Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.ledger import Entry, EntryKind, Ledger
from recoup.sandbox.world.money_tree import Leaves, Path, add_up
from recoup.sandbox.world.orders import OrderLine, OrderStory

PRINCIPAL = ("Sales", "ProductCharges", "OurPricePrincipal")
DISCOUNT = ("Sales", "PromotionalRebates", "OurPriceDiscount")
SHIPPING = ("Sales", "Shipping", "ShippingPrincipal")
TAX = ("Sales", "Tax", "OurPriceTax")
COMMISSION = ("Expenses", "AmazonFees", "Commission")
REFUND_COMMISSION = ("Expenses", "AmazonFees", "RefundCommission")
FULFILLMENT_FEE = ("Expenses", "AmazonFees", "FBAFees", "FBAPerUnitFulfillmentFee")
# A name that no table of known fees is sure to hold: clients must keep its money all the same.
RARE_FEE = ("Expenses", "AmazonFees", "DigitalServicesFee")


@dataclass(frozen=True, slots=True)
class TransactionItem:
    """The part of a transaction that concerns one product."""

    product: Product
    quantity: int
    by_amazon: bool
    leaves: Leaves

    @property
    def total(self) -> Decimal:
        return sum(self.leaves.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Transaction:
    """A ledger entry with its amounts and the order behind it. `leaves` are the items' sums, or stand alone."""

    entry: Entry
    story: OrderStory | None
    description: str
    items: tuple[TransactionItem, ...]
    leaves: Leaves

    @property
    def total(self) -> Decimal:
        return sum(self.leaves.values(), Decimal(0))


def transaction(
    key: bytes, entry: Entry, products: Sequence[Product], ledger: Ledger
) -> Transaction:
    """The entry with its amounts."""
    if entry.kind is EntryKind.SERVICE_FEE:
        return _service_fee(key, entry, products)
    story = None
    if entry.kind is EntryKind.SHIPMENT:
        story = ledger.orders.story(entry.index)
        extra = ledger.orders.find_role(entry.index)
        items = _shipment(key, story, 0 if extra is None else extra.extra_fee_cents)
        description = "Order Payment"
    elif entry.kind is EntryKind.REFUND:
        story = ledger.orders.story(entry.index)
        items, description = _refund(story, entry.ordinal), "Refund Order"
    else:
        items, description = _reimbursement(entry, products, ledger)
    return Transaction(entry, story, description, items, add_up(item.leaves for item in items))


def _commission(product: Product, base: Decimal) -> Decimal:
    return product.commission_cents(int(base * 100)) * CENT


def _shipment(key: bytes, story: OrderStory, extra_cents: int) -> tuple[TransactionItem, ...]:
    dice = Dice(key, "fees", story.index)
    items = []
    for line in story.lines:
        leaves = _sale(line)
        leaves[COMMISSION] = -_commission(line.product, line.principal - line.discount)
        if story.by_amazon:
            fee = line.product.fulfillment_fee + extra_cents * CENT
            leaves[FULFILLMENT_FEE] = -fee * line.quantity
        if dice.happens(20):
            leaves[RARE_FEE] = -dice.between(5, 80) * CENT
        items.append(TransactionItem(line.product, line.quantity, story.by_amazon, leaves))
    return tuple(items)


def _sale(line: OrderLine) -> dict[Path, Decimal]:
    leaves: dict[Path, Decimal] = {PRINCIPAL: line.principal}
    if line.discount:
        leaves[DISCOUNT] = -line.discount
    if line.shipping:
        leaves[SHIPPING] = line.shipping
    if line.tax:
        leaves[TAX] = line.tax
    return leaves


def _refund(story: OrderStory, ordinal: int) -> tuple[TransactionItem, ...]:
    plan = story.refunds[ordinal]
    line = story.lines[plan.line]
    leaves: dict[Path, Decimal] = {}
    for path, amount in _sale(line).items():
        if path != SHIPPING:
            share = amount * plan.quantity * plan.per_mille / (line.quantity * 1000)
            leaves[path] = -share.quantize(CENT)
    paid_back = sum((v for path, v in leaves.items() if path != TAX), Decimal(0))
    if plan.commission_back:
        back = _commission(line.product, -paid_back)
        leaves[COMMISSION] = back
        # Amazon keeps a fifth of the commission it refunds, at most 5.00.
        leaves[REFUND_COMMISSION] = -min((back / 5).quantize(CENT), Decimal("5.00"))
    return (TransactionItem(line.product, plan.quantity, story.by_amazon, leaves),)


def _reimbursement(
    entry: Entry, products: Sequence[Product], ledger: Ledger
) -> tuple[tuple[TransactionItem, ...], str]:
    payment = ledger.payment(entry)
    leaves: Leaves = {("Other", entry.kind.value): payment.total_cents * CENT}
    reversal = entry.kind is EntryKind.REVERSAL
    title = "FBA Reversed Reimbursement" if reversal else "FBA Inventory Reimbursement"
    reason = payment.reason if payment.original is None else payment.original.reason
    product = products[payment.product]
    items = (TransactionItem(product, abs(payment.cash), by_amazon=True, leaves=leaves),)
    return items, f"{title} - {reason.replace('_', ':')}"


def _service_fee(key: bytes, entry: Entry, products: Sequence[Product]) -> Transaction:
    if entry.ordinal == 0:
        leaves: Leaves = {("Expenses", "ServiceFees", "Subscription"): Decimal("-39.99")}
        return Transaction(entry, None, "Subscription", (), leaves)
    cents = Dice(key, "storage", entry.index).between(40, 220) * len(products)
    leaves = {("Expenses", "ServiceFees", "FBAStorageFee"): -cents * CENT}
    return Transaction(entry, None, "FBA storage fee", (), leaves)
