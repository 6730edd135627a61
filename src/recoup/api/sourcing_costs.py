"""Listing and saving sourcing costs for the routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy import RowMapping

from recoup.api.csv_text import MEDIA_TYPE, csv_lines
from recoup.api.cursors import bad_cursor, decode_cursor, encode_cursor
from recoup.claims.cost_queries import CostSelection, cost_place, list_costs
from recoup.claims.sort_queries import is_day
from recoup.db.engine import Database

COLUMNS = ("sku", "fnsku", "cost", "currency", "validFrom", "invoiceReference")
_LISTING = "sourcing-costs"
_CSV_ROWS = 1000


async def read_cost_page(
    database: Database, selection: CostSelection, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Raises InvalidRequestError for a bad cursor."""
    after = None if cursor is None else _place(cursor)
    async with database.reading() as conn:
        # One more than asked for tells whether there is a next page.
        rows = await list_costs(conn, selection, limit=limit + 1, after=after)
    page = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [cost_body(row) for row in page],
        "nextCursor": encode_cursor(_LISTING, cost_place(page[-1])) if more else None,
    }


def stream_costs(database: Database, selection: CostSelection) -> StreamingResponse:
    """All costs in the form in which they can be sent back."""
    headers = {"content-disposition": 'attachment; filename="sourcing-costs.csv"'}
    return StreamingResponse(_chunks(database, selection), media_type=MEDIA_TYPE, headers=headers)


def cost_body(row: RowMapping) -> dict[str, Any]:
    return {
        "connectionId": row["connection_id"],
        "sku": row["sku"] or None,
        "fnsku": row["fnsku"] or None,
        "cost": row["cost"],
        "currency": row["currency"],
        "validFrom": row["valid_from"],
        "invoiceReference": row["invoice_reference"],
        "enteredAt": row["entered_at"],
    }


async def _chunks(database: Database, selection: CostSelection) -> AsyncIterator[bytes]:
    yield csv_lines([COLUMNS])
    after: tuple[str, ...] | None = None
    while True:
        async with database.reading() as conn:
            rows = await list_costs(conn, selection, limit=_CSV_ROWS, after=after)
        if not rows:
            return
        yield csv_lines([[cost_body(row)[name] for name in COLUMNS] for row in rows])
        after = cost_place(rows[-1])


def _place(cursor: str) -> tuple[str, ...]:
    place = decode_cursor(_LISTING, cursor, count=4)
    if not is_day(place[-1]):
        raise bad_cursor()
    return place
