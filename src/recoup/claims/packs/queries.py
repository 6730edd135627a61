"""Queries of packs: their claims, and what was filed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select, text

from recoup.claims.packs.tables import pack_filing
from recoup.claims.reading.claims import of_workspace
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.tables import claim, claim_history
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, UserId, WorkspaceId

_f = pack_filing.c
_TOLD = ("quantity", "amount", "currency")


@dataclass(frozen=True, slots=True)
class PackFiling:
    """Claims that a person filed as one pack. claims: their ids, each with its version then."""

    connection_id: ConnectionId
    pack_id: str
    case_id: str
    claims: Mapping[str, str]
    filed_by: UserId
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class RecentChange:
    """is_told: of what a pack says of a claim; the confidence only decides which pack it is in."""

    why: str
    is_told: bool


async def list_claims_by_id(
    conn: Reader,
    workspace_id: WorkspaceId,
    claim_ids: Iterable[str],
    now: datetime,
    *,
    with_evidence: bool = True,
    lock: bool = False,
) -> list[ClaimRow]:
    """By id. lock: neither detection nor a person can change them before the commit; always in the
    same order, so that two who lock the same claims wait for each other.
    """
    statement = (
        select_claims(today_on(now), with_evidence=with_evidence)
        .where(claim.c.claim_id.in_(sorted(set(claim_ids))), of_workspace(workspace_id))
        .order_by(claim.c.claim_id)
    )
    if lock:
        statement = statement.with_for_update()
    return [claim_row(row) for row in (await conn.execute(statement)).mappings()]


async def lock_pack(conn: Writer, pack_id: str) -> None:
    """Waits until nobody else files the pack, until the end of the transaction."""
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:pack_id, 0))"), {"pack_id": pack_id}
    )


async def list_filings(conn: Reader, workspace_id: WorkspaceId, pack_id: str) -> list[PackFiling]:
    """The newest first."""
    c = amazon_connection.c
    mine = select(c.connection_id).where(c.workspace_id == workspace_id)
    rows = await conn.execute(
        select(pack_filing)
        .where(_f.connection_id.in_(mine), _f.pack_id == pack_id)
        .order_by(_f.filing_id.desc())
    )
    return [
        PackFiling(**{name: value for name, value in row.items() if name != "filing_id"})
        for row in rows.mappings()
    ]


async def list_recent_changes(
    conn: Reader, workspace_id: WorkspaceId, since: datetime
) -> dict[str, RecentChange]:
    """Of claims that were there before, by id: the last change, and what any of them touched."""
    h, c = claim_history.c, amazon_connection.c
    mine = select(c.connection_id).where(c.workspace_id == workspace_id)
    told = or_(h.from_status != h.to_status, *(h.changes.has_key(name) for name in _TOLD))
    rows = await conn.execute(
        select(h.claim_id, h.why, told)
        .where(h.connection_id.in_(mine), h.at >= since, h.from_status.is_not(None))
        .where(or_(told, h.changes.has_key("confidence")))
        .order_by(h.entry_id)
    )
    found: dict[str, RecentChange] = {}
    for claim_id, why, is_told in rows:
        before = found.get(claim_id)
        found[claim_id] = RecentChange(why, is_told or (before is not None and before.is_told))
    return found


async def add_filing(conn: Writer, filing: PackFiling) -> None:
    await conn.execute(
        insert(pack_filing).values(
            connection_id=filing.connection_id,
            pack_id=filing.pack_id,
            case_id=filing.case_id,
            claims=dict(filing.claims),
            filed_by=filing.filed_by,
            filed_at=filing.filed_at,
        )
    )
