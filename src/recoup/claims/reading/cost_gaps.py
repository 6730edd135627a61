"""Products without a sourcing cost, with the claims that wait for it, and costs without a product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Numeric,
    cast,
    column,
    exists,
    func,
    nulls_last,
    or_,
    select,
    table,
)

from recoup.claims.lifecycle import Standing
from recoup.claims.policy import load_policy
from recoup.claims.reading.claims import of_workspace
from recoup.claims.reading.day import today_on
from recoup.claims.reading.standing import standing_on
from recoup.claims.rule import Value
from recoup.claims.rules import all_rules
from recoup.claims.tables import claim
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, WorkspaceId

_c = claim.c
_STILL_TO_FILE = (Standing.OWED.value, Standing.TO_REVIEW.value, Standing.WINDOW_UNKNOWN.value)
# Where a product is named: in stock, in an order, or in an event that may become a claim.
_PRODUCTS = {
    "sku": ("inventory", "order_items", "claim_candidate"),
    "fnsku": ("inventory", "claim_candidate"),
}


@dataclass(frozen=True, slots=True)
class MissingCost:
    """A product and its claims that have no amount only because its cost is not entered.

    estimate: what Amazon paid before for so many units of it (the median), where it paid at least
    once. deadline: the first last safe day.
    """

    connection_id: ConnectionId
    sku: str | None
    fnsku: str | None
    claim_count: int
    quantity: int
    deadline: date | None
    estimate: Decimal | None
    currency: str | None


async def list_missing_costs(
    conn: Reader,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId | None,
    *,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> tuple[list[MissingCost], int]:
    """The products whose claims wait for most, and the number of all such products."""
    conditions: list[ColumnElement[bool]] = [
        of_workspace(workspace_id),
        _c.amount.is_(None),
        _c.type.in_([rule.type.value for rule in all_rules() if rule.value is Value.SOURCING_COST]),
        _c.event_on >= load_policy().sourcing_cost_since,
        standing_on(today_on(now)).in_(_STILL_TO_FILE),
        or_(_c.sku.is_not(None), _c.fnsku.is_not(None)),
    ]
    if connection_id is not None:
        conditions.append(_c.connection_id == connection_id)
    paid = _c.evidence["numbers"]["median_paid_per_unit"]
    units = func.sum(_c.quantity)
    estimate = func.round(func.sum(_c.quantity * cast(paid["amount"].astext, Numeric)), 2)
    product = (_c.connection_id, _c.sku, _c.fnsku)
    rows = await conn.execute(
        select(
            *product,
            func.count(),
            units,
            func.min(_c.deadline),
            estimate,
            func.max(paid["currency"].astext),
            func.count().over(),
        )
        .where(*conditions)
        .group_by(*product)
        .order_by(nulls_last(estimate.desc()), units.desc(), *product)
        .limit(limit)
        .offset(offset)
    )
    found = rows.all()
    if offset and not found:
        _, count = await list_missing_costs(conn, workspace_id, connection_id, now=now, limit=1)
        return [], count
    return [MissingCost(*row[:-1]) for row in found], found[0][-1] if found else 0


def is_known(
    connection_id: ColumnElement[str], sku: ColumnElement[str], fnsku: ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether the loaded data names the product; one of sku and fnsku is ''."""
    codes = {"sku": sku, "fnsku": fnsku}
    return or_(
        *(
            exists().where(
                codes[name] != "",
                named.c.connection_id == connection_id,
                named.c[name] == codes[name],
            )
            for name, places in _PRODUCTS.items()
            for place in places
            for named in [table(place, column("connection_id"), column(name))]
        )
    )
