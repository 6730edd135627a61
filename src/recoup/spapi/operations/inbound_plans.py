"""Fulfillment Inbound API 2024-03-20: the reads of plans and their shipments.

Source: model fulfillmentInbound_2024-03-20.json. It has no query for shipments that changed since a
time, and no received quantities. Addresses and contacts are dropped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recoup.spapi.client import Answer, SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageGuard, PageReader

_PLAN = UsagePlan(rate=2, burst=6)
_ROLE = "Amazon Fulfillment"
_PLANS = "/inbound/fba/2024-03-20/inboundPlans"

LIST_INBOUND_PLANS = Operation(
    name="listInboundPlans",
    method="GET",
    path=_PLANS,
    plan=_PLAN,
    role=_ROLE,
    items=("inboundPlans",),
)
GET_INBOUND_PLAN = Operation(
    name="getInboundPlan", method="GET", path=f"{_PLANS}/{{inboundPlanId}}", plan=_PLAN, role=_ROLE
)
GET_INBOUND_SHIPMENT = Operation(
    name="getShipment",
    method="GET",
    path=f"{_PLANS}/{{inboundPlanId}}/shipments/{{shipmentId}}",
    plan=_PLAN,
    role=_ROLE,
)
LIST_TRANSPORTATION_OPTIONS = Operation(
    name="listTransportationOptions",
    method="GET",
    path=f"{_PLANS}/{{inboundPlanId}}/transportationOptions",
    plan=_PLAN,
    role=_ROLE,
    items=("transportationOptions",),
)

_PEOPLE_AND_PLACES = frozenset({"sourceAddress", "source", "destination", "contactInformation"})
_PLANS_PER_PAGE = "30"
_OPTIONS_PER_PAGE = "20"


async def list_inbound_plans(api: SpApi, *, page_token: str | None = None) -> OperationPage:
    """Summaries of all plans, the last changed one first, 30 per page.

    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its plans.
    """
    answer = await api.call(
        LIST_INBOUND_PLANS,
        query={
            "sortBy": "LAST_UPDATED_TIME",
            "sortOrder": "DESC",
            "pageSize": _PLANS_PER_PAGE,
            "paginationToken": page_token,
        },
    )
    return read_plans_page(answer)


def read_plans_page(answer: Answer) -> OperationPage:
    """The answer of listInboundPlans. Raises MalformedAnswerError."""
    page = PageReader(LIST_INBOUND_PLANS, answer)
    return OperationPage(
        items=tuple(_bare(plan) for plan in page.items(page.body, "inboundPlans")),
        next_token=page.next_token(page.optional_section("pagination").get("nextToken")),
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )


async def get_plan_shipments(api: SpApi, plan_id: str) -> tuple[dict[str, Any], ...]:
    """Id and status of each shipment of a plan; none before its placement is confirmed.

    Raises what SpApi.call raises, RemoteNotFoundError for a plan that is gone.
    """
    answer = await api.call(GET_INBOUND_PLAN, path={"inboundPlanId": plan_id})
    page = PageReader(GET_INBOUND_PLAN, answer)
    return page.items(page.body, "shipments") if "shipments" in page.body else ()


async def get_plan_shipment(api: SpApi, plan_id: str, shipment_id: str) -> dict[str, Any]:
    """A shipment of a plan with its FBA... id, its delivery window and its tracking.

    Raises what SpApi.call raises, RemoteNotFoundError for one that is gone.
    """
    answer = await api.call(
        GET_INBOUND_SHIPMENT, path={"inboundPlanId": plan_id, "shipmentId": shipment_id}
    )
    return _bare(PageReader(GET_INBOUND_SHIPMENT, answer).body)


async def find_transportation_option(
    api: SpApi, plan_id: str, shipment_id: str, option_id: str
) -> dict[str, Any] | None:
    """The option with that id among Amazon's options for a shipment: carrier and program.

    Raises what SpApi.call raises, PagingLoopError when the pages run in a circle.
    """
    guard = PageGuard(LIST_TRANSPORTATION_OPTIONS.name)
    token: str | None = None
    while True:
        answer = await api.call(
            LIST_TRANSPORTATION_OPTIONS,
            path={"inboundPlanId": plan_id},
            query={
                "shipmentId": shipment_id,
                "pageSize": _OPTIONS_PER_PAGE,
                "paginationToken": token,
            },
        )
        page = PageReader(LIST_TRANSPORTATION_OPTIONS, answer)
        options = page.items(page.body, "transportationOptions")
        token = page.next_token(page.optional_section("pagination").get("nextToken"))
        for option in options:
            if option.get("transportationOptionId") == option_id:
                return option
        if token is None:
            return None
        guard.check(options, token)


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in _PEOPLE_AND_PLACES}
