"""Orders API v0, the read operations that end on 2027-03-27. Source: docs/amazon.md#orders-v0."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qsl

from recoup.sandbox.answers import ApiError, Json, access_denied, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.order_search import Filter, Names, Window, iter_matching, read_window
from recoup.sandbox.operations.order_v0_json import (
    STATUS_NAMES,
    address_json,
    buyer_json,
    item_buyer_json,
    item_json,
    order_v0_json,
)
from recoup.sandbox.paging import Pager, Position, read_token
from recoup.sandbox.parameters import Query
from recoup.sandbox.world.instants import Instant, to_text
from recoup.sandbox.world.orders import OrderStory

NAMES = Names("CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore")
_STATUSES = (*STATUS_NAMES.values(), "PartiallyShipped", "Unfulfillable", "InvoiceUnconfirmed")
_CHANNELS = {"AFN": "AMAZON", "MFN": "MERCHANT"}
_OPERATION = "ordersV0"


def _get_orders(call: Call) -> Json:
    marketplace_ids = call.query.texts("MarketplaceIds")
    if not marketplace_ids:
        raise invalid_input("MarketplaceIds is required.")
    call.check_marketplaces(marketplace_ids)
    token, query = call.query.text("NextToken"), call.query
    if token is not None:
        # The token contains the first page's parameters; repeated ones must be the same.
        query = Query(parse_qsl(read_token(call, _OPERATION, "NextToken", token).question))
        for name in query.names():
            if name in call.query and call.query.texts(name) != query.texts(name):
                raise invalid_input(f"NextToken belongs to another value of {name}.")
    if "AmazonOrderIds" in query:
        return _orders_by_id(call, query)
    window = read_window(call, query, NAMES)
    pager = _pager(call, query, window)
    page = pager.page(call, token)
    payload: dict[str, Json] = {
        "Orders": [order_v0_json(call.world, story, call.edge, call.opened) for story in page.rows]
    }
    if page.next_token is not None:
        payload["NextToken"] = page.next_token
    before = Instant(page.place.position[1])
    payload["LastUpdatedBefore" if window.updates else "CreatedBefore"] = to_text(before)
    return {"payload": payload}


def _pager(call: Call, query: Query, window: Window) -> Pager[OrderStory]:
    statuses = query.texts("OrderStatuses", choices=_STATUSES)
    newer = {old: new for new, old in STATUS_NAMES.items()}
    channels = query.texts("FulfillmentChannels", choices=_CHANNELS)
    chosen = Filter(
        statuses=tuple(newer.get(status, status) for status in statuses),
        marketplace_ids=query.texts("MarketplaceIds"),
        fulfilled_by=tuple(_CHANNELS[channel] for channel in channels),
    )

    def rows(position: Position) -> Iterator[tuple[Position, OrderStory]]:
        first, before = position
        found = iter_matching(call, window, chosen, first, Instant(before))
        return (((story.index, before), story) for story in found)

    return Pager(
        operation=_OPERATION,
        parameter="NextToken",
        size=query.integer("MaxResultsPerPage", low=1, high=100, default=100),
        start=(0, window.before),
        rows=rows,
        question=query.encode(without="NextToken"),
    )


def _orders_by_id(call: Call, query: Query) -> Json:
    stories = (_find(call, order_id) for order_id in query.texts("AmazonOrderIds"))
    orders: list[Json] = [
        order_v0_json(call.world, story, call.edge, call.opened)
        for story in stories
        if story is not None
    ]
    return {"payload": {"Orders": orders, "CreatedBefore": to_text(call.edge)}}


def _find(call: Call, order_id: str) -> OrderStory | None:
    index = call.world.orders.find_index(order_id, call.edge)
    return None if index is None else call.world.orders.story(index)


def _story(call: Call) -> OrderStory:
    story = _find(call, call.path["orderId"])
    if story is None:
        raise ApiError(404, "NotFound", "The requested order does not exist.")
    return story


def _get_order(call: Call) -> Json:
    return {"payload": order_v0_json(call.world, _story(call), call.edge, call.opened)}


def _get_order_items(call: Call) -> Json:
    story = _story(call)
    items: list[Json] = [item_json(call.world, story, line, call.edge) for line in story.lines]
    return {"payload": {"AmazonOrderId": story.order_id, "OrderItems": items}}


def _get_order_buyer_info(call: Call) -> Json:
    story = _story(call)
    if "buyerInfo" not in call.opened:
        raise access_denied()
    return {"payload": {"AmazonOrderId": story.order_id, **buyer_json(call.world, story)}}


def _get_order_address(call: Call) -> Json:
    story = _story(call)
    if "shippingAddress" not in call.opened:
        raise access_denied()
    address = address_json(call.world, story, whole=not story.by_amazon)
    return {"payload": {"AmazonOrderId": story.order_id, "ShippingAddress": address}}


def _get_order_items_buyer_info(call: Call) -> Json:
    story = _story(call)
    if "buyerInfo" not in call.opened:
        raise access_denied()
    items: list[Json] = [item_buyer_json(line) for line in story.lines]
    return {"payload": {"AmazonOrderId": story.order_id, "OrderItems": items}}


_ORDER = "/orders/v0/orders/{orderId}"

OPERATIONS = (
    Operation(
        name="getOrders",
        path="/orders/v0/orders",
        rate=Decimal("0.0167"),
        burst=20,
        answer=_get_orders,
        faults=PAGE_FAULTS,
    ),
    *(
        Operation(name=name, path=path, rate=Decimal("0.5"), burst=30, answer=answer)
        for name, path, answer in (
            ("getOrderV0", _ORDER, _get_order),
            ("getOrderItems", f"{_ORDER}/orderItems", _get_order_items),
            ("getOrderBuyerInfo", f"{_ORDER}/buyerInfo", _get_order_buyer_info),
            ("getOrderAddress", f"{_ORDER}/address", _get_order_address),
            (
                "getOrderItemsBuyerInfo",
                f"{_ORDER}/orderItems/buyerInfo",
                _get_order_items_buyer_info,
            ),
        )
    ),
)
