"""Inbound plans, their shipments, carriers and tracking. Source: Fulfillment Inbound 2024-03-20.

docs/amazon.md#inbound. There is no query for what changed since a time: plans are listed by last
update, newest first, down to the start of the window, and those of the window are requested one by
one: three calls for a plan, which therefore are read once in six days. Arrivals are reported daily
by the v0 streams. `shipment_id` of a shipment is the FBA... id that v0 and the ledger know.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Index, Text
from sqlalchemy.dialects.postgresql import JSONB

from recoup.errors import RemoteNotFoundError
from recoup.spapi.client import SpApi
from recoup.spapi.operations.inbound_plans import (
    LIST_INBOUND_PLANS,
    find_transportation_option,
    get_plan_shipment,
    get_plan_shipments,
    list_inbound_plans,
    read_plans_page,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import (
    Item,
    find,
    find_text,
    find_time,
    get_text,
    get_time,
    list_items,
    reads,
)
from recoup.streams._stream import Api, Parsed, Request, Row, Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

TABLE = stream_table(
    "inbound_plans",
    key=["inbound_plan_id"],
    columns=[
        Column("inbound_plan_id", Text),
        Column("name", Text),
        Column("status", Text),
        Column("created_at", TIME),
        Column("last_updated_at", TIME, nullable=False),
        Column("marketplace_ids", JSONB, nullable=False),
    ],
)

SHIPMENTS = stream_table(
    "inbound_plan_shipments",
    key=["inbound_plan_id", "plan_shipment_id"],
    columns=[
        Column("inbound_plan_id", Text),
        Column("plan_shipment_id", Text),
        Column("shipment_id", Text),
        Column("amazon_reference_id", Text),
        Column("name", Text),
        Column("status", Text),
        Column("carrier", Text),
        # null: Amazon did not report it.
        Column("is_partnered_carrier", Boolean),
        Column("tracking_numbers", JSONB, nullable=False),
        Column("delivery_window_start_at", TIME),
        Column("delivery_window_end_at", TIME),
    ],
    indexes=[
        Index("inbound_plan_shipments_shipment_id_idx", "connection_id", "shipment_id"),
    ],
)

# Enough to keep three buckets of two calls a second busy.
_PLANS_AT_ONCE = 3

_IS_PARTNERED = {"AMAZON_PARTNERED_CARRIER": True, "USE_YOUR_OWN_CARRIER": False}


async def fetch(api: SpApi, request: Request) -> OperationPage:
    """Requests a page of the list and, for each of its plans in the window, the shipments.

    The list continues only while it has not come down to the start of the window.
    """
    assert request.window is not None
    page = await list_inbound_plans(api, page_token=request.page_token)
    since, until = request.window.since, request.window.until
    times = [_find_time_of(plan) for plan in page.items]
    # What changed after the window is read by the next sync, as it then is. A plan without a
    # readable time goes on to `parse`, which puts it aside.
    changed = [
        plan
        for plan, at in zip(page.items, times, strict=True)
        if at is None or since <= at < until
    ]
    is_past = any(at is not None and at < since for at in times)
    return replace(
        page,
        items=await _with_shipments(api, changed),
        next_token=None if is_past else page.next_token,
    )


async def fetch_canned(api: SpApi) -> OperationPage:
    """The request of Amazon's static sandbox (docs/amazon.md#sandbox), without shipments."""
    query = {
        "status": "ACTIVE",
        "sortBy": "LAST_UPDATED_TIME",
        "sortOrder": "ASC",
        "pageSize": "2",
        "paginationToken": "paginationToken",
    }
    page = read_plans_page(await api.call(LIST_INBOUND_PLANS, query=query))
    return replace(page, items=tuple({"plan": plan, "shipments": []} for plan in page.items))


def _find_time_of(plan: Item) -> datetime | None:
    try:
        return get_time(plan, "lastUpdatedAt")
    except ValueError:
        return None


async def _with_shipments(api: SpApi, plans: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Requests a few at the same time: each of the operations has its own bucket."""
    turns = asyncio.Semaphore(_PLANS_AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_whole_plan(api, plan, turns)) for plan in plans]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _whole_plan(api: SpApi, plan: dict[str, Any], turns: asyncio.Semaphore) -> dict[str, Any]:
    async with turns:
        return {"plan": plan, "shipments": await _shipments_of(api, plan.get("inboundPlanId"))}


async def _shipments_of(api: SpApi, plan_id: object) -> list[dict[str, Any]]:
    """Empty for a plan without an id, which `parse` refuses, or one deleted since it was listed."""
    if not isinstance(plan_id, str) or not plan_id:
        return []
    try:
        summaries = await get_plan_shipments(api, plan_id)
    except RemoteNotFoundError:
        return []
    return [await _whole_shipment(api, plan_id, one) for one in summaries]


async def _whole_shipment(api: SpApi, plan_id: str, summary: dict[str, Any]) -> dict[str, Any]:
    shipment_id = summary.get("shipmentId")
    if not isinstance(shipment_id, str) or not shipment_id:
        return summary  # for `parse` to refuse
    try:
        shipment = await get_plan_shipment(api, plan_id, shipment_id)
        option_id = shipment.get("selectedTransportationOptionId")
        if isinstance(option_id, str) and option_id:
            option = await find_transportation_option(api, plan_id, shipment_id, option_id)
            shipment["transportation"] = option
    except RemoteNotFoundError:
        return summary
    return {**summary, **shipment}


_READS = reads(
    plan=reads("inboundPlanId", "name", "status", "createdAt", "lastUpdatedAt", "marketplaceIds"),
    shipments=reads(
        "shipmentId",
        "shipmentConfirmationId",
        "amazonReferenceId",
        "name",
        "status",
        "transportation.carrier.name",
        "transportation.carrier.alphaCode",
        "transportation.shippingSolution",
        "trackingDetails.spdTrackingDetail.spdTrackingItems.trackingId",
        "trackingDetails.ltlTrackingDetail.billOfLadingNumber",
        "trackingDetails.ltlTrackingDetail.freightBillNumber",
        "selectedDeliveryWindow.startDate",
        "selectedDeliveryWindow.endDate",
    ),
)


def parse(item: Item, request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
    plan = find(item, "plan")
    plan_id = get_text(plan, "inboundPlanId")
    return Parsed(
        row={
            "inbound_plan_id": plan_id,
            "name": find_text(plan, "name"),
            "status": find_text(plan, "status"),
            "created_at": find_time(plan, "createdAt"),
            "last_updated_at": get_time(plan, "lastUpdatedAt"),
            "marketplace_ids": find(plan, "marketplaceIds") or [],
        },
        parts={
            SHIPMENTS.name: [_shipment_row(one, plan_id) for one in list_items(item, "shipments")]
        },
    )


def _shipment_row(shipment: Item, plan_id: str) -> Row:
    return {
        "inbound_plan_id": plan_id,
        "plan_shipment_id": get_text(shipment, "shipmentId"),
        "shipment_id": find_text(shipment, "shipmentConfirmationId"),
        "amazon_reference_id": find_text(shipment, "amazonReferenceId"),
        "name": find_text(shipment, "name"),
        "status": find_text(shipment, "status"),
        "carrier": find_text(shipment, "transportation", "carrier", "name")
        or find_text(shipment, "transportation", "carrier", "alphaCode"),
        "is_partnered_carrier": _IS_PARTNERED.get(
            find_text(shipment, "transportation", "shippingSolution") or ""
        ),
        "tracking_numbers": _tracking_numbers(shipment),
        "delivery_window_start_at": find_time(shipment, "selectedDeliveryWindow", "startDate"),
        "delivery_window_end_at": find_time(shipment, "selectedDeliveryWindow", "endDate"),
    }


def _tracking_numbers(shipment: Item) -> list[str]:
    """For parcels one per box; for freight the bill of lading and the freight bills."""
    parcels = list_items(shipment, "trackingDetails", "spdTrackingDetail", "spdTrackingItems")
    numbers = [number for box in parcels if (number := find_text(box, "trackingId"))]
    freight = find(shipment, "trackingDetails", "ltlTrackingDetail") or {}
    if bill := find_text(freight, "billOfLadingNumber"):
        numbers.append(bill)
    return [*numbers, *(str(number) for number in find(freight, "freightBillNumber") or ())]


STREAM = Stream(
    name="inbound_plans",
    noun="inbound plans",
    table=TABLE,
    parts=(SHIPMENTS,),
    scope=Scope.REGION,
    aged_by="last_updated_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=1),
        holdback=timedelta(seconds=150),
        on=(5,),
    ),
    api=Api(
        operation=LIST_INBOUND_PLANS,
        page_size=30,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=fetch_canned,
        token_lifetime=timedelta(minutes=10),
    ),
)
