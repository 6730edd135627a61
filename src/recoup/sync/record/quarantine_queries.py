"""Source rows that could not be read, kept for people to inspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.sync.record.tables import quarantine


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """`raw` is the source row as Amazon sent it, without personal data.

    occurrence: its number among rows of its file with the same key, where that is known. told_at:
    when a source last had it.
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


async def keep_unreadable(conn: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores unreadable rows; a row that occurs again is updated and kept once."""
    statement = insert(quarantine).values(rows)
    again = {name: statement.excluded[name] for name in ("sync_id", "reason", "source")}
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "stream", "raw_digest"],
            set_={**again, "told_at": func.now()},
        )
    )


async def list_quarantine(
    conn: Reader,
    workspace_id: WorkspaceId,
    *,
    connection_id: ConnectionId | None,
    stream: str | None = None,
    limit: int,
    before: int | None,
) -> list[QuarantinedRow]:
    """Newest first, of one connection and stream or all; `before` is the quarantine_id to continue from."""
    q, c = quarantine.c, amazon_connection.c
    statement = (
        select(*(q[name] for name in QuarantinedRow.__slots__))
        .join(amazon_connection, c.connection_id == q.connection_id)
        .where(c.workspace_id == workspace_id)
        .order_by(q.quarantine_id.desc())
        .limit(limit)
    )
    if connection_id is not None:
        statement = statement.where(q.connection_id == connection_id)
    if stream is not None:
        statement = statement.where(q.stream == stream)
    if before is not None:
        statement = statement.where(q.quarantine_id < before)
    return [QuarantinedRow(*row) for row in await conn.execute(statement)]


async def count_reasons(
    conn: Reader, connection_id: ConnectionId, stream: str
) -> list[tuple[str, int]]:
    """The reasons for quarantined rows of a stream, the most common first."""
    q = quarantine.c
    count = func.count()
    rows = await conn.execute(
        select(q.reason, count)
        .where(q.connection_id == connection_id, q.stream == stream)
        .group_by(q.reason)
        .order_by(count.desc(), q.reason)
    )
    return [(row[0], row[1]) for row in rows]


async def read_owner(conn: Reader, connection_id: ConnectionId) -> WorkspaceId:
    """The user who owns the connection."""
    found = await conn.execute(
        select(amazon_connection.c.workspace_id).where(
            amazon_connection.c.connection_id == connection_id
        )
    )
    return WorkspaceId(found.scalar_one())


async def delete_read_again(conn: Writer, ids: Sequence[int]) -> int:
    """Deletes those of the rows that this transaction has not stored again; returns how many."""
    q = quarantine.c
    result = await conn.execute(
        delete(quarantine).where(q.quarantine_id.in_(ids), q.told_at < func.now())
    )
    return result.rowcount


async def delete_quarantined(conn: Writer, ids: Sequence[int]) -> None:
    """Deletes rows that have been read after all, or are about to be tried again."""
    await conn.execute(delete(quarantine).where(quarantine.c.quarantine_id.in_(ids)))
