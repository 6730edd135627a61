"""Costs as Amazon's workbook names them: estimated, approved, and refused ones of the seller's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from recoup.claims.tables import amazon_cost, approved_cost, cost_workbook
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, WorkspaceId

WAIT_AFTER_REFUSAL = timedelta(days=30)
"""Amazon accepts another cost for a product only so long after it has refused one (docs/claims.md#sourcing-costs)."""

_a = amazon_cost.c
_ROWS_PER_STATEMENT = 1000


@dataclass(frozen=True, slots=True)
class AmazonCost:
    """A product in the workbook. new_cost: what stands in `Seller New Cost`."""

    fnsku: str
    currency: str
    asin: str | None
    estimated_cost: Decimal | None
    approved_cost: Decimal | None
    approved_source: str | None
    approved_on: date | None
    new_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AmazonCostRow(AmazonCost):
    """The same as it is stored. own_cost: the seller's own of the day; refused: of the seller's."""

    own_cost: Decimal | None = None
    refused_cost: Decimal | None = None
    refused_on: date | None = None
    connection_id: ConnectionId | None = None

    @property
    def send_again_on(self) -> date | None:
        """The day from which a refused cost can be sent again."""
        return None if self.refused_on is None else self.refused_on + WAIT_AFTER_REFUSAL

    def cost_to_send(self, today: date) -> Decimal | None:
        """The seller's cost that Amazon should hear of; None if it pays by it, or must not be asked yet."""
        if self.own_cost is None or self.own_cost == self.approved_cost:
            return None
        waits = self.send_again_on is not None and today < self.send_again_on
        return None if waits else self.own_cost


async def save_workbook(
    conn: Writer, connection_id: ConnectionId, content: bytes, costs: Sequence[AmazonCost]
) -> None:
    """Replaces the workbook and what it says. A refused cost that Amazon has approved since is refused
    no longer.
    """
    statement = insert(cost_workbook).values(connection_id=connection_id, content=content)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id"],
            set_={"content": statement.excluded.content, "read_at": func.now()},
        )
    )
    for begin in range(0, len(costs), _ROWS_PER_STATEMENT):
        await _save(conn, connection_id, costs[begin : begin + _ROWS_PER_STATEMENT])
    await conn.execute(
        update(amazon_cost)
        .where(
            _a.connection_id == connection_id,
            _a.refused_on.is_not(None),
            _a.approved_cost == _a.refused_cost,
            _a.approved_on >= _a.refused_on,
        )
        .values(refused_cost=None, refused_on=None)
    )


async def _save(conn: Writer, connection_id: ConnectionId, costs: Sequence[AmazonCost]) -> None:
    names = ("asin", "estimated_cost", "approved_cost", "approved_source", "approved_on")
    statement = insert(amazon_cost).values(
        [
            {"connection_id": connection_id, "fnsku": one.fnsku, "currency": one.currency}
            | {name: getattr(one, name) for name in names}
            for one in costs
        ]
    )
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "fnsku", "currency"],
            set_={**{name: statement.excluded[name] for name in names}, "read_at": func.now()},
        )
    )
    approved = [
        {
            "connection_id": connection_id,
            "fnsku": one.fnsku,
            "currency": one.currency,
            "approved_on": one.approved_on,
            "cost": one.approved_cost,
            "source": one.approved_source,
        }
        for one in costs
        if one.approved_cost is not None
    ]
    if approved:
        history = insert(approved_cost).values(approved)
        await conn.execute(
            history.on_conflict_do_update(
                index_elements=["connection_id", "fnsku", "currency", "approved_on"],
                set_={"cost": history.excluded.cost, "source": history.excluded.source},
            )
        )


async def find_workbook(conn: Reader, connection_id: ConnectionId) -> bytes | None:
    """The workbook that was read last."""
    found = await conn.execute(
        select(cost_workbook.c.content).where(cost_workbook.c.connection_id == connection_id)
    )
    content: bytes | None = found.scalar_one_or_none()
    return None if content is None else bytes(content)


_LIST = """
    select a.fnsku, a.currency, a.asin, a.estimated_cost, a.approved_cost, a.approved_source,
        a.approved_on, null as new_cost, own.cost as own_cost, a.refused_cost, a.refused_on,
        a.connection_id
    from amazon_cost a
    left join lateral (
        select c.cost from sourcing_cost c
        where c.connection_id = a.connection_id and c.currency = a.currency
            and c.valid_from <= :today
            and (c.fnsku = a.fnsku or c.sku in (
                select i.sku from inventory i
                where i.connection_id = a.connection_id and i.fnsku = a.fnsku))
        order by c.fnsku = a.fnsku desc, c.valid_from desc limit 1
    ) own on true
    where a.connection_id = any(:connections)
        and (not :is_due or a.refused_on <= :due_on)
    order by a.refused_on is null, a.refused_on, a.connection_id, a.fnsku, a.currency
    limit :limit offset :offset
"""
_COUNT = """
    select count(*) from amazon_cost a
    where a.connection_id = any(:connections) and (not :is_due or a.refused_on <= :due_on)
"""


async def list_amazon_costs(
    conn: Reader,
    connections: Sequence[ConnectionId],
    *,
    today: date,
    is_due: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[AmazonCostRow], int]:
    """Products of the accounts' workbooks, refused ones first, and their number.

    is_due: those whose refused cost can be sent again. The seller's cost is of the FNSKU, otherwise of
    one of its SKUs.
    """
    values = {
        "connections": list(connections),
        "today": today,
        "is_due": is_due,
        "due_on": today - WAIT_AFTER_REFUSAL,
    }
    rows = await conn.execute(text(_LIST), values | {"limit": limit, "offset": offset})
    count = (await conn.execute(text(_COUNT), values)).scalar_one()
    return [AmazonCostRow(*row) for row in rows], int(count)


async def count_due_costs(conn: Reader, workspace_id: WorkspaceId, *, today: date) -> int:
    """Counts the refused costs of all accounts that can be sent again."""
    found = await conn.execute(
        select(func.count())
        .select_from(amazon_cost)
        .join(amazon_connection, amazon_connection.c.connection_id == _a.connection_id)
        .where(
            amazon_connection.c.workspace_id == workspace_id,
            _a.refused_on <= today - WAIT_AFTER_REFUSAL,
        )
    )
    return int(found.scalar_one())


async def refuse_cost(
    conn: Writer,
    connection_id: ConnectionId,
    *,
    fnsku: str,
    currency: str,
    cost: Decimal,
    refused_on: date,
) -> None:
    """Records that Amazon refused a cost of the seller's. Raises NotFoundError."""
    await _set_refusal(conn, connection_id, fnsku, currency, cost, refused_on)


async def forget_refusal(
    conn: Writer, connection_id: ConnectionId, *, fnsku: str, currency: str
) -> None:
    """As if it had not been refused. Raises NotFoundError."""
    await _set_refusal(conn, connection_id, fnsku, currency, None, None)


async def _set_refusal(
    conn: Writer,
    connection_id: ConnectionId,
    fnsku: str,
    currency: str,
    cost: Decimal | None,
    refused_on: date | None,
) -> None:
    result = await conn.execute(
        update(amazon_cost)
        .where(_a.connection_id == connection_id, _a.fnsku == fnsku, _a.currency == currency)
        .values(refused_cost=cost, refused_on=refused_on)
    )
    if result.rowcount == 0:
        raise NotFoundError("Amazon's workbook does not name this product: read it first.")
