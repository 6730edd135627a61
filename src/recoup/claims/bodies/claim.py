"""The body of a claim for the API, the command line, exports and events: defined only here. Pure.

A field of `ClaimBody` that is a column of `claim` has the column's name and is taken from the row as
it is. The fields' order is that of the columns of a spreadsheet; a new one comes last, so that the
files of people who count columns stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from recoup.body import MONEY_COLUMNS, NO_COLUMN, CamelModel, Columns, Money, Share, Timestamp
from recoup.claims.bodies.policy import PolicyBody, policy_body
from recoup.claims.bodies.totals import SelectionTotals, plain_money
from recoup.claims.lifecycle import Review, Status, WindowState, possible_steps
from recoup.claims.reading.past import AllocationRow, HistoryRow
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import ClaimType
from recoup.claims.rules import all_rules
from recoup.notes.note import ConnectionNoteBody


def _source_rows(evidence: Mapping[str, Any] | None) -> Sequence[object]:
    """Formats source rows as `GET_LEDGER_DETAIL_VIEW_DATA 123 doc line 7; ...`, traceable."""
    rows: Iterable[Mapping[str, Any]] = (evidence or {}).get("rows", ())
    return (
        "; ".join(
            f"{row.get('source') or row.get('table') or ''}"
            + (f" line {row['source_line']}" if row.get("source_line") is not None else "")
            for row in rows
        ),
    )


class ConfidencePart(CamelModel):
    part: str
    change: float = Field(description="The base, or what is added to it; all sum to confidence.")
    why: str


class ClaimBody(CamelModel):
    claim_id: str
    type: ClaimType
    title: Annotated[str, NO_COLUMN] = Field(description="The type in words.")
    status: Status
    window_state: WindowState
    review: Review
    confidence: Share
    confidence_parts: Annotated[list[ConfidencePart], NO_COLUMN] = Field(
        description="The base, then what changes it."
    )
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    quantity: int
    amount: Annotated[Money | None, MONEY_COLUMNS] = Field(
        description="Null where it cannot be known; see amountMissing."
    )
    amount_basis: str | None
    amount_missing: str | None = Field(description="Why there is no amount.")
    event_date: date
    fileable_from: date | None
    deadline: date | None = Field(description="The last safe filing day, marketplace-local.")
    days_left: int | None = Field(description="0 on the last safe day, negative after it.")
    window_note: str | None
    case_id: str | None
    note: str | None
    reason: str
    key: dict[str, Any] = Field(description="The natural key of the event.")
    evidence: Annotated[dict[str, Any] | None, Columns(("evidenceRows",), _source_rows)] = Field(
        description="Null in a list that was requested without it."
    )
    connection_id: str
    policy_version: str
    rule_version: int
    as_of: Annotated[date, NO_COLUMN]
    detected_at: Timestamp
    confirmed_at: Annotated[Timestamp, NO_COLUMN]
    sync_id: Annotated[str | None, NO_COLUMN]
    arrived: Annotated[bool | None, NO_COLUMN]
    filed_at: Timestamp | None


class ClaimHistoryEntry(CamelModel):
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


class ClaimDetail(ClaimBody):
    evidence: dict[str, Any]
    possible_steps: list[Status] = Field(description="What PATCH may set `status` to.")
    history: list[ClaimHistoryEntry]
    allocation: list[Allocation] = Field(description="What settled units of the same event.")
    policy: PolicyBody
    documents: list[str] = Field(description="What a person must still attach.")


class ClaimList(CamelModel):
    items: list[ClaimBody]
    totals: SelectionTotals
    notes: list[ConnectionNoteBody] = Field(
        description="Claim rules that wait for data: there may be claims that nobody looked for."
    )


def claim_body(row: ClaimRow) -> ClaimBody:
    """One entry of GET /api/recoveries."""
    return ClaimBody(**_fields(row))


def claim_detail(
    row: ClaimRow, history: Iterable[HistoryRow], allocations: Iterable[AllocationRow]
) -> ClaimDetail:
    """GET /api/recoveries/{claimId}: the claim, its history, its sources and what settled units."""
    rule = {rule.type: rule for rule in all_rules()}.get(row.type)
    return ClaimDetail(
        **_fields(row),
        possible_steps=list(possible_steps(row.status)),
        history=[ClaimHistoryEntry.model_validate(one, from_attributes=True) for one in history],
        allocation=[Allocation.model_validate(one, from_attributes=True) for one in allocations],
        policy=policy_body(row, rule),
        documents=[] if rule is None else list(rule.documents),
    )


def title_of(claim_type: ClaimType) -> str:
    """The title of a claim type."""
    titles = {rule.type: rule.title for rule in all_rules()}
    return titles.get(claim_type, claim_type.replace("_", " ").capitalize())


def _fields(row: ClaimRow) -> dict[str, Any]:
    """The values of `ClaimBody`: columns of the row and values computed from them."""
    worked_out = {
        "title": title_of(row.type),
        "amount": plain_money(row.amount, row.currency),
        "confidence": float(row.confidence),
        "event_date": row.event_on,
    }
    stored = (name for name in ClaimBody.model_fields if name not in worked_out)
    return {name: getattr(row, name) for name in stored} | worked_out
