"""Claims that are owed and soon too late, and the marks at which a person is reminded of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from recoup.claims.lifecycle import Standing
from recoup.claims.reading.claims import Total, valued_currency
from recoup.claims.reading.day import today_on
from recoup.claims.reading.standing import standing_on
from recoup.claims.tables import claim, deadline_reminder
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, WorkspaceId

MARKS = (1, 3, 7, 14)
"""Days before the last safe day of a claim at which it is reported; 1 includes the last day."""

_c, _r = claim.c, deadline_reminder.c
_MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Due:
    """The claims of an account that have come to a mark. claim_ids: the most urgent ones.

    totals: one per currency, and one without for those whose amount is not known.
    """

    mark: int
    first_deadline: date
    claim_ids: tuple[str, ...]
    totals: tuple[Total, ...]


async def list_connections_with_deadlines(
    conn: Reader, now: datetime
) -> list[tuple[WorkspaceId, ConnectionId]]:
    """Those with a claim that is owed and near its deadline, or with a reminder of one."""
    a = amazon_connection.c
    near = select(_c.claim_id).where(_c.connection_id == a.connection_id, _is_near(now)).exists()
    reminded = select(_r.claim_id).where(_r.connection_id == a.connection_id).exists()
    rows = await conn.execute(
        select(a.workspace_id, a.connection_id).where(near | reminded).order_by(a.connection_id)
    )
    return [(WorkspaceId(row.workspace_id), ConnectionId(row.connection_id)) for row in rows]


async def remember_marks(conn: Writer, connection_id: ConnectionId, now: datetime) -> list[Due]:
    """Notes the mark of each claim that is near; returns what has come to a mark since the last time.

    Run twice, or by two at once, it returns each only once. A deadline that moves away begins again.
    """
    near = _near(connection_id, now)
    await conn.execute(
        delete(deadline_reminder).where(
            _r.connection_id == connection_id,
            _r.claim_id.not_in(select(near.subquery().c.claim_id)),
        )
    )
    new = insert(deadline_reminder).from_select(["claim_id", "connection_id", "mark"], near)
    is_closer = new.excluded.mark < _r.mark
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=["claim_id"],
            set_={
                "mark": new.excluded.mark,
                "reminded_at": case((is_closer, func.now()), else_=_r.reminded_at),
            },
            where=new.excluded.mark != _r.mark,
        )
    )
    # The transaction's own time is that of what it has just noted.
    at = (await conn.execute(select(func.now()))).scalar_one()
    return await list_due(conn, connection_id, [at], now)


async def list_due(
    conn: Reader, connection_id: ConnectionId, reminded_at: Sequence[datetime], now: datetime
) -> list[Due]:
    """What came to a mark at these times and is still owed; the closest mark first."""
    currency = valued_currency()
    urgent_first = aggregate_order_by(_c.claim_id, _c.deadline, _c.claim_id)
    rows = (
        await conn.execute(
            select(
                _r.mark,
                currency.label("currency"),
                func.sum(_c.amount).label("amount"),
                func.count().label("claim_count"),
                func.min(_c.deadline).label("first_deadline"),
                func.array_agg(urgent_first)[1:_MOST_IDS].label("claim_ids"),
            )
            .join(claim, _c.claim_id == _r.claim_id)
            .where(
                _r.connection_id == connection_id,
                _r.reminded_at.in_(reminded_at),
                _is_near(now),
            )
            .group_by(_r.mark, currency)
            .order_by(_r.mark, currency)
        )
    ).all()
    return [
        Due(
            mark=mark,
            first_deadline=min(row.first_deadline for row in of_mark),
            claim_ids=tuple(one for row in of_mark for one in row.claim_ids)[:_MOST_IDS],
            totals=tuple(Total(r.currency, r.amount, r.claim_count) for r in of_mark),
        )
        for mark in MARKS
        if (of_mark := [row for row in rows if row.mark == mark])
    ]


def _near(connection_id: ConnectionId, now: datetime) -> Select[tuple[str, str, int]]:
    """Each claim that is near, with the closest mark that it has come to."""
    days = _c.deadline - today_on(now)
    mark = case(*((days <= one, literal(one)) for one in MARKS))
    return select(_c.claim_id, _c.connection_id, mark).where(
        _c.connection_id == connection_id, _is_near(now)
    )


def _is_near(now: datetime) -> ColumnElement[bool]:
    today = today_on(now)
    return and_(
        standing_on(today) == Standing.OWED.value,
        (_c.deadline - today) <= max(MARKS),
    )
