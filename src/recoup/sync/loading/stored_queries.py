"""Queries for rows already in a stream's tables."""

from __future__ import annotations

from sqlalchemy import Table, text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId
from recoup.streams._stream import Stream


async def has_rows(conn: Writer, stream: Stream, connection_id: ConnectionId) -> bool:
    """Whether any rows of a stream are stored."""
    found = await conn.execute(
        text(
            f"select exists (select from {stream.table.name} where connection_id = :connection_id)"
        ),
        {"connection_id": connection_id},
    )
    return bool(found.scalar_one())


async def had_values(conn: Writer, table: Table, column: str, connection_id: ConnectionId) -> bool:
    """Whether any stored row has a value in a column."""
    found = await conn.execute(
        text(
            f"select exists (select from {table.name} where connection_id = :connection_id "
            f"and nullif(cast({column} as text), '') is not null)"
        ),
        {"connection_id": connection_id},
    )
    return bool(found.scalar_one())
