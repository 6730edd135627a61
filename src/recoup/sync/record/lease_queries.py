"""The lease of a sync: taken, renewed and released, and the fence of every write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update

from recoup.db.engine import Reader, Writer
from recoup.errors import FencedError
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.sync.record.states import ACTIVE
from recoup.sync.record.tables import sync_progress

LEASE = timedelta(seconds=15)
HEARTBEAT = timedelta(seconds=4)

_p = sync_progress.c


@dataclass(frozen=True, slots=True)
class Fence:
    """The right to write for a sync: valid as long as the row names this attempt."""

    sync_id: SyncId
    attempt: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that a worker has taken."""

    fence: Fence
    workspace_id: WorkspaceId
    connection_id: ConnectionId
    progress: int


async def take_lease(conn: Writer, sync_id: SyncId, owner: str) -> Lease | None:
    """Makes the caller the worker of a sync. None if it has ended or somebody holds the lease."""
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
            .returning(_p.attempt, _p.workspace_id, _p.connection_id, _p.progress)
        )
    ).one_or_none()
    if row is None:
        return None
    return Lease(
        fence=Fence(sync_id, row.attempt),
        workspace_id=WorkspaceId(row.workspace_id),
        connection_id=ConnectionId(row.connection_id),
        progress=row.progress,
    )


async def renew_lease(conn: Writer, fence: Fence) -> None:
    """Raises FencedError if the sync has ended or another attempt has begun."""
    await update_fenced(conn, fence, {"lease_expires_at": func.clock_timestamp() + LEASE})


async def release_lease(conn: Writer, fence: Fence) -> None:
    """Lets another worker continue at once. Raises FencedError if the lease was no longer ours."""
    await update_fenced(conn, fence, {"owner": None, "lease_expires_at": None})


async def hold_fence(conn: Writer, fence: Fence) -> None:
    """Makes the commit of this transaction depend on the attempt. Call it last: it locks the row.

    Raises FencedError when the sync was cancelled, has ended or has another worker now.
    """
    held = await conn.execute(
        select(_p.sync_id)
        .where(_p.sync_id == fence.sync_id, _p.attempt == fence.attempt, _p.status == ACTIVE)
        .with_for_update(read=True)
    )
    if held.one_or_none() is None:
        raise FencedError(f"{fence.sync_id} no longer belongs to this worker")


async def update_fenced(conn: Writer, fence: Fence, values: Mapping[str, object]) -> None:
    """Changes the row of a sync for this attempt. Raises FencedError."""
    result = await conn.execute(
        update(sync_progress)
        .where(_p.sync_id == fence.sync_id, _p.attempt == fence.attempt, _p.status == ACTIVE)
        .values(**values)
    )
    if result.rowcount == 0:
        raise FencedError(f"{fence.sync_id} no longer belongs to this worker")


async def list_orphaned_syncs(conn: Reader) -> list[SyncId]:
    """Lists running syncs without a worker for longer than a queued job needs to start."""
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
