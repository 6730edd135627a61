"""Queries for rows that may keep more of what Amazon sent than a stream reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.streams.transactions import TABLE as TRANSACTIONS
from recoup.sync.loading.known_columns import CONTENT_TYPE
from recoup.sync.record.tables import quarantine, report_archive
from recoup.sync.retention.queries import DELETABLE

_q, _t, _a, _c = quarantine.c, TRANSACTIONS.c, report_archive.c, amazon_connection.c


async def list_unreduced(conn: Reader) -> list[tuple[ConnectionId, tuple[str, ...]]]:
    """Lists connections that may have such rows, with their marketplaces; without a legal hold or a
    running sync.
    """
    rows = await conn.execute(
        text(
            "select c.connection_id, c.marketplace_ids from amazon_connection c join workspace w using (workspace_id) "
            f"where c.keeps_unread and {DELETABLE} order by c.created_at, c.connection_id"
        )
    )
    return [(ConnectionId(row.connection_id), tuple(row.marketplace_ids)) for row in rows]


async def set_reduced(conn: Writer, connection_id: ConnectionId) -> None:
    await conn.execute(
        update(amazon_connection)
        .where(_c.connection_id == connection_id)
        .values(keeps_unread=False)
    )


async def reduce_quarantine(
    conn: Writer, connection_id: ConnectionId, reduced: Callable[[str, str, Any], Any]
) -> int:
    """Replaces each row by what is kept of it; returns how many changed.

    reduced: of a stream's name, a source and a row.
    """
    rows = await conn.execute(
        select(_q.quarantine_id, _q.stream, _q.source, _q.raw).where(
            _q.connection_id == connection_id
        )
    )
    changed = [
        {"number": row.quarantine_id, "kept": again}
        for row in rows
        if (again := reduced(row.stream, row.source, row.raw)) != row.raw
    ]
    if changed:
        statement = update(quarantine).where(_q.quarantine_id == bindparam("number"))
        await conn.execute(statement.values(raw=bindparam("kept", type_=JSONB)), changed)
    return len(changed)


async def reduce_transactions(
    conn: Writer,
    connection_id: ConnectionId,
    reduced: Callable[[Mapping[str, Any]], Any],
    *,
    after: str,
    at_most: int,
) -> str | None:
    """The same for the trees of some transactions; returns the id to go on after, None at the end."""
    rows = (
        await conn.execute(
            select(_t.transaction_id, _t.breakdowns)
            .where(_t.connection_id == connection_id, _t.transaction_id > after)
            .order_by(_t.transaction_id)
            .limit(at_most)
            .with_for_update()
        )
    ).all()
    changed = [
        {"seller": connection_id, "number": row.transaction_id, "kept": again}
        for row in rows
        if (again := reduced(row.breakdowns)) != row.breakdowns
    ]
    if changed:
        mine = _t.connection_id == bindparam("seller")
        statement = update(TRANSACTIONS).where(mine, _t.transaction_id == bindparam("number"))
        await conn.execute(statement.values(breakdowns=bindparam("kept", type_=JSONB)), changed)
    return rows[-1].transaction_id if len(rows) == at_most else None


async def list_archived(conn: Reader, connection_id: ConnectionId) -> list[tuple[str, str]]:
    """Lists the type and id of each archived report."""
    rows = await conn.execute(
        select(_a.report_type, _a.report_id).where(_a.connection_id == connection_id)
    )
    return [(row.report_type, row.report_id) for row in rows]


async def replace_archived(
    conn: Writer,
    connection_id: ConnectionId,
    report_type: str,
    report_id: str,
    content: bytes | None,
) -> None:
    """Stores a compressed file in place of the one that is there; None: deletes it."""
    mine = (
        _a.connection_id == connection_id,
        _a.report_type == report_type,
        _a.report_id == report_id,
    )
    if content is None:
        await conn.execute(delete(report_archive).where(*mine))
        return
    again = {"content": content, "content_type": CONTENT_TYPE, "compression": "GZIP"}
    await conn.execute(update(report_archive).where(*mine).values(again))
