"""The body of a claim for the API, the command line, exports and events: defined only here. Pure.

A field of `ClaimBody` that is a column of `claim` has the column's name and is taken from the row as
it is. The fields' order is that of the columns of a spreadsheet; a new one comes last, so that the
files of people who count columns stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from recoup.body import (
    MONEY_COLUMNS,
    NO_COLUMN,
    CamelModel,
    Columns,
    Money,
    Share,
    Timestamp,
    money_columns,
)
from recoup.claims.answers import Reason
from recoup.claims.bodies.evidence import EvidenceDocument
from recoup.claims.bodies.policy import PolicyBody, policy_body
from recoup.claims.bodies.ready_text import KnownClaim, ReadyText, ready_texts
from recoup.claims.bodies.stage import (
    NextActionBody,
    PaymentBody,
    ResponseBody,
    next_action_body,
    next_action_cells,
    payment_body,
    response_body,
    unconfirmed,
)
from recoup.claims.bodies.totals import SelectionTotals, plain_money
from recoup.claims.lifecycle import Review, Status, WindowState, possible_steps
from recoup.claims.packs.grouping import cause_of
from recoup.claims.packs.instructions import load_instructions
from recoup.claims.reading.past import ClaimPast
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import ClaimType
from recoup.claims.rules import all_rules
from recoup.claims.stages import Stage, allowed_stages, chase_on
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
    evidence: Annotated[EvidenceDocument | None, Columns(("evidenceRows",), _source_rows)] = Field(
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
    stage: Stage = Field(description="Beside the status, with which it always agrees.")
    next_action: Annotated[NextActionBody, Columns(("nextAction",), next_action_cells)]
    allowed_stages: Annotated[list[Stage], NO_COLUMN] = Field(
        description="What PATCH may set `stage` to."
    )
    filed_on: date | None
    paid_amount: Annotated[Money | None, money_columns("paid")] = Field(
        description="What the reimbursements report shows for this claim, less what was taken back."
    )
    paid_units: int | None
    hold_reason: str | None
    answer_reason: Reason | None = Field(description="Why Amazon asked for more or denied it.")
    waiting_days: int | None = Field(description="How long Amazon has owed an answer.")
    chase_on: date | None = Field(description="The first day to ask Amazon again.")


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
    evidence: EvidenceDocument
    possible_steps: list[Status] = Field(description="What PATCH may set `status` to.")
    history: list[ClaimHistoryEntry]
    allocation: list[Allocation] = Field(description="What settled units of the same event.")
    policy: PolicyBody
    documents: list[str] = Field(
        description="What a person must attach: the same as the attachments of its pack."
    )
    responses: list[ResponseBody] = Field(description="What Amazon answered, oldest first.")
    payments: list[PaymentBody] = Field(
        description="The rows of the reimbursements report that make up paidAmount."
    )
    unconfirmed_amount: Money | None = Field(
        description="What a person says was paid and the report does not show: not recovered."
    )
    texts: list[ReadyText] = Field(description="Ready to paste into the case, for nextAction.")


class ClaimList(CamelModel):
    items: list[ClaimBody]
    totals: SelectionTotals
    notes: list[ConnectionNoteBody] = Field(
        description="Claim rules that wait for data: there may be claims that nobody looked for."
    )


def claim_body(row: ClaimRow) -> ClaimBody:
    """One entry of GET /api/recoveries."""
    return ClaimBody(**_fields(row))


def claim_detail(row: ClaimRow, past: ClaimPast) -> ClaimDetail:
    """GET /api/recoveries/{claimId}: the claim, its history, its sources and what settled units."""
    known = KnownClaim(row, past.payments, past.allocations)
    rule = {rule.type: rule for rule in all_rules()}.get(row.type)
    return ClaimDetail(
        **_fields(row),
        possible_steps=list(possible_steps(row.status)),
        history=[
            ClaimHistoryEntry.model_validate(one, from_attributes=True) for one in past.history
        ],
        allocation=[
            Allocation.model_validate(one, from_attributes=True) for one in past.allocations
        ],
        policy=policy_body(row, rule),
        documents=[
            requirement.in_words
            for requirement in load_instructions().requirements_of(row.type, cause_of(row.key))
        ],
        responses=[response_body(one) for one in past.responses],
        payments=[payment_body(one) for one in past.payments],
        unconfirmed_amount=unconfirmed(past.responses, past.payments, row.status),
        texts=ready_texts(known, row.next_action.action),
    )


def title_of(claim_type: ClaimType) -> str:
    """The title of a claim type."""
    return _titles().get(claim_type, claim_type.replace("_", " ").capitalize())


@cache
def _titles() -> Mapping[ClaimType, str]:
    return {rule.type: rule.title for rule in all_rules()}


def _fields(row: ClaimRow) -> dict[str, Any]:
    """The values of `ClaimBody`: columns of the row and values computed from them."""
    worked_out = {
        "title": title_of(row.type),
        "amount": plain_money(row.amount, row.currency),
        "confidence": float(row.confidence),
        "event_date": row.event_on,
        "stage": row.shown_stage,
        "next_action": next_action_body(row.next_action),
        "allowed_stages": list(allowed_stages(row.shown_stage, row.status)),
        "paid_amount": plain_money(row.paid_amount, row.paid_currency),
        "waiting_days": row.waiting_days,
        "chase_on": chase_on(row.standpoint),
    }
    return {name: getattr(row, name) for name in _stored(frozenset(worked_out))} | worked_out


@cache
def _stored(worked_out: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in ClaimBody.model_fields if name not in worked_out)
