"""An order and its items as the Orders API v0 shows them. Source: model ordersV0, docs/amazon.md#orders-v0."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.operations.buyers import buyer_of
from recoup.sandbox.world.instants import DAY, Instant, after, to_text
from recoup.sandbox.world.orders import OrderLine, OrderStory
from recoup.sandbox.world.seller import SellerWorld

STATUS_NAMES = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
}
"""By the names of the API of 2026 (docs/amazon.md#orders)."""
_LEVELS = {"STANDARD": "Std US D2D Dom", "EXPEDITED": "Exp US D2D Dom"}
_CATEGORIES = {
    "STANDARD": "Standard",
    "EXPEDITED": "Expedited",
    "SECOND_DAY": "SecondDay",
    "NEXT_DAY": "NextDay",
}
_NOTHING = Decimal("0.00")


def order_v0_json(
    world: SellerWorld, story: OrderStory, edge: Instant, opened: frozenset[str]
) -> Json:
    """The order as of the edge, with the personal data that the token opens."""
    status, created = story.dates.status(edge), story.dates.created
    shipped = sum(line.quantity for line in story.lines) if status == "SHIPPED" else 0
    waiting = status in {"PENDING", "UNSHIPPED"}
    order: dict[str, Json] = {
        "AmazonOrderId": story.order_id,
        "SellerOrderId": story.order_id,
        "PurchaseDate": to_text(created),
        "LastUpdateDate": to_text(story.dates.last_updated(edge)),
        "OrderStatus": STATUS_NAMES[status],
        "FulfillmentChannel": "AFN" if story.by_amazon else "MFN",
        "SalesChannel": world.home.name,
        "ShipServiceLevel": _LEVELS.get(story.service_level, "SecondDay"),
        "NumberOfItemsShipped": shipped,
        "NumberOfItemsUnshipped": sum(line.quantity for line in story.lines) if waiting else 0,
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Standard"],
        "MarketplaceId": world.home.marketplace_id,
        "ShipmentServiceLevelCategory": _CATEGORIES.get(story.service_level, "Standard"),
        "OrderType": "StandardOrder",
        "EarliestShipDate": to_text(created),
        "LatestShipDate": to_text(after(created, 4 * DAY)),
        "EarliestDeliveryDate": to_text(after(created, DAY)),
        "LatestDeliveryDate": to_text(after(created, 10 * DAY)),
        "IsBusinessOrder": story.business,
        "IsPrime": story.by_amazon,
        "IsPremiumOrder": False,
        "IsGlobalExpressEnabled": False,
        "IsReplacementOrder": False,
        "IsSoldByAB": False,
        "IsISPU": False,
        "IsAccessPointOrder": False,
        "HasRegulatedItems": False,
    }
    # Amazon does not show prices while the payment is not through, nor after a cancellation.
    if status not in {"PENDING", "CANCELLED"}:
        total = sum((line.total for line in story.lines), _NOTHING)
        order["OrderTotal"] = _money(total, world.home.currency)
    if "buyerInfo" in opened:
        order["BuyerInfo"] = buyer_json(world, story)
    if "shippingAddress" in opened:
        order["ShippingAddress"] = address_json(world, story, whole=not story.by_amazon)
    return order


def item_json(world: SellerWorld, story: OrderStory, line: OrderLine, edge: Instant) -> Json:
    currency, status = world.home.currency, story.dates.status(edge)
    cancelled = status == "CANCELLED"
    item: dict[str, Json] = {
        "ASIN": line.product.asin,
        "SellerSKU": line.product.sku,
        "OrderItemId": line.order_item_id,
        "Title": line.product.title,
        "QuantityOrdered": 0 if cancelled else line.quantity,
        "QuantityShipped": line.quantity if status == "SHIPPED" else 0,
        "ProductInfo": {"NumberOfItems": "1"},
        "IsGift": "false",
        "ConditionId": "New",
        "ConditionSubtypeId": "New",
        "SerialNumberRequired": False,
        "IsTransparency": False,
    }
    if status not in {"PENDING", "CANCELLED"}:
        item["ItemPrice"] = _money(line.principal, currency)
        item["ItemTax"] = _money(line.tax, currency)
        item["PromotionDiscount"] = _money(line.discount, currency)
        item["PromotionDiscountTax"] = _money(_NOTHING, currency)
        if line.shipping:
            item["ShippingPrice"] = _money(line.shipping, currency)
            item["ShippingTax"] = _money(_NOTHING, currency)
        if line.discount:
            item["PromotionIds"] = ["TEN-PERCENT-OFF"]
    return item


def buyer_json(world: SellerWorld, story: OrderStory) -> dict[str, Json]:
    buyer = buyer_of(world, story)
    # Amazon keeps the names of its own customers (FBA) to itself.
    name: dict[str, Json] = {} if story.by_amazon else {"BuyerName": buyer.name}
    return {"BuyerEmail": buyer.email, **name}


def item_buyer_json(line: OrderLine) -> Json:
    return {"OrderItemId": line.order_item_id}


def address_json(world: SellerWorld, story: OrderStory, *, whole: bool) -> Json:
    """`whole`: with name and street, which Amazon shows for merchant-fulfilled orders only."""
    buyer = buyer_of(world, story)
    address: dict[str, Json] = {
        "City": buyer.city,
        "PostalCode": buyer.postal_code,
        "CountryCode": buyer.country,
    }
    if buyer.state:
        address["StateOrRegion"] = buyer.state
    if whole:
        address = {"Name": buyer.name, "AddressLine1": buyer.street, **address}
    return address


def _money(amount: Decimal, currency: str) -> Json:
    return {"CurrencyCode": currency, "Amount": format(amount, "f")}
