"""The status of a sync: one definition for the API, its events and the command line. Pure."""

from __future__ import annotations

from pydantic import Field

from recoup.body import CamelModel, Timestamp
from recoup.notes.note import NoteBody, note_body
from recoup.sync.record.queries import StreamRow, SyncRow
from recoup.sync.record.states import UNFINISHED, StreamStatus, SyncStatus

_WITH_REASON = frozenset({StreamStatus.FAILED, StreamStatus.UNAVAILABLE})


class StreamBody(CamelModel):
    name: str
    status: StreamStatus
    reason: str | None = Field(description="Why it is unavailable or failed; else null.")
    waiting_until: Timestamp | None = Field(
        description="When it expects to go on, while it waits for a limit or a report of Amazon's."
    )
    rows: int = Field(description="Rows that are new or changed.")
    expected_rows: int | None = Field(description="An estimate until the stream is complete.")
    rows_quarantined: int
    started_at: Timestamp | None
    completed_at: Timestamp | None
    error: str | None = Field(description="Why it failed.")
    notes: list[NoteBody]


class StatusBody(CamelModel):
    sync_id: str
    status: SyncStatus
    progress: int = Field(ge=0, le=100)
    message: str
    started_at: Timestamp
    completed_at: Timestamp | None
    estimated_completion: Timestamp | None
    orders_processed: int
    total_orders: int | None
    claims_detected: int
    duration: float | None = Field(description="Seconds from start to end.")
    error: str | None
    connection_id: str
    attempt: int
    retry_at: Timestamp | None = None
    streams: list[StreamBody]
    notes: list[NoteBody]


class HistoryEntry(CamelModel):
    sync_id: str
    connection_id: str
    status: SyncStatus
    started_at: Timestamp
    completed_at: Timestamp | None
    orders_processed: int
    claims_detected: int
    duration: float | None = Field(description="Seconds from start to end.")
    error: str | None = Field(default=None, description="Only where it failed.")


def status_body(sync: SyncRow) -> StatusBody:
    """The body of GET /api/sync/status/{syncId} and the data of its events."""
    return StatusBody(
        sync_id=sync.sync_id,
        status=sync.status,
        progress=sync.progress,
        message=sync.message,
        started_at=sync.started_at,
        completed_at=sync.completed_at,
        estimated_completion=sync.estimated_completion,
        orders_processed=sync.orders_processed,
        total_orders=sync.total_orders,
        claims_detected=sync.claims_detected,
        duration=duration_seconds(sync),
        error=sync.error,
        connection_id=sync.connection_id,
        attempt=sync.attempt,
        retry_at=sync.retry_at,
        streams=[_stream_body(sync, stream) for stream in sync.streams],
        notes=[note_body(note) for note in sync.notes],
    )


def history_entry(sync: SyncRow) -> HistoryEntry:
    entry = HistoryEntry(
        sync_id=sync.sync_id,
        connection_id=sync.connection_id,
        status=sync.status,
        started_at=sync.started_at,
        completed_at=sync.completed_at,
        orders_processed=sync.orders_processed,
        claims_detected=sync.claims_detected,
        duration=duration_seconds(sync),
    )
    if sync.error is not None:
        # Set, so that it is included: fields that are not set are left out.
        entry.error = sync.error
    return entry


def duration_seconds(sync: SyncRow) -> float | None:
    """From start to end, including time in the queue; None while it runs."""
    if sync.completed_at is None:
        return None
    return round((sync.completed_at - sync.started_at).total_seconds(), 3)


def _stream_body(sync: SyncRow, stream: StreamRow) -> StreamBody:
    # A cancel ends the sync's own row only; what its streams were doing ended with it.
    is_cancelled = sync.status is SyncStatus.CANCELLED and stream.status in UNFINISHED
    status = StreamStatus.CANCELLED if is_cancelled else stream.status
    is_waiting = sync.status is SyncStatus.IN_PROGRESS and status is StreamStatus.IN_PROGRESS
    return StreamBody(
        name=stream.name,
        status=status,
        reason=stream.error if status in _WITH_REASON else None,
        waiting_until=stream.waiting_until if is_waiting else None,
        rows=stream.rows,
        expected_rows=stream.expected_rows,
        rows_quarantined=stream.rows_quarantined,
        started_at=stream.started_at,
        completed_at=stream.completed_at,
        error=stream.error if status is StreamStatus.FAILED else None,
        notes=[note_body(note) for note in sync.notes if note.stream == stream.name],
    )
