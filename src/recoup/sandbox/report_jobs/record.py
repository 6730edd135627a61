"""A requested report and its state. Source: docs/amazon.md#reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from recoup.sandbox.world.instants import Instant

RETENTION = timedelta(days=90)
ORDERS_RETENTION = timedelta(days=30)


class Outcome(Enum):
    """How a report ends; LOST ones never do."""

    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"
    LOST = "LOST"


@dataclass(frozen=True)
class ReportRecord:
    """One report of a seller; its whole course is determined when it is created.

    The data is that of [since, until), seen at `edge`, the end of the world's events at that
    time. `explanation` is what the document of a FATAL report says. A report that began to be
    made and was not `stopped_at` before then takes its course.
    """

    report_id: str
    report_type: str
    marketplace_ids: tuple[str, ...]
    since: Instant
    until: Instant
    edge: Instant
    created_at: datetime
    begins_at: datetime
    ends_at: datetime
    outcome: Outcome
    document_id: str
    options: Mapping[str, str] = field(default_factory=dict)
    explanation: str = ""
    schedule_id: str | None = None
    stopped_at: datetime | None = None
    pull: int = 0
    """The number of similar reports requested before: same type, times that overlap by half."""
    hidden: bool = False
    """A lost report that getReport does not know; the others stay in the queue."""

    def status(self, now: datetime) -> str:
        if self.stopped_at is not None:
            return "CANCELLED"
        if now < self.begins_at or self.outcome is Outcome.LOST:
            return "IN_QUEUE"
        return "IN_PROGRESS" if now < self.ends_at else self.outcome.value

    def has_document(self, now: datetime) -> bool:
        return self.status(now) in {"DONE", "FATAL"}
