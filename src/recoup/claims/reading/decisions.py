"""A person's decision about a claim: locked, checked again, and stored with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from recoup.claims.lifecycle import Status, require_step
from recoup.claims.reading.claims import of_workspace
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim, claim_history
from recoup.db.engine import Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import UserId, WorkspaceId

_OF_REMOVALS = (ClaimType.REMOVAL_LOST, ClaimType.REMOVAL_DISCREPANCY)
_ARRIVED = "The seller says that the parcel arrived."
_NOT_ARRIVED = "The seller says that the parcel did not arrive."


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about a claim; None leaves a value unchanged."""

    status: Status | None = None
    case_id: str | None = None
    note: str | None = None
    arrived: bool | None = None


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

    Raises NotFoundError, ImpossibleStepError, and ConflictError for a parcel that is none.
    """
    stored = await _lock(conn, workspace_id, claim_id, now)
    values = _changes(stored, decision)
    if not values:
        return
    why = _why(values)
    status = values.get("status", stored.status)
    if status != stored.status:
        values |= {"status_by": who, "status_at": now, "status_why": why}
        if status == Status.FILED:
            values["filed_at"] = now
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
            changes={
                name: [getattr(stored, name), values[name]]
                for name in ("case_id", "note", "arrived")
                if name in values
            },
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
        raise NotFoundError("There is no such claim.")
    return claim_row(row)


def _changes(stored: ClaimRow, decision: Decision) -> dict[str, Any]:
    """The columns whose values change."""
    wanted: dict[str, Any] = {
        "status": _next_status(stored, decision),
        "case_id": decision.case_id,
        "note": decision.note,
        "arrived": decision.arrived,
    }
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(stored, name)
    }


def _next_status(stored: ClaimRow, decision: Decision) -> Status | None:
    """A lost parcel that arrived is no loss; it is one again if that was a mistake.

    What arrived of a discrepancy is weighed by the next detection, against what was disposed of.
    """
    if decision.arrived is not None and stored.type not in _OF_REMOVALS:
        raise ConflictError(f"`arrived` is asked of a removal's parcel, not of {stored.type}.")
    if decision.status is not None:
        require_step(stored.status, decision.status)
        return decision.status
    if stored.type is not ClaimType.REMOVAL_LOST:
        return None
    if decision.arrived is True and stored.status in {Status.DETECTED, Status.FILED}:
        return Status.WITHDRAWN
    if decision.arrived is False and stored.arrived is True and stored.status is Status.WITHDRAWN:
        return Status.DETECTED
    return None


def _why(values: dict[str, Any]) -> str:
    """The person's own words, if any."""
    if values.get("note"):
        return str(values["note"])
    if "arrived" in values:
        return _ARRIVED if values["arrived"] else _NOT_ARRIVED
    if "status" in values:
        return f"Marked as {values['status']} by a person."
    return "Case id entered."
