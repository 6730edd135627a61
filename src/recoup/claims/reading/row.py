"""A stored claim as one typed row, used by every list, detail, export and decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, null, select

from recoup.claims.lifecycle import Review, Status, WindowState, days_left, review_of, window_state
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim
from recoup.ids import ConnectionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """The columns of `claim`, each under its name.

    evidence: None if it was not read. today_on: the day of the claim's marketplace. place: the
    position of the claim in the list that it was read for, which is what `list_claims` takes as
    `after`; empty outside a list.
    """

    claim_id: str
    connection_id: ConnectionId
    type: ClaimType
    key: Mapping[str, Any]
    status: Status
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    quantity: int
    amount: Decimal | None
    currency: str | None
    amount_basis: str | None
    amount_missing: str | None
    confidence: Decimal
    confidence_parts: Sequence[Mapping[str, Any]]
    event_on: date
    fileable_from: date | None
    deadline: date | None
    window_note: str | None
    reason: str
    evidence: Mapping[str, Any] | None
    policy_version: str
    rule_version: int
    as_of: date
    detected_at: datetime
    confirmed_at: datetime
    sync_id: str | None
    case_id: str | None
    note: str | None
    arrived: bool | None
    filed_at: datetime | None
    today_on: date
    place: tuple[str, ...] = ()

    @property
    def window_state(self) -> WindowState:
        return window_state(self.fileable_from, self.deadline, self.today_on)

    @property
    def days_left(self) -> int | None:
        return days_left(self.deadline, self.today_on)

    @property
    def review(self) -> Review:
        return review_of(self.confidence)


_COLUMNS = tuple(one.name for one in fields(ClaimRow) if one.name in claim.c)


def select_claims(today: ColumnElement[date], *, with_evidence: bool = True) -> Select[Any]:
    """The statement for the rows that `claim_row` takes; `today` is the date for each claim."""
    columns = (
        null().label(name) if name == "evidence" and not with_evidence else claim.c[name]
        for name in _COLUMNS
    )
    return select(*columns, today.label("today_on"))


def claim_row(row: RowMapping, place: tuple[str, ...] = ()) -> ClaimRow:
    values = {name: row[name] for name in (*_COLUMNS, "today_on")}
    values |= {"type": ClaimType(row["type"]), "status": Status(row["status"])}
    return ClaimRow(**values, place=place)
