"""Whole transactions: the amounts of a ledger entry, by item and in sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from recoup.sandbox.world.catalogue import CENT, Product
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.ledger import Entry, EntryKind
from recoup.sandbox.world.money_tree import Leaves, Path, add_up
from recoup.sandbox.world.orders import OrderBook, OrderLine, OrderStory

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
    key: bytes, entry: Entry, products: Sequence[Product], orders: OrderBook
) -> Transaction:
    """The entry with its amounts."""
    if entry.kind is EntryKind.SERVICE_FEE:
        return _service_fee(key, entry, products)
    story = None
    if entry.kind is EntryKind.SHIPMENT:
        story = orders.story(entry.index)
        items, description = _shipment(key, story), "Order Payment"
    elif entry.kind is EntryKind.REFUND:
        story = orders.story(entry.index)
        items, description = _refund(story), "Refund Order"
    else:
        items, description = _reimbursement(key, entry, products)
    return Transaction(entry, story, description, items, add_up(item.leaves for item in items))


def _commission(product: Product, base: Decimal) -> Decimal:
    return (base * product.commission_percent / 100).quantize(CENT)


def _shipment(key: bytes, story: OrderStory) -> tuple[TransactionItem, ...]:
    dice = Dice(key, "fees", story.index)
    items = []
    for line in story.lines:
        leaves = _sale(line)
        leaves[COMMISSION] = -_commission(line.product, line.principal - line.discount)
        if story.by_amazon:
            leaves[FULFILLMENT_FEE] = -line.product.fulfillment_fee * line.quantity
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


def _refund(story: OrderStory) -> tuple[TransactionItem, ...]:
    assert story.refund is not None
    line, quantity = story.lines[story.refund.line], story.refund.quantity
    leaves: dict[Path, Decimal] = {}
    for path, amount in _sale(line).items():
        if path != SHIPPING:
            leaves[path] = -(amount * quantity / line.quantity).quantize(CENT)
    paid_back = sum((v for path, v in leaves.items() if path != TAX), Decimal(0))
    back = _commission(line.product, -paid_back)
    leaves[COMMISSION] = back
    # Amazon keeps a fifth of the commission it gives back, at most 5.00.
    leaves[REFUND_COMMISSION] = -min((back / 5).quantize(CENT), Decimal("5.00"))
    return (TransactionItem(line.product, quantity, story.by_amazon, leaves),)


def _reimbursement(
    key: bytes, entry: Entry, products: Sequence[Product]
) -> tuple[tuple[TransactionItem, ...], str]:
    # The reversal of a reimbursement rolls the same dice: same product, same money, other sign.
    dice = Dice(key, "reimbursement", entry.index)
    product = dice.pick(products)
    quantity = dice.pick((1, 1, 1, 2, 3))
    reason = dice.pick(("Lost:Warehouse", "Damaged:Warehouse", "CustomerReturn"))
    amount = (product.price * quantity * dice.between(45, 75) / 100).quantize(CENT)
    reversal = entry.kind is EntryKind.REVERSAL
    leaves: Leaves = {("Other", entry.kind.value): -amount if reversal else amount}
    title = "FBA Reversed Reimbursement" if reversal else "FBA Inventory Reimbursement"
    items = (TransactionItem(product, quantity, by_amazon=True, leaves=leaves),)
    return items, f"{title} - {reason}"


def _service_fee(key: bytes, entry: Entry, products: Sequence[Product]) -> Transaction:
    if entry.ordinal == 0:
        leaves: Leaves = {("Expenses", "ServiceFees", "Subscription"): Decimal("-39.99")}
        return Transaction(entry, None, "Subscription", (), leaves)
    cents = Dice(key, "storage", entry.index).between(40, 220) * len(products)
    leaves = {("Expenses", "ServiceFees", "FBAStorageFee"): -cents * CENT}
    return Transaction(entry, None, "FBA storage fee", (), leaves)
