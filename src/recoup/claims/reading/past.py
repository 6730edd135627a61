"""What happened to a claim: its history, what settled units, Amazon's answers and payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from recoup.claims.lifecycle import Status
from recoup.claims.reading.answered import (
    PaymentRow,
    ResponseRow,
    list_claim_payments,
    list_claim_responses,
)
from recoup.claims.reading.row import ClaimRow
from recoup.claims.tables import claim, claim_allocation, claim_history
from recoup.db.engine import Reader
from recoup.users.tables import app_user


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One step of a claim. who: an e-mail address, a name, or `recoup`."""

    at: datetime
    who: str
    from_status: Status | None
    to_status: Status
    why: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """A source row that settled units. by: `payment`, `find`, `case` ..."""

    by: str
    reference: object
    units: int


@dataclass(frozen=True, slots=True)
class ClaimPast:
    """All of it, each part oldest first."""

    history: Sequence[HistoryRow]
    allocations: Sequence[AllocationRow]
    responses: Sequence[ResponseRow]
    payments: Sequence[PaymentRow]


async def read_claim_past(conn: Reader, row: ClaimRow) -> ClaimPast:
    return ClaimPast(
        history=await list_claim_history(conn, row.claim_id),
        allocations=await list_claim_allocations(conn, row),
        responses=await list_claim_responses(conn, row.claim_id),
        payments=await list_claim_payments(conn, row.claim_id),
    )


async def list_claim_history(conn: Reader, claim_id: str) -> list[HistoryRow]:
    """Oldest first."""
    h = claim_history.c
    rows = await conn.execute(
        select(
            h.at,
            func.coalesce(app_user.c.email, app_user.c.name, h.who),
            h.from_status,
            h.to_status,
            h.why,
            h.changes,
        )
        .select_from(claim_history.outerjoin(app_user, app_user.c.user_id == h.who))
        .where(h.claim_id == claim_id)
        .order_by(h.entry_id)
    )
    return [
        HistoryRow(at, who, Status(before) if before else None, Status(after), why, changes)
        for at, who, before, after, why, changes in rows
    ]


async def list_claim_allocations(conn: Reader, row: ClaimRow) -> list[AllocationRow]:
    """Lists what settled units of the claim's event, in the order of allocation."""
    a, c = claim_allocation.c, claim.c
    # The key as it is stored: a number may have more digits than it keeps on the way through here.
    key = select(c.key).where(c.claim_id == row.claim_id).scalar_subquery()
    rows = await conn.execute(
        select(a.by, a.reference, a.units)
        .where(a.connection_id == row.connection_id, a.type == row.type, a.key == key)
        .order_by(a.allocation_id)
    )
    return [AllocationRow(*found) for found in rows]
