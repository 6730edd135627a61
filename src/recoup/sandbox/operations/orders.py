"""Orders API 2026-01-01. Source: facts 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.order_json import DATASETS, order_json
from recoup.sandbox.page_tokens import PageTokenError, PageTokens
from recoup.sandbox.world.instants import MINUTE, Instant, to_instant, to_text
from recoup.sandbox.world.orders import MAX_OPEN, OrderStory

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
ENDED = frozenset({"SHIPPED", "CANCELLED"})
FULFILLERS = ("MERCHANT", "AMAZON")


@dataclass(frozen=True)
class _Window:
    """Orders created or last updated in [after, before). `given_before` is what the client said."""

    updates: bool
    after: Instant
    before: Instant
    given_before: Instant | None


@dataclass(frozen=True)
class _Filter:
    statuses: tuple[str, ...]
    marketplace_ids: tuple[str, ...]
    fulfilled_by: tuple[str, ...]


def _search_orders(call: Call) -> Json:
    query = call.query
    window = _read_window(call)
    chosen = _Filter(
        statuses=query.texts("fulfillmentStatuses", choices=STATUSES),
        marketplace_ids=query.texts("marketplaceIds"),
        fulfilled_by=query.texts("fulfilledBy", choices=FULFILLERS),
    )
    datasets = frozenset(query.texts("includedData", choices=DATASETS))
    size = query.integer("maxResultsPerPage", low=1, high=100, default=100)
    call.check_marketplaces(chosen.marketplace_ids)
    tokens = PageTokens(call.world.key, "orders", TOKEN_LIFETIME)
    bound = (window.updates, window.after, window.given_before, chosen)
    first, before = 0, window.before
    token = query.text("paginationToken")
    if token is not None:
        try:
            first, end = tokens.read(token, bound, call.now)
        except PageTokenError as error:
            raise invalid_input(f"paginationToken is not valid: {error}.") from None
        before = Instant(end)
    stories = _matching(call, window, chosen, first, before)
    page = list(islice(stories, size))
    following = next(stories, None)
    answer: dict[str, Json] = {
        "orders": [order_json(call.world, story, call.edge, datasets) for story in page]
    }
    if following is not None:
        next_token = tokens.give([following.index, before], bound, call.now)
        answer["pagination"] = {"nextToken": next_token}
    answer["lastUpdatedBefore" if window.updates else "createdBefore"] = to_text(before)
    return answer


def _read_window(call: Call) -> _Window:
    """The window asked for; without an end, up to two minutes ago."""
    query = call.query
    created = "createdAfter" in query or "createdBefore" in query
    updates = "lastUpdatedAfter" in query or "lastUpdatedBefore" in query
    if created and updates:
        raise invalid_input(
            "createdAfter/createdBefore exclude lastUpdatedAfter/lastUpdatedBefore."
        )
    family = "lastUpdated" if updates else "created"
    after, before = query.moment(f"{family}After"), query.moment(f"{family}Before")
    if after is None:
        raise invalid_input("Exactly one of createdAfter and lastUpdatedAfter is required.")
    limit = Instant(to_instant(call.now) - 2 * MINUTE)
    if before is not None and before > limit:
        raise invalid_input(f"{family}Before must be at least two minutes before now.")
    if before is not None and before < after:
        raise invalid_input(f"{family}Before must not be before {family}After.")
    if after > to_instant(call.now):
        raise invalid_input(f"{family}After must not be in the future.")
    return _Window(updates, after, limit if before is None else before, before)


def _matching(
    call: Call, window: _Window, chosen: _Filter, first: int, before: Instant
) -> Iterator[OrderStory]:
    """The orders asked for, oldest creation first, from an index on."""
    book, edge = call.world.orders, call.edge
    home = call.world.home.marketplace_id
    if chosen.marketplace_ids and home not in chosen.marketplace_ids:
        return
    search = book.maybe_updated_in if window.updates else book.created_in
    candidates = search(window.after, before, edge)
    if chosen.statuses and not ENDED.intersection(chosen.statuses):
        # Open orders are recent ones: a year of ended orders need not be looked through.
        first = max(first, book.count(Instant(edge - MAX_OPEN)))
    for index in range(max(first, candidates.start), candidates.stop):
        if window.updates or chosen.statuses:
            dates = book.dates(index)
            if chosen.statuses and dates.status(edge) not in chosen.statuses:
                continue
            if window.updates and not window.after <= dates.last_updated(edge) < before:
                continue
        story = book.story(index)
        if not chosen.fulfilled_by or _fulfiller(story) in chosen.fulfilled_by:
            yield story


def _fulfiller(story: OrderStory) -> str:
    return "AMAZON" if story.by_amazon else "MERCHANT"


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
    ),
    Operation(
        name="getOrder",
        path="/orders/2026-01-01/orders/{orderId}",
        rate=Decimal("0.5"),
        burst=30,
        answer=_get_order,
    ),
)
