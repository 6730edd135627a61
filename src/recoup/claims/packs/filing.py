"""Marking all claims of a pack as filed: all of them, once, and only as they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recoup.claims.lifecycle import Status
from recoup.claims.packs.grouping import Group, pack_ids_of, standing_of, version_of
from recoup.claims.packs.queries import (
    PackFiling,
    RecentChange,
    add_filing,
    list_claims_by_id,
    list_filings,
    list_recent_changes,
    lock_pack,
)
from recoup.claims.packs.reading import find_group
from recoup.claims.reading.decisions import Decision, decide
from recoup.claims.reading.row import ClaimRow
from recoup.db.engine import Writer
from recoup.errors import NotFoundError, PackMovedError
from recoup.ids import UserId, WorkspaceId

MEMORY = timedelta(hours=24)
"""How long ago somebody may have read a pack who files it without saying what was read."""


@dataclass(frozen=True, slots=True)
class FiledPack:
    """What was filed. is_repeat: it had been filed before, by the same request."""

    filing: PackFiling
    is_repeat: bool


async def file_pack(
    conn: Writer,
    workspace_id: WorkspaceId,
    pack_id: str,
    case_id: str,
    *,
    read: Mapping[str, str] | None,
    who: UserId,
    now: datetime,
) -> FiledPack:
    """Files every claim of the pack under the case, or none.

    read: the version of each claim as the person has read it. None: they read it within MEMORY, so
    that nothing of it may have changed since. Raises NotFoundError, and PackMovedError with what moved.
    """
    await lock_pack(conn, pack_id)
    earlier = await list_filings(conn, workspace_id, pack_id)
    group = await find_group(conn, workspace_id, pack_id, now)
    same = next((one for one in earlier if _is_same(one, case_id, read, group)), None)
    if same is not None:
        return FiledPack(same, is_repeat=True)
    if read is None:
        await _require_unmoved(conn, workspace_id, pack_id, group, earlier, now)
        if group is None:
            raise NotFoundError("There is no such pack.")
    wanted = dict(read) if read is not None else versions_of(group.claims if group else ())
    present = {row.claim_id for row in group.claims} if group else set()
    locked = await list_claims_by_id(
        conn, workspace_id, {*wanted, *present}, now, with_evidence=False, lock=True
    )
    moved = _moved(wanted, group, locked)
    if moved:
        raise PackMovedError(tuple(moved))
    for claim_id in wanted:
        decision = Decision(status=Status.FILED, case_id=case_id)
        await decide(conn, workspace_id, claim_id, decision, who=who, now=now)
    filing = PackFiling(locked[0].connection_id, pack_id, case_id, wanted, who, now)
    await add_filing(conn, filing)
    return FiledPack(filing, is_repeat=False)


def _is_same(
    filing: PackFiling, case_id: str, read: Mapping[str, str] | None, group: Group | None
) -> bool:
    """Whether the request repeats a filing, none of whose claims can be filed again."""
    back = {row.claim_id for row in group.claims} if group else set()
    return (
        filing.case_id == case_id
        and (read is None or dict(read) == dict(filing.claims))
        and not back & set(filing.claims)
    )


async def _require_unmoved(
    conn: Writer,
    workspace_id: WorkspaceId,
    pack_id: str,
    group: Group | None,
    earlier: Sequence[PackFiling],
    now: datetime,
) -> None:
    """Raises PackMovedError where a claim of the pack has changed or left it lately.

    What was filed with the pack before left it for good, unless nothing else is left to file.
    """
    changes = await list_recent_changes(conn, workspace_id, now - MEMORY)
    filed = {claim_id for one in earlier for claim_id in one.claims} if group else set()
    rows = await list_claims_by_id(
        conn, workspace_id, set(changes) - filed, now, with_evidence=False
    )
    moved = [
        (row.claim_id, what)
        for row in rows
        if pack_id in pack_ids_of(row)
        and (what := _what_happened(row, changes[row.claim_id], group))
    ]
    if moved:
        raise PackMovedError(tuple(moved))


def _what_happened(row: ClaimRow, change: RecentChange, group: Group | None) -> str | None:
    """None where the change is not of what the pack says."""
    is_in = group is not None and row.claim_id in {one.claim_id for one in group.claims}
    became = _what_became(row, version_of(row), group if is_in else None)
    return became or (f"has changed ({change.why})" if change.is_told else None)


def versions_of(rows: Sequence[ClaimRow]) -> dict[str, str]:
    """What a person has read who reads these claims now."""
    return {row.claim_id: version_of(row) for row in rows}


def _moved(
    wanted: Mapping[str, str], group: Group | None, locked: Sequence[ClaimRow]
) -> list[tuple[str, str]]:
    """Claims that are not what the person has read, each with what became of it."""
    rows = {row.claim_id: row for row in locked}
    present = set() if group is None else {row.claim_id for row in group.claims}
    moved = [
        (claim_id, why)
        for claim_id, version in wanted.items()
        if (
            why := _what_became(rows.get(claim_id), version, group if claim_id in present else None)
        )
    ]
    return moved + [(claim_id, "is new in the pack") for claim_id in sorted(present - set(wanted))]


def _what_became(row: ClaimRow | None, version: str, group: Group | None) -> str | None:
    """None for a claim that is as it was. group: None for a claim that is not in it any more."""
    if row is None:
        return "no longer exists"
    if row.status is not Status.DETECTED:
        case = f", under case {row.case_id}" if row.status is Status.FILED and row.case_id else ""
        return f"is {row.status} now{case}"
    if standing_of(row) is None:
        return "cannot be filed today"
    if version_of(row) != version:
        return "has other units or another amount now"
    if group is None or standing_of(row) is not group.key.standing:
        return "belongs to another pack now"
    return None
