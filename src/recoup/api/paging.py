"""One pager for every list: a page with a cursor, or the whole selection as one CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
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
Read = Callable[[Reader, int, Place | None], Awaitable[list[R]]]
"""Reads at most this many rows after a place; None: from the beginning."""


@dataclass(frozen=True)
class Pages(Generic[R]):
    """A selection of rows in one order, paged by a stable position.

    cursor_name: what a cursor belongs to; one of another list is refused. place_length: how many
    values a place has. place_of: the position of a row; the rows after it follow. parse_place: a
    place from its texts; raises InvalidRequestError if no row can be there.
    """

    cursor_name: str
    place_length: int
    read: Read[R]
    place_of: Callable[[R], Place]
    parse_place: Callable[[tuple[str, ...]], Place]


@dataclass(frozen=True)
class Sheet(Generic[R]):
    """How the rows appear in a spreadsheet.

    rows_per_read: so few that the event loop is free in between.
    """

    name: str
    header: Sequence[str]
    cells: Callable[[R], Sequence[object]]
    rows_per_read: int = 1000


async def read_page(
    conn: Reader, pages: Pages[R], *, limit: int, cursor: str | None
) -> tuple[list[R], str | None]:
    """The rows, and the cursor of the next page. Raises InvalidRequestError for a bad cursor."""
    read = partial(pages.read, conn)
    return await page_after(pages, read, pages.place_of, limit=limit, cursor=cursor)


async def page_after(
    pages: Pages[Any],
    read: Callable[[int, Place | None], Awaitable[list[R]]],
    place_of: Callable[[R], Place],
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[R], str | None]:
    """The same for rows in another form than the selection's own."""
    after = None
    if cursor is not None:
        after = pages.parse_place(
            decode_cursor(pages.cursor_name, cursor, count=pages.place_length)
        )
    # One more row than requested shows whether there is a next page.
    rows = await read(limit + 1, after)
    if len(rows) <= limit:
        return rows, None
    place = place_of(rows[limit - 1])
    return rows[:limit], encode_cursor(pages.cursor_name, [_text(value) for value in place])


async def stream_csv(database: Database, pages: Pages[R], sheet: Sheet[R]) -> StreamingResponse:
    """Yields all rows of the selection, with one chunk in memory. The audit log tells of it.

    The first chunk is read before the answer begins: an unreachable database then has its own
    status.
    """
    first = await _read_chunk(database, pages, sheet, after=None)
    async with database.writing() as conn:
        await record(conn, Action.EXPORTED, sheet.name)
    return StreamingResponse(
        _chunks(database, pages, sheet, first),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{sheet.name}.csv"'},
    )


def csv_of(sheet: Sheet[R], rows: Iterable[R]) -> bytes:
    """Header and rows, for rows that are in memory anyway."""
    return csv_lines([sheet.header]) + csv_lines(sheet.cells(row) for row in rows)


async def _chunks(
    database: Database, pages: Pages[R], sheet: Sheet[R], rows: list[R]
) -> AsyncIterator[bytes]:
    """Each chunk is a separate read, so a slow reader holds no connection."""
    yield csv_lines([sheet.header])
    while rows:
        yield csv_lines(sheet.cells(row) for row in rows)
        rows = await _read_chunk(database, pages, sheet, after=pages.place_of(rows[-1]))


async def _read_chunk(
    database: Database, pages: Pages[R], sheet: Sheet[R], *, after: Place | None
) -> list[R]:
    async with database.reading() as conn:
        return await pages.read(conn, sheet.rows_per_read, after)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
