"""Fulfillment Inbound API v0: the read operations that remain.

Sources: model fulfillmentInboundV0.json; selling-partner-api-models issues 4312 and 4072 (these
reads stay), 5102 (getShipmentItemsByShipmentId ends at 200 items), 5375, 2001 and 888 (getShipments
refuses a range of dates without statuses). A page after the first is requested with QueryType NEXT_TOKEN
and the token, which may hold `+` and `/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from recoup.clock import to_rfc3339
from recoup.spapi.client import Answer, SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageGuard, PageReader

_PLAN = UsagePlan(rate=2, burst=30)
_ROLE = "Amazon Fulfillment"

GET_SHIPMENTS = Operation(
    name="getShipments",
    method="GET",
    path="/fba/inbound/v0/shipments",
    plan=_PLAN,
    role=_ROLE,
    items=("payload", "ShipmentData"),
)
GET_SHIPMENT_ITEMS = Operation(
    name="getShipmentItems",
    method="GET",
    path="/fba/inbound/v0/shipmentItems",
    plan=_PLAN,
    role=_ROLE,
    items=("payload", "ItemData"),
)

GET_SHIPMENT_ITEMS_BY_SHIPMENT = Operation(
    name="getShipmentItemsByShipmentId",
    method="GET",
    path="/fba/inbound/v0/shipments/{shipmentId}/items",
    plan=_PLAN,
    role=_ROLE,
    items=("payload", "ItemData"),
)

STATUSES = (
    "WORKING",
    "READY_TO_SHIP",
    "SHIPPED",
    "RECEIVING",
    "CANCELLED",
    "DELETED",
    "CLOSED",
    "ERROR",
    "IN_TRANSIT",
    "DELIVERED",
    "CHECKED_IN",
)
"""All that the parameter ShipmentStatusList takes, by the model."""

_ADDRESS = "ShipFromAddress"


async def get_shipments(
    api: SpApi,
    *,
    marketplace_id: str,
    updated_after: datetime,
    updated_before: datetime,
    page_token: str | None = None,
) -> OperationPage:
    """Shipments of any status that changed in a window, without the seller's address.

    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its shipments.
    """
    query = _query(marketplace_id, updated_after, updated_before, page_token)
    if page_token is None:
        query["ShipmentStatusList"] = ",".join(STATUSES)
    return read_shipments_page(await api.call(GET_SHIPMENTS, query=query))


async def get_shipments_by_id(
    api: SpApi, marketplace_id: str, shipment_ids: Sequence[str]
) -> OperationPage:
    """These shipments (at most 999), all pages as one. One that Amazon does not know is left out.

    Raises what SpApi.call raises, MalformedAnswerError, or PagingLoopError for pages that never end.
    """
    guard = PageGuard(GET_SHIPMENTS.name)
    query = {
        "MarketplaceId": marketplace_id,
        "QueryType": "SHIPMENT",
        "ShipmentIdList": ",".join(shipment_ids),
    }
    items: list[dict[str, Any]] = []
    while True:
        page = read_shipments_page(await api.call(GET_SHIPMENTS, query=query))
        guard.check(page.items, page.next_token)
        items += page.items
        if page.next_token is None:
            return replace(page, items=tuple(items))
        query = _next_page(marketplace_id, page.next_token)


def read_shipments_page(answer: Answer) -> OperationPage:
    """The answer of getShipments. Raises MalformedAnswerError."""
    return _read_page(GET_SHIPMENTS, answer, "ShipmentData")


async def get_shipment_items(
    api: SpApi,
    *,
    marketplace_id: str,
    updated_after: datetime,
    updated_before: datetime,
    page_token: str | None = None,
) -> OperationPage:
    """Items of shipments that changed in a window, with units sent and received.

    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its items.
    """
    query = _query(marketplace_id, updated_after, updated_before, page_token)
    return read_shipment_items_page(await api.call(GET_SHIPMENT_ITEMS, query=query))


async def get_items_of_shipment(
    api: SpApi, marketplace_id: str, shipment_ids: Sequence[str]
) -> OperationPage:
    """Items of one shipment: the first 200. Its page token is unusable and dropped.

    Raises what SpApi.call raises, RemoteNotFoundError for a shipment that is gone.
    """
    [shipment_id] = shipment_ids
    answer = await api.call(
        GET_SHIPMENT_ITEMS_BY_SHIPMENT,
        path={"shipmentId": shipment_id},
        query={"MarketplaceId": marketplace_id},
    )
    page = _read_page(GET_SHIPMENT_ITEMS_BY_SHIPMENT, answer, "ItemData")
    return replace(page, next_token=None)


def read_shipment_items_page(answer: Answer) -> OperationPage:
    """The answer of getShipmentItems. Raises MalformedAnswerError."""
    return _read_page(GET_SHIPMENT_ITEMS, answer, "ItemData")


def _query(
    marketplace_id: str, after: datetime, before: datetime, page_token: str | None
) -> dict[str, str]:
    if page_token is not None:
        return _next_page(marketplace_id, page_token)
    return {
        "MarketplaceId": marketplace_id,
        "QueryType": "DATE_RANGE",
        "LastUpdatedAfter": to_rfc3339(after),
        "LastUpdatedBefore": to_rfc3339(before),
    }


def _next_page(marketplace_id: str, page_token: str) -> dict[str, str]:
    return {"MarketplaceId": marketplace_id, "QueryType": "NEXT_TOKEN", "NextToken": page_token}


def _read_page(operation: Operation, answer: Answer, member: str) -> OperationPage:
    page = PageReader(operation, answer)
    payload = page.section(page.body.get("payload"), "payload")
    return OperationPage(
        items=tuple(_without_address(row) for row in page.items(payload, member)),
        next_token=page.next_token(payload.get("NextToken")),
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )


def _without_address(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != _ADDRESS}
