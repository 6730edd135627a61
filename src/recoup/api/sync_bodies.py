"""Bodies of the sync routes (contract, section 3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from recoup.api.fields import Timestamp
from recoup.api.parameters import CamelModel, OptionalIdentifier


class SyncState(StrEnum):
    """`idle` is no sync yet; it is never the state of a sync."""

    IDLE = "idle"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StartBody(CamelModel):
    connection_id: OptionalIdentifier = Field(
        default=None, description="Needed only with several Amazon connections."
    )


class StartedBody(CamelModel):
    sync_id: str
    status: Literal["in_progress"] = "in_progress"
    message: str = "Sync started successfully"


class StreamBody(CamelModel):
    name: str
    status: Literal["pending", "in_progress", "complete", "failed", "cancelled"]
    rows: int = Field(description="Rows that are new or changed.")
    expected_rows: int | None = Field(description="An estimate until the stream is complete.")
    rows_quarantined: int
    started_at: Timestamp | None
    completed_at: Timestamp | None
    error: str | None


class StatusBody(CamelModel):
    sync_id: str
    status: SyncState
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
    streams: list[StreamBody]


class StepBody(CamelModel):
    stream: str
    scope: str = Field(description="A marketplace, or empty for the whole region.")
    source: Literal["api", "report"]
    since: Timestamp | None = Field(alias="from", description="Null: all that there is now.")
    until: Timestamp | None = Field(alias="to")
    calls: dict[str, int] = Field(description="Calls foreseen, by operation.")
    rows: int = Field(description="Rows foreseen; once it has ended, those that were read.")
    predicted_seconds: float
    actual_seconds: float | None
    given_up: bool = Field(description="Ended early: the rest came from the other source.")
    reason: str


class RevisionBody(CamelModel):
    at: Timestamp
    stream: str | None
    reason: str
    predicted_seconds: float = Field(description="Of the whole sync, from its plan on.")


class PlanBody(CamelModel):
    steps: list[StepBody]
    predicted_seconds: float = Field(description="As first planned.")
    actual_seconds: float | None
    revisions: list[RevisionBody]


class PlannedStatusBody(StatusBody):
    plan: PlanBody | None = Field(description="Null until a worker has planned the sync.")


class OverviewBody(CamelModel):
    has_active_sync: bool
    active_sync: StatusBody | None
    last_sync: StatusBody | None
    next_scheduled_sync: Timestamp | None


class HistoryEntry(CamelModel):
    sync_id: str
    connection_id: str
    status: SyncState
    started_at: Timestamp
    completed_at: Timestamp | None
    orders_processed: int
    claims_detected: int
    duration: float | None = Field(description="Seconds from start to end.")
    error: str | None = Field(default=None, description="Only where it failed.")


class HistoryBody(CamelModel):
    syncs: list[HistoryEntry]
    total: int


class CancelledBody(CamelModel):
    ok: Literal[True] = True
    message: str = "Sync cancelled successfully"


class ActivityEntry(CamelModel):
    type: str
    timestamp: Timestamp
    message: str
    sync_id: str | None


class ActivityBody(CamelModel):
    activities: list[ActivityEntry]
