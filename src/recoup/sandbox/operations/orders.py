"""Orders API 2026-01-01. Source: docs/amazon.md#orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.order_json import DATASETS, order_json
from recoup.sandbox.operations.order_search import Filter, Names, iter_matching, read_window
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.instants import Instant, to_text
from recoup.sandbox.world.orders import OrderStory

TOKEN_LIFETIME = timedelta(hours=24)
STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
FULFILLERS = ("MERCHANT", "AMAZON")


NAMES = Names("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")


def _search_orders(call: Call) -> Json:
    query = call.query
    window = read_window(call, query, NAMES)
    chosen = Filter(
        statuses=query.texts("fulfillmentStatuses", choices=STATUSES),
        marketplace_ids=query.texts("marketplaceIds"),
        fulfilled_by=query.texts("fulfilledBy", choices=FULFILLERS),
    )
    datasets = frozenset(query.texts("includedData", choices=DATASETS))
    if datasets & call.sandbox.refused:
        # Which one is not said (docs/amazon.md#orders).
        raise invalid_input("Invalid request parameters.")
    size = query.integer("maxResultsPerPage", low=1, high=100, default=100)
    call.check_marketplaces(chosen.marketplace_ids)

    def rows(position: Position) -> Iterator[tuple[Position, OrderStory]]:
        # The end of the window is kept: orders that come meanwhile belong to the next one.
        first, before = position
        found = iter_matching(call, window, chosen, first, Instant(before))
        return (((story.index, before), story) for story in found)

    pager = Pager(
        operation="orders",
        parameter="paginationToken",
        size=size,
        start=(0, window.before),
        rows=rows,
        bound=(window.updates, window.after, window.given_before, chosen),
        lifetime=TOKEN_LIFETIME,
    )
    page = pager.page(call, query.text("paginationToken"))
    answer: dict[str, Json] = {
        "orders": [order_json(call.world, story, call.edge, datasets) for story in page.rows]
    }
    if page.next_token is not None:
        answer["pagination"] = {"nextToken": page.next_token}
    before = Instant(page.place.position[1])
    answer["lastUpdatedBefore" if window.updates else "createdBefore"] = to_text(before)
    return answer


def _get_order(call: Call) -> Json:
    datasets = frozenset(call.query.texts("includedData", choices=DATASETS))
    index = call.world.orders.find_index(call.path["orderId"], call.edge)
    if index is None:
        raise ApiError(404, "NotFound", "The requested order does not exist.")
    story = call.world.orders.story(index)
    return {"order": order_json(call.world, story, call.edge, datasets)}


OPERATIONS = (
    Operation(
        name="searchOrders",
        path="/orders/2026-01-01/orders",
        rate=Decimal("0.0056"),
        burst=20,
        answer=_search_orders,
        faults=PAGE_FAULTS,
    ),
    Operation(
        name="getOrder",
        path="/orders/2026-01-01/orders/{orderId}",
        rate=Decimal("0.5"),
        burst=30,
        answer=_get_order,
    ),
)
