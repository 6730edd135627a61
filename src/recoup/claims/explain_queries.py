"""Every event that could be a claim, and what settled it: why something is not claimable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, RowMapping, and_, cast, literal, or_, select, tuple_
from sqlalchemy.types import Text

from recoup.claims.tables import claim, claim_candidate
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, UserId

_KEY = claim_candidate.c.key.cast(Text)
_PLACE = (claim_candidate.c.type, _KEY, claim_candidate.c.connection_id)


@dataclass(frozen=True, slots=True)
class CandidateSelection:
    """Events of a product or an order, of one day or all."""

    user_id: UserId
    connection_id: ConnectionId | None = None
    fnsku: str | None = None
    order_id: str | None = None
    event_on: date | None = None


async def list_candidates(
    conn: Reader,
    selection: CandidateSelection,
    *,
    limit: int,
    after: tuple[str, ...] | None = None,
) -> list[RowMapping]:
    """Newest first, each with the claim that it is, if it is one; `candidate_place` is its place."""
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
    if after is not None:
        day, *texts = after
        behind = tuple_(*_PLACE) > tuple_(*(literal(text, Text) for text in texts))
        on = cast(literal(day, Text), Date)
        conditions.append(or_(e.event_on < on, and_(e.event_on == on, behind)))
    rows = await conn.execute(
        select(claim_candidate, c.claim_id, c.status, _KEY.label("key_text"))
        .select_from(claim_candidate.outerjoin(claim, same))
        .where(*conditions)
        .order_by(e.event_on.desc(), *_PLACE)
        .limit(limit)
    )
    return list(rows.mappings())


def candidate_place(row: RowMapping) -> tuple[str, ...]:
    """What `list_candidates` takes as `after` to go on behind this row."""
    return (row["event_on"].isoformat(), row["type"], row["key_text"], row["connection_id"])
