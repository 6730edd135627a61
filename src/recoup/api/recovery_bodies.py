"""Bodies of the recoveries (contract, section 3)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from recoup.api.data_bodies import Page
from recoup.api.fields import Amount, Money, Timestamp
from recoup.api.parameters import (
    TEXT_PATTERN,
    Blank,
    CamelModel,
    Cursor,
    Identifier,
    OptionalIdentifier,
)
from recoup.claims.lifecycle import Review, Status, WindowState
from recoup.claims.rule import ClaimType
from recoup.claims.sort_queries import Sort

Confidence = Annotated[float, Field(ge=0, le=1)]
OptionalDay = Annotated[date | None, Blank]


class SelectionQuery(CamelModel):
    """Which claims; all conditions must hold."""

    connection_id: OptionalIdentifier = None
    status: Annotated[Status | None, Blank] = None
    type: Annotated[ClaimType | None, Blank] = None
    window_state: Annotated[WindowState | None, Blank] = None
    min_confidence: Annotated[Confidence | None, Blank] = None
    expiring_within_days: Annotated[
        Annotated[int, Field(ge=0, le=3650)] | None,
        Blank,
        Field(description="The last safe day is today or at most so many days ahead."),
    ] = None
    sort: Sort = Sort.DETECTED_DOWN


class ClaimQuery(SelectionQuery):
    limit: int = Field(default=100, ge=1, le=500)
    cursor: Annotated[
        Annotated[str, StringConstraints(max_length=4000)] | None,
        Blank,
        Field(description="nextCursor of the page before, with the same filters and sort."),
    ] = None


class ClaimBody(CamelModel):
    claim_id: str
    type: ClaimType
    title: str = Field(description="The type in words.")
    key: dict[str, Any] = Field(description="The natural key of the event.")
    status: Status
    window_state: WindowState
    connection_id: str
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    quantity: int
    amount: Money | None = Field(description="Null where it cannot be known; see amountMissing.")
    amount_basis: str | None
    amount_missing: str | None = Field(description="Why there is no amount.")
    confidence: Confidence
    confidence_parts: list[dict[str, Any]] = Field(description="The base, then what changes it.")
    review: Review
    event_date: date
    fileable_from: date | None
    deadline: date | None = Field(description="The last safe filing day, marketplace-local.")
    window_note: str | None
    days_left: int | None = Field(description="0 on the last safe day, negative after it.")
    reason: str
    evidence: dict[str, Any]
    policy_version: str
    rule_version: int
    as_of: date
    detected_at: Timestamp
    confirmed_at: Timestamp
    sync_id: str | None
    case_id: str | None
    note: str | None
    arrived: bool | None
    filed_at: Timestamp | None


class HistoryEntry(CamelModel):
    at: Timestamp
    who: str = Field(description="An e-mail address, or `recoup`.")
    from_status: Status | None
    to_status: Status
    why: str
    changes: dict[str, Any]


class Allocation(CamelModel):
    by: str
    reference: Any
    units: int


class PolicyBody(CamelModel):
    """The row of the policy that the claim's days are counted by; nulls where none is known."""

    version: str
    rule: str | None = Field(description="Where the rule comes from.")
    window: str | None
    clock: str | None = Field(description="The event from which days are counted.")
    opens_after_days: int | None
    closes_after_days: int | None
    closes_after_months: int | None
    confidence: str | None = Field(description="How sure it is that this is Amazon's text today.")
    sources: list[str]
    note: str | None


class ClaimDetail(ClaimBody):
    possible_steps: list[Status] = Field(description="What PATCH may set `status` to.")
    history: list[HistoryEntry]
    allocation: list[Allocation] = Field(description="What settled units of the same event.")
    policy: PolicyBody
    documents: list[str] = Field(description="What a person must still attach.")


class CurrencyTotal(CamelModel):
    amount: Amount
    currency: str
    claim_count: int


class Totals(CamelModel):
    """The whole selection. Currencies are never added."""

    claim_count: int
    unvalued_count: int = Field(description="How many of them have no known amount.")
    by_currency: list[CurrencyTotal]


class ClaimPage(Page):
    items: list[ClaimBody]
    totals: Totals


class DecisionBody(CamelModel):
    status: Status | None = None
    case_id: Identifier | None = None
    note: Annotated[str, StringConstraints(max_length=2000, pattern=TEXT_PATTERN)] | None = None
    arrived: bool | None = Field(
        default=None, strict=True, description="Of a removal's parcel: whether it arrived."
    )


class Packet(CamelModel):
    claim: ClaimDetail
    notice: str
    subject: str
    text: str = Field(description="To paste into a case in Seller Central.")
    arithmetic: list[str]
    rows: list[dict[str, Any]] = Field(description="The source rows that prove it.")
    policy: PolicyBody
    documents: list[str]


class ExplainQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None
    order_id: OptionalIdentifier = None
    on: OptionalDay = Field(default=None, alias="date", description="The day of the event.")
    cursor: Cursor = None


class Candidate(CamelModel):
    connection_id: str
    type: ClaimType
    title: str
    key: dict[str, Any]
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    event_date: date
    units: int
    quantity: int = Field(description="Units still open; 0: all are settled.")
    settled: list[dict[str, Any]] = Field(description="What took units off, and why.")
    settled_in_words: list[str]
    suppressed: str | None = Field(description="Why open units are not shown as a claim.")
    reason: str
    claim_id: str | None
    status: Status | None


class Explanation(Page):
    items: list[Candidate]
    has_more: bool = Field(description="There are older events: nextCursor leads on.")


class TypeTotal(Totals):
    type: ClaimType


class Summary(Totals):
    """Claims that are pending, filed or approved."""

    total_amount: Amount = Field(description="Of the currency with the most claims.")
    currency: str | None
    by_type: list[TypeTotal]
    to_review_count: int = Field(description="Open claims below 0.50: not counted as money owed.")
    expired_count: int = Field(description="Detected claims whose window is over: not counted.")


class MonthBody(CamelModel):
    month: str = Field(description="UTC, `2026-11`.")
    detected: Totals
    approved: Totals


class CalibrationBody(CamelModel):
    """Outcomes of one rule's claims in one confidence band."""

    type: ClaimType
    band: Review
    approved: int
    paid: int
    rejected: int
    found: int
    withdrawn: int
    open: int
    confirmed_rate: float | None = Field(
        description="(approved + paid) / (approved + paid + rejected + found)."
    )


class MetricsBody(CamelModel):
    pending: Totals
    to_review: Totals
    expired: Totals
    filed: Totals
    approved: Totals
    rejected: Totals
    dismissed: Totals
    withdrawn: Totals
    success_rate: float | None = Field(description="approved / (approved + rejected).")
    by_month: list[MonthBody]
    calibration: list[CalibrationBody]
