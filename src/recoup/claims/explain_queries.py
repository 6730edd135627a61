"""Every event that could be a claim, and what settled it: why something is not claimable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, RowMapping, and_, select
from sqlalchemy.types import Text

from recoup.claims.tables import claim, claim_candidate
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, UserId


@dataclass(frozen=True, slots=True)
class CandidateSelection:
    """Events of a product or an order, of one day or all."""

    user_id: UserId
    connection_id: ConnectionId | None = None
    fnsku: str | None = None
    order_id: str | None = None
    event_on: date | None = None


async def list_candidates(
    conn: Reader, selection: CandidateSelection, *, limit: int
) -> list[RowMapping]:
    """Newest first, each with the claim that it is, if it is one."""
    e, c = claim_candidate.c, claim.c
    same = and_(c.connection_id == e.connection_id, c.type == e.type, c.key == e.key)
    conditions: list[ColumnElement[bool]] = [
        e.connection_id.in_(
            select(amazon_connection.c.connection_id).where(
                amazon_connection.c.user_id == selection.user_id
            )
        )
    ]
    if selection.connection_id is not None:
        conditions.append(e.connection_id == selection.connection_id)
    if selection.fnsku is not None:
        conditions.append(e.fnsku == selection.fnsku)
    if selection.order_id is not None:
        conditions.append(e.order_id == selection.order_id)
    if selection.event_on is not None:
        conditions.append(e.event_on == selection.event_on)
    rows = await conn.execute(
        select(claim_candidate, c.claim_id, c.status)
        .select_from(claim_candidate.outerjoin(claim, same))
        .where(*conditions)
        .order_by(e.event_on.desc(), e.type, e.key.cast(Text))
        .limit(limit)
    )
    return list(rows.mappings())
