"""The value and the outcomes of claims; currencies are never added."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, literal, select, union_all
from sqlalchemy.types import Text

from recoup.claims.lifecycle import Review, Status
from recoup.claims.reading.claims import Total, of_workspace, review_band, valued_currency
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim, claim_allocation
from recoup.db.engine import Reader
from recoup.ids import WorkspaceId

_c = claim.c


class Outcome(enum.StrEnum):
    """Evidence of whether detection was right."""

    APPROVED = "approved"
    PAID = "paid"
    """Amazon paid by itself before the claim was decided."""
    REJECTED = "rejected"
    FOUND = "found"
    WITHDRAWN = "withdrawn"
    """Settled by something else, which is no evidence about the rule."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class MonthTotal(Total):
    """Claims first detected, or approved, in a month (UTC, `2026-11`)."""

    month: str
    event: str


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    type: ClaimType
    band: Review
    outcome: Outcome
    claim_count: int


async def total_months(conn: Reader, workspace_id: WorkspaceId) -> list[MonthTotal]:
    """Newest month first."""
    parts = [
        select(
            func.to_char(at, literal("YYYY-MM", Text)).label("month"),
            literal(event, Text).label("event"),
            valued_currency().label("currency"),
            _c.amount,
        ).where(of_workspace(workspace_id), condition)
        for event, at, condition in (
            ("detected", _c.detected_at, _c.status.not_in((Status.DISMISSED, Status.WITHDRAWN))),
            ("approved", _c.status_at, _c.status == Status.APPROVED.value),
        )
    ]
    event = union_all(*parts).subquery("event").c
    rows = await conn.execute(
        select(event.currency, func.sum(event.amount), func.count(), event.month, event.event)
        .group_by(event.month, event.event, event.currency)
        .order_by(event.month.desc(), event.event, event.currency)
    )
    return [MonthTotal(*row) for row in rows]


async def count_outcomes(conn: Reader, workspace_id: WorkspaceId) -> list[OutcomeCount]:
    """Outcomes per rule and confidence band, the highest band first."""
    band, outcome = review_band(), _outcome()
    rows = await conn.execute(
        select(_c.type, band, outcome, func.count())
        .where(of_workspace(workspace_id))
        .group_by(_c.type, band, outcome)
        .order_by(_c.type, band, outcome)
    )
    return [
        OutcomeCount(ClaimType(name), Review(b), Outcome(o), number) for name, b, o, number in rows
    ]


def _outcome() -> ColumnElement[str]:
    """What settled a withdrawn claim decides: a find refutes it, a payment confirms it."""
    withdrawn = _c.status == Status.WITHDRAWN.value
    decided = _c.status.in_((Status.APPROVED.value, Status.REJECTED.value))
    return case(
        (decided, _c.status),
        (and_(withdrawn, _settled_by("find")), Outcome.FOUND.value),
        (and_(withdrawn, _settled_by("payment")), Outcome.PAID.value),
        (withdrawn, Outcome.WITHDRAWN.value),
        else_=Outcome.OPEN.value,
    )


def _settled_by(kind: str) -> ColumnElement[bool]:
    a = claim_allocation.c
    return (
        select(a.allocation_id)
        .where(
            a.connection_id == _c.connection_id,
            a.type == _c.type,
            a.key == _c.key,
            a.by == kind,
        )
        .exists()
    )
