"""Units sent and received. Source: getShipmentItems of Fulfillment Inbound v0.

docs/amazon.md#inbound. Requested by last update, which omits a shipment whose quantities
alone have changed: those that are being received are requested by id as well. That operation ends at
200 items, so it never stands alone. When units were received is known only from our own history.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.spapi.client import SpApi
from recoup.spapi.operations.inbound_v0 import (
    GET_SHIPMENT_ITEMS,
    GET_SHIPMENT_ITEMS_BY_SHIPMENT,
    get_items_of_shipment,
    get_shipment_items,
    read_shipment_items_page,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import Item, find_integer, find_text, get_integer, get_text, reads
from recoup.streams._stream import Again, Api, History, Parsed, Request, Scope, Stream, Windows
from recoup.streams._table import history_table, stream_table

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

# Where units arrive, or have arrived until some days ago. Each costs a call: with more than ten, each
# day requests ten others.
_RECEIVED = """
    select s.shipment_id from shipments s
    where s.connection_id = :connection_id and s.marketplace_id = :marketplace_id
      and coalesce(s.created_on, cast(:today as date)) > cast(:today as date) - 300
      and (s.status is null
        or s.status in ('SHIPPED', 'IN_TRANSIT', 'DELIVERED', 'CHECKED_IN', 'RECEIVING', 'ERROR')
        or s.status = 'CLOSED' and exists (
            select from shipments_history h
            where h.connection_id = s.connection_id and h.shipment_id = s.shipment_id
              and h.status = 'CLOSED' and h.seen_at::date > cast(:today as date) - 3
              and exists (
                select from shipments_history b
                where b.connection_id = s.connection_id and b.shipment_id = s.shipment_id
                  and b.seen_at < h.seen_at)))
    order by md5(s.shipment_id || cast(:today as text)) limit 10
"""


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
    """The request of Amazon's static sandbox (docs/amazon.md#sandbox)."""
    query = {
        "MarketplaceId": "ATVPDKIKX0DER",
        "QueryType": "SHIPMENT",
        "NextToken": "NextToken",
    }
    return read_shipment_items_page(await api.call(GET_SHIPMENT_ITEMS, query=query))


_READS = reads(
    "ShipmentId",
    "SellerSKU",
    "FulfillmentNetworkSKU",
    "QuantityShipped",
    "QuantityReceived",
    "QuantityInCase",
)


def parse(item: Item, request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
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


# An item has no day of its own: it is as old as its shipment.
_CREATED = """coalesce(
    (select coalesce(s.created_on, cast(s.loaded_at as date)) from shipments s
        where s.connection_id = shipment_items.connection_id
            and s.shipment_id = shipment_items.shipment_id),
    cast(loaded_at as date))"""

STREAM = Stream(
    name="shipment_items",
    noun="items of inbound shipments",
    table=TABLE,
    scope=Scope.MARKETPLACE,
    aged_by=_CREATED,
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
        reads=_READS,
        in_sandbox=fetch_canned,
        token_lifetime=timedelta(minutes=10),
    ),
    history=History(HISTORY, _TRACKED),
    again=Again(
        ids=_RECEIVED,
        at_once=1,
        operation=GET_SHIPMENT_ITEMS_BY_SHIPMENT,
        fetch=get_items_of_shipment,
    ),
)
