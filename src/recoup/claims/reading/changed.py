"""What a detection has just changed, in its own transaction: totals for those who are notified."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from recoup.claims.lifecycle import Status
from recoup.claims.reading.claims import Total, valued_currency
from recoup.claims.tables import claim
from recoup.db.engine import Reader
from recoup.ids import ConnectionId

_c = claim.c
_MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Changed:
    """Claims that changed in the same way. claim_ids: some of them, where there are many.

    totals: one per currency, and one without for those whose amount is not known.
    """

    claim_ids: tuple[str, ...]
    totals: tuple[Total, ...]


async def find_just_found(conn: Reader, connection_id: ConnectionId) -> Changed:
    """The claims that this transaction stored."""
    return await _read(conn, connection_id, _c.detected_at == func.now())


async def find_just_paid(conn: Reader, connection_id: ConnectionId) -> Changed:
    """The claims that a payment settled in this transaction; totals are of what was claimed."""
    return await _read(conn, connection_id, _is_just_paid())


async def total_just_paid(conn: Reader, connection_id: ConnectionId) -> tuple[Total, ...]:
    """What the reimbursements report shows for them by now, earlier payments in part included."""
    rows = await conn.execute(
        select(_c.paid_currency, func.sum(_c.paid_amount).label("amount"), func.count())
        .where(_c.connection_id == connection_id, _is_just_paid())
        .group_by(_c.paid_currency)
        .order_by(_c.paid_currency)
    )
    return tuple(Total(currency, amount, count) for currency, amount, count in rows)


def _is_just_paid() -> ColumnElement[bool]:
    return (
        (_c.status == Status.APPROVED.value)
        & (_c.status_by == "recoup")
        & (_c.status_at == func.now())
    )


async def _read(conn: Reader, connection_id: ConnectionId, changed: ColumnElement[bool]) -> Changed:
    currency = valued_currency()
    rows = (
        await conn.execute(
            select(
                currency.label("currency"),
                func.sum(_c.amount).label("amount"),
                func.count().label("claim_count"),
                func.array_agg(_c.claim_id)[1:_MOST_IDS].label("claim_ids"),
            )
            .where(_c.connection_id == connection_id, changed)
            .group_by(currency)
            .order_by(currency)
        )
    ).all()
    return Changed(
        claim_ids=tuple(one for row in rows for one in row.claim_ids)[:_MOST_IDS],
        totals=tuple(Total(row.currency, row.amount, row.claim_count) for row in rows),
    )
