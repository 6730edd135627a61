"""FBA Inventory API v1: the summaries. Source: docs/amazon.md#inventory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.inventory_json import listing_json, row_json
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.instants import Instant, to_instant

PAGE_SIZE = 50
TOKEN_LIFETIME = timedelta(seconds=30)
_OLDEST_START = timedelta(days=548)  # 18 months


def _get_inventory_summaries(call: Call) -> Json:
    granularity_id, skus, since = _read_parameters(call)
    details = call.query.boolean("details")

    def rows(position: Position) -> Iterator[tuple[Position, Json]]:
        found = _rows(call, granularity_id, skus, since, position[0], details=details)
        return (((index,), row) for index, row in found)

    pager = Pager(
        operation="inventory",
        parameter="nextToken",
        size=PAGE_SIZE,
        start=(0,),
        rows=rows,
        bound=(granularity_id, skus, since),
        lifetime=TOKEN_LIFETIME,
    )
    page = pager.page(call, call.query.text("nextToken"))
    answer: dict[str, Json] = {
        "payload": {
            "granularity": {"granularityType": "Marketplace", "granularityId": granularity_id},
            "inventorySummaries": page.rows,
        }
    }
    if page.next_token is not None:
        answer["pagination"] = {"nextToken": page.next_token}
    return answer


def _read_parameters(call: Call) -> tuple[str, tuple[str, ...], Instant | None]:
    """The marketplace, the requested SKUs (none: all) and the earliest requested change."""
    query = call.query
    if query.text("granularityType") != "Marketplace":
        raise invalid_input("granularityType is required and must be Marketplace.")
    granularity_id = query.text("granularityId")
    if granularity_id is None:
        raise invalid_input("granularityId is required.")
    marketplace_ids = query.texts("marketplaceIds", at_most=1)
    if not marketplace_ids:
        raise invalid_input("marketplaceIds is required.")
    since = query.moment("startDateTime")
    if since is not None and since < to_instant(call.now - _OLDEST_START):
        raise invalid_input("startDateTime must be no earlier than 18 months ago.")
    skus = query.texts("sellerSkus")
    one = query.text("sellerSku")
    if not skus and one is not None:
        skus = (one,)
    call.check_marketplaces((granularity_id, *marketplace_ids))
    # A start time makes Amazon ignore the SKUs (model of the operation).
    return granularity_id, () if since is not None else skus, since


def _rows(
    call: Call,
    marketplace_id: str,
    skus: tuple[str, ...],
    since: Instant | None,
    first: int,
    *,
    details: bool,
) -> Iterator[tuple[int, Json]]:
    """The world's products, then those that clients created, numbered in one sequence."""
    listings, products = call.seller.listings, call.world.products
    at_home = marketplace_id == call.world.home.marketplace_id
    for index in range(first, len(products) if at_home else 0):
        item = (marketplace_id, products[index].sku)
        if (skus and item[1] not in skus) or item in listings.removed:
            continue
        row = call.world.stock_row(index, call.edge)
        if since is None or row.last_updated > since:
            more = listings.more.get(item, 0)
            yield index, row_json(replace(row, fulfillable=row.fulfillable + more), details=details)
    for index, (item, listing) in enumerate(listings.created.items(), len(products)):
        if index < first or item[0] != marketplace_id or (skus and item[1] not in skus):
            continue
        if since is None or listing.updated > since:
            yield index, listing_json(call.world.key, listing, details=details)


OPERATIONS = (
    Operation(
        name="getInventorySummaries",
        path="/fba/inventory/v1/summaries",
        rate=Decimal(2),
        burst=2,
        answer=_get_inventory_summaries,
        faults=PAGE_FAULTS,
    ),
)
