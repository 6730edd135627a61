"""Lists of sourcing costs for the routes."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi.responses import StreamingResponse
from pydantic import Field

from recoup.api.body_csv import cells_of, header_of
from recoup.api.cursors import bad_cursor
from recoup.api.data_bodies import Page
from recoup.api.paging import Pages, Place, Sheet, read_page, stream_csv
from recoup.body import NO_COLUMN, Amount, CamelModel, Money, Timestamp, money
from recoup.claims.reading.cost_gaps import list_missing_costs
from recoup.claims.reading.costs import CostRow, CostSelection, list_costs
from recoup.claims.reading.sort import is_day
from recoup.clock import utc_now
from recoup.db.engine import Database, Reader
from recoup.ids import ConnectionId, WorkspaceId

_NAME = "sourcing-costs"


class CostBody(CamelModel):
    connection_id: Annotated[str, NO_COLUMN]
    sku: str | None
    fnsku: str | None
    cost: Amount
    currency: str
    valid_from: date
    invoice_reference: str | None
    entered_at: Annotated[Timestamp, NO_COLUMN]
    is_known: Annotated[bool, NO_COLUMN] = Field(
        description="Whether the loaded data names the product."
    )


class CostPage(Page):
    items: list[CostBody]


class MissingCostBody(CamelModel):
    """A product and its claims that have no amount only because its cost is not entered."""

    connection_id: str
    sku: str | None
    fnsku: str | None
    claim_count: int
    quantity: int = Field(description="Units of these claims.")
    deadline: date | None = Field(description="The first of their last safe days.")
    estimate: Money | None = Field(
        description="What Amazon paid before for so many units (the median); null: it never paid."
    )


class MissingCosts(CamelModel):
    items: list[MissingCostBody]
    product_count: int = Field(description="All products without a cost; items has some of them.")


async def read_missing_costs(
    database: Database,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId | None,
    *,
    limit: int,
    offset: int,
) -> MissingCosts:
    """Those whose claims wait for most come first."""
    async with database.reading() as conn:
        found, count = await list_missing_costs(
            conn, workspace_id, connection_id, now=utc_now(), limit=limit, offset=offset
        )
    items = [
        MissingCostBody(**asdict(one) | {"estimate": money(one.estimate, one.currency)})
        for one in found
    ]
    return MissingCosts(items=items, product_count=count)


async def read_cost_page(
    database: Database, selection: CostSelection, *, limit: int, cursor: str | None
) -> CostPage:
    """Raises InvalidRequestError for a bad cursor."""
    async with database.reading() as conn:
        rows, following = await read_page(conn, _pages(selection), limit=limit, cursor=cursor)
    return CostPage(items=[cost_body(row) for row in rows], next_cursor=following)


async def stream_costs(database: Database, selection: CostSelection) -> StreamingResponse:
    """All costs in the format in which they can be sent back."""
    sheet: Sheet[CostRow] = Sheet(
        name=_NAME,
        header=header_of(CostBody),
        cells=lambda row: cells_of(_unmistakable(cost_body(row))),
    )
    return await stream_csv(database, _pages(selection), sheet)


def _unmistakable(body: CostBody) -> CostBody:
    """With a zero behind three decimals, which PUT refuses: elsewhere they are thousands."""
    if body.cost.as_tuple().exponent != -3:
        return body
    return body.model_copy(update={"cost": body.cost.quantize(Decimal("0.0001"))})


def cost_body(row: CostRow) -> CostBody:
    return CostBody(
        connection_id=row.connection_id,
        sku=row.sku or None,
        fnsku=row.fnsku or None,
        cost=row.cost,
        currency=row.currency,
        valid_from=row.valid_from,
        invoice_reference=row.invoice_reference,
        entered_at=row.entered_at,
        is_known=row.is_known,
    )


def _pages(selection: CostSelection) -> Pages[CostRow]:
    def read(conn: Reader, limit: int, after: Place | None) -> Awaitable[list[CostRow]]:
        return list_costs(conn, selection, limit=limit, after=after)

    return Pages(
        cursor_name=_NAME,
        place_length=4,
        read=read,
        place_of=lambda row: row.place,
        parse_place=_parse_place,
    )


def _parse_place(place: tuple[str, ...]) -> Place:
    if not is_day(place[-1]):
        raise bad_cursor()
    return place
