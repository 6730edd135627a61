"""The stage of a claim in the responses: what to do next, what Amazon answered, what it paid. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pydantic import Field

from recoup.body import CamelModel, Money, Timestamp, money
from recoup.claims.answers import Reason
from recoup.claims.bodies.totals import plain_amount, plain_money
from recoup.claims.lifecycle import Status
from recoup.claims.reading.answered import PaymentRow, ResponseRow
from recoup.claims.stages import STEPS_IN_WORDS, NextAction, NextStep, Stage


class NextActionBody(CamelModel):
    action: NextStep
    text: str = Field(description="The same in words.")
    stage: Stage | None = Field(description="The stage that records it, for PATCH; null for none.")
    on: date | None = Field(
        description="The last safe day to file, or the first day on which a wait is over."
    )


class ResponseBody(CamelModel):
    """What Amazon answered, or is said to have paid."""

    received_on: date
    stage: Stage = Field(description="The stage of the claim after it.")
    text: str | None = Field(description="Amazon's answer, word for word.")
    reason: Reason | None
    amount: Money | None = Field(
        description="What a person says Amazon paid; paidAmount is what its report shows."
    )
    units: int | None
    entered_by: str = Field(description="An e-mail address.")
    entered_at: Timestamp


class PaymentBody(CamelModel):
    """A row of the reimbursements report, or the part of it that belongs to this claim."""

    reimbursement_id: str
    case_id: str | None
    reason: str | None
    approved_at: Timestamp
    amount: Money = Field(description="Negative where Amazon took a payment back.")
    units: int
    by: str = Field(description="`case`: it names the claim's case. `allocation`: by its units.")
    recovered: bool = Field(description="false: Amazon paid by itself, before or without a case.")


def next_action_body(one: NextAction) -> NextActionBody:
    return NextActionBody(
        action=one.action, text=STEPS_IN_WORDS[one.action], stage=one.stage, on=one.on
    )


def next_action_cells(one: NextActionBody) -> Sequence[object]:
    return (one.text,)


def response_body(row: ResponseRow) -> ResponseBody:
    return ResponseBody(
        received_on=row.received_on,
        stage=row.stage,
        text=row.text,
        reason=row.reason,
        amount=plain_money(row.amount, row.currency),
        units=row.units,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
    )


def payment_body(row: PaymentRow) -> PaymentBody:
    return PaymentBody(
        reimbursement_id=row.reimbursement_id,
        case_id=row.case_id,
        reason=row.reason,
        approved_at=row.approved_at,
        amount=Money(amount=plain_amount(row.amount), currency=row.currency),
        units=row.units,
        by=row.by,
        recovered=row.is_recovered,
    )


def unconfirmed(
    responses: Sequence[ResponseRow], payments: Sequence[PaymentRow], status: Status
) -> Money | None:
    """What people say was paid beyond what the report shows; None once it shows all of it."""
    said = [one for one in responses if one.amount is not None and one.currency is not None]
    if not said or status in {Status.DISMISSED, Status.WITHDRAWN}:
        return None
    currency = said[-1].currency
    entered = sum(
        (one.amount or Decimal(0) for one in said if one.currency == currency), Decimal(0)
    )
    # A payment that was taken back had been confirmed before.
    shown = sum(
        (one.amount for one in payments if one.currency == currency and one.amount > 0), Decimal(0)
    )
    return money(plain_amount(entered - shown), currency) if entered > shown else None
