"""A report request in the ledger, and the time that Amazon needs for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from recoup.ids import ConnectionId, SyncId
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams._window import Window
from recoup.sync.record.states import RequestStatus

ANY_REPORT = ""
"""In place of a report type: over all types."""

_STATUSES = {
    ProcessingStatus.IN_QUEUE: RequestStatus.IN_QUEUE,
    ProcessingStatus.IN_PROGRESS: RequestStatus.IN_PROGRESS,
    ProcessingStatus.DONE: RequestStatus.DONE,
    ProcessingStatus.CANCELLED: RequestStatus.CANCELLED,
    ProcessingStatus.FATAL: RequestStatus.FATAL,
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """One report of one scope of a stream.

    `window`: the part of the cursor it covers, None for a snapshot; `asked`: the times that are
    sent. `tries`: how often this window was requested.
    """

    request_id: int
    connection_id: ConnectionId
    stream: str
    scope: str
    report_type: str
    marketplace_ids: tuple[str, ...]
    options: Mapping[str, str] = field(hash=False)
    window: Window | None
    asked: Window | None
    status: str
    report_id: str | None
    document_id: str | None
    adopted: bool
    tries: int
    ask_at: datetime | None
    intended_at: datetime
    report_created_at: datetime | None
    sync_id: SyncId
    remark: str | None

    @property
    def made_at(self) -> datetime:
        """When Amazon began to make it, as far as known."""
        return self.report_created_at or self.intended_at

    @property
    def source(self) -> str:
        """The `source` of its rows."""
        return f"{self.report_type} {self.report_id} {self.document_id}"


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A new entry: a report to request, or an `adopted` one that was found at Amazon."""

    connection_id: ConnectionId
    stream: str
    scope: str
    report_type: str
    marketplace_ids: Sequence[str]
    options: Mapping[str, str] = field(hash=False)
    window: Window | None
    asked: Window | None
    intended_at: datetime
    sync_id: SyncId
    ask_at: datetime | None = None
    tries: int = 1
    adopted: bool = False


class Changes(TypedDict, total=False):
    """Columns of an entry of the ledger that change during its life."""

    status: str
    marketplace_ids: Sequence[str]
    report_id: str
    document_id: str | None
    report_created_at: datetime
    report_ended_at: datetime | None
    remark: str | None
    charset: str
    unknown_columns: Sequence[str] | None
    rows_read: int
    rows: int
    rows_unchanged: int
    rows_quarantined: int
    shrunk: bool
    size_bytes: int


def state_of(report: AmazonReport) -> Changes:
    """The state of a report at Amazon."""
    return {
        "status": _STATUSES[report.status],
        "report_id": report.report_id,
        "document_id": report.document_id,
        "report_created_at": report.created_at,
        "report_ended_at": report.ended_at,
    }


@dataclass(frozen=True, slots=True)
class ReportTimes:
    """The time that Amazon needed for reports of one type, in seconds, over `count` reports."""

    p50_seconds: float
    p90_seconds: float
    p95_seconds: float
    count: int
