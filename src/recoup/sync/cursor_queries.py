"""Where each stream of a connection stands: closed windows, what is to do, the open window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.dialects.postgresql.ranges import MultiRange

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId
from recoup.streams.window import Window
from recoup.sync.tables import stream_cursor


@dataclass(frozen=True, slots=True)
class Cursor:
    """One stream and scope of a connection. `page_token` belongs to `open_window`.

    `todo` is what the sync `sync_id` still has to read.
    """

    connection_id: ConnectionId
    stream: str
    scope: str
    closed: tuple[Window, ...] = ()
    sync_id: SyncId | None = None
    todo: tuple[Window, ...] = ()
    open_window: Window | None = None
    page_token: str | None = None
    page_token_at: datetime | None = None
    longest_window: timedelta | None = None
    read_at: datetime | None = None
    """When a sync last read it to its end."""
    marketplace_ids: tuple[str, ...] | None = None
    """Of a region: the marketplaces that it speaks for, where that was noted."""


async def read_cursor(conn: Reader, connection_id: ConnectionId, stream: str, scope: str) -> Cursor:
    """An empty one when the stream was never read here."""
    c = stream_cursor.c
    row = (
        await conn.execute(
            select(stream_cursor).where(
                c.connection_id == connection_id, c.stream == stream, c.scope == scope
            )
        )
    ).one_or_none()
    return Cursor(connection_id, stream, scope) if row is None else _cursor(row)


async def list_cursors(conn: Reader, connection_id: ConnectionId) -> dict[tuple[str, str], Cursor]:
    """Those of every stream that was ever read here, by stream and scope."""
    rows = await conn.execute(
        select(stream_cursor).where(stream_cursor.c.connection_id == connection_id)
    )
    return {(row.stream, row.scope): _cursor(row) for row in rows}


def _cursor(row: Row[Any]) -> Cursor:
    return Cursor(
        connection_id=ConnectionId(row.connection_id),
        stream=row.stream,
        scope=row.scope,
        closed=_windows(row.closed),
        sync_id=SyncId(row.sync_id) if row.sync_id else None,
        todo=_windows(row.todo),
        open_window=Window(row.open_since, row.open_until) if row.open_since else None,
        page_token=row.page_token,
        page_token_at=row.page_token_at,
        longest_window=row.longest_window,
        read_at=row.read_at,
        marketplace_ids=None if row.marketplace_ids is None else tuple(row.marketplace_ids),
    )


async def list_scopes(conn: Reader, connection_id: ConnectionId, stream: str) -> list[str]:
    """The scopes of a stream that have a cursor here, in order."""
    c = stream_cursor.c
    rows = await conn.execute(
        select(c.scope)
        .where(c.connection_id == connection_id, c.stream == stream)
        .order_by(c.scope)
    )
    return [row.scope for row in rows]


async def delete_cursor(conn: Writer, cursor: Cursor) -> None:
    c = stream_cursor.c
    await conn.execute(
        delete(stream_cursor).where(
            c.connection_id == cursor.connection_id,
            c.stream == cursor.stream,
            c.scope == cursor.scope,
        )
    )


async def write_cursor(conn: Writer, cursor: Cursor) -> None:
    """Store it whole, in the transaction of the rows that it speaks of."""
    window = cursor.open_window
    values = {
        "closed": _multirange(cursor.closed),
        "sync_id": cursor.sync_id,
        "todo": _multirange(cursor.todo),
        "open_since": window.since if window else None,
        "open_until": window.until if window else None,
        "page_token": cursor.page_token,
        "page_token_at": cursor.page_token_at,
        "longest_window": cursor.longest_window,
        "read_at": cursor.read_at,
        "marketplace_ids": None if cursor.marketplace_ids is None else list(cursor.marketplace_ids),
    }
    await conn.execute(
        insert(stream_cursor)
        .values(
            connection_id=cursor.connection_id,
            stream=cursor.stream,
            scope=cursor.scope,
            **values,
        )
        .on_conflict_do_update(index_elements=["connection_id", "stream", "scope"], set_=values)
    )


def _windows(ranges: Sequence[Range[Any]]) -> tuple[Window, ...]:
    return tuple(
        Window(r.lower, r.upper) for r in ranges if r.lower is not None and r.upper is not None
    )


def _multirange(windows: Iterable[Window]) -> MultiRange[datetime]:
    return MultiRange(Range(w.since, w.until, bounds="[)") for w in windows)
