"""Source rows that could not be read, for the people who must know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId, UserId
from recoup.sync.tables import quarantine


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """`raw` is the source row as Amazon sent it, without personal data.

    occurrence: its number among rows of its file with the same key, where that is known. told_at:
    when a source last told it.
    """

    quarantine_id: int
    connection_id: ConnectionId
    stream: str
    sync_id: SyncId
    reason: str
    raw: Any
    source: str
    created_at: datetime
    occurrence: int | None
    told_at: datetime


async def list_quarantine(
    conn: Reader,
    user_id: UserId,
    *,
    connection_id: ConnectionId | None,
    limit: int,
    before: int | None,
) -> list[QuarantinedRow]:
    """Newest first, of one connection or all; `before` is the quarantine_id to go on from."""
    q, c = quarantine.c, amazon_connection.c
    statement = (
        select(*(q[name] for name in QuarantinedRow.__slots__))
        .join(amazon_connection, c.connection_id == q.connection_id)
        .where(c.user_id == user_id)
        .order_by(q.quarantine_id.desc())
        .limit(limit)
    )
    if connection_id is not None:
        statement = statement.where(q.connection_id == connection_id)
    if before is not None:
        statement = statement.where(q.quarantine_id < before)
    return [QuarantinedRow(*row) for row in await conn.execute(statement)]


async def read_owner(conn: Reader, connection_id: ConnectionId) -> UserId:
    """The user whose connection it is."""
    found = await conn.execute(
        select(amazon_connection.c.user_id).where(
            amazon_connection.c.connection_id == connection_id
        )
    )
    return UserId(found.scalar_one())


async def delete_read_again(conn: Writer, ids: Sequence[int]) -> int:
    """Take out those of the rows that this transaction has not put in again; gives how many."""
    q = quarantine.c
    result = await conn.execute(
        delete(quarantine).where(q.quarantine_id.in_(ids), q.told_at < func.now())
    )
    return result.rowcount


async def delete_quarantined(conn: Writer, ids: Sequence[int]) -> None:
    """Take rows out: they have been read after all, or are about to be tried again."""
    await conn.execute(delete(quarantine).where(quarantine.c.quarantine_id.in_(ids)))
