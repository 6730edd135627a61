"""Reading a seller's rows: filtered, newest first, page by page at a place that does not shift."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Table,
    and_,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.db.upsert import PROVENANCE
from recoup.ids import ConnectionId, UserId
from recoup.streams.inventory import TABLE as _INVENTORY
from recoup.streams.orders import ITEMS as _ITEMS, TABLE as _ORDERS
from recoup.streams.table import TIME
from recoup.streams.transactions import FEES as _FEES, TABLE as _TRANSACTIONS

Condition = Callable[[str], ColumnElement[bool]]
StoredRow = RowMapping

_SORT_AT = "sort_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Listing:
    """One table as it can be listed. `at` sorts, newest first, and is what `since` filters.

    key: the columns that, after the time and the connection, make a row's place unique.
    """

    table: Table
    at: ColumnElement[datetime]
    key: tuple[Column[Any], ...]
    sku: Condition
    order_id: Condition | None = None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def flat_columns(self) -> list[str]:
        """What a line of a spreadsheet can hold of a row."""
        return [
            column.name
            for column in self.table.columns
            if column.name not in PROVENANCE and not isinstance(column.type, JSONB)
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in its listing; the rows after it are older."""

    at: datetime
    connection_id: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a user. Half-open: `since` <= time < `until`."""

    user_id: UserId
    connection_id: ConnectionId | None = None
    since: datetime | None = None
    until: datetime | None = None
    sku: str | None = None
    order_id: str | None = None


def _order_has_sku(sku: str) -> ColumnElement[bool]:
    i = _ITEMS.c
    return (
        select(i.order_id)
        .where(
            i.connection_id == _ORDERS.c.connection_id,
            i.order_id == _ORDERS.c.order_id,
            i.sku == sku,
        )
        .exists()
    )


def _transaction_has_sku(sku: str) -> ColumnElement[bool]:
    f, t = _FEES.c, _TRANSACTIONS.c
    return (
        select(f.line)
        .where(
            f.connection_id == t.connection_id,
            f.transaction_id == t.transaction_id,
            f.sku == sku,
        )
        .exists()
    )


ORDERS = Listing(
    table=_ORDERS,
    at=_ORDERS.c.created_at,
    key=(_ORDERS.c.order_id,),
    sku=_order_has_sku,
    order_id=lambda order_id: _ORDERS.c.order_id == order_id,
)
INVENTORY = Listing(
    table=_INVENTORY,
    # Stock that never changed has no time; it comes last.
    at=func.coalesce(_INVENTORY.c.last_updated_at, literal(_EPOCH, TIME)),
    key=(_INVENTORY.c.marketplace_id, _INVENTORY.c.sku, _INVENTORY.c.fnsku, _INVENTORY.c.condition),
    sku=lambda sku: _INVENTORY.c.sku == sku,
)
TRANSACTIONS = Listing(
    table=_TRANSACTIONS,
    at=_TRANSACTIONS.c.posted_at,
    key=(_TRANSACTIONS.c.transaction_id,),
    sku=_transaction_has_sku,
    order_id=lambda order_id: _TRANSACTIONS.c.order_id == order_id,
)
FEES = Listing(
    table=_FEES,
    at=_FEES.c.posted_at,
    key=(_FEES.c.transaction_id, _FEES.c.line),
    sku=lambda sku: _FEES.c.sku == sku,
    order_id=lambda order_id: _FEES.c.order_id == order_id,
)


async def list_rows(
    conn: Reader, listing: Listing, selection: Selection, *, limit: int, after: Place | None
) -> list[StoredRow]:
    """At most `limit` rows, newest first, from the place on; a row's own place is `place_of`.

    Each connection gives its newest rows from its own index, so the cost follows the page and not
    the size of the table.
    """
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.user_id == selection.user_id
    )
    if selection.connection_id is not None:
        seller = seller.where(amazon_connection.c.connection_id == selection.connection_id)
    sellers = seller.subquery("seller")
    table = listing.table
    newest = (
        select(table, listing.at.label(_SORT_AT))
        .where(
            table.c.connection_id == sellers.c.connection_id,
            _conditions(listing, selection, after),
        )
        .order_by(listing.at.desc(), *(column.desc() for column in listing.key))
        .limit(limit)
        .lateral("newest")
    )
    names = (_SORT_AT, "connection_id", *(column.name for column in listing.key))
    rows = await conn.execute(
        select(newest)
        .select_from(sellers.join(newest, true()))
        .order_by(*(newest.c[name].desc() for name in names))
        .limit(limit)
    )
    return list(rows.mappings())


def place_of(listing: Listing, row: StoredRow) -> Place:
    return Place(
        at=row[_SORT_AT],
        connection_id=row["connection_id"],
        key=tuple(row[column.name] for column in listing.key),
    )


def _conditions(listing: Listing, selection: Selection, after: Place | None) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if selection.since is not None:
        conditions.append(listing.at >= selection.since)
    if selection.until is not None:
        conditions.append(listing.at < selection.until)
    if selection.sku is not None:
        conditions.append(listing.sku(selection.sku))
    if selection.order_id is not None and listing.order_id is not None:
        conditions.append(listing.order_id(selection.order_id))
    if after is not None:
        columns = tuple_(listing.at, listing.table.c.connection_id, *listing.key)
        place = (
            literal(after.at, TIME),
            *(literal(part, Text) for part in (after.connection_id, *after.key)),
        )
        conditions.append(columns < tuple_(*place))
    return and_(true(), *conditions)


async def list_order_items(
    conn: Reader, orders: Iterable[StoredRow]
) -> dict[tuple[str, str], list[StoredRow]]:
    """The items of these orders in one query, by (connection_id, order_id)."""
    keys = [(order["connection_id"], order["order_id"]) for order in orders]
    found: dict[tuple[str, str], list[StoredRow]] = {key: [] for key in keys}
    if keys:
        i = _ITEMS.c
        rows = await conn.execute(
            select(_ITEMS)
            .where(tuple_(i.connection_id, i.order_id).in_(keys))
            .order_by(i.order_item_id)
        )
        for row in rows.mappings():
            found[row["connection_id"], row["order_id"]].append(row)
    return found
