"""Reading a seller's claims: filtered, sorted, page by page at a place that does not shift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from recoup.claims.day_queries import today_on
from recoup.claims.lifecycle import Status, WindowState
from recoup.claims.rule import ClaimType
from recoup.claims.sort_queries import Order
from recoup.claims.tables import claim, claim_allocation, claim_history
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, UserId
from recoup.users.tables import app_user

ClaimRow = RowMapping
"""The columns of `claim` and `today_on`, the marketplace's day."""

_c = claim.c


@dataclass(frozen=True, slots=True)
class ClaimSelection:
    """Which claims of a user. `now` decides what day it is in each marketplace."""

    user_id: UserId
    now: datetime
    connection_id: ConnectionId | None = None
    status: Status | None = None
    type: ClaimType | None = None
    window_state: WindowState | None = None
    min_confidence: Decimal | None = None
    expiring_within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Claims of one currency; currency and amount are None for those without a known value."""

    currency: str | None
    amount: Decimal | None
    claim_count: int


def in_window(state: WindowState, now: datetime) -> ColumnElement[bool]:
    """The same as `lifecycle.window_state`, as a condition."""
    today = today_on(now)
    begun = func.coalesce(_c.fileable_from <= today, True)
    match state:
        case WindowState.UNKNOWN:
            return _c.deadline.is_(None)
        case WindowState.EXPIRED:
            return _c.deadline < today
        case WindowState.WAIT:
            return and_(_c.deadline >= today, ~begun)
        case WindowState.OPEN:
            return and_(_c.deadline >= today, begun)


def of_user(user_id: UserId) -> ColumnElement[bool]:
    """Claims of the user's connections: nobody sees another's."""
    seller = select(amazon_connection.c.connection_id).where(amazon_connection.c.user_id == user_id)
    return _c.connection_id.in_(seller)


def conditions(selection: ClaimSelection) -> list[ColumnElement[bool]]:
    found = [of_user(selection.user_id)]
    if selection.connection_id is not None:
        found.append(_c.connection_id == selection.connection_id)
    if selection.status is not None:
        found.append(_c.status == selection.status.value)
    if selection.type is not None:
        found.append(_c.type == selection.type.value)
    if selection.window_state is not None:
        found.append(in_window(selection.window_state, selection.now))
    if selection.min_confidence is not None:
        found.append(_c.confidence >= selection.min_confidence)
    if selection.expiring_within_days is not None:
        today = today_on(selection.now)
        found.append(_c.deadline.between(today, today + selection.expiring_within_days))
    return found


def valued_currency() -> ColumnElement[str | None]:
    """The currency of a claim whose amount is known."""
    return case((_c.amount.is_not(None), _c.currency))


async def list_claims(
    conn: Reader,
    selection: ClaimSelection,
    order: Order,
    *,
    limit: int,
    after: tuple[str, ...] | None = None,
) -> list[ClaimRow]:
    """At most `limit` claims from the place `after` on; a row's own place is `place_of`."""
    statement = _rows(selection.now).where(*conditions(selection))
    if after is not None:
        statement = statement.where(order.after(after))
    statement = statement.add_columns(*order.place_columns()).order_by(*order.by()).limit(limit)
    return list((await conn.execute(statement)).mappings())


def place_of(order: Order, row: ClaimRow) -> tuple[str, ...]:
    """What `list_claims` takes as `after` to go on behind this row."""
    return tuple(row[column.name] for column in order.place_columns())


async def total_claims(conn: Reader, selection: ClaimSelection) -> list[Total]:
    """The whole selection per currency, most claims first; currencies are never added."""
    count, currency = func.count(), valued_currency()
    rows = await conn.execute(
        select(currency, func.sum(_c.amount), count)
        .where(*conditions(selection))
        .group_by(currency)
        .order_by(currency.is_(None), count.desc(), currency)
    )
    return [Total(currency, amount, number) for currency, amount, number in rows]


async def get_claim(conn: Reader, user_id: UserId, claim_id: str, now: datetime) -> ClaimRow:
    """Raises NotFoundError, also when it is somebody else's."""
    rows = await conn.execute(_rows(now).where(_c.claim_id == claim_id, of_user(user_id)))
    row: ClaimRow | None = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such claim.")
    return row


async def list_claim_ids(conn: Reader, user_id: UserId, beginning: str) -> list[str]:
    """Two at most: whether the beginning of an id names one claim, none or several."""
    begins = or_(
        func.starts_with(_c.claim_id, beginning),
        func.starts_with(_c.claim_id, f"claim_{beginning}"),
    )
    rows = await conn.execute(select(_c.claim_id).where(of_user(user_id), begins).limit(2))
    return list(rows.scalars())


async def list_claim_history(conn: Reader, claim_id: str) -> list[RowMapping]:
    """What became of a claim, oldest first. `who` is an e-mail address or `recoup`."""
    h = claim_history.c
    rows = await conn.execute(
        select(
            h.at,
            func.coalesce(app_user.c.email, h.who).label("who"),
            h.from_status,
            h.to_status,
            h.why,
            h.changes,
        )
        .select_from(claim_history.outerjoin(app_user, app_user.c.user_id == h.who))
        .where(h.claim_id == claim_id)
        .order_by(h.entry_id)
    )
    return list(rows.mappings())


async def list_claim_allocations(conn: Reader, row: ClaimRow) -> list[RowMapping]:
    """What settled units of the claim's event, in the order of allocation."""
    a = claim_allocation.c
    rows = await conn.execute(
        select(a.by, a.reference, a.units)
        .where(
            a.connection_id == row["connection_id"],
            a.type == row["type"],
            a.key == select(_c.key).where(_c.claim_id == row["claim_id"]).scalar_subquery(),
        )
        .order_by(a.allocation_id)
    )
    return list(rows.mappings())


def _rows(now: datetime) -> Select[Any]:
    return select(claim, today_on(now).label("today_on"))
