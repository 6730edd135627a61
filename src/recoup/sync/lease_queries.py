"""Who works on a sync: taking, keeping and giving back its lease, and the fence of every write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from recoup.db.engine import Reader, Writer
from recoup.errors import FencedError
from recoup.ids import ConnectionId, SyncId, UserId
from recoup.sync.queries import ACTIVE
from recoup.sync.tables import sync_progress, sync_stream

LEASE = timedelta(seconds=15)
HEARTBEAT = timedelta(seconds=4)

_p = sync_progress.c


@dataclass(frozen=True, slots=True)
class Fence:
    """The right to write for a sync: good as long as the row still names this attempt."""

    sync_id: SyncId
    attempt: int


@dataclass(frozen=True, slots=True)
class Lease:
    """What a worker took over."""

    fence: Fence
    user_id: UserId
    connection_id: ConnectionId
    progress: int


async def take_lease(conn: Writer, sync_id: SyncId, owner: str) -> Lease | None:
    """Become the worker of a sync. None when it has ended or somebody else holds it."""
    row = (
        await conn.execute(
            update(sync_progress)
            .where(
                _p.sync_id == sync_id,
                _p.status == ACTIVE,
                or_(_p.owner.is_(None), _p.lease_expires_at < func.clock_timestamp()),
            )
            .values(
                owner=owner,
                lease_expires_at=func.clock_timestamp() + LEASE,
                attempt=_p.attempt + 1,
            )
            .returning(_p.attempt, _p.user_id, _p.connection_id, _p.progress)
        )
    ).one_or_none()
    if row is None:
        return None
    return Lease(
        fence=Fence(sync_id, row.attempt),
        user_id=UserId(row.user_id),
        connection_id=ConnectionId(row.connection_id),
        progress=row.progress,
    )


async def renew_lease(conn: Writer, fence: Fence) -> None:
    """Raises FencedError when the sync ended or another attempt has begun."""
    await _update_fenced(conn, fence, {"lease_expires_at": func.clock_timestamp() + LEASE})


async def release_lease(conn: Writer, fence: Fence) -> None:
    """Let another worker go on at once. Raises FencedError when it was not ours any more."""
    await _update_fenced(conn, fence, {"owner": None, "lease_expires_at": None})


async def hold_fence(conn: Writer, fence: Fence) -> None:
    """Make the commit of this transaction depend on the attempt. Call it last: it locks the row.

    Raises FencedError when the sync was cancelled, has ended or has another worker now.
    """
    held = await conn.execute(
        select(_p.sync_id)
        .where(_p.sync_id == fence.sync_id, _p.attempt == fence.attempt, _p.status == ACTIVE)
        .with_for_update(read=True)
    )
    if held.one_or_none() is None:
        raise FencedError(f"{fence.sync_id} is no longer this worker's")


async def update_progress(conn: Writer, fence: Fence, values: Mapping[str, Any]) -> None:
    """Raises FencedError."""
    await _update_fenced(conn, fence, values)


async def end_sync(
    conn: Writer, fence: Fence, *, status: str, message: str, error: str | None, progress: int
) -> None:
    """The last write of a sync. Raises FencedError when it was cancelled before."""
    await _update_fenced(
        conn,
        fence,
        {
            "status": status,
            "message": message,
            "error": error,
            "progress": progress,
            "completed_at": func.clock_timestamp(),
            "estimated_completion": None,
            "owner": None,
            "lease_expires_at": None,
        },
    )


async def update_stream(
    conn: Writer, sync_id: SyncId, name: str, values: Mapping[str, Any]
) -> None:
    """Change a stream's row; the caller holds the fence in the same transaction."""
    await conn.execute(
        update(sync_stream)
        .where(sync_stream.c.sync_id == sync_id, sync_stream.c.name == name)
        .values(**values)
    )


async def count_page(
    conn: Writer,
    sync_id: SyncId,
    name: str,
    *,
    read: int,
    loaded: int,
    quarantined: int,
    expected_rows: int | None,
) -> None:
    """Add a page to a stream's counts. Every transaction that locks a row here and the sync's own
    row locks this one first, so that none waits for another in a circle.
    """
    s = sync_stream.c
    await update_stream(
        conn,
        sync_id,
        name,
        {
            "pages": s.pages + 1,
            "expected_rows": expected_rows,
            "rows_read": s.rows_read + read,
            "rows": s.rows + loaded,
            "rows_quarantined": s.rows_quarantined + quarantined,
            "rows_unchanged": s.rows_unchanged + read - loaded - quarantined,
        },
    )


async def list_orphaned_syncs(conn: Reader) -> list[SyncId]:
    """Running syncs that nobody works on, for long enough that a queued job is not on its way."""
    rows = await conn.execute(
        select(_p.sync_id).where(
            _p.status == ACTIVE,
            or_(
                _p.lease_expires_at < func.now(),
                _p.owner.is_(None) & (_p.started_at < func.now() - timedelta(seconds=5)),
            ),
        )
    )
    return [SyncId(row.sync_id) for row in rows]


async def _update_fenced(conn: Writer, fence: Fence, values: Mapping[str, Any]) -> None:
    result = await conn.execute(
        update(sync_progress)
        .where(_p.sync_id == fence.sync_id, _p.attempt == fence.attempt, _p.status == ACTIVE)
        .values(**values)
    )
    if result.rowcount == 0:
        raise FencedError(f"{fence.sync_id} is no longer this worker's")
