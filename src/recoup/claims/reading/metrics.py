"""The outcomes of claims: whether detection was right."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, literal, select, union_all
from sqlalchemy.types import Text

from recoup.claims.lifecycle import Review, Status
from recoup.claims.reading.claims import of_workspace, review_band
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
class OutcomeCount:
    type: ClaimType
    band: Review
    outcome: Outcome
    claim_count: int


async def count_outcomes(conn: Reader, workspace_id: WorkspaceId) -> list[OutcomeCount]:
    """Outcomes per rule and confidence band, the highest band first.

    Only for withdrawn claims it matters what settled them, so only those are read whole.
    """
    is_withdrawn = _c.status == Status.WITHDRAWN.value
    outcomes = (
        (
            ~is_withdrawn,
            case(
                (_c.status.in_((Status.APPROVED.value, Status.REJECTED.value)), _c.status),
                else_=literal(Outcome.OPEN.value, Text),
            ),
        ),
        (is_withdrawn, _settled()),
    )
    parts = [
        select(_c.type.label("type"), band.label("band"), outcome.label("outcome"), func.count())
        .where(of_workspace(workspace_id), condition)
        .group_by(_c.type, band, outcome)
        for band in [review_band()]
        for condition, outcome in outcomes
    ]
    # Sorted here: PostgreSQL would sort the claims before it counts them.
    rows = sorted(map(tuple, await conn.execute(union_all(*parts))))
    return [
        OutcomeCount(ClaimType(name), Review(b), Outcome(o), number) for name, b, o, number in rows
    ]


def _settled() -> ColumnElement[str]:
    """What settled a withdrawn claim: a find refutes it, a payment confirms it."""
    return case(
        (_settled_by("find"), literal(Outcome.FOUND.value, Text)),
        (_settled_by("payment"), literal(Outcome.PAID.value, Text)),
        else_=literal(Outcome.WITHDRAWN.value, Text),
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
