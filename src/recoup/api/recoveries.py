"""Reading claims for the routes: pages, exports, one in detail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

from fastapi.responses import StreamingResponse

from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.cursors import bad_cursor, decode_cursor, encode_cursor
from recoup.api.recovery_bodies import ClaimQuery, ExplainQuery, SelectionQuery
from recoup.api.recovery_csv import claim_header, claim_lines
from recoup.claims.claim_body import claim_body, claim_detail, title_of, totals_body
from recoup.claims.explain_queries import CandidateSelection, candidate_place, list_candidates
from recoup.claims.packet import settled_in_words
from recoup.claims.queries import (
    ClaimRow,
    ClaimSelection,
    get_claim,
    list_claim_allocations,
    list_claim_history,
    list_claims,
    place_of,
    total_claims,
)
from recoup.claims.sort_queries import Order, is_day
from recoup.clock import utc_now
from recoup.connections.queries import get_connection
from recoup.db.engine import Database, Reader
from recoup.errors import InvalidRequestError
from recoup.ids import ConnectionId, UserId

# What one read of an export brings: evidence makes these rows long.
_CSV_ROWS = 500
_MOST_CANDIDATES = 500
_EXPLANATION = "explain"


async def select_claims(
    database: Database, user_id: UserId, query: SelectionQuery
) -> ClaimSelection:
    """Raises NotFoundError for a connection that is not the user's."""
    async with database.reading() as conn:
        named = await _own_connection(conn, user_id, query.connection_id)
    confidence = query.min_confidence
    return ClaimSelection(
        user_id=user_id,
        now=utc_now(),
        connection_id=named,
        status=query.status,
        type=query.type,
        window_state=query.window_state,
        # By its digits: 0.7 means seven tenths, not the nearest float.
        min_confidence=None if confidence is None else Decimal(str(confidence)),
        expiring_within_days=query.expiring_within_days,
    )


async def read_claim_page(
    database: Database, selection: ClaimSelection, query: ClaimQuery
) -> dict[str, Any]:
    """Items, cursor and totals. Raises InvalidRequestError for a bad cursor."""
    order = Order(query.sort, selection.now)
    listing = f"recoveries {query.sort.value}"
    after = None if query.cursor is None else _place(order, listing, query.cursor)
    async with database.reading() as conn:
        # One more than asked for tells whether there is a next page.
        rows = await list_claims(conn, selection, order, limit=query.limit + 1, after=after)
        totals = await total_claims(conn, selection)
    page = rows[: query.limit]
    more = len(rows) > query.limit
    return {
        "items": [claim_body(row) for row in page],
        "nextCursor": encode_cursor(listing, place_of(order, page[-1])) if more else None,
        "totals": totals_body(totals),
    }


async def stream_claims(
    database: Database, selection: ClaimSelection, query: SelectionQuery
) -> StreamingResponse:
    """All claims of the selection as CSV, in the memory of one chunk."""
    order = Order(query.sort, selection.now)
    first = await _read_chunk(database, selection, order, after=None)
    return StreamingResponse(
        _chunks(database, selection, order, first),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": 'attachment; filename="recoveries.csv"'},
    )


async def read_claim_detail(database: Database, user_id: UserId, claim_id: str) -> dict[str, Any]:
    """Raises NotFoundError."""
    async with database.reading() as conn:
        row = await get_claim(conn, user_id, claim_id, utc_now())
        history = await list_claim_history(conn, claim_id)
        allocations = await list_claim_allocations(conn, row)
    return claim_detail(row, history, allocations)


async def explain(database: Database, user_id: UserId, query: ExplainQuery) -> dict[str, Any]:
    """Raises NotFoundError, and InvalidRequestError where nothing is named, or for a bad cursor."""
    if query.fnsku is None and query.order_id is None:
        raise InvalidRequestError("Name a fnsku or an orderId to explain.")
    after = None if query.cursor is None else _candidate_place(query.cursor)
    async with database.reading() as conn:
        selection = CandidateSelection(
            user_id=user_id,
            connection_id=await _own_connection(conn, user_id, query.connection_id),
            fnsku=query.fnsku,
            order_id=query.order_id,
            event_on=query.on,
        )
        rows = await list_candidates(conn, selection, limit=_MOST_CANDIDATES + 1, after=after)
    page = rows[:_MOST_CANDIDATES]
    more = len(rows) > len(page)
    return {
        "items": [_candidate(row) for row in page],
        "hasMore": more,
        "nextCursor": encode_cursor(_EXPLANATION, candidate_place(page[-1])) if more else None,
    }


def _candidate_place(cursor: str) -> tuple[str, ...]:
    place = decode_cursor(_EXPLANATION, cursor, count=4)
    if not is_day(place[0]):
        raise bad_cursor()
    return place


async def _own_connection(
    conn: Reader, user_id: UserId, connection_id: str | None
) -> ConnectionId | None:
    if connection_id is None:
        return None
    return (await get_connection(conn, user_id, ConnectionId(connection_id))).connection_id


async def _chunks(
    database: Database, selection: ClaimSelection, order: Order, rows: list[ClaimRow]
) -> AsyncIterator[bytes]:
    """Each chunk is a read of its own, so a reader that takes its time holds no connection."""
    yield claim_header()
    while rows:
        yield claim_lines(claim_body(row) for row in rows)
        rows = await _read_chunk(database, selection, order, after=place_of(order, rows[-1]))


async def _read_chunk(
    database: Database, selection: ClaimSelection, order: Order, *, after: Sequence[str] | None
) -> list[ClaimRow]:
    place = None if after is None else tuple(after)
    async with database.reading() as conn:
        return await list_claims(conn, selection, order, limit=_CSV_ROWS, after=place)


def _place(order: Order, listing: str, cursor: str) -> tuple[str, ...]:
    place = decode_cursor(listing, cursor, count=order.place_length)
    if not order.is_place(place):
        raise bad_cursor()
    return place


def _candidate(row: ClaimRow) -> dict[str, Any]:
    return {
        **row,
        "title": title_of(row["type"]),
        "event_date": row["event_on"],
        "settled_in_words": [settled_in_words(part) for part in row["settled"]],
    }
