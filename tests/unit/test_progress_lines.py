"""The lines about a sync, whether its status came from the database or through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recoup.cli.progress import stream_table
from recoup.sync.record.states import StreamStatus, SyncStatus
from recoup.sync.record.status import StatusBody, StreamBody

STARTED = datetime(2026, 11, 30, 9, 34, 10, 999, tzinfo=UTC)


def test_a_duration_is_the_same_from_both_sides() -> None:
    """The database has microseconds, the API milliseconds: 3.349 s on one side, 3.350 s on the other."""
    stored = status(completed_at=STARTED + timedelta(seconds=3, microseconds=349_001))
    sent = StatusBody.model_validate(stored.document())

    assert stream_table(sent) == stream_table(stored)
    assert stream_table(sent)[-1].split() == ["orders", "5", "3.4", "complete"]


def status(completed_at: datetime) -> StatusBody:
    stream = StreamBody(
        name="orders",
        status=StreamStatus.COMPLETE,
        reason=None,
        waiting_until=None,
        rows=5,
        expected_rows=5,
        rows_quarantined=0,
        started_at=STARTED,
        completed_at=completed_at,
        error=None,
        notes=[],
    )
    return StatusBody(
        sync_id="sync_1",
        status=SyncStatus.COMPLETE,
        progress=100,
        message="Sync completed successfully",
        started_at=STARTED,
        completed_at=completed_at,
        estimated_completion=None,
        orders_processed=5,
        total_orders=5,
        claims_detected=0,
        duration=3.349,
        error=None,
        connection_id="conn_1",
        attempt=1,
        streams=[stream],
        notes=[],
    )
