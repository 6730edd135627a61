"""Amazon's answers to one claim, and the reimbursements that paid it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Date, cast, func, or_, select

from recoup.claims.answers import Reason
from recoup.claims.stages import Stage
from recoup.claims.tables import claim, claim_payment, claim_response
from recoup.db.engine import Reader
from recoup.users.tables import app_user

_c, _p = claim.c, claim_payment.c


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """An answer. entered_by: an e-mail address, or a name."""

    received_on: date
    stage: Stage
    text: str | None
    reason: Reason | None
    amount: Decimal | None
    currency: str | None
    units: int | None
    entered_by: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A reimbursement, or the claim's part of it; negative where it was taken back."""

    reimbursement_id: str
    case_id: str | None
    reason: str | None
    approved_at: datetime
    amount: Decimal
    currency: str
    units: int
    by: str
    is_recovered: bool


def is_recovered() -> ColumnElement[bool]:
    """Of a payment joined with its claim: it answers a case that the seller had filed.

    A payment without a case that came before the filing would have come anyway.
    """
    filed_on = cast(func.timezone("UTC", _c.filed_at), Date)
    return or_(_p.by == "case", func.coalesce(_p.approved_on >= filed_on, False))


async def list_claim_responses(conn: Reader, claim_id: str) -> list[ResponseRow]:
    """Oldest first."""
    r = claim_response.c
    rows = await conn.execute(
        select(
            r.received_on,
            r.stage,
            r.text,
            r.reason,
            r.amount,
            r.currency,
            r.units,
            func.coalesce(app_user.c.email, app_user.c.name, r.entered_by),
            r.entered_at,
        )
        .select_from(claim_response.outerjoin(app_user, app_user.c.user_id == r.entered_by))
        .where(r.claim_id == claim_id)
        .order_by(r.received_on, r.response_id)
    )
    return [
        ResponseRow(on, Stage(stage), said, reason and Reason(reason), *others)
        for on, stage, said, reason, *others in rows
    ]


async def list_claim_payments(conn: Reader, claim_id: str) -> list[PaymentRow]:
    """Oldest first."""
    rows = await conn.execute(
        select(
            _p.reimbursement_id,
            _p.case_id,
            _p.reason,
            _p.approved_at,
            _p.amount,
            _p.currency,
            _p.units,
            _p.by,
            is_recovered(),
        )
        .select_from(claim_payment.join(claim, _c.claim_id == _p.claim_id))
        .where(_p.claim_id == claim_id)
        .order_by(_p.approved_at, _p.payment_id)
    )
    return [PaymentRow(*found) for found in rows]
