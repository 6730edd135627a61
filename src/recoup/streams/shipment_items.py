"""What was sent and what was received. Source: getShipmentItems of Fulfillment Inbound v0.

docs/amazon.md #inbound. Asked by last update: getShipmentItemsByShipmentId ends at 200 items. When
units were received is known only from our own history of the quantities.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Index, Integer, Text

from recoup.spapi.client import SpApi
from recoup.spapi.operations.inbound_v0 import (
    GET_SHIPMENT_ITEMS,
    get_shipment_items,
    read_shipment_items_page,
)
from recoup.spapi.paging import OperationPage
from recoup.streams.item import find_integer, find_text, get_integer, get_text
from recoup.streams.stream import Api, History, Parsed, Request, Scope, Stream, Windows
from recoup.streams.table import history_table, stream_table

TABLE = stream_table(
    "shipment_items",
    key=["shipment_id", "sku", "fnsku"],
    columns=[
        Column("shipment_id", Text),
        Column("sku", Text),
        # '' where Amazon names none: a part of the key cannot be null.
        Column("fnsku", Text),
        Column("quantity_shipped", Integer, nullable=False),
        Column("quantity_received", Integer),
        Column("quantity_in_case", Integer),
    ],
    indexes=[
        Index("shipment_items_sku_idx", "connection_id", "sku"),
        Index("shipment_items_fnsku_idx", "connection_id", "fnsku"),
    ],
)

_TRACKED = ("quantity_shipped", "quantity_received")
HISTORY = history_table(TABLE, _TRACKED)


async def fetch(api: SpApi, request: Request) -> OperationPage:
    assert request.window is not None
    return await get_shipment_items(
        api,
        marketplace_id=request.marketplace_ids[0],
        updated_after=request.window.since,
        updated_before=request.window.until,
        page_token=request.page_token,
    )


async def fetch_canned(api: SpApi) -> OperationPage:
    """The pair of Amazon's static sandbox (docs/amazon.md #sandbox)."""
    query = {
        "MarketplaceId": "ATVPDKIKX0DER",
        "QueryType": "SHIPMENT",
        "NextToken": "NextToken",
    }
    return read_shipment_items_page(await api.call(GET_SHIPMENT_ITEMS, query=query))


def parse(item: Mapping[str, Any], request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
    return Parsed(
        row={
            "shipment_id": get_text(item, "ShipmentId"),
            "sku": get_text(item, "SellerSKU"),
            "fnsku": find_text(item, "FulfillmentNetworkSKU") or "",
            "quantity_shipped": get_integer(item, "QuantityShipped"),
            "quantity_received": find_integer(item, "QuantityReceived"),
            "quantity_in_case": find_integer(item, "QuantityInCase"),
        }
    )


STREAM = Stream(
    name="shipment_items",
    noun="items of inbound shipments",
    table=TABLE,
    scope=Scope.MARKETPLACE,
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(hours=6),
        holdback=timedelta(seconds=150),
    ),
    api=Api(
        operation=GET_SHIPMENT_ITEMS,
        page_size=50,
        fetch=fetch,
        parse=parse,
        in_sandbox=fetch_canned,
        token_lifetime=timedelta(minutes=10),
    ),
    history=History(HISTORY, _TRACKED),
)
