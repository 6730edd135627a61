"""One pager for every list: a page with a cursor, or the whole selection as one CSV."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Generic, TypeVar

from fastapi.responses import StreamingResponse

from recoup.api.csv_text import MEDIA_TYPE, csv_lines
from recoup.api.cursors import decode_cursor, encode_cursor
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.db.engine import Database, Reader

R = TypeVar("R")
Place = tuple[Any, ...]
Read = Callable[[Reader, int, Place | None], Awaitable[Sequence[R]]]
"""Reads at most this many rows after a place; None: from the beginning."""


@dataclass(frozen=True)
class OrderedRows(Generic[R]):
    """A selection of rows in one order.

    place_of: the stable position of a row; the rows after it follow.
    """

    read: Read[R]
    place_of: Callable[[R], Place]


@dataclass(frozen=True)
class Places:
    """The positions in a list, as cursors tell them.

    cursor_name: what a cursor belongs to; one of another list is refused. place_length: how many
    values a place has. parse_place: a place from its texts; raises InvalidRequestError if no row can
    be there.
    """

    cursor_name: str
    place_length: int
    parse_place: Callable[[tuple[str, ...]], Place]


@dataclass(frozen=True)
class Pages(Places, OrderedRows[R]):
    """A selection of rows that is read page by page."""


@dataclass(frozen=True)
class Sheet(Generic[R]):
    """How the rows appear in a spreadsheet.

    rows_per_read: so few that the event loop is free in between.
    """

    name: str
    header: Sequence[str]
    cells: Callable[[R], Sequence[object]]
    rows_per_read: int = 1000


# Of one piece on its way to the client: some 300 kB, which compress in a few milliseconds.
_ROWS_PER_PIECE = 500


async def read_page(
    conn: Reader, pages: Pages[R], *, limit: int, cursor: str | None
) -> tuple[Sequence[R], str | None]:
    """The rows, and the cursor of the next page. Raises InvalidRequestError for a bad cursor."""
    read = partial(pages.read, conn)
    return await page_after(pages, read, pages.place_of, limit=limit, cursor=cursor)


async def page_after(
    places: Places,
    read: Callable[[int, Place | None], Awaitable[Sequence[R]]],
    place_of: Callable[[R], Place],
    *,
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[R], str | None]:
    """The same for rows that are read in another way."""
    # One more row than requested shows whether there is a next page.
    rows = await read(limit + 1, place_in(places, cursor))
    return cut_page(places, rows, place_of, limit=limit)


def place_in(places: Places, cursor: str | None) -> Place | None:
    """Raises InvalidRequestError for a bad cursor."""
    if cursor is None:
        return None
    return places.parse_place(decode_cursor(places.cursor_name, cursor, count=places.place_length))


def cut_page(
    places: Places, rows: Sequence[R], place_of: Callable[[R], Place], *, limit: int
) -> tuple[Sequence[R], str | None]:
    """The first `limit` rows, and a cursor if there are more."""
    if len(rows) <= limit:
        return rows, None
    place = place_of(rows[limit - 1])
    return rows[:limit], encode_cursor(places.cursor_name, [_text(value) for value in place])


async def stream_csv(
    database: Database, rows: OrderedRows[R], sheet: Sheet[R]
) -> StreamingResponse:
    """Yields all rows of the selection, with two chunks in memory. The audit log tells of it.

    The first chunk is read before the answer begins: an unreachable database then has its own
    status.
    """
    first = await _read_chunk(database, rows, sheet, after=None)
    async with database.writing() as conn:
        await record(conn, Action.EXPORTED, sheet.name)
    return StreamingResponse(
        _pieces(database, rows, sheet, first),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{sheet.name}.csv"'},
    )


async def all_csv(database: Database, rows: OrderedRows[R], sheet: Sheet[R]) -> bytes:
    """The same at once, for a file."""
    first = await _read_chunk(database, rows, sheet, after=None)
    return b"".join([piece async for piece in _pieces(database, rows, sheet, first)])


async def _pieces(
    database: Database, rows: OrderedRows[R], sheet: Sheet[R], chunk: Sequence[R]
) -> AsyncGenerator[bytes]:
    """Each chunk is a separate read, so a slow reader holds no connection. PostgreSQL works on the
    next one while the lines of this one are written.
    """
    yield csv_lines([sheet.header])
    while chunk:
        reading = asyncio.create_task(
            _read_chunk(database, rows, sheet, after=rows.place_of(chunk[-1]))
        )
        try:
            for start in range(0, len(chunk), _ROWS_PER_PIECE):
                cells = map(sheet.cells, chunk[start : start + _ROWS_PER_PIECE])
                yield await asyncio.to_thread(csv_lines, cells)
            chunk = await reading
        finally:
            # Of a client who left.
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read_chunk(
    database: Database, rows: OrderedRows[R], sheet: Sheet[R], *, after: Place | None
) -> Sequence[R]:
    async with database.reading() as conn:
        return await rows.read(conn, sheet.rows_per_read, after)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
