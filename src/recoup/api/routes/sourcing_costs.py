"""What a unit costs the seller, which is what Amazon pays for units lost before an order."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import model_validator

from recoup.api.cost_entry import (
    CostEntry,
    Day,
    parse_csv_costs,
    parse_json_costs,
    require_one_product,
)
from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.data_bodies import Page
from recoup.api.fields import Amount, Timestamp
from recoup.api.listings import PageQuery, WantsCsv
from recoup.api.openapi import Responses, may_fail
from recoup.api.parameters import CamelModel, OptionalIdentifier
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.api.sourcing_costs import read_cost_page, stream_costs
from recoup.claims.cost_queries import CostSelection, delete_cost, save_costs
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
    200: {"description": "A page of costs, by product and day", "content": {MEDIA_TYPE: {}}},
    **may_fail(InvalidRequestError, NotFoundError),
}
_ENTRY = CostEntry.model_json_schema()
_ENTRIES = {"type": "array", "items": _ENTRY, "minItems": 1}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"items": _ENTRIES},
                    "required": ["items"],
                }
            },
            MEDIA_TYPE: {"schema": {"type": "string"}},
        },
    }
}


class CostQuery(PageQuery):
    sku: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None


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


class CostBody(CamelModel):
    connection_id: str
    sku: str | None
    fnsku: str | None
    cost: Amount
    currency: str
    valid_from: date
    invoice_reference: str | None
    entered_at: Timestamp


class CostPage(Page):
    items: list[CostBody]


class SavedBody(CamelModel):
    connection_id: str
    saved: int


@router.get(
    "/api/sourcing-costs", response_model=CostPage, responses=_ANSWERS, summary="Sourcing costs"
)
async def list_sourcing_costs(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[CostQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By product and day; the CSV has the form that PUT takes."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if named is not None:
        async with services.database.reading() as conn:
            await get_connection(conn, user_id, named)
    selection = CostSelection(user_id, named, query.sku, query.fnsku)
    if as_csv:
        return stream_costs(services.database, selection)
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
    user_id: CurrentUser,
    request: Request,
    connection_id: Annotated[OptionalIdentifier, Query(alias="connectionId")] = None,
    content_type: Annotated[str, Header(alias="Content-Type", include_in_schema=False)] = "",
) -> SavedBody:
    """Adds costs, or replaces those of the same product and day; all of them, or none.

    Amounts of claims follow with the next detection.
    """
    parse = parse_csv_costs if content_type.lower().startswith(MEDIA_TYPE) else parse_json_costs
    costs = parse(await request.body())
    named = None if connection_id is None else ConnectionId(connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, user_id, named)
        await save_costs(conn, user_id, connection.connection_id, costs)
    return SavedBody(connection_id=connection.connection_id, saved=len(costs))


@router.delete(
    "/api/sourcing-costs",
    status_code=204,
    responses=may_fail(NotFoundError, NoConnectionError, AmbiguousConnectionError, write=True),
    summary="Take back a sourcing cost",
)
async def delete_sourcing_cost(
    services: ServicesOfApp, user_id: CurrentUser, query: Annotated[EntryQuery, Query()]
) -> None:
    """The entry before it counts again. Amounts of claims follow with the next detection."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    async with services.database.writing() as conn:
        connection = await choose_connection(conn, user_id, named)
        await delete_cost(
            conn,
            connection.connection_id,
            sku=query.sku or "",
            fnsku=query.fnsku or "",
            valid_from=query.valid_from,
        )
