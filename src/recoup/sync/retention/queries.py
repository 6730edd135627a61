"""Queries for which connections have rows that are too old, and what keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import TextClause, text

from recoup.claims.detection.horizon import LOOKS_BACK
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, WorkspaceId
from recoup.streams import all_streams

_HELD = "(c.legal_hold is not null or w.legal_hold is not null)"
_SYNCING = """exists (
    select from sync_progress s
    where s.connection_id = c.connection_id and s.status = 'in_progress')"""
DELETABLE = f"not {_HELD} and not {_SYNCING}"
"""Of a connection `c` and its workspace `w`: no legal hold, and no running sync."""

_DUE = text(
    f"""
    select c.workspace_id, c.connection_id
    from amazon_connection c join workspace w using (workspace_id)
    where c.retention_on is distinct from :rows_from and {DELETABLE}
    order by c.created_at, c.connection_id
    """
)


async def list_due(conn: Reader, rows_from: date) -> list[tuple[WorkspaceId, ConnectionId]]:
    """Lists connections that have yet to be looked at for this limit, without a legal hold. One with
    a running sync waits.
    """
    rows = await conn.execute(_DUE, {"rows_from": rows_from})
    return [(WorkspaceId(row.workspace_id), ConnectionId(row.connection_id)) for row in rows]


async def see_one_moment(conn: Writer) -> None:
    """All that follows in the transaction, in which nothing was read yet, sees the rows of one moment."""
    await conn.execute(text("set transaction isolation level repeatable read"))


async def take_deletable(conn: Writer, connection_id: ConnectionId) -> bool:
    """Whether rows may be deleted now: there is neither a legal hold nor a running sync. Until the
    commit, nobody sets a hold or purges.
    """
    found = await conn.execute(
        text(
            f"""
            select from amazon_connection c join workspace w using (workspace_id)
            where c.connection_id = :connection_id and {DELETABLE}
            for share of c, w
            """
        ),
        {"connection_id": connection_id},
    )
    return found.one_or_none() is not None


@cache
def _oldest() -> TextClause:
    days = ", ".join(
        f"(select cast(min({stream.aged_by}) as date) from {stream.table.name} "
        "where connection_id = :connection_id)"
        for stream in all_streams()
        if stream.aged_by is not None
    )
    return text(f"select least({days})")


async def find_oldest_day(conn: Reader, connection_id: ConnectionId) -> date | None:
    """The day of the oldest row of the seller's data; None without rows."""
    found = await conn.execute(_oldest(), {"connection_id": connection_id})
    oldest: date | None = found.scalar_one()
    return oldest


async def find_needed_from(conn: Reader, connection_id: ConnectionId, today: date) -> date | None:
    """From which day on claims need the rows: filed ones until they are decided, with everything
    that rules look for, and those that can still be filed from their event on. None: there are none.
    """
    found = await conn.execute(
        text(
            """
            select least(
                min(event_on) filter (where status = 'filed') - cast(:looks_back as integer),
                min(event_on) filter (where status = 'detected' and deadline >= :today))
            from claim where connection_id = :connection_id
            """
        ),
        {"connection_id": connection_id, "today": today, "looks_back": LOOKS_BACK.days},
    )
    needed_from: date | None = found.scalar_one()
    return needed_from


async def has_unreadable_before(conn: Reader, connection_id: ConnectionId, day: date) -> bool:
    """Whether rows in quarantine are older: they hold candidates back."""
    found = await conn.execute(
        text(
            "select exists (select from quarantine where connection_id = :connection_id "
            "and told_at < cast(:day as date))"
        ),
        {"connection_id": connection_id, "day": day},
    )
    return bool(found.scalar_one())


async def set_held_from(conn: Writer, connection_id: ConnectionId, held_from: date) -> None:
    """Rows of earlier days are gone."""
    await conn.execute(
        text(
            "update amazon_connection set held_from = greatest(held_from, :held_from) "
            "where connection_id = :connection_id"
        ),
        {"connection_id": connection_id, "held_from": held_from},
    )


async def shorten_cursors(conn: Writer, connection_id: ConnectionId) -> None:
    """What a stream was read of before rows were held is not read any more."""
    values = {"connection_id": connection_id}
    await conn.execute(
        text(
            """
            update stream_cursor s
            set closed = s.closed * tstzmultirange(tstzrange(c.held_from, null))
            from amazon_connection c
            where c.connection_id = :connection_id and s.connection_id = :connection_id
                and c.held_from is not null and lower(s.closed) < c.held_from
            """
        ),
        values,
    )
    await conn.execute(
        text(
            "delete from stream_cursor where connection_id = :connection_id "
            "and without_dataset <> '' and isempty(closed)"
        ),
        values,
    )


async def set_looked_at(conn: Writer, connection_id: ConnectionId, rows_from: date) -> None:
    """Nothing is left to delete for this limit."""
    await conn.execute(
        text(
            "update amazon_connection set retention_on = :rows_from "
            "where connection_id = :connection_id"
        ),
        {"connection_id": connection_id, "rows_from": rows_from},
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """A connection with rows that are older than Amazon allows. is_held: by a legal hold."""

    connection_id: ConnectionId
    oldest_on: date
    is_held: bool


async def list_overdue(conn: Reader, before: date) -> list[Overdue]:
    """Lists the connections with rows of days before this one."""
    rows = await conn.execute(
        text(
            f"select c.connection_id, {_HELD} as is_held "
            "from amazon_connection c join workspace w using (workspace_id) "
            "order by c.created_at, c.connection_id"
        )
    )
    found = []
    for row in rows:
        oldest_on = await find_oldest_day(conn, row.connection_id)
        if oldest_on is not None and oldest_on < before:
            found.append(Overdue(ConnectionId(row.connection_id), oldest_on, row.is_held))
    return found
