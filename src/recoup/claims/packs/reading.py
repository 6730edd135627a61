"""Packs of a workspace: all of them, or one with its texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recoup.claims.lifecycle import Standing, Status, WindowState
from recoup.claims.packs.attachments import Store, codes_of, subjects_of
from recoup.claims.packs.details import item_of
from recoup.claims.packs.grouping import FILEABLE, Group, group_claims
from recoup.claims.packs.pack import Pack, pack_of
from recoup.claims.packs.queries import list_claims_by_id
from recoup.claims.proofs.kinds import Subject
from recoup.claims.proofs.queries import ProofRow, list_proofs_about, list_purchase_orders
from recoup.claims.reading.claims import list_claims
from recoup.claims.reading.row import ClaimRow
from recoup.claims.reading.selection import ClaimSelection
from recoup.claims.reading.sort import ClaimOrder, Sort
from recoup.db.engine import Reader
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, WorkspaceId

MOST_CLAIMS = 10_000
"""So many of a standing are grouped, the most urgent ones; nobody files more in the days that are left."""


@dataclass(frozen=True, slots=True)
class FoundGroups:
    """is_complete: whether there are no more claims than are grouped."""

    groups: list[Group]
    is_complete: bool


async def read_groups(
    conn: Reader,
    workspace_id: WorkspaceId,
    now: datetime,
    *,
    connection_id: ConnectionId | None = None,
    standing: Standing | None = None,
) -> FoundGroups:
    """The groups of claims that can be filed today, without evidence."""
    rows: list[ClaimRow] = []
    is_complete = True
    for one in FILEABLE if standing is None else (standing,):
        is_unknown = one is Standing.WINDOW_UNKNOWN
        selection = ClaimSelection(
            workspace_id,
            now,
            connection_id,
            status=Status.DETECTED,
            window_state=WindowState.UNKNOWN if is_unknown else WindowState.OPEN,
            standing=one,
        )
        found = await list_claims(
            conn,
            selection,
            ClaimOrder(Sort.DEADLINE, now),
            limit=MOST_CLAIMS + 1,
            with_evidence=False,
        )
        is_complete &= len(found) <= MOST_CLAIMS
        rows += found[:MOST_CLAIMS]
    return FoundGroups(group_claims(rows), is_complete)


async def read_packs(conn: Reader, groups: Sequence[Group]) -> list[Pack]:
    """Packs with what is stored of their documents, in the order of the groups."""
    stores: dict[ConnectionId, Store] = {}
    for connection_id in dict.fromkeys(group.key.connection_id for group in groups):
        own = [group for group in groups if group.key.connection_id == connection_id]
        stores[connection_id] = await _read_store(conn, connection_id, own)
    return [pack_of(group, stores[group.key.connection_id]) for group in groups]


async def find_group(
    conn: Reader, workspace_id: WorkspaceId, pack_id: str, now: datetime
) -> Group | None:
    """The group as it is now, without evidence; None where nothing of it can be filed any more."""
    found = await read_groups(conn, workspace_id, now)
    return next((group for group in found.groups if group.key.pack_id == pack_id), None)


async def read_pack(conn: Reader, workspace_id: WorkspaceId, pack_id: str, now: datetime) -> Pack:
    """With evidence. Raises NotFoundError."""
    group = await find_group(conn, workspace_id, pack_id, now)
    if group is None:
        raise NotFoundError(
            "There is no such pack: its claims were filed, withdrawn or changed, or cannot be filed "
            "today."
        )
    rows = await list_claims_by_id(conn, workspace_id, (row.claim_id for row in group.claims), now)
    evidence = {row.claim_id: row.evidence for row in rows}
    whole = tuple(replace(row, evidence=evidence.get(row.claim_id)) for row in group.claims)
    (pack,) = await read_packs(conn, [replace(group, claims=whole)])
    return pack


async def _read_store(conn: Reader, connection_id: ConnectionId, groups: Sequence[Group]) -> Store:
    items = [(group.key, [item_of(row) for row in group.claims]) for group in groups]
    codes = {code for _, some in items for code in codes_of(some)}
    orders = await list_purchase_orders(conn, connection_id, codes)
    subjects = {one for key, some in items for one in subjects_of(key, some, orders)}
    proofs: defaultdict[Subject, list[ProofRow]] = defaultdict(list)
    for one in await list_proofs_about(conn, connection_id, subjects):
        proofs[one.subject].append(one)
    return Store(proofs, orders)
