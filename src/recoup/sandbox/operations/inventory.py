"""FBA Inventory API v1. Source: facts 4.5."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.page_tokens import PageTokenError, PageTokens
from recoup.sandbox.world.instants import Instant, to_instant, to_text
from recoup.sandbox.world.stock import StockRow

PAGE_SIZE = 50
TOKEN_LIFETIME = timedelta(seconds=30)
_OLDEST_START = timedelta(days=548)  # 18 months


def _get_inventory_summaries(call: Call) -> Json:
    granularity_id, skus, since = _read_parameters(call)
    details = call.query.boolean("details")
    tokens = PageTokens(call.world.key, "inventory", TOKEN_LIFETIME)
    bound = (granularity_id, skus, since)
    first = 0
    token = call.query.text("nextToken")
    if token is not None:
        try:
            (first,) = tokens.read(token, bound, call.now)
        except PageTokenError as error:
            raise invalid_input(f"nextToken is not valid: {error}.") from None
    rows = _rows(call, granularity_id, skus, since, first)
    page = list(islice(rows, PAGE_SIZE))
    following = next(rows, None)
    answer: dict[str, Json] = {
        "payload": {
            "granularity": {"granularityType": "Marketplace", "granularityId": granularity_id},
            "inventorySummaries": [_summary(row, details=details) for row in page],
        }
    }
    if following is not None:
        position = [following.product.index]
        answer["pagination"] = {"nextToken": tokens.give(position, bound, call.now)}
    return answer


def _read_parameters(call: Call) -> tuple[str, tuple[str, ...], Instant | None]:
    """The marketplace, the SKUs asked for (none: all) and the earliest change asked for."""
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
    call: Call, marketplace_id: str, skus: tuple[str, ...], since: Instant | None, first: int
) -> Iterator[StockRow]:
    if marketplace_id != call.world.home.marketplace_id:
        return
    products = call.world.products
    for index in range(first, len(products)):
        if skus and products[index].sku not in skus:
            continue
        row = call.world.stock_row(index, call.edge)
        if since is None or row.last_updated > since:
            yield row


def _summary(row: StockRow, *, details: bool) -> Json:
    summary: dict[str, Json] = {
        "asin": row.product.asin,
        "fnSku": row.product.fnsku,
        "sellerSku": row.product.sku,
        "condition": "NewItem",
        "lastUpdatedTime": to_text(row.last_updated),
        "productName": row.product.title,
        "totalQuantity": row.total,
        "stores": [],
    }
    if details:
        summary["inventoryDetails"] = _details(row)
    return summary


def _details(row: StockRow) -> Json:
    terms = ("ShortTerm", "MidTerm", "LongTerm")
    return {
        "fulfillableQuantity": row.fulfillable,
        "inboundWorkingQuantity": row.inbound_working,
        "inboundShippedQuantity": row.inbound_shipped,
        "inboundReceivingQuantity": row.inbound_receiving,
        "reservedQuantity": {
            "totalReservedQuantity": row.reserved,
            "pendingCustomerOrderQuantity": row.reserved_orders,
            "pendingTransshipmentQuantity": row.reserved_transfer,
            "fcProcessingQuantity": row.reserved_processing,
        },
        "researchingQuantity": {
            "totalResearchingQuantity": sum(row.researching),
            "researchingQuantityBreakdown": [
                {"name": f"researchingQuantityIn{term}", "quantity": quantity}
                for term, quantity in zip(terms, row.researching, strict=True)
            ],
        },
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": row.unfulfillable,
            "customerDamagedQuantity": row.customer_damaged,
            "warehouseDamagedQuantity": row.warehouse_damaged,
            "distributorDamagedQuantity": 0,
            "carrierDamagedQuantity": 0,
            "defectiveQuantity": row.defective,
            "expiredQuantity": 0,
        },
    }


OPERATIONS = (
    Operation(
        name="getInventorySummaries",
        path="/fba/inventory/v1/summaries",
        rate=Decimal(2),
        burst=2,
        answer=_get_inventory_summaries,
    ),
)
