"""What a unit costs the seller: entered by people, valid from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Date, RowMapping, cast, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Text

from recoup.claims.tables import sourcing_cost
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, UserId

_c = sourcing_cost.c
_PLACE = (_c.connection_id, _c.sku, _c.fnsku, _c.valid_from)
_ROWS_PER_STATEMENT = 1000


@dataclass(frozen=True, slots=True)
class SourcingCost:
    """What one unit costs from a day on, until the next entry of the same product.

    Either `sku` or `fnsku` is ''.
    """

    sku: str
    fnsku: str
    valid_from: date
    cost: Decimal
    currency: str
    invoice_reference: str | None


@dataclass(frozen=True, slots=True)
class CostSelection:
    user_id: UserId
    connection_id: ConnectionId | None = None
    sku: str | None = None
    fnsku: str | None = None


async def save_costs(
    conn: Writer, user_id: UserId, connection_id: ConnectionId, costs: Sequence[SourcingCost]
) -> None:
    """Add costs, or replace those of the same product and day. No key may come twice."""
    for begin in range(0, len(costs), _ROWS_PER_STATEMENT):
        statement = insert(sourcing_cost).values(
            [
                {
                    "connection_id": connection_id,
                    "sku": cost.sku,
                    "fnsku": cost.fnsku,
                    "valid_from": cost.valid_from,
                    "cost": cost.cost,
                    "currency": cost.currency,
                    "invoice_reference": cost.invoice_reference,
                    "entered_by": user_id,
                }
                for cost in costs[begin : begin + _ROWS_PER_STATEMENT]
            ]
        )
        fresh = statement.excluded
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["connection_id", "sku", "fnsku", "valid_from"],
                set_={
                    "cost": fresh.cost,
                    "currency": fresh.currency,
                    "invoice_reference": fresh.invoice_reference,
                    "entered_by": fresh.entered_by,
                    "entered_at": func.now(),
                },
            )
        )


async def delete_cost(
    conn: Writer, connection_id: ConnectionId, *, sku: str, fnsku: str, valid_from: date
) -> None:
    """Take back one entry; the one before it counts again. Raises NotFoundError."""
    found = await conn.execute(
        delete(sourcing_cost).where(
            _c.connection_id == connection_id,
            _c.sku == sku,
            _c.fnsku == fnsku,
            _c.valid_from == valid_from,
        )
    )
    if not found.rowcount:
        raise NotFoundError("There is no sourcing cost of this product from this day on.")


async def list_costs(
    conn: Reader, selection: CostSelection, *, limit: int, after: tuple[str, ...] | None = None
) -> list[RowMapping]:
    """By product, then day; `cost_place` of a row is its place."""
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.user_id == selection.user_id
    )
    conditions: list[ColumnElement[bool]] = [_c.connection_id.in_(seller)]
    if selection.connection_id is not None:
        conditions.append(_c.connection_id == selection.connection_id)
    if selection.sku is not None:
        conditions.append(_c.sku == selection.sku)
    if selection.fnsku is not None:
        conditions.append(_c.fnsku == selection.fnsku)
    if after is not None:
        *texts, day = after
        place = tuple_(*(literal(text, Text) for text in texts), cast(literal(day, Text), Date))
        conditions.append(tuple_(*_PLACE) > place)
    rows = await conn.execute(
        select(sourcing_cost).where(*conditions).order_by(*_PLACE).limit(limit)
    )
    return list(rows.mappings())


def cost_place(row: RowMapping) -> tuple[str, ...]:
    """What `list_costs` takes as `after` to go on behind this row."""
    return (row["connection_id"], row["sku"], row["fnsku"], row["valid_from"].isoformat())
