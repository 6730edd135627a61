"""A stored claim as one typed row, used by every list, detail, export and decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, null, select

from recoup.claims.answers import Reason
from recoup.claims.lifecycle import Review, Status, WindowState, days_left, review_of, window_state
from recoup.claims.rule import ClaimType
from recoup.claims.stages import NextAction, Stage, Standpoint, next_action, shown_stage
from recoup.claims.tables import claim, claim_detection
from recoup.ids import ConnectionId


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """The columns of `claim`, each under its name.

    stage: as it was last set; `shown_stage` is what people see. evidence: None if it was not read. today_on: the day of the claim's marketplace. place: the
    position of the claim in the list that it was read for, which is what `list_claims` takes as
    `after`; empty outside a list.
    """

    claim_id: str
    connection_id: ConnectionId
    type: ClaimType
    key: Mapping[str, Any]
    status: Status
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    quantity: int
    amount: Decimal | None
    currency: str | None
    amount_basis: str | None
    amount_missing: str | None
    confidence: Decimal
    confidence_parts: Sequence[Mapping[str, Any]]
    event_on: date
    fileable_from: date | None
    deadline: date | None
    window_note: str | None
    reason: str
    evidence: Mapping[str, Any] | None
    policy_version: str
    rule_version: int
    as_of: date
    detected_at: datetime
    confirmed_at: datetime
    sync_id: str | None
    case_id: str | None
    note: str | None
    arrived: bool | None
    filed_at: datetime | None
    stage: Stage
    hold_reason: str | None
    answer_reason: Reason | None
    waiting_since: date | None
    paid_amount: Decimal | None
    paid_currency: str | None
    paid_units: int | None
    today_on: date
    place: tuple[str, ...] = ()

    @cached_property
    def window_state(self) -> WindowState:
        return window_state(self.fileable_from, self.deadline, self.today_on)

    @property
    def days_left(self) -> int | None:
        return days_left(self.deadline, self.today_on)

    @property
    def review(self) -> Review:
        return review_of(self.confidence)

    @cached_property
    def standpoint(self) -> Standpoint:
        return Standpoint(
            stage=self.stage,
            status=self.status,
            window_state=self.window_state,
            confidence=self.confidence,
            fileable_from=self.fileable_from,
            deadline=self.deadline,
            waiting_since=self.waiting_since,
            is_paid=bool(self.paid_amount or self.paid_units),
            today_on=self.today_on,
        )

    @cached_property
    def shown_stage(self) -> Stage:
        return shown_stage(self.standpoint)

    @property
    def next_action(self) -> NextAction:
        return next_action(self.standpoint)

    @property
    def waiting_days(self) -> int | None:
        """How long the seller has been waiting; None if nobody waits."""
        if self.waiting_since is None or self.stage not in {Stage.FILED, Stage.APPEALED}:
            return None
        return max(0, (self.today_on - self.waiting_since).days)

    @property
    def filed_on(self) -> date | None:
        """The day in UTC."""
        return None if self.filed_at is None else self.filed_at.astimezone(UTC).date()


_COLUMNS = tuple(one.name for one in fields(ClaimRow) if one.name in claim.c)
CONFIRMED = ("as_of", "confirmed_at")
"""Columns of a claim that `last_confirmed` has newer."""


def select_claims(today: ColumnElement[date], *, with_evidence: bool = True) -> Select[Any]:
    """The statement for the rows that `claim_row` takes; `today` is the date for each claim."""
    columns: dict[str, ColumnElement[Any]] = {name: claim.c[name] for name in _COLUMNS}
    columns |= {name: last_confirmed(name) for name in CONFIRMED}
    if not with_evidence:
        columns["evidence"] = null()
    return select(
        *(column.label(name) for name, column in columns.items()), today.label("today_on")
    )


def last_confirmed(name: str) -> ColumnElement[Any]:
    """A claim that is still found was confirmed by the last detection of its type."""
    of, one = claim_detection.c, claim.c
    later = (
        select(of[name])
        .where(
            one.is_found,
            of.connection_id == one.connection_id,
            of.type == one.type,
            of.confirmed_at >= one.confirmed_at,
        )
        .correlate(claim)
    )
    return func.coalesce(later.scalar_subquery(), one[name], type_=one[name].type)


def claim_row(row: RowMapping, place: tuple[str, ...] = ()) -> ClaimRow:
    values = {name: row[name] for name in (*_COLUMNS, "today_on")}
    values |= {
        "type": ClaimType(row["type"]),
        "status": Status(row["status"]),
        "stage": Stage(row["stage"]),
        "answer_reason": row["answer_reason"] and Reason(row["answer_reason"]),
    }
    return ClaimRow(**values, place=place)
