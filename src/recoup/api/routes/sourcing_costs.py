"""What a unit costs the seller, which is what Amazon pays for units lost before an order."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import Field, model_validator

from recoup.api.cost_entry import (
    Currency,
    Day,
    WholeFile,
    parse_csv_costs,
    parse_json_costs,
    require_one_product,
)
from recoup.api.cost_refusal import refuse
from recoup.api.cost_workbook import MEDIA_TYPE as WORKBOOK
from recoup.api.costs_of_amazon import WantsWorkbook, read_in_workbook, written_workbook
from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.listings import PageQuery, WantsCsv
from recoup.api.openapi import Responses, may_fail
from recoup.api.parameters import MAX_BIGINT, Blank, OptionalIdentifier
from recoup.api.services import CurrentUser, CurrentWorkspace, ServicesOfApp
from recoup.api.sourcing_costs import (
    CostPage,
    MissingCosts,
    read_cost_page,
    read_missing_costs,
    stream_costs,
)
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel
from recoup.claims.reading.costs import (
    CostSelection,
    delete_cost,
    list_unknown_products,
    save_costs,
)
from recoup.connections.queries import choose_connection, get_connection
from recoup.errors import (
    AmbiguousConnectionError,
    InvalidRequestError,
    NoConnectionError,
    NotFoundError,
)
from recoup.ids import ConnectionId

router = APIRouter(tags=["recoveries"])

_ANSWERS: Responses = {
    200: {
        "description": "A page of costs, by product and day",
        "content": {MEDIA_TYPE: {}, WORKBOOK: {}},
    },
    **may_fail(InvalidRequestError, NotFoundError),
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/CostEntries"}},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
            WORKBOOK: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class CostQuery(PageQuery):
    sku: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None
    search: OptionalIdentifier = Field(
        default=None, description="Part of a SKU, an FNSKU or an invoice reference, in any case."
    )


class EntryQuery(CamelModel):
    """One entry: what PUT calls the same product and day."""

    connection_id: OptionalIdentifier = None
    sku: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None
    valid_from: Day

    @model_validator(mode="after")
    def _names_one_product(self) -> EntryQuery:
        require_one_product(self.sku, self.fnsku)
        return self


class WholeFileQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    currency: Annotated[Currency | None, Blank] = Field(
        default=None, description="Currency of the costs in the body that have none."
    )
    valid_from: Annotated[Day | None, Blank] = Field(
        default=None, description="Day from which those of them count that have none."
    )

    @property
    def whole_file(self) -> WholeFile:
        return WholeFile(self.currency, self.valid_from)


class SavedBody(CamelModel):
    connection_id: str
    saved: int
    unknown: list[str] = Field(
        description="SKUs and FNSKUs among them that the loaded data does not name: check these."
    )


class MissingQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=MAX_BIGINT)


@router.get(
    "/api/sourcing-costs", response_model=CostPage, responses=_ANSWERS, summary="Sourcing costs"
)
async def list_sourcing_costs(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[CostQuery, Query()],
    as_csv: WantsCsv,
    as_workbook: WantsWorkbook,
) -> CostPage | Response:
    """By product and day; the CSV has the form that PUT takes.

    As a workbook: Amazon's own, which PUT has read, with the costs to send filled in.
    """
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if as_workbook:
        return await written_workbook(services.database, workspace_id, named)
    if named is not None:
        async with services.database.reading() as conn:
            await get_connection(conn, workspace_id, named)
    selection = CostSelection(workspace_id, named, query.sku, query.fnsku, query.search)
    if as_csv:
        return await stream_costs(services.database, selection)
    return await read_cost_page(
        services.database, selection, limit=query.limit, cursor=query.cursor
    )


@router.put(
    "/api/sourcing-costs",
    responses=may_fail(NotFoundError, NoConnectionError, AmbiguousConnectionError, write=True),
    summary="Enter sourcing costs",
    openapi_extra=_BODY,
)
async def put_sourcing_costs(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: CurrentUser,
    request: Request,
    query: Annotated[WholeFileQuery, Query()],
    content_type: Annotated[str, Header(alias="Content-Type", include_in_schema=False)] = "",
) -> SavedBody:
    """Adds costs, or replaces those of the same product and day; all of them, or none.

    A workbook is Amazon's own for sourcing costs: what it has approved is read too; it has its own
    currencies and days. Amounts of claims follow with the next detection.
    """
    if content_type.lower().startswith(WORKBOOK):
        if query.whole_file != WholeFile():
            refuse([("query", "currency and validFrom are for JSON and CSV, not for a workbook")])
        body = await request.body()
        return SavedBody.model_validate(
            await read_in_workbook(
                services.database, workspace_id, user_id, query.connection_id, body
            )
        )
    parse = parse_csv_costs if content_type.lower().startswith(MEDIA_TYPE) else parse_json_costs
    costs = parse(await request.body(), query.whole_file)
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        await save_costs(conn, user_id, connection.connection_id, costs)
        await record(conn, Action.COSTS_CHANGED, connection.connection_id, saved=len(costs))
        unknown = await list_unknown_products(conn, connection.connection_id, costs)
    return SavedBody(connection_id=connection.connection_id, saved=len(costs), unknown=unknown)


@router.get(
    "/api/sourcing-costs/missing",
    responses=may_fail(NotFoundError),
    summary="Products without a sourcing cost, and the claims that wait for it",
)
async def list_products_without_cost(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[MissingQuery, Query()],
) -> MissingCosts:
    """Of claims that can still be filed; those that wait for most come first."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if named is not None:
        async with services.database.reading() as conn:
            await get_connection(conn, workspace_id, named)
    return await read_missing_costs(
        services.database, workspace_id, named, limit=query.limit, offset=query.offset
    )


@router.delete(
    "/api/sourcing-costs",
    status_code=204,
    responses=may_fail(NotFoundError, NoConnectionError, AmbiguousConnectionError, write=True),
    summary="Delete a sourcing cost",
)
async def delete_sourcing_cost(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[EntryQuery, Query()]
) -> None:
    """The entry before it counts again. Amounts of claims follow with the next detection."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        await delete_cost(
            conn,
            connection.connection_id,
            sku=query.sku or "",
            fnsku=query.fnsku or "",
            valid_from=query.valid_from,
        )
        await record(conn, Action.COSTS_CHANGED, connection.connection_id, deleted=1)
