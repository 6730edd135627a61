"""What the client returns. A field that a newer server adds is kept, under its name in the API.

Words such as a status are text here: a server may know more of them than this client.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from recoup.body import CamelModel, Money, Timestamp

__all__ = [
    "Claim",
    "ClaimDetail",
    "ClaimPage",
    "Connection",
    "Coverage",
    "Event",
    "Money",
    "Page",
    "Sync",
]

IN_PROGRESS = "in_progress"


class Answer(CamelModel):
    model_config = ConfigDict(extra="allow")


class Note(Answer):
    stream: str
    scope: str
    code: str
    subject: str
    message: str
    since: Timestamp | None


class StreamOfSync(Answer):
    name: str
    status: str
    reason: str | None
    waiting_until: Timestamp | None
    rows: int
    expected_rows: int | None
    rows_quarantined: int
    error: str | None
    notes: list[Note]


class Sync(Answer):
    """The state of a sync (docs/api.md#poll)."""

    sync_id: str
    status: str
    progress: int
    message: str
    started_at: Timestamp
    completed_at: Timestamp | None
    estimated_completion: Timestamp | None
    orders_processed: int
    total_orders: int | None
    claims_detected: int
    duration: float | None
    error: str | None
    connection_id: str
    attempt: int
    streams: list[StreamOfSync]
    notes: list[Note]

    @property
    def is_running(self) -> bool:
        return self.status == IN_PROGRESS


class SyncEntry(Answer):
    """A sync in the history."""

    sync_id: str
    connection_id: str
    status: str
    started_at: Timestamp
    completed_at: Timestamp | None
    orders_processed: int
    claims_detected: int
    duration: float | None
    error: str | None = None


class Connection(Answer):
    connection_id: str
    selling_partner_id: str
    region: str
    marketplace_ids: list[str]
    environment: str
    status: str
    reason: str | None
    authorized_at: Timestamp
    last_sync_at: Timestamp | None


class ConfidencePart(Answer):
    part: str
    change: float
    why: str


class Claim(Answer):
    """What Amazon owes for an event (docs/api.md#recoveries)."""

    claim_id: str
    type: str
    title: str
    status: str
    window_state: str
    review: str
    confidence: float
    confidence_parts: list[ConfidencePart]
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    quantity: int
    amount: Money | None
    amount_basis: str | None
    amount_missing: str | None
    event_date: date
    fileable_from: date | None
    deadline: date | None
    days_left: int | None
    case_id: str | None
    note: str | None
    reason: str
    key: dict[str, Any]
    evidence: dict[str, Any] | None
    connection_id: str
    detected_at: Timestamp


class ClaimDetail(Claim):
    possible_steps: list[str]
    history: list[dict[str, Any]]
    allocation: list[dict[str, Any]]
    policy: dict[str, Any]
    documents: list[str]


class CurrencyTotal(Money):
    claim_count: int


class Totals(Answer):
    claim_count: int
    unvalued_count: int
    by_currency: list[CurrencyTotal]


class SelectionTotals(Totals):
    owed: Totals


class ClaimPage(Answer):
    items: list[Claim]
    next_cursor: str | None
    totals: SelectionTotals
    notes: list[Note]


class Hole(Answer):
    since: Timestamp | None = Field(alias="from")
    until: Timestamp | None = Field(alias="to")
    reason: str


class CoveredStream(Answer):
    name: str
    marketplace_id: str | None
    since: Timestamp | None = Field(alias="from")
    until: Timestamp | None = Field(alias="to")
    holes: list[Hole]
    as_of: Timestamp | None
    rows: int | None


class Coverage(Answer):
    connection_id: str
    streams: list[CoveredStream]


class Page(Answer):
    """Rows of a list, as the API sends them."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the workspace. `id` is the place to resume from."""

    id: str
    type: str
    data: dict[str, Any]
