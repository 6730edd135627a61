"""Queries about syncs, and their creation; their end is in `end_queries`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, insert as plain_insert, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from recoup.db.engine import Reader, Writer
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.notes.note import Note, note_of
from recoup.notes.queries import list_notes
from recoup.sync.record.states import ACTIVE, StreamStatus, SyncStatus
from recoup.sync.record.tables import sync_progress, sync_stream

_p = sync_progress.c


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream of one sync. `rows` are new or changed; `expected_rows` may be an estimate."""

    name: str
    status: StreamStatus
    rows: int
    rows_read: int
    rows_quarantined: int
    pages: int
    expected_rows: int | None
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    waiting_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncRow:
    sync_id: SyncId
    workspace_id: WorkspaceId
    connection_id: ConnectionId
    status: SyncStatus
    progress: int
    message: str
    started_at: datetime
    completed_at: datetime | None
    estimated_completion: datetime | None
    orders_processed: int
    total_orders: int | None
    claims_detected: int
    error: str | None
    attempt: int
    retry_at: datetime | None = None
    streams: tuple[StreamRow, ...] = ()
    notes: tuple[Note, ...] = ()


async def insert_sync(
    conn: Writer,
    *,
    sync_id: SyncId,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId,
    trigger: str,
    idempotency_key: str | None,
    message: str,
    stream_names: Sequence[str],
) -> bool:
    """False if the database refuses: another one is active, or the key or the id is used."""
    result = await conn.execute(
        insert(sync_progress)
        .values(
            sync_id=sync_id,
            workspace_id=workspace_id,
            connection_id=connection_id,
            trigger=trigger,
            idempotency_key=idempotency_key,
            status=ACTIVE,
            progress=0,
            message=message,
        )
        .on_conflict_do_nothing()
        .returning(_p.sync_id)
    )
    if result.one_or_none() is None:
        return False
    await conn.execute(
        plain_insert(sync_stream),
        [
            {"sync_id": sync_id, "name": name, "status": StreamStatus.PENDING}
            for name in stream_names
        ],
    )
    return True


async def find_sync_by_key(
    conn: Reader, workspace_id: WorkspaceId, idempotency_key: str
) -> SyncRow | None:
    return await _find(conn, _p.workspace_id == workspace_id, _p.idempotency_key == idempotency_key)


async def find_active_sync(conn: Reader, connection_id: ConnectionId) -> SyncRow | None:
    """The running sync of a connection. Uses sync_progress_active_key."""
    return await _find(conn, _p.connection_id == connection_id, _p.status == ACTIVE)


async def get_sync(conn: Reader, workspace_id: WorkspaceId, sync_id: SyncId) -> SyncRow:
    """Raises NotFoundError, also if the sync belongs to another user."""
    row = await _find(conn, _p.workspace_id == workspace_id, _p.sync_id == sync_id)
    if row is None:
        raise NotFoundError("There is no such sync.", listed_by="sync history")
    return row


async def read_sync(conn: Reader, sync_id: SyncId) -> SyncRow:
    """For the worker, which acts for all users. Raises NotFoundError."""
    row = await _find(conn, _p.sync_id == sync_id)
    if row is None:
        raise NotFoundError("There is no such sync.", listed_by="sync history")
    return row


async def find_status(conn: Reader, sync_id: SyncId) -> SyncStatus | None:
    """None for a sync that was deleted with its connection."""
    found = await conn.execute(select(_p.status).where(_p.sync_id == sync_id))
    status = found.scalar_one_or_none()
    return None if status is None else SyncStatus(status)


async def list_active_syncs(conn: Reader, workspace_id: WorkspaceId) -> list[SyncRow]:
    """Newest first."""
    return await _list(conn, _p.workspace_id == workspace_id, _p.status == ACTIVE, limit=1000)


async def list_newest_syncs(conn: Reader, workspace_id: WorkspaceId) -> list[SyncRow]:
    """The newest sync of each connection, running or ended; the newest of them first."""
    newest = (
        select(_p.sync_id)
        .where(_p.workspace_id == workspace_id)
        .order_by(_p.connection_id, _p.started_at.desc(), _p.sync_id.desc())
        .ext(distinct_on(_p.connection_id))
    )
    return await _list(conn, _p.sync_id.in_(newest), limit=1000)


async def list_active_ids(conn: Reader, sync_ids: Sequence[SyncId]) -> set[SyncId]:
    """The syncs among these that are running."""
    rows = await conn.execute(
        select(_p.sync_id).where(_p.sync_id.in_(sync_ids), _p.status == ACTIVE)
    )
    return {SyncId(row.sync_id) for row in rows}


async def find_last_sync(conn: Reader, workspace_id: WorkspaceId) -> SyncRow | None:
    """The newest sync that has ended."""
    found = await _list(conn, _p.workspace_id == workspace_id, _p.status != ACTIVE, limit=1)
    return found[0] if found else None


async def find_newest_sync(
    conn: Reader, workspace_id: WorkspaceId, connection_id: ConnectionId | None = None
) -> SyncRow | None:
    """The user's newest sync, running or ended; of one connection if given."""
    conditions = [_p.workspace_id == workspace_id]
    if connection_id is not None:
        conditions.append(_p.connection_id == connection_id)
    return await _find(conn, *conditions)


async def list_history(
    conn: Reader,
    workspace_id: WorkspaceId,
    *,
    limit: int,
    offset: int = 0,
    connection_id: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[list[SyncRow], int]:
    """A page of the user's syncs, of one connection or all, newest first, and their total number."""
    conditions: list[ColumnElement[bool]] = [_p.workspace_id == workspace_id]
    if connection_id is not None:
        conditions.append(_p.connection_id == connection_id)
    if status is not None:
        conditions.append(_p.status == status)
    if since is not None:
        conditions.append(_p.started_at >= since)
    if until is not None:
        conditions.append(_p.started_at < until)
    total = await conn.execute(select(func.count()).select_from(sync_progress).where(*conditions))
    rows = await _list(conn, *conditions, limit=limit, offset=offset)
    return rows, int(total.scalar_one())


async def count_syncs_by_status(conn: Reader) -> dict[str, int]:
    """Counts the syncs of all users, for the metrics."""
    rows = await conn.execute(select(_p.status, func.count()).group_by(_p.status))
    return {row[0]: row[1] for row in rows}


async def _find(conn: Reader, *conditions: ColumnElement[bool]) -> SyncRow | None:
    found = await _list(conn, *conditions, limit=1)
    return found[0] if found else None


async def _list(
    conn: Reader, *conditions: ColumnElement[bool], limit: int, offset: int = 0
) -> list[SyncRow]:
    rows = (
        await conn.execute(
            select(sync_progress)
            .where(*conditions)
            .order_by(_p.started_at.desc(), _p.sync_id.desc())
            .limit(limit)
            .offset(offset)
        )
    ).all()
    streams = await _streams_of(conn, [row.sync_id for row in rows])
    return [_sync(row, streams.get(row.sync_id, ()), await _notes_of(conn, row)) for row in rows]


async def _notes_of(conn: Reader, row: Row[Any]) -> tuple[Note, ...]:
    """The current notes; for an ended sync, those at its end."""
    if row.notes is not None:
        return tuple(note_of(one) for one in row.notes)
    if row.status != ACTIVE:
        return ()
    return tuple(await list_notes(conn, ConnectionId(row.connection_id)))


async def _streams_of(conn: Reader, sync_ids: Sequence[str]) -> dict[str, tuple[StreamRow, ...]]:
    """All streams of all these syncs in one query."""
    if not sync_ids:
        return {}
    s = sync_stream.c
    found: dict[str, tuple[StreamRow, ...]] = {}
    rows = await conn.execute(
        select(sync_stream)
        .where(s.sync_id.in_(sync_ids))
        .order_by(s.sync_id, case((s.name == "orders", 0), else_=1), s.name)
    )
    for row in rows:
        found[row.sync_id] = (*found.get(row.sync_id, ()), _stream(row))
    return found


def _stream(row: Row[Any]) -> StreamRow:
    return StreamRow(
        name=row.name,
        status=StreamStatus(row.status),
        rows=row.rows,
        rows_read=row.rows_read,
        rows_quarantined=row.rows_quarantined,
        pages=row.pages,
        expected_rows=row.expected_rows,
        error=row.error,
        started_at=row.started_at,
        completed_at=row.completed_at,
        waiting_until=row.waiting_until,
    )


def _sync(row: Row[Any], streams: tuple[StreamRow, ...], notes: tuple[Note, ...]) -> SyncRow:
    return SyncRow(
        sync_id=SyncId(row.sync_id),
        workspace_id=WorkspaceId(row.workspace_id),
        connection_id=ConnectionId(row.connection_id),
        status=SyncStatus(row.status),
        progress=row.progress,
        message=row.message,
        started_at=row.started_at,
        completed_at=row.completed_at,
        estimated_completion=row.estimated_completion,
        orders_processed=row.orders_processed,
        total_orders=row.total_orders,
        claims_detected=row.claims_detected,
        error=row.error,
        attempt=row.attempt,
        retry_at=row.retry_at,
        streams=streams,
        notes=notes,
    )
