"""Listing a seller's rows as pages of JSON or as one CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from pydantic.alias_generators import to_camel

from recoup.api.csv_text import MEDIA_TYPE, csv_lines
from recoup.api.cursors import bad_cursor, decode_cursor, encode_cursor
from recoup.api.negotiation import preferred
from recoup.api.parameters import CamelModel, Cursor, OptionalIdentifier, OptionalInstant
from recoup.connections.queries import get_connection
from recoup.db.engine import Database
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


class PageQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    limit: int = Field(default=100, ge=1, le=500)
    cursor: Cursor = None


class StockQuery(PageQuery):
    since: OptionalInstant = Field(default=None, alias="from", description="At or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Before.")
    sku: OptionalIdentifier = None


class MovementQuery(StockQuery):
    order_id: OptionalIdentifier = None


async def select_rows(database: Database, user_id: UserId, query: StockQuery) -> Selection:
    """Raises NotFoundError for a connection that is not the user's."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    if named is not None:
        async with database.reading() as conn:
            await get_connection(conn, user_id, named)
    return Selection(
        user_id=user_id,
        connection_id=named,
        since=query.since,
        until=query.until,
        sku=query.sku,
        order_id=query.order_id if isinstance(query, MovementQuery) else None,
    )


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
    return encode_cursor(listing.name, [place.at.isoformat(), place.connection_id, *place.key])


def _place(listing: Listing, cursor: str) -> Place:
    at, connection_id, *key = decode_cursor(listing.name, cursor, count=2 + len(listing.key))
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise bad_cursor() from None
    if moment.tzinfo is None:
        raise bad_cursor()
    return Place(moment, connection_id, tuple(key))


def _wants_csv(request: Request) -> bool:
    offers = ("application/json", MEDIA_TYPE)
    return preferred(request.headers.get("accept"), offers) == MEDIA_TYPE


WantsCsv = Annotated[bool, Depends(_wants_csv)]
