"""Fulfillment Inbound API v0: the read operations that remain.

DATE_RANGE needs a status or an id beside the two dates, and goes by the last change of a status: a
shipment of which only a received quantity changed does not come. Source: model
fulfillmentInboundV0; amzn/selling-partner-api-models issues 888, 2001 and 2594 and pull request
5375, amzn/selling-partner-api-docs issue 3152, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import parse_qsl

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.inbound_json import item_v0_json, shipment_v0_json
from recoup.sandbox.paging import Page, Pager, Position, read_token
from recoup.sandbox.parameters import Query
from recoup.sandbox.world.dice import opaque_id
from recoup.sandbox.world.records import InboundShipment

PAGE_SIZE = 50
MOST_ITEMS = 200
"""More than these of one shipment are not shown by getShipmentItemsByShipmentId."""
_STATUSES = (
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
Fits = Callable[[InboundShipment], bool]


def _get_shipments(call: Call) -> Json:
    query, token = _question(call, "shipmentsV0", ("SHIPMENT", "DATE_RANGE"))
    chosen = _by_choice(call, query)
    fits = _at_home(call, query, chosen)
    if query.text("QueryType") == "DATE_RANGE":
        within = _by_date(call, query)
        fits = _at_home(call, query, lambda shipment: within(shipment) and chosen(shipment))

    def rows(position: Position) -> Iterator[tuple[Position, Json]]:
        for index, shipment in enumerate(call.seller.inbound_shipments(call.edge)):
            if index >= position[0] and fits(shipment):
                yield (index,), shipment_v0_json(call.world, shipment, call.edge)

    page = _page(call, "shipmentsV0", query, token, (0,), rows)
    payload: dict[str, Json] = {"ShipmentData": page.rows}
    if page.next_token is not None:
        payload["NextToken"] = page.next_token
    return {"payload": payload}


def _get_shipment_items(call: Call) -> Json:
    query, token = _question(call, "shipmentItemsV0", ("DATE_RANGE",))
    fits = _at_home(call, query, _by_date(call, query))

    def rows(position: Position) -> Iterator[tuple[Position, Json]]:
        for index, shipment in enumerate(call.seller.inbound_shipments(call.edge)):
            if index < position[0] or not fits(shipment):
                continue
            for number, item in enumerate(shipment.items):
                if (index, number) >= position:
                    row = item_v0_json(call.world, shipment, item, call.edge)
                    yield (index, number), row

    page = _page(call, "shipmentItemsV0", query, token, (0, 0), rows)
    payload: dict[str, Json] = {"ItemData": page.rows}
    if page.next_token is not None:
        payload["NextToken"] = page.next_token
    return {"payload": payload}


def _get_shipment_items_by_shipment_id(call: Call) -> Json:
    for shipment in call.seller.inbound_shipments(call.edge):
        if shipment.confirmation_id == call.path["shipmentId"]:
            shown = shipment.items[:MOST_ITEMS]
            items: list[Json] = [
                item_v0_json(call.world, shipment, item, call.edge) for item in shown
            ]
            # Amazon sends a token that this operation has no parameter for (docs/amazon.md#inbound).
            token = opaque_id(call.world.key, "useless-token", len(shown))
            return {"payload": {"ItemData": items, "NextToken": token}}
    raise ApiError(404, "NotFound", "The requested shipment does not exist.")


def _question(call: Call, operation: str, kinds: tuple[str, ...]) -> tuple[Query, str | None]:
    """The parameters of the first page, and the token of the requested page."""
    marketplace_id, kind = call.query.text("MarketplaceId"), call.query.text("QueryType")
    if marketplace_id is None:
        raise invalid_input("MarketplaceId is required.")
    call.check_marketplaces((marketplace_id,))
    if kind == "NEXT_TOKEN":
        token = call.query.text("NextToken")
        if token is None:
            raise invalid_input("NextToken is required for the QueryType NEXT_TOKEN.")
        question = read_token(call, operation, "NextToken", token).question
        return Query(parse_qsl(question)), token
    if kind not in kinds:
        raise invalid_input(f"QueryType must be one of {', '.join(kinds)}, NEXT_TOKEN.")
    return call.query, None


def _at_home(call: Call, query: Query, fits: Fits) -> Fits:
    """Units are sent to the seller's home marketplace; another one shows no shipments."""
    is_home = query.text("MarketplaceId") == call.world.home.marketplace_id
    return lambda shipment: is_home and fits(shipment)


def _by_date(call: Call, query: Query) -> Fits:
    after, before = query.moment("LastUpdatedAfter"), query.moment("LastUpdatedBefore")
    if after is None or before is None:
        raise invalid_input("LastUpdatedAfter and LastUpdatedBefore are required.")
    if after > before:
        raise invalid_input("LastUpdatedBefore must not be before LastUpdatedAfter.")
    return lambda shipment: after <= shipment.status_changed(call.edge) < before


def _by_choice(call: Call, query: Query) -> Fits:
    """Statuses and ids, joined by AND. Amazon requires one of them with either query type."""
    ids = query.texts("ShipmentIdList", at_most=999)
    statuses = query.texts("ShipmentStatusList", choices=_STATUSES)
    if not ids and not statuses:
        message = "At least one of ShipmentStatusList and ShipmentIdList must be provided"
        raise invalid_input(message)
    return lambda shipment: (
        (not ids or shipment.confirmation_id in ids)
        and (not statuses or shipment.status(call.edge) in statuses)
    )


def _page(
    call: Call,
    operation: str,
    query: Query,
    token: str | None,
    start: Position,
    rows: Callable[[Position], Iterator[tuple[Position, Json]]],
) -> Page[Json]:
    pager = Pager(
        operation=operation,
        parameter="NextToken",
        size=PAGE_SIZE,
        start=start,
        rows=rows,
        question=query.encode(without="NextToken"),
    )
    return pager.page(call, token)


_V0 = "/fba/inbound/v0"

OPERATIONS = tuple(
    Operation(name=name, path=path, rate=Decimal(2), burst=30, answer=answer, faults=faults)
    for name, path, answer, faults in (
        ("getShipments", f"{_V0}/shipments", _get_shipments, PAGE_FAULTS),
        ("getShipmentItems", f"{_V0}/shipmentItems", _get_shipment_items, PAGE_FAULTS),
        (
            "getShipmentItemsByShipmentId",
            f"{_V0}/shipments/{{shipmentId}}/items",
            _get_shipment_items_by_shipment_id,
            frozenset(),
        ),
    )
)
