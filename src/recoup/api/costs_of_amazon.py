"""Amazon's workbook of sourcing costs for the routes: read in, written back, and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import Field

from recoup.api.cost_workbook import MEDIA_TYPE, fill_workbook, read_workbook
from recoup.api.negotiation import preferred
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import Amount, CamelModel
from recoup.claims.detection.window_and_value import last_local_day
from recoup.claims.reading.amazon_costs import (
    AmazonCost,
    AmazonCostRow,
    find_workbook,
    list_amazon_costs,
    save_workbook,
)
from recoup.claims.reading.costs import SourcingCost, list_unknown_products, save_costs
from recoup.clock import utc_now
from recoup.connections.queries import choose_connection, get_connection, list_connections
from recoup.db.engine import Database, Reader
from recoup.errors import InvalidRequestError
from recoup.ids import ConnectionId, UserId, WorkspaceId

_NAME = "sourcing-costs"


class AmazonCostBody(CamelModel):
    """What Amazon's workbook says of a product, beside the seller's own cost."""

    connection_id: str
    fnsku: str
    asin: str | None
    currency: str
    estimated_cost: Amount | None = Field(description="Amazon's own estimate.")
    approved_cost: Amount | None = Field(description="By which Amazon pays since approvedOn.")
    approved_source: str | None = Field(description="Whose it is: SELLER or AMAZON.")
    approved_on: date | None
    own_cost: Amount | None = Field(description="The seller's cost of today.")
    cost_to_send: Amount | None = Field(
        description="What the downloaded workbook asks Amazon to approve; null: nothing, or not yet."
    )
    refused_cost: Amount | None
    refused_on: date | None
    send_again_on: date | None = Field(
        description="From this day a refused cost can be sent again: 30 days after its refusal."
    )
    is_due: bool = Field(description="Whether that day has come.")


class AmazonCosts(CamelModel):
    items: list[AmazonCostBody]
    product_count: int = Field(description="All products of the selection; items has some of them.")


def _wants_workbook(request: Request) -> bool:
    offers = ("application/json", "text/csv", MEDIA_TYPE)
    return preferred(request.headers.get("accept"), offers) == MEDIA_TYPE


WantsWorkbook = Annotated[bool, Depends(_wants_workbook)]


async def read_in_workbook(
    database: Database,
    workspace_id: WorkspaceId,
    user_id: UserId,
    connection_id: str | None,
    content: bytes,
) -> dict[str, object]:
    """Stores the workbook and what it says; costs in `Seller New Cost` that differ from the seller's
    own count from today. Returns the answer. Raises RequestValidationError.
    """
    costs = await asyncio.to_thread(read_workbook, content)
    named = None if connection_id is None else ConnectionId(connection_id)
    async with database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        account = connection.connection_id
        await save_workbook(conn, account, content, costs)
        today = await last_local_day(conn, account, utc_now())
        rows, _ = await list_amazon_costs(conn, [account], today=today)
        own = {(row.fnsku, row.currency): row.own_cost for row in rows}
        new = [_entered(one, today) for one in costs if _is_new(one, own)]
        await save_costs(conn, user_id, account, new)
        await record(conn, Action.COSTS_CHANGED, account, saved=len(new), read=len(costs))
        unknown = await list_unknown_products(conn, account, new)
    return {"connectionId": account, "saved": len(new), "unknown": unknown}


def _is_new(one: AmazonCost, own: Mapping[tuple[str, str], object]) -> bool:
    return one.new_cost is not None and one.new_cost != own.get((one.fnsku, one.currency))


def _entered(one: AmazonCost, today: date) -> SourcingCost:
    assert one.new_cost is not None, "only costs that are there"
    return SourcingCost("", one.fnsku, today, one.new_cost, one.currency, None)


async def written_workbook(
    database: Database, workspace_id: WorkspaceId, connection_id: ConnectionId | None
) -> Response:
    """The workbook that was read last, with the costs to send. Raises InvalidRequestError without one."""
    async with database.writing() as conn:
        connection = await choose_connection(conn, workspace_id, connection_id)
        account = connection.connection_id
        content = await find_workbook(conn, account)
        if content is None:
            raise InvalidRequestError(
                "Load Amazon's workbook first: Seller Central, Manage your sourcing cost, bulk."
            )
        today = await last_local_day(conn, account, utc_now())
        rows, _ = await list_amazon_costs(conn, [account], today=today)
        await record(conn, Action.EXPORTED, _NAME)
    costs = {(row.fnsku, row.currency): row.cost_to_send(today) for row in rows}
    filled = await asyncio.to_thread(
        fill_workbook, content, lambda fnsku, currency: costs.get((fnsku, currency))
    )
    return Response(
        filled,
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{_NAME}.xlsx"'},
    )


async def day_of_all(conn: Reader, accounts: Sequence[ConnectionId]) -> date:
    """The day that all of the accounts have reached: nothing is due before it can be sent."""
    now = utc_now()
    return min([await last_local_day(conn, one, now) for one in accounts], default=now.date())


async def read_amazon_costs(
    database: Database,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId | None,
    *,
    is_due: bool,
    limit: int,
    offset: int,
) -> AmazonCosts:
    """Of the named account, or of all; refused ones first. Raises NotFoundError."""
    async with database.reading() as conn:
        if connection_id is None:
            listed = await list_connections(conn, workspace_id)
            accounts = [one.connection_id for one in listed]
        else:
            accounts = [(await get_connection(conn, workspace_id, connection_id)).connection_id]
        today = await day_of_all(conn, accounts)
        rows, count = await list_amazon_costs(
            conn, accounts, today=today, is_due=is_due, limit=limit, offset=offset
        )
    return AmazonCosts(items=[_body(row, today) for row in rows], product_count=count)


def _body(row: AmazonCostRow, today: date) -> AmazonCostBody:
    values = {name: value for name, value in asdict(row).items() if name != "new_cost"}
    again = row.send_again_on
    return AmazonCostBody(
        **values,
        cost_to_send=row.cost_to_send(today),
        send_again_on=again,
        is_due=again is not None and today >= again,
    )
