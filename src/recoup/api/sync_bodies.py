"""Bodies of the sync routes (docs/api.md#poll)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recoup.api.parameters import OptionalIdentifier, RequestModel
from recoup.body import CamelModel, Timestamp
from recoup.notes.note import ConnectionNoteBody
from recoup.sync.planning.body import PlanBody
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import HistoryEntry, StatusBody


class StartBody(RequestModel):
    connection_id: OptionalIdentifier = Field(
        default=None, description="Required only if there are several Amazon connections."
    )


class StartedBody(CamelModel):
    sync_id: str
    status: Literal[SyncStatus.IN_PROGRESS] = SyncStatus.IN_PROGRESS
    message: str = "Sync started successfully"


class PlannedStatusBody(StatusBody):
    plan: PlanBody | None = Field(description="Null until a worker has planned the sync.")


class OverviewBody(CamelModel):
    has_active_sync: bool
    active_sync: StatusBody | None
    last_sync: StatusBody | None
    next_scheduled_sync: Timestamp | None
    syncs: list[StatusBody] = Field(
        description="The newest sync of each connection, running or ended."
    )
    notes: list[ConnectionNoteBody] = Field(
        description="Current notes of all connections; a sync's own notes are those at its end."
    )


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
