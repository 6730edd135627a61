"""Queries about syncs that failed and are started again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from recoup.db.engine import Reader
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.sync.record.next_try import TRIGGER

_TRIED = text(
    """
    with own as (select * from sync_progress where sync_id = :sync_id)
    select count(*) from sync_progress p join own using (workspace_id, connection_id)
    where p.trigger = :trigger and p.started_at > coalesce((
        select max(other.started_at) from sync_progress other
        where other.workspace_id = own.workspace_id
            and other.connection_id = own.connection_id and other.trigger <> :trigger
    ), '-infinity')
    """
)
_DUE = text(
    """
    select p.workspace_id, p.connection_id
    from sync_progress p join amazon_connection c using (connection_id)
    where p.retry_at > :now - interval '1 day' and p.retry_at <= :now
        and c.status = 'active' and c.sync_schedule is distinct from ''
        and not exists (
            select from sync_progress newer
            where newer.workspace_id = p.workspace_id and newer.connection_id = p.connection_id
                and newer.started_at > p.started_at
        )
    order by p.retry_at
    """
)


async def count_tries(conn: Reader, sync_id: SyncId) -> int:
    """How many syncs of its connection, itself included, were started again in a row."""
    found = await conn.execute(_TRIED, {"sync_id": sync_id, "trigger": TRIGGER})
    return int(found.scalar_one())


async def list_due_again(conn: Reader, now: datetime) -> list[tuple[WorkspaceId, ConnectionId]]:
    """Active connections whose newest sync is to be started again by now."""
    rows = await conn.execute(_DUE, {"now": now})
    return [(WorkspaceId(row.workspace_id), ConnectionId(row.connection_id)) for row in rows]
