"""A person's decision about a claim: locked, checked again, written with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from recoup.claims.lifecycle import Status, require_step
from recoup.claims.queries import of_user
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim, claim_history
from recoup.db.engine import Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import UserId

_OF_REMOVALS = (ClaimType.REMOVAL_LOST, ClaimType.REMOVAL_DISCREPANCY)
_ARRIVED = "The seller says that the parcel arrived."
_NOT_ARRIVED = "The seller says that the parcel did not arrive."


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of a claim; None leaves as it is."""

    status: Status | None = None
    case_id: str | None = None
    note: str | None = None
    arrived: bool | None = None


async def decide(
    conn: Writer, user_id: UserId, claim_id: str, decision: Decision, *, now: datetime
) -> None:
    """Apply a decision. What says nothing new leaves no trace, so a repeat changes nothing.

    Raises NotFoundError, ImpossibleStepError, and ConflictError for a parcel that is none.
    """
    stored = await _lock(conn, user_id, claim_id)
    values = _changes(stored, decision)
    if not values:
        return
    status = values.get("status", stored["status"])
    if status != stored["status"]:
        values |= {"status_by": user_id, "status_at": now, "status_why": _why(values)}
        if status == Status.FILED:
            values["filed_at"] = now
    await conn.execute(update(claim).where(claim.c.claim_id == claim_id).values(**values))
    await conn.execute(
        insert(claim_history).values(
            claim_id=claim_id,
            connection_id=stored["connection_id"],
            at=now,
            who=user_id,
            from_status=stored["status"],
            to_status=status,
            why=_why(values),
            changes={
                name: [stored[name], values[name]]
                for name in ("case_id", "note", "arrived")
                if name in values
            },
        )
    )


async def _lock(conn: Writer, user_id: UserId, claim_id: str) -> RowMapping:
    """The claim, which neither detection nor another person changes before the commit."""
    rows = await conn.execute(
        select(claim).where(claim.c.claim_id == claim_id, of_user(user_id)).with_for_update()
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such claim.")
    return row


def _changes(stored: RowMapping, decision: Decision) -> dict[str, Any]:
    """The columns that get another value."""
    wanted: dict[str, Any] = {
        "status": _next_status(stored, decision),
        "case_id": decision.case_id,
        "note": decision.note,
        "arrived": decision.arrived,
    }
    return {
        name: value for name, value in wanted.items() if value is not None and value != stored[name]
    }


def _next_status(stored: RowMapping, decision: Decision) -> str | None:
    """A lost parcel that arrived is no loss, and one again when that was a mistake.

    What arrived of a discrepancy is weighed by the next detection, against what was disposed of.
    """
    current = Status(stored["status"])
    if decision.arrived is not None and stored["type"] not in _OF_REMOVALS:
        raise ConflictError(f"`arrived` is asked of a removal's parcel, not of {stored['type']}.")
    if decision.status is not None:
        require_step(current, decision.status)
        return decision.status.value
    if stored["type"] != ClaimType.REMOVAL_LOST:
        return None
    if decision.arrived is True and current in {Status.DETECTED, Status.FILED}:
        return Status.WITHDRAWN.value
    if decision.arrived is False and stored["arrived"] is True and current == Status.WITHDRAWN:
        return Status.DETECTED.value
    return None


def _why(values: dict[str, Any]) -> str:
    """The person's own words where there are any."""
    if values.get("note"):
        return str(values["note"])
    if "arrived" in values:
        return _ARRIVED if values["arrived"] else _NOT_ARRIVED
    if "status" in values:
        return f"Marked as {values['status']} by a person."
    return "Case id entered."
