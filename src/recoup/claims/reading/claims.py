"""A seller's claims: filtered, sorted, and paged by a stable position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Numeric,
    Select,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from recoup.claims.lifecycle import (
    AUTO_FROM,
    PROMPT_FROM,
    Review,
    Standing,
    Status,
)
from recoup.claims.reading.answered import is_recovered
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import ClaimRow, claim_row, select_claims
from recoup.claims.reading.selection import (
    ClaimSelection,
    Period,
    end_names,
    values_of,
)
from recoup.claims.reading.sort import ClaimOrder
from recoup.claims.reading.standing import in_window, stage_on, standing_on
from recoup.claims.rule import ClaimType
from recoup.claims.tables import SEARCHED, claim, claim_payment
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.errors import NotFoundError
from recoup.ids import WorkspaceId

_c = claim.c


@dataclass(frozen=True, slots=True)
class Total:
    """Claims of one currency; currency and amount are None if the value is unknown."""

    currency: str | None
    amount: Decimal | None
    claim_count: int


@dataclass(frozen=True, slots=True)
class StandingTotal(Total):
    """The same for one standing and type."""

    standing: Standing
    type: ClaimType


def of_workspace(workspace_id: WorkspaceId) -> ColumnElement[bool]:
    """Restricts to claims of the user's connections: nobody sees another's.

    As an array that is read once, so that the rows need not be joined with the connections.
    """
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.workspace_id == bindparam("workspace_id", workspace_id, Text)
    )
    return _c.connection_id == any_(func.array(seller.scalar_subquery(), type_=ARRAY(Text)))


@lru_cache(maxsize=8)
def conditions(selection: ClaimSelection) -> Sequence[ColumnElement[bool]]:
    """The conditions of the selection; a filter that is not set adds none.

    Values are bound by name (`values_of`), so that a statement serves others too. Kept for the next
    statement of the same request: making them takes as long as asking.
    """
    today = today_on(selection.now)
    equal: tuple[tuple[str, Callable[[], ColumnElement[Any]]], ...] = (
        ("connection_id", lambda: _c.connection_id),
        ("status", lambda: _c.status),
        ("type", lambda: _c.type),
        ("sync_id", lambda: _c.sync_id),
        ("standing", lambda: standing_on(today)),
        ("stage", lambda: stage_on(today)),
        ("review", review_band),
        ("currency", valued_currency),
    )
    values = values_of(selection)
    found = [of_workspace(selection.workspace_id)]
    found += [
        column() == bindparam(name, values[name], Text) for name, column in equal if name in values
    ]
    if selection.owed is not None:
        is_owed = standing_on(today) == Standing.OWED.value
        found.append(is_owed if selection.owed else ~is_owed)
    if selection.valued is not None:
        found.append(_c.amount.is_not(None) if selection.valued else _c.amount.is_(None))
    if selection.window_state is not None:
        found.append(in_window(selection.window_state, today))
    if selection.min_confidence is not None:
        least = bindparam("min_confidence", selection.min_confidence, Numeric)
        found.append(_c.confidence >= least)
    if selection.expiring_within_days is not None:
        days = bindparam("expiring_within_days", selection.expiring_within_days, Integer)
        found.append(_c.deadline.between(today, today + days))
    if selection.search:
        found.append(_begins_with(selection.search))
    if selection.discarded is not None:
        found.append(is_discarded() if selection.discarded else ~is_discarded())
    found += _paid(selection)
    times = (
        ("detected", _c.detected_at, selection.detected),
        ("status_set", _c.status_at, selection.status_set),
        ("filed", _c.filed_at, selection.filed),
    )
    return found + [one for name, at, period in times for one in within(at, period, name=name)]


def _paid(selection: ClaimSelection) -> list[ColumnElement[bool]]:
    """Conditions about payments. A period or a currency alone asks for a payment of either kind."""
    payments = _of_payments(selection)
    kinds = ((is_recovered(), selection.recovered), (~is_recovered(), selection.paid_by_itself))
    asked = [(kind, wanted) for kind, wanted in kinds if wanted is not None]
    if payments and not asked:
        asked = [(true(), True)]
    found = []
    for kind, wanted in asked:
        paid = (
            select(claim_payment.c.payment_id)
            .where(claim_payment.c.claim_id == _c.claim_id, kind, *payments)
            .correlate(claim)
            .exists()
        )
        found.append(paid if wanted else ~paid)
    return found


def _of_payments(selection: ClaimSelection) -> list[ColumnElement[bool]]:
    """The period and the currency of the payments that a selection asks for."""
    payments = within(claim_payment.c.approved_at, selection.paid, name="paid")
    if selection.paid_currency is not None:
        currency = bindparam("paid_currency", selection.paid_currency, Text)
        payments.append(claim_payment.c.currency == currency)
        payments.append(claim_payment.c.amount != 0)
    return payments


async def total_payments(conn: Reader, selection: ClaimSelection) -> list[Total]:
    """What the selected claims were paid, of the kind and in the time that the selection asks for.

    Without a currency: those with units only.
    """
    return [Total(*found) for found in await conn.execute(payments_of(selection))]


def payments_of(selection: ClaimSelection) -> Select[Any]:
    """The columns of `Total`."""
    p = claim_payment.c
    currency = case((p.amount != 0, p.currency))
    kinds = [is_recovered()] if selection.recovered else []
    kinds += [~is_recovered()] if selection.paid_by_itself else []
    return (
        select(
            currency,
            case((currency.is_not(None), func.sum(p.amount))),
            func.count(p.claim_id.distinct()),
        )
        .select_from(claim_payment.join(claim, _c.claim_id == p.claim_id))
        .where(*conditions(selection), *_of_payments(selection), *kinds)
        .group_by(currency)
        .order_by(currency)
    )


def is_discarded() -> ColumnElement[bool]:
    """No longer a claim: a person dismissed it, or something settled it."""
    return _c.status.in_((Status.DISMISSED.value, Status.WITHDRAWN.value))


def within(
    at: ColumnElement[Any], period: Period, *, name: str | None = None
) -> list[ColumnElement[bool]]:
    """The conditions of a period, with parameters if it has a name."""
    names = end_names(name) if name else (None, None)
    since, until = (
        bindparam(one, end, at.type, unique=one is None)
        for one, end in zip(names, period.ends, strict=True)
    )
    found: list[ColumnElement[bool]] = []
    if period.since is not None:
        found.append(at >= since)
    if period.until is not None:
        found.append(at < until)
    return found


def _begins_with(search: str) -> ColumnElement[bool]:
    """Of any code of a claim. Uses its claim_..._search_idx.

    Amazon's codes are in capitals, and SKUs are stored in capitals for this. A comparison by lower()
    would hide the indexes: no function of a row runs before row level security has let the row pass,
    except those that leak nothing, and lower() is none of them.
    """
    beginning = bindparam("search", search, Text)
    # Of a constant: it is made by PostgreSQL too, so that both sides have the same capitals.
    capitals = func.upper(beginning)
    written = [name for name in SEARCHED if name != "sku_upper"]
    return or_(
        *(func.starts_with(_c[name], capitals) for name in SEARCHED),
        *(func.starts_with(_c[name], beginning) for name in written),
    )


def review_band() -> ColumnElement[str]:
    """The same as `lifecycle.review_of`."""
    return case(
        (_c.confidence >= AUTO_FROM, Review.AUTO.value),
        (_c.confidence >= PROMPT_FROM, Review.PROMPT.value),
        else_=Review.MANUAL.value,
    )


def valued_currency() -> ColumnElement[str | None]:
    """The currency of a claim whose amount is known."""
    return case((_c.amount.is_not(None), _c.currency))


async def list_claims(
    conn: Reader,
    selection: ClaimSelection,
    order: ClaimOrder,
    *,
    limit: int,
    after: tuple[str, ...] | None = None,
    with_evidence: bool = True,
) -> list[ClaimRow]:
    """Lists at most `limit` claims after the position `after`; each row has its own position."""
    wanted = select_claims(today_on(selection.now), with_evidence=with_evidence)
    statement = page_of(wanted, selection, order, limit=limit, after=after)
    names = [column.name for column in order.place_columns()]
    rows = (await conn.execute(statement)).mappings()
    return [claim_row(row, tuple(row[name] for name in names)) for row in rows]


def page_of(
    wanted: Select[Any],
    selection: ClaimSelection,
    order: ClaimOrder,
    *,
    limit: int,
    after: tuple[str, ...] | None,
) -> Select[Any]:
    """What is wanted of at most `limit` claims after a position, and the position of each behind it.

    Which claims these are is known from claim_figures_idx alone; only theirs are read whole.
    """
    chosen = chosen_of(selection, order, limit=limit, after=after)
    return in_order(wanted.where(_c.claim_id.in_(chosen.correlate(None))), order)


def chosen_of(
    selection: ClaimSelection, order: ClaimOrder, *, limit: int, after: tuple[str, ...] | None
) -> Select[tuple[str]]:
    """The ids of at most `limit` claims after a position. Looks at all claims of the selection."""
    chosen = select(_c.claim_id).where(*conditions(selection))
    if after is not None:
        chosen = chosen.where(order.after(after))
    return chosen.order_by(*order.by()).limit(limit)


def in_order(wanted: Select[Any], order: ClaimOrder) -> Select[Any]:
    """With the position of each row behind it."""
    return wanted.add_columns(*order.place_columns()).order_by(*order.by())


async def total_claims(conn: Reader, selection: ClaimSelection) -> list[StandingTotal]:
    """Totals of the whole selection by standing, type and currency; currencies are never added."""
    return await total_where(conn, *conditions(selection), today=today_on(selection.now))


async def total_where(
    conn: Reader, *where: ColumnElement[bool], today: ColumnElement[date]
) -> list[StandingTotal]:
    """The same for the claims that fulfil all conditions, as of a day."""
    return standing_totals(await conn.execute(totals_of(*where, today=today)))


def totals_of(*where: ColumnElement[bool], today: ColumnElement[date]) -> Select[Any]:
    """The rows that `standing_totals` takes."""
    standing, currency = standing_on(today), valued_currency()
    return (
        select(currency, func.sum(_c.amount), func.count(), standing, _c.type)
        .where(*where)
        .group_by(standing, _c.type, currency)
        .order_by(_c.type, currency)
    )


def standing_totals(rows: Iterable[Any]) -> list[StandingTotal]:
    return [
        StandingTotal(currency, amount, number, Standing(name), ClaimType(claim_type))
        for currency, amount, number, name, claim_type in rows
    ]


async def get_claim(
    conn: Reader, workspace_id: WorkspaceId, claim_id: str, now: datetime
) -> ClaimRow:
    """Raises NotFoundError, also if the claim belongs to another user."""
    statement = select_claims(today_on(now)).where(
        _c.claim_id == claim_id, of_workspace(workspace_id)
    )
    row = (await conn.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such claim.", listed_by="claims list")
    return claim_row(row)


async def list_claim_ids(conn: Reader, workspace_id: WorkspaceId, beginning: str) -> list[str]:
    """Returns at most two ids: whether the start of an id matches one claim, none or several."""
    begins = or_(
        func.starts_with(_c.claim_id, beginning),
        func.starts_with(_c.claim_id, f"claim_{beginning}"),
    )
    rows = await conn.execute(
        select(_c.claim_id).where(of_workspace(workspace_id), begins).limit(2)
    )
    return list(rows.scalars())
