"""A sync as frontends see it (contract: status body and history entry). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from recoup.clock import to_rfc3339
from recoup.sync.queries import StreamRow, SyncRow


def status_body(sync: SyncRow) -> dict[str, Any]:
    """The body of GET /api/sync/status/{syncId} and the data of its events."""
    return {
        "syncId": sync.sync_id,
        "status": sync.status,
        "progress": sync.progress,
        "message": sync.message,
        "startedAt": to_rfc3339(sync.started_at),
        "completedAt": _time(sync.completed_at),
        "estimatedCompletion": _time(sync.estimated_completion),
        "ordersProcessed": sync.orders_processed,
        "totalOrders": sync.total_orders,
        "claimsDetected": sync.claims_detected,
        "duration": duration_seconds(sync),
        "error": sync.error,
        "connectionId": sync.connection_id,
        "attempt": sync.attempt,
        "streams": [_stream_body(sync, stream) for stream in sync.streams],
    }


def history_entry(sync: SyncRow) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "syncId": sync.sync_id,
        "connectionId": sync.connection_id,
        "status": sync.status,
        "startedAt": to_rfc3339(sync.started_at),
        "completedAt": _time(sync.completed_at),
        "ordersProcessed": sync.orders_processed,
        "claimsDetected": sync.claims_detected,
        "duration": duration_seconds(sync),
    }
    if sync.error is not None:
        entry["error"] = sync.error
    return entry


def duration_seconds(sync: SyncRow) -> float | None:
    """From start to end, waiting in the queue included; None while it runs."""
    if sync.completed_at is None:
        return None
    return round((sync.completed_at - sync.started_at).total_seconds(), 3)


def _stream_body(sync: SyncRow, stream: StreamRow) -> dict[str, Any]:
    # A cancel ends the sync's own row only; what its streams were doing ended with it.
    unfinished = stream.status in {"pending", "in_progress"}
    status = "cancelled" if sync.status == "cancelled" and unfinished else stream.status
    return {
        "name": stream.name,
        "status": status,
        "rows": stream.rows,
        "expectedRows": stream.expected_rows,
        "rowsQuarantined": stream.rows_quarantined,
        "startedAt": _time(stream.started_at),
        "completedAt": _time(stream.completed_at),
        "error": stream.error,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_rfc3339(moment)
