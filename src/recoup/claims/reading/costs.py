"""The sourcing cost of a unit: entered by people, valid from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Date,
    any_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Text

from recoup.claims.reading.cost_gaps import is_known
from recoup.claims.tables import sourcing_cost
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, UserId, WorkspaceId

_c = sourcing_cost.c
_PLACE = (_c.connection_id, _c.sku, _c.fnsku, _c.valid_from)
_ROWS_PER_STATEMENT = 1000


@dataclass(frozen=True, slots=True)
class SourcingCost:
    """The cost of one unit from a day on, until the next entry of the same product.

    Either `sku` or `fnsku` is ''.
    """

    sku: str
    fnsku: str
    valid_from: date
    cost: Decimal
    currency: str
    invoice_reference: str | None


@dataclass(frozen=True, slots=True)
class CostRow(SourcingCost):
    """A stored sourcing cost."""

    connection_id: ConnectionId
    entered_at: datetime
    is_known: bool
    """Whether the loaded data names the product."""

    @property
    def place(self) -> tuple[str, ...]:
        """The position for the argument `after` of `list_costs`, to continue after this row."""
        return (self.connection_id, self.sku, self.fnsku, self.valid_from.isoformat())


_KNOWN = is_known(_c.connection_id, _c.sku, _c.fnsku).label("is_known")
_COLUMNS = tuple(_KNOWN if one.name == "is_known" else _c[one.name] for one in fields(CostRow))


@dataclass(frozen=True, slots=True)
class CostSelection:
    workspace_id: WorkspaceId
    connection_id: ConnectionId | None = None
    sku: str | None = None
    fnsku: str | None = None
    search: str | None = None
    """Part of a SKU, an FNSKU or an invoice reference, in any case."""


async def save_costs(
    conn: Writer, who: UserId, connection_id: ConnectionId, costs: Sequence[SourcingCost]
) -> None:
    """Adds costs, or replaces those of the same product and day. Keys must be unique."""
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
                    "entered_by": who,
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


async def list_unknown_products(
    conn: Reader, connection_id: ConnectionId, costs: Sequence[SourcingCost]
) -> list[str]:
    """The codes among these that the loaded data does not name, in order, each once."""
    found = await conn.execute(
        select(func.concat(_c.sku, _c.fnsku))
        .where(
            _c.connection_id == connection_id,
            func.concat(_c.sku, _c.fnsku)
            == any_(literal([cost.sku or cost.fnsku for cost in costs], ARRAY(Text))),
            ~_KNOWN,
        )
        .distinct()
        .order_by(func.concat(_c.sku, _c.fnsku))
    )
    return list(found.scalars())


async def delete_cost(
    conn: Writer, connection_id: ConnectionId, *, sku: str, fnsku: str, valid_from: date
) -> None:
    """Deletes one entry; the previous one applies again. Raises NotFoundError."""
    found = await conn.execute(
        delete(sourcing_cost).where(
            _c.connection_id == connection_id,
            _c.sku == sku,
            _c.fnsku == fnsku,
            _c.valid_from == valid_from,
        )
    )
    if not found.rowcount:
        raise NotFoundError("There is no sourcing cost for this product from this day on.")


async def list_costs(
    conn: Reader, selection: CostSelection, *, limit: int, after: tuple[str, ...] | None = None
) -> list[CostRow]:
    """Lists costs by product, then day."""
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.workspace_id == selection.workspace_id
    )
    conditions: list[ColumnElement[bool]] = [_c.connection_id.in_(seller)]
    if selection.connection_id is not None:
        conditions.append(_c.connection_id == selection.connection_id)
    if selection.sku is not None:
        conditions.append(_c.sku == selection.sku)
    if selection.fnsku is not None:
        conditions.append(_c.fnsku == selection.fnsku)
    if selection.search is not None:
        searched = (_c.sku, _c.fnsku, _c.invoice_reference)
        conditions.append(
            or_(*(one.icontains(selection.search, autoescape=True) for one in searched))
        )
    if after is not None:
        *texts, day = after
        place = tuple_(*(literal(text, Text) for text in texts), cast(literal(day, Text), Date))
        conditions.append(tuple_(*_PLACE) > place)
    rows = await conn.execute(select(*_COLUMNS).where(*conditions).order_by(*_PLACE).limit(limit))
    return [CostRow(*row) for row in rows]
