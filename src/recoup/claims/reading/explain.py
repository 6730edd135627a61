"""Every event that could be a claim, with what settled it: why something is not claimable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, RowMapping, and_, cast, literal, or_, select, tuple_
from sqlalchemy.types import Text

from recoup.claims.lifecycle import Status
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim, claim_candidate
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, WorkspaceId

_KEY = claim_candidate.c.key.cast(Text)
_PLACE = (claim_candidate.c.type, _KEY, claim_candidate.c.connection_id)


@dataclass(frozen=True, slots=True)
class CandidateSelection:
    """Events of a product or an order, of one day or all."""

    workspace_id: WorkspaceId
    connection_id: ConnectionId | None = None
    fnsku: str | None = None
    order_id: str | None = None
    event_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """The columns of `claim_candidate`, each under its name.

    claim_id, status: of the claim that it is, if it is one. place: what `list_candidates` takes as
    `after`.
    """

    connection_id: ConnectionId
    type: ClaimType
    key: Mapping[str, Any]
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    event_on: date
    units: int
    quantity: int
    settled: Sequence[Mapping[str, Any]]
    suppressed: str | None
    reason: str
    claim_id: str | None
    status: Status | None
    place: tuple[str, ...]


_COLUMNS = tuple(
    claim_candidate.c[one.name] for one in fields(CandidateRow) if one.name in claim_candidate.c
)


async def list_candidates(
    conn: Reader,
    selection: CandidateSelection,
    *,
    limit: int,
    after: tuple[str, ...] | None = None,
) -> list[CandidateRow]:
    """Newest first."""
    e, c = claim_candidate.c, claim.c
    same = and_(c.connection_id == e.connection_id, c.type == e.type, c.key == e.key)
    conditions: list[ColumnElement[bool]] = [
        e.connection_id.in_(
            select(amazon_connection.c.connection_id).where(
                amazon_connection.c.workspace_id == selection.workspace_id
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
        select(*_COLUMNS, c.claim_id, c.status, _KEY.label("key_text"))
        .select_from(claim_candidate.outerjoin(claim, same))
        .where(*conditions)
        .order_by(e.event_on.desc(), *_PLACE)
        .limit(limit)
    )
    return [_candidate(row) for row in rows.mappings()]


def _candidate(row: RowMapping) -> CandidateRow:
    values = {name: value for name, value in row.items() if name != "key_text"}
    place = (row["event_on"].isoformat(), row["type"], row["key_text"], row["connection_id"])
    return CandidateRow(
        **values
        | {
            "type": ClaimType(row["type"]),
            "status": Status(row["status"]) if row["status"] else None,
            "place": place,
        }
    )
