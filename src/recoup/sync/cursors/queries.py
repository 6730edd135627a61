"""Cursors in the database: closed windows, what is to do, the open window."""

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
from recoup.streams._window import Window, union
from recoup.sync.record.tables import stream_cursor

_KEY = ("connection_id", "stream", "scope", "without_dataset")
# In the column `without_dataset`: a cursor itself, with nothing left out.
_WHOLE = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of one stream and scope of a connection. `page_token` belongs to `open_window`.

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
    """When a sync last read the stream to its end."""
    marketplace_ids: tuple[str, ...] | None = None
    """For a region: the marketplaces that it covers, if recorded."""


@dataclass(frozen=True, slots=True)
class Debt:
    """Windows of a cursor that were read while Amazon refused a dataset."""

    stream: str
    scope: str
    dataset: str
    windows: tuple[Window, ...]


async def read_cursor(conn: Reader, connection_id: ConnectionId, stream: str, scope: str) -> Cursor:
    """Returns an empty cursor if the stream was never read here."""
    c = stream_cursor.c
    row = (
        await conn.execute(
            select(stream_cursor).where(
                c.connection_id == connection_id,
                c.stream == stream,
                c.scope == scope,
                c.without_dataset == _WHOLE,
            )
        )
    ).one_or_none()
    return Cursor(connection_id, stream, scope) if row is None else _cursor(row)


async def list_cursors(conn: Reader, connection_id: ConnectionId) -> dict[tuple[str, str], Cursor]:
    """Lists the cursors of every stream that was ever read here, by stream and scope."""
    c = stream_cursor.c
    rows = await conn.execute(
        select(stream_cursor).where(c.connection_id == connection_id, c.without_dataset == _WHOLE)
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
    """Lists the scopes of a stream that have a cursor here, in order."""
    c = stream_cursor.c
    rows = await conn.execute(
        select(c.scope)
        .where(c.connection_id == connection_id, c.stream == stream, c.without_dataset == _WHOLE)
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
            c.without_dataset == _WHOLE,
        )
    )


async def write_cursor(conn: Writer, cursor: Cursor) -> None:
    """Stores the whole cursor, in the transaction of the rows that it covers."""
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
        .on_conflict_do_update(index_elements=_KEY, set_=values)
    )


async def list_debts(conn: Reader, connection_id: ConnectionId) -> list[Debt]:
    """Lists the debts of every stream."""
    c = stream_cursor.c
    rows = await conn.execute(
        select(c.stream, c.scope, c.without_dataset, c.closed)
        .where(c.connection_id == connection_id, c.without_dataset != _WHOLE)
        .order_by(c.stream, c.scope, c.without_dataset)
    )
    return [Debt(row.stream, row.scope, row.without_dataset, _windows(row.closed)) for row in rows]


async def add_debt(conn: Writer, cursor: Cursor, window: Window, dataset: str) -> None:
    """Records that a page of the window was read without the dataset."""
    debt = insert(stream_cursor).values(
        connection_id=cursor.connection_id,
        stream=cursor.stream,
        scope=cursor.scope,
        without_dataset=dataset,
        closed=_multirange([window]),
    )
    more = stream_cursor.c.closed.op("+")(debt.excluded.closed)
    await conn.execute(debt.on_conflict_do_update(index_elements=_KEY, set_={"closed": more}))


async def take_debts(conn: Writer, cursor: Cursor) -> list[Window]:
    """Deletes a cursor's debts; returns the windows, which the caller has read again."""
    c = stream_cursor.c
    rows = await conn.execute(
        delete(stream_cursor)
        .where(
            c.connection_id == cursor.connection_id,
            c.stream == cursor.stream,
            c.scope == cursor.scope,
            c.without_dataset != _WHOLE,
        )
        .returning(c.closed)
    )
    return union(window for row in rows for window in _windows(row.closed))


def _windows(ranges: Sequence[Range[Any]]) -> tuple[Window, ...]:
    return tuple(
        Window(r.lower, r.upper) for r in ranges if r.lower is not None and r.upper is not None
    )


def _multirange(windows: Iterable[Window]) -> MultiRange[datetime]:
    return MultiRange(Range(w.since, w.until, bounds="[)") for w in windows)
