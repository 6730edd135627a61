"""Inbound shipments and their status. Source: getShipments of Fulfillment Inbound v0.

docs/amazon.md#inbound. A row has no date at all, so when a status came is known only from our own
history: the first sync that saw it. Requested by last update, which returns every status, CLOSED
too, but not every change: open shipments are requested by id as well.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from sqlalchemy import Boolean, Column, Date, Index, Text, text

from recoup.spapi.client import SpApi
from recoup.spapi.operations.inbound_v0 import (
    GET_SHIPMENTS,
    get_shipments,
    get_shipments_by_id,
    read_shipments_page,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import Item, find_boolean, find_text, get_text, reads
from recoup.streams._stream import Again, Api, History, Parsed, Request, Scope, Stream, Windows
from recoup.streams._table import history_table, stream_table

TABLE = stream_table(
    "shipments",
    key=["shipment_id"],
    columns=[
        Column("shipment_id", Text),
        Column("marketplace_id", Text, nullable=False),
        Column("name", Text),
        Column("destination_fulfillment_center", Text),
        Column("status", Text),
        Column("label_prep_type", Text),
        Column("are_cases_required", Boolean),
        # From the name, if it is unambiguous.
        Column("created_on", Date),
        Column("box_contents_source", Text),
    ],
    indexes=[
        # For the list of the API, where shipments without a date come last.
        Index(
            "shipments_created_on_idx",
            "connection_id",
            text("COALESCE(created_on, '1970-01-01'::date)"),
            "shipment_id",
        ),
    ],
)

_TRACKED = ("status",)
HISTORY = history_table(TABLE, _TRACKED)

# Nine months after delivery no shortage can be claimed any more, in any country (policy.toml). A
# shipment without a status is in no answer but by its id, so those that others tell of are asked for.
_OPEN = """
    select s.shipment_id from shipments s
    where s.connection_id = :connection_id and s.marketplace_id = :marketplace_id
      and (s.status is null or s.status not in ('CLOSED', 'CANCELLED', 'DELETED'))
      and coalesce(s.created_on, (
          select min(h.seen_at)::date from shipments_history h
          where h.connection_id = s.connection_id and h.shipment_id = s.shipment_id
      ), cast(:today as date)) > cast(:today as date) - 300
    union
    select told.shipment_id from (
        select p.shipment_id from inbound_plan_shipments p
        join inbound_plans plan using (connection_id, inbound_plan_id)
        where p.connection_id = :connection_id and p.shipment_id is not null
          and plan.last_updated_at > cast(:today as date) - 300
        union
        select i.shipment_id from shipment_items i
        where i.connection_id = :connection_id and i.loaded_at > cast(:today as date) - 300
    ) told
    where not exists (
        select from shipments s
        where s.connection_id = :connection_id and s.shipment_id = told.shipment_id)
    order by 1
"""

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DOTS = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{2,4})\b")
_SLASHES = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{2,4})\b")
_HALF_DAY = re.compile(r"\d\s*[AP]M\b")


async def fetch(api: SpApi, request: Request) -> OperationPage:
    assert request.window is not None
    return await get_shipments(
        api,
        marketplace_id=request.marketplace_ids[0],
        updated_after=request.window.since,
        updated_before=request.window.until,
        page_token=request.page_token,
    )


async def fetch_canned(api: SpApi) -> OperationPage:
    """The request of Amazon's static sandbox (docs/amazon.md#sandbox)."""
    query = {"MarketplaceId": "ATVPDKIKX0DER", "QueryType": "SHIPMENT"}
    return read_shipments_page(await api.call(GET_SHIPMENTS, query=query))


_READS = reads(
    "ShipmentId",
    "ShipmentName",
    "DestinationFulfillmentCenterId",
    "ShipmentStatus",
    "LabelPrepType",
    "AreCasesRequired",
    "BoxContentsSource",
)


def parse(item: Item, request: Request) -> Parsed:
    name = find_text(item, "ShipmentName")
    return Parsed(
        row={
            "shipment_id": get_text(item, "ShipmentId"),
            "marketplace_id": request.marketplace_ids[0],
            "name": name,
            "destination_fulfillment_center": find_text(item, "DestinationFulfillmentCenterId"),
            "status": find_text(item, "ShipmentStatus"),
            "label_prep_type": find_text(item, "LabelPrepType"),
            "are_cases_required": find_boolean(item, "AreCasesRequired"),
            "created_on": created_on(name or ""),
            "box_contents_source": find_text(item, "BoxContentsSource"),
        }
    )


def created_on(name: str) -> date | None:
    """The day in a name from Amazon, such as `FBA (29/06/2020, 04:07) - 1`; otherwise None.

    Its form follows the seller's language. Day and month are distinguished by dots, by AM or PM, or
    by a number above 12; a date that could be either is none.
    """
    if found := _ISO.search(name):
        return _day(found[1], found[2], found[3])
    if found := _DOTS.search(name):
        return _day(found[3], found[2], found[1])
    if found := _SLASHES.search(name):
        first, second, year = found.groups()
        if int(second) > 12 or (_HALF_DAY.search(name) and int(first) <= 12):
            return _day(year, first, second)
        if int(first) > 12 or first == second:
            return _day(year, second, first)
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None


STREAM = Stream(
    name="shipments",
    noun="inbound shipments",
    table=TABLE,
    scope=Scope.MARKETPLACE,
    aged_by="coalesce(created_on, cast(loaded_at as date))",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(hours=6),
        holdback=timedelta(seconds=150),
    ),
    api=Api(
        operation=GET_SHIPMENTS,
        page_size=50,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=fetch_canned,
        token_lifetime=timedelta(minutes=10),
    ),
    history=History(HISTORY, _TRACKED),
    # A page holds 50, so a longer list would cost as many calls.
    again=Again(ids=_OPEN, at_once=50, operation=GET_SHIPMENTS, fetch=get_shipments_by_id),
)
