"""Costs that Amazon's workbook names, and those of the seller's that Amazon has refused."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import Field

from recoup.api.cost_entry import Cost, Currency, Day
from recoup.api.costs_of_amazon import AmazonCosts, day_of_all, read_amazon_costs
from recoup.api.openapi import may_fail
from recoup.api.parameters import MAX_BIGINT, Identifier, OptionalIdentifier, RequestModel
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel
from recoup.claims.reading.amazon_costs import count_due_costs, forget_refusal, refuse_cost
from recoup.connections.queries import choose_connection, list_connections
from recoup.errors import AmbiguousConnectionError, NoConnectionError, NotFoundError
from recoup.ids import ConnectionId

router = APIRouter(tags=["recoveries"])
_PATH = "/api/sourcing-costs/amazon"


class AmazonCostQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    due: bool = Field(
        default=False, description="Only refused costs that can be sent again by now."
    )
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=MAX_BIGINT)


class DueBody(CamelModel):
    due_count: int


class Refusal(RequestModel):
    """Amazon has refused a cost of the seller's."""

    connection_id: OptionalIdentifier = None
    fnsku: Identifier
    cost: Cost
    currency: Currency
    refused_on: Day


class RefusalQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    fnsku: Identifier
    currency: Currency


@router.get(
    _PATH,
    responses=may_fail(NotFoundError),
    summary="What Amazon's workbook says of each product's cost",
)
async def list_amazon_costs(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[AmazonCostQuery, Query()],
) -> AmazonCosts:
    """As of the workbook that was read last. Refused costs come first, the oldest refusal before others."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    return await read_amazon_costs(
        services.database,
        workspace_id,
        named,
        is_due=query.due,
        limit=query.limit,
        offset=query.offset,
    )


@router.get(
    f"{_PATH}/due", responses=may_fail(), summary="How many refused costs can be sent again"
)
async def count_due(services: ServicesOfApp, workspace_id: CurrentWorkspace) -> DueBody:
    """Over all accounts of the workspace: 30 days have passed since Amazon refused them."""
    async with services.database.reading() as conn:
        accounts = [one.connection_id for one in await list_connections(conn, workspace_id)]
        today = await day_of_all(conn, accounts)
        return DueBody(due_count=await count_due_costs(conn, workspace_id, today=today))


@router.put(
    f"{_PATH}/refusals",
    status_code=204,
    responses=may_fail(NotFoundError, NoConnectionError, AmbiguousConnectionError, write=True),
    summary="Note that Amazon has refused a cost",
)
async def put_refusal(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, body: Annotated[Refusal, Body()]
) -> None:
    """It is left out of the workbook for 30 days; then it is listed as due, and filled in again."""
    named = None if body.connection_id is None else ConnectionId(body.connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        await refuse_cost(
            conn,
            connection.connection_id,
            fnsku=body.fnsku,
            currency=body.currency,
            cost=body.cost,
            refused_on=body.refused_on,
        )
        await record(conn, Action.COSTS_CHANGED, connection.connection_id, refused=1)


@router.delete(
    f"{_PATH}/refusals",
    status_code=204,
    responses=may_fail(NotFoundError, NoConnectionError, AmbiguousConnectionError, write=True),
    summary="Forget that Amazon has refused a cost",
)
async def delete_refusal(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[RefusalQuery, Query()],
) -> None:
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        await forget_refusal(
            conn, connection.connection_id, fnsku=query.fnsku, currency=query.currency
        )
        await record(conn, Action.COSTS_CHANGED, connection.connection_id, refused=-1)
