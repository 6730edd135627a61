"""FBA Inventory API v1.

Sources: model fbaInventory.json; selling-partner-api-docs issue 2312. A page token lives 30 seconds:
fetch the next page before the last one is stored.
"""

from __future__ import annotations

from recoup.spapi.client import SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageReader

GET_INVENTORY_SUMMARIES = Operation(
    name="getInventorySummaries",
    method="GET",
    path="/fba/inventory/v1/summaries",
    plan=UsagePlan(rate=2, burst=2),
    role="Amazon Fulfillment",
    items=("payload", "inventorySummaries"),
)


async def get_inventory_summaries(
    api: SpApi, *, marketplace_id: str, page_token: str | None = None
) -> OperationPage:
    """The stock of one marketplace with its details, about 50 SKUs per page.

    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its summaries.
    """
    answer = await api.call(
        GET_INVENTORY_SUMMARIES,
        query={
            "granularityType": "Marketplace",
            "granularityId": marketplace_id,
            "marketplaceIds": marketplace_id,
            "details": "true",
            "nextToken": page_token,
        },
    )
    page = PageReader(GET_INVENTORY_SUMMARIES, answer)
    payload = page.section(page.body.get("payload"), "payload")
    return OperationPage(
        items=page.items(payload, "inventorySummaries"),
        # Unlike in other operations the token is beside the payload.
        next_token=page.next_token(page.optional_section("pagination").get("nextToken")),
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )
