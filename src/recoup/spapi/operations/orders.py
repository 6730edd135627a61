"""Orders API 2026-01-01.

Sources: model orders_2026-01-01.json; changelog "introducing the Orders API v2026-01-01". Items are
inline, so no second call per order is needed. Page tokens live 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recoup.clock import parse_believable, to_rfc3339
from recoup.spapi.client import Answer, SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageReader

SEARCH_ORDERS = Operation(
    name="searchOrders",
    method="GET",
    path="/orders/2026-01-01/orders",
    plan=UsagePlan(rate=0.0056, burst=20),
    role="Inventory and Order Tracking",
    items=("orders",),
)

# BUYER and RECIPIENT are people: they are not requested, and dropped if they are sent.
INCLUDED_DATA = ("PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT")
_PEOPLE = frozenset({"buyer", "recipient"})
_PAGE_SIZE = "100"


async def search_orders(
    api: SpApi,
    *,
    last_updated_after: datetime,
    last_updated_before: datetime | None = None,
    marketplace_ids: Sequence[str] = (),
    page_token: str | None = None,
    included_data: Sequence[str] = INCLUDED_DATA,
) -> OperationPage:
    """Orders changed in a window, each with its items; `until` is Amazon's lastUpdatedBefore.

    With `page_token` all other arguments but `included_data` must be those of the first page.
    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its orders.
    """
    answer = await api.call(
        SEARCH_ORDERS,
        query={
            "lastUpdatedAfter": to_rfc3339(last_updated_after),
            "lastUpdatedBefore": to_rfc3339(last_updated_before) if last_updated_before else None,
            "marketplaceIds": marketplace_ids or None,
            "includedData": included_data or None,
            "maxResultsPerPage": _PAGE_SIZE,
            "paginationToken": page_token,
        },
    )
    return read_orders_page(answer)


def read_orders_page(answer: Answer) -> OperationPage:
    """The answer of searchOrders, without people. Raises MalformedAnswerError."""
    page = PageReader(SEARCH_ORDERS, answer)
    return OperationPage(
        items=tuple(_without_people(o) for o in page.items(page.body, "orders")),
        next_token=page.next_token(page.optional_section("pagination").get("nextToken")),
        until=_instant(page.body.get("lastUpdatedBefore")),
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )


def _without_people(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in _PEOPLE}


def _instant(value: Any) -> datetime | None:
    """The watermark, None if it is absent or invalid: the caller has its own."""
    try:
        return parse_believable(value) if isinstance(value, str) else None
    except ValueError:
        return None
