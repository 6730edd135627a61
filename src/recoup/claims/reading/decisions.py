"""A person's decision about a claim: locked, checked again, and stored with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from recoup.claims.answers import Reason
from recoup.claims.lifecycle import Status, require_step
from recoup.claims.reading.claims import of_workspace
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.rule import ClaimType
from recoup.claims.stages import (
    Stage,
    require_agreement,
    require_stage,
    stage_in,
    status_in,
)
from recoup.claims.tables import claim, claim_history, claim_response
from recoup.db.engine import Writer
from recoup.errors import ConflictError, InvalidRequestError, NotFoundError
from recoup.ids import UserId, WorkspaceId

_OF_REMOVALS = (ClaimType.REMOVAL_LOST, ClaimType.REMOVAL_DISCREPANCY)
_ARRIVED = "The seller says that the parcel arrived."
_NOT_ARRIVED = "The seller says that the parcel did not arrive."
_WAITING_STAGES = (Stage.FILED, Stage.APPEALED)
_ANSWERED_STAGES = (Stage.INFO_REQUESTED, Stage.DENIED)
_IN_HISTORY = ("case_id", "note", "arrived", "hold_reason", "answer_reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmazonAnswer:
    """What Amazon answered, word for word, or what it is said to have paid."""

    received_on: date
    text: str | None = None
    reason: Reason | None = None
    amount: Decimal | None = None
    currency: str | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about a claim; None leaves a value unchanged."""

    status: Status | None = None
    case_id: str | None = None
    note: str | None = None
    arrived: bool | None = None
    stage: Stage | None = None
    hold_reason: str | None = None
    filed_on: date | None = None
    answer: AmazonAnswer | None = None


async def decide(
    conn: Writer,
    workspace_id: WorkspaceId,
    claim_id: str,
    decision: Decision,
    *,
    who: UserId,
    now: datetime,
) -> None:
    """Applies the decision of a person. Values that change nothing leave no trace, so a repeat has no effect.

    Raises NotFoundError, ImpossibleStepError, ConflictError for a parcel that is none, and
    InvalidRequestError where a stage lacks what it needs.
    """
    stored = await _lock(conn, workspace_id, claim_id, now)
    stage, status = _next_step(stored, decision)
    _require_needs(stored, decision, stage, now)
    values = _changes(stored, decision, stage, status, now)
    is_answered = await _add_answer(conn, stored, decision.answer, stage, who, now)
    if not values and not is_answered:
        return
    why = _why(values, decision)
    if status is not stored.status:
        values |= {"status_by": who, "status_at": now, "status_why": why}
    if values:
        await conn.execute(update(claim).where(claim.c.claim_id == claim_id).values(**values))
    await conn.execute(
        insert(claim_history).values(
            claim_id=claim_id,
            connection_id=stored.connection_id,
            at=now,
            who=who,
            from_status=stored.status,
            to_status=status,
            why=why,
            changes=_told(stored, values, stage, decision.answer if is_answered else None),
        )
    )


async def _lock(conn: Writer, workspace_id: WorkspaceId, claim_id: str, now: datetime) -> ClaimRow:
    """Locks the claim: neither detection nor another person can change it before the commit."""
    rows = await conn.execute(
        select_claims(today_on(now))
        .where(claim.c.claim_id == claim_id, of_workspace(workspace_id))
        .with_for_update()
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such claim.", listed_by="claims list")
    return claim_row(row)


def _next_step(stored: ClaimRow, decision: Decision) -> tuple[Stage, Status]:
    """The stage and status afterwards, as they are stored."""
    if decision.arrived is not None and stored.type not in _OF_REMOVALS:
        raise ConflictError(f"`arrived` is about the parcel of a removal, not about {stored.type}.")
    wanted = decision.stage
    if wanted is not None:
        shown = stored.shown_stage
        require_stage(shown, stored.status, wanted)
        status = stored.status if wanted is shown else status_in(wanted, stored.stage)
        if decision.status is not None and decision.status is not status:
            require_agreement(wanted, decision.status)
            raise InvalidRequestError(f"The stage {wanted} makes this claim {status}.")
        # What is shown only because of the day is not stored.
        return (stored.stage if wanted is shown else wanted), status
    status = _next_status(stored, decision)
    return stage_in(status, stored.status, stored.stage), status


def _next_status(stored: ClaimRow, decision: Decision) -> Status:
    """A lost parcel that arrived is no loss; it is one again if that was a mistake.

    What arrived of a discrepancy is weighed by the next detection, against what was disposed of.
    """
    if decision.status is not None:
        require_step(stored.status, decision.status)
        return decision.status
    if stored.type is not ClaimType.REMOVAL_LOST:
        return stored.status
    if decision.arrived is True and stored.status in {Status.DETECTED, Status.FILED}:
        return Status.WITHDRAWN
    if decision.arrived is False and stored.arrived is True and stored.status is Status.WITHDRAWN:
        return Status.DETECTED
    return stored.status


def _require_needs(stored: ClaimRow, decision: Decision, stage: Stage, now: datetime) -> None:
    """Raises InvalidRequestError where the stage lacks what it needs, or a day has yet to come."""
    answer = decision.answer
    if stage is Stage.ON_HOLD and not (decision.hold_reason or stored.hold_reason):
        raise InvalidRequestError("Set holdReason: what the claim is waiting for.")
    if decision.hold_reason is not None and stage is not Stage.ON_HOLD:
        raise InvalidRequestError("holdReason belongs to the stage on_hold.")
    is_new_part = stage is Stage.PAID_IN_PART and stored.stage is not stage
    if is_new_part and (answer is None or (answer.amount is None and answer.units is None)):
        raise InvalidRequestError("Set response.amount or response.units: what Amazon paid.")
    if decision.filed_on is not None and stored.filed_at is None and stage not in _WAITING_STAGES:
        raise InvalidRequestError("filedOn belongs to a claim that is filed.")
    # Somewhere it is tomorrow already.
    latest = now.astimezone(UTC).date() + timedelta(days=1)
    days = (decision.filed_on, answer.received_on if answer else None)
    if any(day is not None and day > latest for day in days):
        raise InvalidRequestError("filedOn and response.receivedOn must not be in the future.")


def _changes(
    stored: ClaimRow, decision: Decision, stage: Stage, status: Status, now: datetime
) -> dict[str, Any]:
    """The columns whose values change."""
    today = now.astimezone(UTC).date()
    wanted: dict[str, Any] = {
        "status": status,
        "stage": stage,
        "case_id": decision.case_id,
        "note": decision.note,
        "arrived": decision.arrived,
        "hold_reason": decision.hold_reason,
    }
    if decision.answer and decision.answer.reason and stage in _ANSWERED_STAGES:
        wanted["answer_reason"] = decision.answer.reason
    if decision.filed_on is not None:
        is_today = decision.filed_on >= today
        wanted["filed_at"] = now if is_today else datetime.combine(decision.filed_on, time(12), UTC)
    elif status is Status.FILED and stored.filed_at is None:
        wanted["filed_at"] = now
    # A repeat of the stage that is shown begins no new wait; that of one who asked again does.
    begins_wait = stage is not stored.stage or (
        decision.stage is stage and decision.stage is not stored.shown_stage
    )
    if stage in _WAITING_STAGES and (begins_wait or decision.filed_on):
        wanted["waiting_since"] = decision.filed_on or today
    changes = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(stored, name)
    }
    if stored.hold_reason is not None and stage is not Stage.ON_HOLD:
        changes["hold_reason"] = None
    if decision.filed_on is not None and decision.filed_on == stored.filed_on:
        changes.pop("filed_at", None)
    return changes


async def _add_answer(
    conn: Writer,
    stored: ClaimRow,
    answer: AmazonAnswer | None,
    stage: Stage,
    who: UserId,
    now: datetime,
) -> bool:
    """Keeps the answer as it is; one that is there already is not kept twice."""
    if answer is None:
        return False
    r = claim_response.c
    said = {name: getattr(answer, name) for name in AmazonAnswer.__slots__}
    known = select(r.response_id).where(
        r.claim_id == stored.claim_id,
        *(r[name].is_not_distinct_from(value) for name, value in said.items()),
    )
    if (await conn.execute(known.limit(1))).first() is not None:
        return False
    await conn.execute(
        insert(claim_response).values(
            claim_id=stored.claim_id,
            connection_id=stored.connection_id,
            stage=stage,
            entered_by=who,
            entered_at=now,
            **said,
        )
    )
    return True


def _told(
    stored: ClaimRow, values: dict[str, Any], stage: Stage, answer: AmazonAnswer | None
) -> dict[str, Any]:
    """What the history says changed, as {"name": [before, after]}."""
    told: dict[str, Any] = {
        name: [getattr(stored, name), values[name]] for name in _IN_HISTORY if name in values
    }
    if stage is not stored.stage:
        told["stage"] = [stored.stage, stage]
    if answer is not None:
        paid = None if answer.amount is None else f"{answer.amount} {answer.currency}"
        told["response"] = [None, {"receivedOn": answer.received_on.isoformat(), "paid": paid}]
    return told


def _why(values: dict[str, Any], decision: Decision) -> str:
    """The person's own words, if any."""
    if values.get("note"):
        return str(values["note"])
    if values.get("hold_reason"):
        return str(values["hold_reason"])
    if "arrived" in values:
        return _ARRIVED if values["arrived"] else _NOT_ARRIVED
    is_moved = not values.keys().isdisjoint({"status", "stage", "waiting_since"})
    word = decision.stage or values.get("status")
    if is_moved and word is not None:
        return f"Marked as {word.replace('_', ' ')} by a person."
    if decision.answer is not None:
        return "Amazon's answer entered."
    if "filed_at" in values:
        return "Filing day entered."
    return "Case id entered."
