"""Orders with their items. Source: searchOrders of Orders 2026-01-01 (docs/amazon.md#orders).

For many orders a report is faster (recoup.streams.orders_report, docs/amazon.md#orders-report).
Items are inline, so an order costs one hundredth of a call. Requested by last update: each order
comes once, in its present state. Orders show up hours late at times, hence the overlap; an order's
own lastUpdatedTime decides which of two versions is the newer one.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Column, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

from recoup.spapi.client import SpApi
from recoup.spapi.operations.orders import (
    INCLUDED_DATA,
    SEARCH_ORDERS,
    read_orders_page,
    search_orders,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import (
    MONEY,
    Item,
    find_integer,
    find_money,
    find_text,
    get_integer,
    get_text,
    get_time,
    list_items,
    reads,
)
from recoup.streams._stream import Api, Parsed, Request, Row, Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table
from recoup.streams.orders_report import REPORT

TABLE = stream_table(
    "orders",
    key=["order_id"],
    columns=[
        Column("order_id", Text),
        Column("marketplace_id", Text),
        Column("sales_channel", Text, nullable=False),
        Column("status", Text),
        Column("fulfilled_by", Text),
        Column("service_level", Text),
        Column("created_at", TIME, nullable=False),
        Column("last_updated_at", TIME, nullable=False),
        Column("total_amount", Numeric),
        Column("currency", Text),
        Column("item_count", Integer, nullable=False),
        Column("units_ordered", Integer, nullable=False),
    ],
    indexes=[Index("orders_created_at_idx", "connection_id", "created_at", "order_id")],
)

ITEMS = stream_table(
    "order_items",
    key=["order_id", "order_item_id"],
    columns=[
        Column("order_id", Text),
        Column("order_item_id", Text),
        Column("sku", Text),
        Column("asin", Text),
        Column("condition", Text),
        Column("quantity_ordered", Integer, nullable=False),
        Column("quantity_fulfilled", Integer),
        Column("unit_price", Numeric),
        # The next four are for the whole quantity. The price is without tax, what was taken off is
        # positive. Null if the source does not report it.
        Column("item_price", Numeric),
        Column("item_tax", Numeric),
        Column("shipping_price", Numeric),
        Column("promotion_discount", Numeric),
        Column("proceeds_total", Numeric),
        Column("currency", Text),
        Column("proceeds", JSONB, nullable=False),
    ],
    indexes=[Index("order_items_sku_idx", "connection_id", "sku")],
)


async def fetch(api: SpApi, request: Request) -> OperationPage:
    assert request.window is not None
    return await search_orders(
        api,
        last_updated_after=request.window.since,
        last_updated_before=request.window.until,
        marketplace_ids=request.marketplace_ids,
        page_token=request.page_token,
        included_data=[name for name in INCLUDED_DATA if name not in request.without],
    )


async def fetch_canned(api: SpApi) -> OperationPage:
    """The request of Amazon's static sandbox (docs/amazon.md#sandbox), word for word.

    It names people, so it must request them; they are invented, and dropped like all others.
    """
    included = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"
    answer = await api.call(
        SEARCH_ORDERS,
        query={
            "createdAfter": "2024-12-25T00:00:00Z",
            "marketplaceIds": "A1VC38T7YXB528",
            "includedData": included,
        },
    )
    return read_orders_page(answer)


_READS = reads(
    "orderId",
    "createdTime",
    "lastUpdatedTime",
    "salesChannel.marketplaceId",
    "salesChannel.channelName",
    "fulfillment.fulfillmentStatus",
    "fulfillment.fulfilledBy",
    "fulfillment.fulfillmentServiceLevel",
    proceeds=reads(grandTotal=MONEY),
    orderItems=reads(
        "orderItemId",
        "quantityOrdered",
        "fulfillment.quantityFulfilled",
        product=reads("sellerSku", "asin", "condition.conditionType", price=reads(unitPrice=MONEY)),
        proceeds=reads(proceedsTotal=MONEY, breakdowns=reads("type", subtotal=MONEY)),
    ),
)


def parse(item: Item, request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
    items = [_item_row(part, get_text(item, "orderId")) for part in list_items(item, "orderItems")]
    total = find_money(item, "proceeds", "grandTotal")
    row = {
        "order_id": get_text(item, "orderId"),
        "marketplace_id": find_text(item, "salesChannel", "marketplaceId"),
        "sales_channel": get_text(item, "salesChannel", "channelName"),
        "status": find_text(item, "fulfillment", "fulfillmentStatus"),
        "fulfilled_by": find_text(item, "fulfillment", "fulfilledBy"),
        "service_level": find_text(item, "fulfillment", "fulfillmentServiceLevel"),
        "created_at": get_time(item, "createdTime"),
        "last_updated_at": get_time(item, "lastUpdatedTime"),
        "total_amount": total.amount if total else None,
        "currency": total.currency if total else None,
        "item_count": len(items),
        "units_ordered": sum(get_integer(i, "quantityOrdered") for i in item["orderItems"]),
    }
    return Parsed(row=row, parts={ITEMS.name: items})


def _item_row(item: Item, order_id: str) -> Row:
    price = find_money(item, "product", "price", "unitPrice")
    proceeds = find_money(item, "proceeds", "proceedsTotal")
    money = proceeds or price
    sums = _proceeds(item)
    # A category without an amount is left out; without any, Amazon has reported nothing yet.
    nothing = Decimal(0) if sums else None
    return {
        "order_id": order_id,
        "order_item_id": get_text(item, "orderItemId"),
        "sku": find_text(item, "product", "sellerSku"),
        "asin": find_text(item, "product", "asin"),
        "condition": find_text(item, "product", "condition", "conditionType"),
        "quantity_ordered": get_integer(item, "quantityOrdered"),
        "quantity_fulfilled": find_integer(item, "fulfillment", "quantityFulfilled"),
        "unit_price": price.amount if price else None,
        "item_price": sums.get("ITEM"),
        "item_tax": sums.get("TAX", nothing),
        "shipping_price": sums.get("SHIPPING", nothing),
        "promotion_discount": -sums["DISCOUNT"] if "DISCOUNT" in sums else nothing,
        "proceeds_total": proceeds.amount if proceeds else None,
        "currency": money.currency if money else None,
        "proceeds": list_items(item, "proceeds", "breakdowns"),
    }


def _proceeds(item: Item) -> dict[str, Decimal]:
    """The buyer's price for the item, by category; a discount is negative."""
    sums: dict[str, Decimal] = {}
    for part in list_items(item, "proceeds", "breakdowns"):
        subtotal = find_money(part, "subtotal")
        if subtotal is not None:
            category = get_text(part, "type")
            sums[category] = sums.get(category, Decimal(0)) + subtotal.amount
    return sums


STREAM = Stream(
    name="orders",
    noun="orders",
    table=TABLE,
    parts=(ITEMS,),
    scope=Scope.REGION,
    aged_by="last_updated_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(hours=6),
        holdback=timedelta(seconds=150),
    ),
    api=Api(
        operation=SEARCH_ORDERS,
        page_size=100,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=fetch_canned,
        position=lambda item: get_time(item, "lastUpdatedTime"),
        token_lifetime=timedelta(hours=23),
        names_marketplaces=True,
        datasets=INCLUDED_DATA,
    ),
    report=REPORT,
    newer_by="last_updated_at",
)
