"""An order as the Orders API 2026-01-01 shows it. Source: model orders_2026-01-01."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.operations.buyers import buyer_of
from recoup.sandbox.world.instants import DAY, Instant, after, to_text
from recoup.sandbox.world.orders import OrderLine, OrderStory
from recoup.sandbox.world.seller import SellerWorld

DATASETS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)


def order_json(
    world: SellerWorld, story: OrderStory, edge: Instant, datasets: frozenset[str]
) -> Json:
    """The order as of the edge of the world, with the requested datasets."""
    currency = world.home.currency
    status = story.dates.status(edge)
    order: dict[str, Json] = {
        "orderId": story.order_id,
        "createdTime": to_text(story.dates.created),
        "lastUpdatedTime": to_text(story.dates.last_updated(edge)),
        "programs": _programs(story),
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": world.home.marketplace_id,
            "marketplaceName": world.home.name,
        },
    }
    if "BUYER" in datasets:
        order["buyer"] = _buyer(world, story)
    if "RECIPIENT" in datasets:
        order["recipient"] = _recipient(world, story)
    # Amazon does not show prices while the payment is not through.
    if "PROCEEDS" in datasets and status != "PENDING":
        order["proceeds"] = _proceeds(story.lines, currency)
    if "FULFILLMENT" in datasets:
        order["fulfillment"] = _fulfillment(story, status)
    order["orderItems"] = [_item(line, status, currency, datasets) for line in story.lines]
    if "PACKAGES" in datasets and not story.by_amazon and status == "SHIPPED":
        order["packages"] = [_package(story, edge)]
    return order


def _programs(story: OrderStory) -> list[Json]:
    programs: list[Json] = ["PRIME"] if story.by_amazon else []
    return [*programs, "AMAZON_BUSINESS"] if story.business else programs


def _buyer(world: SellerWorld, story: OrderStory) -> Json:
    # Only merchant-fulfilled orders carry the anonymised address (model, Buyer.buyerEmail).
    return {} if story.by_amazon else {"buyerEmail": buyer_of(world, story).email}


def _recipient(world: SellerWorld, story: OrderStory) -> Json:
    buyer = buyer_of(world, story)
    address: dict[str, Json] = {
        "city": buyer.city,
        "postalCode": buyer.postal_code,
        "countryCode": buyer.country,
    }
    if buyer.state:
        address["stateOrRegion"] = buyer.state
    return {"deliveryAddress": address}


def _parts(line: OrderLine) -> dict[str, Decimal]:
    parts = {"ITEM": line.principal, "SHIPPING": line.shipping, "TAX": line.tax}
    parts["DISCOUNT"] = -line.discount
    return {name: amount for name, amount in parts.items() if amount or name == "ITEM"}


def _proceeds(lines: tuple[OrderLine, ...], currency: str) -> Json:
    sums: dict[str, Decimal] = {}
    for line in lines:
        for name, amount in _parts(line).items():
            sums[name] = sums.get(name, Decimal(0)) + amount
    total = sum((line.total for line in lines), Decimal(0))
    return {
        "grandTotal": _money(total, currency),
        "breakdowns": [
            {"type": name, "subtotal": _money(amount, currency)} for name, amount in sums.items()
        ],
    }


def _fulfillment(story: OrderStory, status: str) -> Json:
    created = story.dates.created
    return {
        "fulfillmentStatus": status,
        "fulfilledBy": "AMAZON" if story.by_amazon else "MERCHANT",
        "fulfillmentServiceLevel": story.service_level,
        "shipByWindow": {
            "earliestDateTime": to_text(created),
            "latestDateTime": to_text(after(created, 4 * DAY)),
        },
        "deliverByWindow": {
            "earliestDateTime": to_text(after(created, DAY)),
            "latestDateTime": to_text(after(created, 10 * DAY)),
        },
    }


def _item(line: OrderLine, status: str, currency: str, datasets: frozenset[str]) -> Json:
    product: dict[str, Json] = {
        "asin": line.product.asin,
        "title": line.product.title,
        "sellerSku": line.product.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    }
    item: dict[str, Json] = {
        "orderItemId": line.order_item_id,
        "quantityOrdered": line.quantity,
        "product": product,
    }
    if status != "PENDING":
        product["price"] = {"unitPrice": _money(line.unit_price, currency)}
        if "PROCEEDS" in datasets:
            item["proceeds"] = {
                "proceedsTotal": _money(line.total, currency),
                "breakdowns": [
                    {"type": name, "subtotal": _money(amount, currency)}
                    for name, amount in _parts(line).items()
                ],
            }
    if "PROMOTION" in datasets and line.discount:
        item["promotion"] = {"breakdowns": [{"promotionId": "TEN-PERCENT-OFF"}]}
    if "CANCELLATION" in datasets and status == "CANCELLED":
        cancelled = {"cancelledBy": "BUYER", "cancelReason": "ORDER_CREATED_BY_MISTAKE"}
        item["cancellation"] = {"cancellationExecution": cancelled}
    if "FULFILLMENT" in datasets:
        done = line.quantity if status == "SHIPPED" else 0
        open_units = line.quantity if status in {"PENDING", "UNSHIPPED"} else 0
        item["fulfillment"] = {"quantityFulfilled": done, "quantityUnfulfilled": open_units}
    return item


def _package(story: OrderStory, edge: Instant) -> Json:
    dates = story.dates
    assert dates.shipped is not None
    delivered = dates.delivered is not None and dates.delivered < edge
    items: list[Json] = [
        {"orderItemId": line.order_item_id, "quantity": line.quantity} for line in story.lines
    ]
    return {
        "packageReferenceId": "1",
        "createdTime": to_text(dates.shipped),
        "packageStatus": {"status": "DELIVERED" if delivered else "SHIPPED"},
        "carrier": "UPS",
        "shipTime": to_text(dates.shipped),
        "shippingService": "Ground",
        "trackingNumber": f"1Z{story.order_id.replace('-', '')}",
        "packageItems": items,
    }


def _money(amount: Decimal, currency: str) -> Json:
    return {"amount": format(amount, "f"), "currencyCode": currency}
