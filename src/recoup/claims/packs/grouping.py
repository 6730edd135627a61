"""Which claims are filed together. Pure.

A group has one account, marketplace, currency, claim type, cause and standing, and one subject: a shipment,
a product, an order or a removal order. Small groups are batched by kind and month where the route
takes several at once, so that a batch keeps its id when one of its claims is filed.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.packs.instructions import Instructions, load_instructions
from recoup.claims.policy import load_policy
from recoup.claims.proofs.kinds import Subject, SubjectKind
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import ClaimType
from recoup.ids import ConnectionId

FILEABLE = (Standing.OWED, Standing.TO_REVIEW, Standing.WINDOW_UNKNOWN)
"""The standings of which there are packs; those of weak claims say so."""


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What the claims of a group have in common. month: of the events of a batch, else None.

    subject: None for a batch, and for claims whose subject is not known.
    """

    connection_id: ConnectionId
    marketplace_id: str | None
    currency: str | None
    type: ClaimType
    cause: str | None
    standing: Standing
    subject: Subject | None
    month: str | None = None

    @property
    def pack_id(self) -> str:
        """The same for the same group after every detection."""
        subject = None if self.subject is None else [self.subject.kind, self.subject.code]
        parts = [self.connection_id, self.marketplace_id, self.currency]
        text = json.dumps([*parts, self.type, self.cause, self.standing, subject, self.month])
        return f"pack_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class Group:
    """Claims that are filed together, the oldest event first."""

    key: GroupKey
    claims: tuple[ClaimRow, ...]


def group_claims(rows: Iterable[ClaimRow], instructions: Instructions | None = None) -> list[Group]:
    """Groups all claims that can be filed today, the most urgent group first."""
    instructions = instructions or load_instructions()
    natural: defaultdict[GroupKey, list[ClaimRow]] = defaultdict(list)
    for row in rows:
        standing = standing_of(row)
        if standing is not None:
            natural[_key_of(row, standing, instructions)].append(row)
    batched: defaultdict[GroupKey, list[ClaimRow]] = defaultdict(list)
    for key, claims in natural.items():
        if not _is_small(key, claims, instructions):
            batched[key] += claims
            continue
        for row in claims:
            batched[_batch_of(key, row)].append(row)
    groups = [
        Group(key, tuple(sorted(claims, key=lambda row: (row.event_on, row.claim_id))))
        for key, claims in batched.items()
    ]
    return sorted(groups, key=_urgency)


def pack_ids_of(row: ClaimRow, instructions: Instructions | None = None) -> set[str]:
    """The packs in which a claim can have been, whatever its status and confidence are now."""
    instructions = instructions or load_instructions()
    natural = [_key_of(row, standing, instructions) for standing in FILEABLE]
    return {key.pack_id for one in natural for key in (one, _batch_of(one, row))}


def standing_of(row: ClaimRow) -> Standing | None:
    """Of a claim that can be filed today; None for any other."""
    if row.status is not Status.DETECTED:
        return None
    if row.window_state is WindowState.UNKNOWN:
        return Standing.WINDOW_UNKNOWN
    if row.window_state is not WindowState.OPEN:
        return None
    return Standing.TO_REVIEW if row.review is Review.MANUAL else Standing.OWED


def version_of_all(versions: Mapping[str, str]) -> str:
    """The same of a whole pack, from the versions of its claims by id."""
    return hashlib.sha256(json.dumps(sorted(versions.items())).encode()).hexdigest()[:12]


def cause_of(key: Mapping[str, Any]) -> str | None:
    """Why a fee is too high: causes are filed apart, as each is argued and proved in its own way."""
    return _text(key.get("cause"))


def version_of(row: ClaimRow) -> str:
    """A digest of what a pack says of a claim: another one means that the claim has changed."""
    amount = None if row.amount is None else format(row.amount.normalize(), "f")
    known = [row.quantity, amount, row.currency, row.event_on.isoformat(), row.marketplace_id]
    codes = [row.sku, row.fnsku, row.order_id]
    return hashlib.sha256(json.dumps([*known, *codes]).encode()).hexdigest()[:12]


def _key_of(row: ClaimRow, standing: Standing, instructions: Instructions) -> GroupKey:
    kind = instructions.route_of(row.type).groups
    code = _code_of(row, kind)
    return GroupKey(
        connection_id=row.connection_id,
        marketplace_id=row.marketplace_id,
        # So that a claim is in the same group before and after its amount is known.
        currency=row.currency or _currency_of(row.marketplace_id),
        type=row.type,
        cause=cause_of(row.key),
        standing=standing,
        subject=Subject(kind, code) if code else None,
    )


def _batch_of(key: GroupKey, row: ClaimRow) -> GroupKey:
    return replace(key, subject=None, month=f"{row.event_on:%Y-%m}")


def _code_of(row: ClaimRow, kind: SubjectKind) -> str | None:
    match kind:
        case SubjectKind.SHIPMENT:
            return _text(row.key.get("shipmentId"))
        case SubjectKind.REMOVAL_ORDER:
            return _text(row.key.get("removalOrderId")) or row.order_id
        case SubjectKind.ORDER:
            return row.order_id
        case _:
            return row.fnsku or row.sku


def _text(value: object) -> str | None:
    return str(value) if value not in {None, ""} else None


def _currency_of(marketplace_id: str | None) -> str | None:
    marketplaces = load_policy().marketplaces
    return next((m.currency for m in marketplaces if m.marketplace_id == marketplace_id), None)


def _is_small(key: GroupKey, claims: Sequence[ClaimRow], instructions: Instructions) -> bool:
    """An unknown amount is not a small one."""
    bound = instructions.small.get(key.currency or "")
    amounts = [row.amount for row in claims if row.amount is not None]
    return (
        instructions.route_of(key.type).is_batched
        and bound is not None
        and len(amounts) == len(claims)
        and sum(amounts, Decimal(0)) < bound
    )


def _urgency(group: Group) -> tuple[bool, str, str, str]:
    deadlines = [row.deadline for row in group.claims if row.deadline is not None]
    first = min(deadlines).isoformat() if deadlines else ""
    return not deadlines, first, group.key.type, group.key.pack_id
