"""Lists of a seller's rows as pages of JSON or as one CSV."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from functools import partial
from operator import itemgetter
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import Field
from pydantic.alias_generators import to_camel

from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.cursors import bad_cursor
from recoup.api.negotiation import preferred
from recoup.api.openapi import Responses, may_fail
from recoup.api.paging import OrderedRows, Places, Sheet, page_after, stream_csv
from recoup.api.parameters import Cursor, OptionalIdentifier, OptionalInstant
from recoup.body import CamelModel
from recoup.connections.queries import get_connection
from recoup.db.engine import Database, Reader
from recoup.errors import InvalidRequestError, NotFoundError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.streams.listing.document_queries import Document, page_text, read_documents
from recoup.streams.listing.queries import (
    Listing,
    Place,
    Selection,
    list_cells,
)

_LARGEST_INTEGER = 2**31 - 1
_FILTERS = {"since", "until", "sku", "order_id", "fnsku"}

ANSWERS: Responses = {
    200: {"description": "A page of rows, newest first", "content": {MEDIA_TYPE: {}}},
    **may_fail(InvalidRequestError, NotFoundError),
}


class PageQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    limit: int = Field(default=100, ge=1, le=500)
    cursor: Cursor = None


class TimeQuery(PageQuery):
    since: OptionalInstant = Field(default=None, alias="from", description="At or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Before.")


class RowQuery(TimeQuery):
    sku: OptionalIdentifier = None


class LabelQuery(TimeQuery):
    """The filters for units that are known by their label only."""

    fnsku: OptionalIdentifier = None


class SaleQuery(RowQuery):
    order_id: OptionalIdentifier = None


class StockQuery(RowQuery):
    fnsku: OptionalIdentifier = None


class UnitQuery(SaleQuery, StockQuery):
    """The filters for units of an order that moved."""


async def answer(
    database: Database,
    workspace_id: WorkspaceId,
    listing: Listing,
    query: TimeQuery,
    *,
    as_csv: bool,
    document: Document,
) -> Response:
    """A page of rows as JSON, or the whole selection as CSV.

    Raises NotFoundError for a connection that is not the user's, InvalidRequestError for a cursor
    of another list.
    """
    selection = await select_rows(database, workspace_id, query)
    if as_csv:
        return await stream_csv(database, _rows(listing, selection), _sheet(listing))

    async def read(limit: int, after: Place | None) -> list[tuple[Place, str]]:
        return await read_documents(
            database, listing, document, selection, limit=limit, after=after
        )

    rows, cursor = await page_after(
        _places(listing), read, _first, limit=query.limit, cursor=query.cursor
    )
    text = page_text([shown for _, shown in rows], cursor)
    return Response(text, media_type="application/json")


def _first(row: tuple[Place, str]) -> Place:
    return row[0]


async def select_rows(database: Database, workspace_id: WorkspaceId, query: TimeQuery) -> Selection:
    """Raises NotFoundError for a connection that is not the user's."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if named is not None:
        async with database.reading() as conn:
            await get_connection(conn, workspace_id, named)
    filters = query.model_dump(include=_FILTERS)
    return Selection(workspace_id=workspace_id, connection_id=named, **filters)


def _places(listing: Listing) -> Places:
    return Places(
        cursor_name=listing.name,
        place_length=len(listing.order),
        parse_place=partial(_place, listing),
    )


def _rows(listing: Listing, selection: Selection) -> OrderedRows[Sequence[Any]]:
    """The cells of each row, then its place."""
    length = len(listing.flat_columns)

    def read(conn: Reader, limit: int, after: Place | None) -> Awaitable[Sequence[Sequence[Any]]]:
        return list_cells(conn, listing, selection, limit=limit, after=after)

    return OrderedRows(read, place_of=lambda row: tuple(row[length:]))


def _sheet(listing: Listing) -> Sheet[Sequence[Any]]:
    """The columns of the table."""
    columns = listing.flat_columns
    return Sheet(
        name=listing.name,
        header=[to_camel(name) for name in columns],
        cells=itemgetter(slice(len(columns))),
    )


def _place(listing: Listing, parts: tuple[str, ...]) -> Place:
    try:
        return tuple(
            _parse(part, column.type.python_type)
            for part, column in zip(parts, listing.order, strict=True)
        )
    except ValueError:
        raise bad_cursor() from None


def _parse(part: str, kind: type) -> object:
    """Raises ValueError for values that no cursor contains."""
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError("a time without a UTC offset")
        return moment
    if kind is date:
        return date.fromisoformat(part)
    if kind is int:
        number = int(part)
        if abs(number) > _LARGEST_INTEGER:
            raise ValueError("not a row number")
        return number
    return part


async def _wants_csv(request: Request) -> bool:
    offers = ("application/json", MEDIA_TYPE)
    return preferred(request.headers.get("accept"), offers) == MEDIA_TYPE


WantsCsv = Annotated[bool, Depends(_wants_csv)]
