"""What the client returns. A field that a newer server adds is kept, under its name in the API.

Words such as a status are text here: a server may know more of them than this client.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from recoup.body import Amount, CamelModel, Money, Timestamp

__all__ = [
    "Claim",
    "ClaimDetail",
    "ClaimPage",
    "Connection",
    "Coverage",
    "Event",
    "Evidence",
    "EvidenceNumbers",
    "EvidenceRow",
    "MedianMoney",
    "Money",
    "Page",
    "SettledEntry",
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
    retry_at: Timestamp | None = None
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


class EvidencePart(BaseModel):
    """A part of evidence. Its own names stay as they are, and so does what this client does not know."""

    model_config = ConfigDict(extra="allow")

    @property
    def values(self) -> dict[str, Any]:
        """What else it holds, by name: texts, numbers, yes or no; dates and decimals are texts."""
        return dict(self.model_extra or {})

    @model_serializer(mode="wrap")
    def _as_sent(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if name in self.model_fields_set}


class EvidenceRow(EvidencePart):
    """A row that Amazon sent, where to find it, and in `values` the cells of it that count."""

    table: str
    source: str | None = None
    source_line: int | None = None


class MedianMoney(EvidencePart):
    """What Amazon usually pays for one unit, for a claim whose worth is not known."""

    amount: Amount
    currency: str
    payments: int


class EvidenceNumbers(EvidencePart):
    """In `values` what was counted and compared; each claim type has its own names."""

    median_paid_per_unit: MedianMoney | None = None


class SettledEntry(EvidencePart):
    """What took units off the event. reference: the key of the source row; units: None is not known."""

    by: str
    reference: Any = None
    units: int | None = None
    why: str = ""


class Evidence(EvidencePart):
    """What proves a claim: its source rows, the deciding ones first (docs/api.md#recoveries)."""

    rows: list[EvidenceRow] = []
    numbers: EvidenceNumbers = EvidenceNumbers()
    notes: list[str] = []
    settled: list[SettledEntry] | None = None
    possible_payments: list[EvidenceRow] | None = None


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
    evidence: Evidence | None
    connection_id: str
    detected_at: Timestamp


class ClaimDetail(Claim):
    evidence: Evidence
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
