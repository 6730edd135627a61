"""Transactions as the Finances API v0 shows them, in lists by kind. Source: model financesV0.

Shipments and refunds split their money into charges, fees and promotions; the sum stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.operations.transaction_json import transaction_id
from recoup.sandbox.world.instants import to_text
from recoup.sandbox.world.ledger import EntryKind
from recoup.sandbox.world.money_tree import Leaves
from recoup.sandbox.world.orders import OrderStory
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.transactions import Transaction, TransactionItem

_CHARGES = {
    "OurPricePrincipal": "Principal",
    "OurPriceTax": "Tax",
    "ShippingPrincipal": "ShippingCharge",
}
"""Names in v0 by those of the newer API."""
_ADJUSTMENTS = {
    "Lost:Warehouse": "WAREHOUSE_LOST",
    "Damaged:Warehouse": "WAREHOUSE_DAMAGE",
    "Lost:Inbound": "MISSING_FROM_INBOUND",
    "Damaged:Inbound": "INBOUND_CARRIER_DAMAGE",
    "CustomerReturn": "REVERSAL_REIMBURSEMENT",
    "CustomerServiceIssue": "FREE_REPLACEMENT_REFUND_ITEMS",
    "Fee:Correction": "INCORRECT_FEES_ITEMS",
    "Removal:Order:Lost": "REMOVAL_ORDER_LOST",
}
"""Types of adjustments by the reason at the end of a description."""


def events_json(world: SellerWorld, transactions: Iterable[Transaction]) -> Json:
    """The lists that have members; v0 omits the others or sends them empty."""
    lists: dict[str, list[Json]] = {}
    for one in transactions:
        name, event = _event(world, one)
        lists.setdefault(name, []).append(event)
    return {"ShipmentEventList": [], "RefundEventList": [], **lists}


def _event(world: SellerWorld, one: Transaction) -> tuple[str, Json]:
    currency = world.home.currency
    if one.entry.kind is EntryKind.SHIPMENT:
        return "ShipmentEventList", _order_event(world, one, "")
    if one.entry.kind is EntryKind.REFUND:
        return "RefundEventList", _order_event(world, one, "Adjustment")
    if one.items:
        return "AdjustmentEventList", _adjustment(world, one)
    # No date: v0 has none here, one of its known gaps (docs/amazon.md#finances-v0).
    fees = [_fee(path[-1], amount, currency) for path, amount in one.leaves.items()]
    return "ServiceFeeEventList", {"FeeReason": one.description, "FeeList": fees}


def _order_event(world: SellerWorld, one: Transaction, suffix: str) -> Json:
    assert one.story is not None
    items: list[Json] = [
        _shipment_item(item, one.story, world.home.currency, suffix) for item in one.items
    ]
    return {
        "AmazonOrderId": one.story.order_id,
        "SellerOrderId": one.story.order_id,
        "MarketplaceName": world.home.name,
        "PostedDate": to_text(one.entry.posted),
        f"ShipmentItem{suffix}List": items,
    }


def _shipment_item(item: TransactionItem, story: OrderStory, currency: str, suffix: str) -> Json:
    order_item_id = next(
        line.order_item_id for line in story.lines if line.product.sku == item.product.sku
    )
    answer: dict[str, Json] = {
        "SellerSKU": item.product.sku,
        "OrderItemId": order_item_id,
        "QuantityShipped": item.quantity,
        f"ItemCharge{suffix}List": _charges(item.leaves, currency),
        f"ItemFee{suffix}List": _fees(item.leaves, currency),
    }
    promotions = _promotions(item.leaves, currency)
    if promotions:
        answer[f"Promotion{suffix}List"] = promotions
    if suffix:
        answer["OrderAdjustmentItemId"] = order_item_id
    return answer


def _charges(leaves: Leaves, currency: str) -> list[Json]:
    return [
        {"ChargeType": _CHARGES.get(path[-1], path[-1]), "ChargeAmount": _money(amount, currency)}
        for path, amount in leaves.items()
        if path[0] != "Expenses" and path[1] != "PromotionalRebates"
    ]


def _fees(leaves: Leaves, currency: str) -> list[Json]:
    return [
        _fee(path[-1], amount, currency) for path, amount in leaves.items() if path[0] == "Expenses"
    ]


def _promotions(leaves: Leaves, currency: str) -> list[Json]:
    return [
        {
            "PromotionType": "PromotionMetaDataDefinitionValue",
            "PromotionId": "TEN-PERCENT-OFF",
            "PromotionAmount": _money(amount, currency),
        }
        for path, amount in leaves.items()
        if path[0] != "Expenses" and path[1] == "PromotionalRebates"
    ]


def _adjustment(world: SellerWorld, one: Transaction) -> Json:
    currency = world.home.currency
    items: list[Json] = [
        {
            "Quantity": str(item.quantity),
            "PerUnitAmount": _money(
                (item.total / max(1, item.quantity)).quantize(Decimal("0.01")), currency
            ),
            "TotalAmount": _money(item.total, currency),
            "SellerSKU": item.product.sku,
            "FnSKU": item.product.fnsku,
            "ASIN": item.product.asin,
            "ProductDescription": item.product.title,
            "TransactionNumber": transaction_id(world, one.entry),
        }
        for item in one.items
    ]
    return {
        "AdjustmentType": _adjustment_type(one),
        "PostedDate": to_text(one.entry.posted),
        "AdjustmentAmount": _money(one.total, currency),
        "AdjustmentItemList": items,
    }


def _adjustment_type(one: Transaction) -> str:
    if one.entry.kind is EntryKind.REVERSAL:
        return "COMPENSATED_CLAWBACK"
    reason = one.description.rpartition(" - ")[2]
    return _ADJUSTMENTS.get(reason, "FBAInventoryReimbursement")


def _fee(name: str, amount: Decimal, currency: str) -> Json:
    return {"FeeType": name, "FeeAmount": _money(amount, currency)}


def _money(amount: Decimal, currency: str) -> Json:
    return {"CurrencyCode": currency, "CurrencyAmount": amount}
