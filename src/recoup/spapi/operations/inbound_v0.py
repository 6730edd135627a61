"""Fulfillment Inbound API v0: the reads that Amazon keeps.

Sources: model fulfillmentInboundV0.json; selling-partner-api-models issues 4312 and 4072 (these
reads stay), 5102 (getShipmentItemsByShipmentId ends at 200 items and is not used). A page after the
first is asked for with QueryType NEXT_TOKEN and the token, which may hold `+` and `/`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from recoup.clock import to_rfc3339
from recoup.spapi.client import Answer, SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageReader

_PLAN = UsagePlan(rate=2, burst=30)
_ROLE = "Amazon Fulfillment"

GET_SHIPMENTS = Operation(
    name="getShipments",
    method="GET",
    path="/fba/inbound/v0/shipments",
    plan=_PLAN,
    role=_ROLE,
    member=("payload", "ShipmentData"),
)
GET_SHIPMENT_ITEMS = Operation(
    name="getShipmentItems",
    method="GET",
    path="/fba/inbound/v0/shipmentItems",
    plan=_PLAN,
    role=_ROLE,
    member=("payload", "ItemData"),
)

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
    return read_shipments_page(await api.call(GET_SHIPMENTS, query=query))


def read_shipments_page(answer: Answer) -> OperationPage:
    """What getShipments answered. Raises MalformedAnswerError."""
    return _read_page(GET_SHIPMENTS, answer, "ShipmentData")


async def get_shipment_items(
    api: SpApi,
    *,
    marketplace_id: str,
    updated_after: datetime,
    updated_before: datetime,
    page_token: str | None = None,
) -> OperationPage:
    """Items of shipments that changed in a window, with what was sent and what was received.

    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its items.
    """
    query = _query(marketplace_id, updated_after, updated_before, page_token)
    return read_shipment_items_page(await api.call(GET_SHIPMENT_ITEMS, query=query))


def read_shipment_items_page(answer: Answer) -> OperationPage:
    """What getShipmentItems answered. Raises MalformedAnswerError."""
    return _read_page(GET_SHIPMENT_ITEMS, answer, "ItemData")


def _query(
    marketplace_id: str, after: datetime, before: datetime, page_token: str | None
) -> dict[str, str]:
    if page_token is not None:
        return {
            "MarketplaceId": marketplace_id,
            "QueryType": "NEXT_TOKEN",
            "NextToken": page_token,
        }
    return {
        "MarketplaceId": marketplace_id,
        "QueryType": "DATE_RANGE",
        "LastUpdatedAfter": to_rfc3339(after),
        "LastUpdatedBefore": to_rfc3339(before),
    }


def _read_page(operation: Operation, answer: Answer, member: str) -> OperationPage:
    page = PageReader(operation, answer)
    payload = page.section(page.body.get("payload"), "payload")
    return OperationPage(
        items=tuple(_without_address(row) for row in page.items(payload.get(member), member)),
        next_token=page.next_token(payload.get("NextToken")),
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )


def _without_address(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != _ADDRESS}
