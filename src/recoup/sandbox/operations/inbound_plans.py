"""Fulfillment Inbound API 2024-03-20: the read operations. Source: docs/amazon.md#inbound."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.inbound_json import (
    box_json,
    item_json,
    plan_json,
    plan_status,
    shipment_json,
    transportation_options_json,
    whole_plan_json,
)
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.records import InboundShipment

_SORTS = ("LAST_UPDATED_TIME", "CREATION_TIME")
_ORDERS = ("ASC", "DESC")
_STATUSES = ("ACTIVE", "VOIDED", "SHIPPED")
_ID_LETTERS = 38


def _list_plans(call: Call) -> Json:
    query = call.query
    status = query.choice("status", _STATUSES)
    sort_by, order = query.choice("sortBy", _SORTS), query.choice("sortOrder", _ORDERS)

    def moment(shipment: InboundShipment) -> int:
        created = sort_by == "CREATION_TIME"
        return shipment.created_at if created else shipment.last_updated(call.edge)

    plans = [
        one
        for one in call.seller.inbound_shipments(call.edge)
        if status is None or plan_status(one, call.edge) == status
    ]
    plans.sort(key=moment, reverse=order == "DESC")
    rows: list[Json] = [plan_json(call.world, one, call.edge) for one in plans]
    return _page(call, "inboundPlans", rows, (status, sort_by, order), most=30)


def _get_plan(call: Call) -> Json:
    return whole_plan_json(call.world, _plan(call), call.edge)


def _list_plan_items(call: Call) -> Json:
    plan = _plan(call)
    return _page(call, "items", _items(call, plan), (plan.plan_id,), most=1000)


def _get_shipment(call: Call) -> Json:
    return shipment_json(call.world, _shipment(call), call.edge)


def _list_transportation_options(call: Call) -> Json:
    plan = _plan(call)
    shipment_id = call.query.text("shipmentId")
    if shipment_id is None and call.query.text("placementOptionId") is None:
        raise ApiError(400, "BadRequest", "shipmentId or placementOptionId is required.")
    is_of_plan = shipment_id in {None, plan.shipment_id}
    options = transportation_options_json(plan) if is_of_plan else []
    bound = (plan.plan_id, shipment_id)
    return _page(call, "transportationOptions", options, bound, most=20)


def _list_shipment_items(call: Call) -> Json:
    shipment = _shipment(call)
    return _page(call, "items", _items(call, shipment), (shipment.shipment_id,), most=1000)


def _list_shipment_boxes(call: Call) -> Json:
    shipment = _shipment(call)
    boxes: list[Json] = [
        box_json(call.world, shipment, index) for index in range(len(shipment.items))
    ]
    return _page(call, "boxes", boxes, (shipment.shipment_id,), most=1000)


def _items(call: Call, shipment: InboundShipment) -> list[Json]:
    return [item_json(call.world, item) for item in shipment.items]


def _page(
    call: Call, member: str, values: list[Json], bound: tuple[object, ...], *, most: int
) -> Json:
    def rows(position: Position) -> Iterator[tuple[Position, Json]]:
        return (((index,), values[index]) for index in range(position[0], len(values)))

    pager = Pager(
        operation=f"inbound-{member}",
        parameter="paginationToken",
        size=call.query.integer("pageSize", low=1, high=most, default=10),
        start=(0,),
        rows=rows,
        bound=bound,
    )
    page = pager.page(call, call.query.text("paginationToken"))
    answer: dict[str, Json] = {member: page.rows}
    if page.next_token is not None:
        answer["pagination"] = {"nextToken": page.next_token}
    return answer


def _shipment(call: Call) -> InboundShipment:
    plan = _plan(call)
    wanted = call.path["shipmentId"]
    _check_id("shipmentId", wanted)
    if plan.shipment_id != wanted:
        raise ApiError(404, "NotFound", "The plan has no such shipment.")
    return plan


def _plan(call: Call) -> InboundShipment:
    """A plan contains one shipment here, so they are one record."""
    wanted = call.path["inboundPlanId"]
    _check_id("inboundPlanId", wanted)
    for shipment in call.seller.inbound_shipments(call.edge):
        if shipment.plan_id == wanted:
            return shipment
    raise ApiError(404, "NotFound", "The requested inbound plan does not exist.")


def _check_id(name: str, value: str) -> None:
    if len(value) != _ID_LETTERS:
        raise ApiError(400, "BadRequest", f"{name} must have {_ID_LETTERS} characters.")


_PLANS = "/inbound/fba/2024-03-20/inboundPlans"
_PLAN = f"{_PLANS}/{{inboundPlanId}}"
_SHIPMENT = f"{_PLAN}/shipments/{{shipmentId}}"

OPERATIONS = tuple(
    Operation(name=name, path=path, rate=Decimal(2), burst=burst, answer=answer, faults=faults)
    for name, path, burst, answer, faults in (
        ("listInboundPlans", _PLANS, 6, _list_plans, PAGE_FAULTS),
        ("getInboundPlan", _PLAN, 6, _get_plan, frozenset()),
        ("listInboundPlanItems", f"{_PLAN}/items", 6, _list_plan_items, PAGE_FAULTS),
        ("getShipment", _SHIPMENT, 6, _get_shipment, frozenset()),
        (
            "listTransportationOptions",
            f"{_PLAN}/transportationOptions",
            6,
            _list_transportation_options,
            PAGE_FAULTS,
        ),
        ("listShipmentItems", f"{_SHIPMENT}/items", 30, _list_shipment_items, PAGE_FAULTS),
        ("listShipmentBoxes", f"{_SHIPMENT}/boxes", 30, _list_shipment_boxes, PAGE_FAULTS),
    )
)
