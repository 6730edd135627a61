"""What claims are worth and what became of them, counted; currencies are never added."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, case, func, literal, select, union_all
from sqlalchemy.types import Text

from recoup.claims.lifecycle import AUTO_FROM, PROMPT_FROM, Review, Status, WindowState
from recoup.claims.queries import in_window, of_user, valued_currency
from recoup.claims.tables import claim, claim_allocation
from recoup.db.engine import Reader
from recoup.ids import UserId

_c = claim.c


class Stage(enum.StrEnum):
    """Where a claim stands, its window and its confidence included."""

    PENDING = "pending"
    """Detected, its window is not over, and firm enough to be called money owed."""
    TO_REVIEW = "toReview"
    """The same with a confidence that only says: look at this."""
    EXPIRED = "expired"
    FILED = "filed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


RECOVERABLE = (Stage.PENDING, Stage.FILED, Stage.APPROVED)
"""What Amazon owes, as far as recoup would sign it."""


class Outcome(enum.StrEnum):
    """What shows whether detection was right."""

    APPROVED = "approved"
    PAID = "paid"
    """Amazon paid by itself before the claim was decided."""
    REJECTED = "rejected"
    FOUND = "found"
    WITHDRAWN = "withdrawn"
    """Settled by something else; says nothing about the rule."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class StageTotal:
    """Currency and amount are None for claims whose value is not known."""

    stage: Stage
    type: str
    currency: str | None
    amount: Decimal | None
    claim_count: int


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """Claims first detected, or approved, in a month (UTC, `2026-11`)."""

    month: str
    event: str
    currency: str | None
    amount: Decimal | None
    claim_count: int


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    type: str
    band: Review
    outcome: Outcome
    claim_count: int


async def total_stages(conn: Reader, user_id: UserId, now: datetime) -> list[StageTotal]:
    stage, currency = _stage(now), valued_currency()
    rows = await conn.execute(
        select(stage, _c.type, currency, func.sum(_c.amount), func.count())
        .where(of_user(user_id))
        .group_by(stage, _c.type, currency)
        .order_by(_c.type, currency)
    )
    return [StageTotal(Stage(name), *rest) for name, *rest in rows]


async def total_months(conn: Reader, user_id: UserId) -> list[MonthTotal]:
    """Newest month first."""
    parts = [
        select(
            func.to_char(at, literal("YYYY-MM", Text)).label("month"),
            literal(event, Text).label("event"),
            valued_currency().label("currency"),
            _c.amount,
        ).where(of_user(user_id), condition)
        for event, at, condition in (
            ("detected", _c.detected_at, _c.status.not_in(("dismissed", "withdrawn"))),
            ("approved", _c.status_at, _c.status == Status.APPROVED.value),
        )
    ]
    event = union_all(*parts).subquery("event").c
    rows = await conn.execute(
        select(event.month, event.event, event.currency, func.sum(event.amount), func.count())
        .group_by(event.month, event.event, event.currency)
        .order_by(event.month.desc(), event.event, event.currency)
    )
    return [MonthTotal(*row) for row in rows]


async def count_outcomes(conn: Reader, user_id: UserId) -> list[OutcomeCount]:
    """Per rule and confidence band, the firmest band first."""
    band, outcome = _band(), _outcome()
    rows = await conn.execute(
        select(_c.type, band, outcome, func.count())
        .where(of_user(user_id))
        .group_by(_c.type, band, outcome)
        .order_by(_c.type, band, outcome)
    )
    return [OutcomeCount(name, Review(b), Outcome(o), number) for name, b, o, number in rows]


def _stage(now: datetime) -> ColumnElement[str]:
    return case(
        (_c.status != Status.DETECTED.value, _c.status),
        (in_window(WindowState.EXPIRED, now), Stage.EXPIRED.value),
        (_c.confidence < PROMPT_FROM, Stage.TO_REVIEW.value),
        else_=Stage.PENDING.value,
    )


def _band() -> ColumnElement[str]:
    return case(
        (_c.confidence >= AUTO_FROM, Review.AUTO.value),
        (_c.confidence >= PROMPT_FROM, Review.PROMPT.value),
        else_=Review.MANUAL.value,
    )


def _outcome() -> ColumnElement[str]:
    """A withdrawn claim is told by what settled it: a find refutes it, a payment confirms it."""
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
