"""Listing a seller's rows as pages of JSON or as one CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from pydantic.alias_generators import to_camel

from recoup.api.csv_text import MEDIA_TYPE, csv_lines
from recoup.api.cursors import bad_cursor, decode_cursor, encode_cursor
from recoup.api.negotiation import preferred
from recoup.api.openapi import Responses, may_fail
from recoup.api.parameters import CamelModel, Cursor, OptionalIdentifier, OptionalInstant
from recoup.connections.queries import get_connection
from recoup.db.engine import Database
from recoup.errors import InvalidRequestError, NotFoundError
from recoup.ids import ConnectionId, UserId
from recoup.streams.queries import (
    Listing,
    Place,
    Selection,
    StoredRow,
    list_rows,
    place_of,
)

# What one read of an export brings: small enough to leave the event loop free in between.
_CSV_ROWS = 1000
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


class RowQuery(PageQuery):
    since: OptionalInstant = Field(default=None, alias="from", description="At or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Before.")
    sku: OptionalIdentifier = None


class SaleQuery(RowQuery):
    order_id: OptionalIdentifier = None


class StockQuery(RowQuery):
    fnsku: OptionalIdentifier = None


class UnitQuery(SaleQuery, StockQuery):
    """Units of an order that moved."""


async def answer(
    database: Database,
    user_id: UserId,
    listing: Listing,
    query: RowQuery,
    *,
    as_csv: bool,
    body: Callable[[StoredRow], Mapping[str, Any]] = dict,
) -> dict[str, Any] | Response:
    """A page of rows, each made by `body`, or the whole selection as CSV.

    Raises NotFoundError for a connection that is not the user's, InvalidRequestError for a cursor
    of another list.
    """
    selection = await select_rows(database, user_id, query)
    if as_csv:
        return await stream_csv(database, listing, selection)
    rows, cursor = await read_page(database, listing, selection, query)
    return {"items": [body(row) for row in rows], "nextCursor": cursor}


async def select_rows(database: Database, user_id: UserId, query: RowQuery) -> Selection:
    """Raises NotFoundError for a connection that is not the user's."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if named is not None:
        async with database.reading() as conn:
            await get_connection(conn, user_id, named)
    filters = query.model_dump(include=_FILTERS)
    return Selection(user_id=user_id, connection_id=named, **filters)


async def read_page(
    database: Database, listing: Listing, selection: Selection, query: PageQuery
) -> tuple[list[StoredRow], str | None]:
    """The rows and the cursor of the next page. Raises InvalidRequestError for a bad cursor."""
    after = None if query.cursor is None else _place(listing, query.cursor)
    async with database.reading() as conn:
        # One more than asked for tells whether there is a next page.
        rows = await list_rows(conn, listing, selection, limit=query.limit + 1, after=after)
    if len(rows) <= query.limit:
        return rows, None
    rows = rows[: query.limit]
    return rows, _cursor(listing, place_of(listing, rows[-1]))


async def stream_csv(
    database: Database, listing: Listing, selection: Selection
) -> StreamingResponse:
    """All rows of the selection, in the memory of one chunk.

    Each chunk is a read of its own, so a reader that takes its time holds no connection.
    """
    first = await _read_chunk(database, listing, selection, after=None)
    return StreamingResponse(
        _csv_chunks(database, listing, selection, first),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{listing.name}.csv"'},
    )


async def _csv_chunks(
    database: Database, listing: Listing, selection: Selection, rows: list[StoredRow]
) -> AsyncIterator[bytes]:
    columns = listing.flat_columns
    yield csv_lines([[to_camel(name) for name in columns]])
    while rows:
        yield csv_lines([row[name] for name in columns] for row in rows)
        after = place_of(listing, rows[-1])
        rows = await _read_chunk(database, listing, selection, after=after)


async def _read_chunk(
    database: Database, listing: Listing, selection: Selection, *, after: Place | None
) -> list[StoredRow]:
    async with database.reading() as conn:
        return await list_rows(conn, listing, selection, limit=_CSV_ROWS, after=after)


def _cursor(listing: Listing, place: Place) -> str:
    return encode_cursor(listing.name, [_text(part) for part in place])


def _text(part: object) -> str:
    return part.isoformat() if isinstance(part, date) else str(part)


def _place(listing: Listing, cursor: str) -> Place:
    parts = decode_cursor(listing.name, cursor, count=len(listing.order))
    try:
        return tuple(
            _parse(part, column.type.python_type)
            for part, column in zip(parts, listing.order, strict=True)
        )
    except ValueError:
        raise bad_cursor() from None


def _parse(part: str, kind: type) -> object:
    """Raises ValueError for what `_text` does not write."""
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError("a time without offset")
        return moment
    if kind is date:
        return date.fromisoformat(part)
    if kind is int:
        number = int(part)
        if abs(number) > _LARGEST_INTEGER:
            raise ValueError("no number of a row")
        return number
    return part


def _wants_csv(request: Request) -> bool:
    offers = ("application/json", MEDIA_TYPE)
    return preferred(request.headers.get("accept"), offers) == MEDIA_TYPE


WantsCsv = Annotated[bool, Depends(_wants_csv)]
