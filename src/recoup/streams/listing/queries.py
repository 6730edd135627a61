"""Reading a seller's rows: filtered, newest first, paged by a stable position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    RowMapping,
    Table,
    and_,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.db.upsert import PROVENANCE
from recoup.ids import ConnectionId, WorkspaceId

Condition = Callable[[str], ColumnElement[bool]]
StoredRow = RowMapping
Place = tuple[Any, ...]
"""The position of a row in its listing: the values of `Listing.order`. Later rows are older."""

_SORT_AT = "sort_at"


@dataclass(frozen=True)
class Listing:
    """A table that can be listed. `at` sorts, newest first, and is what `since` filters.

    at: a time, or a date, which counts as its midnight in UTC. key: the columns that, after `at`
    and the connection, make a row's place unique. None of them is ever null.
    """

    table: Table
    at: ColumnElement[Any]
    key: tuple[ColumnElement[Any], ...]
    sku: Condition
    order_id: Condition | None = None
    fnsku: Condition | None = None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def order(self) -> tuple[ColumnElement[Any], ...]:
        return self.at, self.table.c.connection_id, *self.key

    @property
    def flat_columns(self) -> list[str]:
        """The columns of a row that a spreadsheet can show."""
        return [
            column.name
            for column in self.table.columns
            if column.name not in PROVENANCE and not isinstance(column.type, JSONB)
        ]


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected rows of a user. Half-open: `since` <= time < `until`."""

    workspace_id: WorkspaceId
    connection_id: ConnectionId | None = None
    since: datetime | None = None
    until: datetime | None = None
    sku: str | None = None
    order_id: str | None = None
    fnsku: str | None = None


async def list_rows(
    conn: Reader, listing: Listing, selection: Selection, *, limit: int, after: Place | None
) -> list[StoredRow]:
    """At most `limit` rows, newest first, after the position; a row's position is `place_of`.

    Each connection returns its newest rows from its own index, so the cost follows the page and not
    the size of the table.
    """
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.workspace_id == selection.workspace_id
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
    rows = await conn.execute(
        select(newest)
        .select_from(sellers.join(newest, true()))
        .order_by(*(newest.c[name].desc() for name in _order_names(listing)))
        .limit(limit)
    )
    return list(rows.mappings())


def place_of(listing: Listing, row: StoredRow) -> Place:
    return tuple(row[name] for name in _order_names(listing))


def _order_names(listing: Listing) -> tuple[str, ...]:
    return (_SORT_AT, "connection_id", *(str(column.key) for column in listing.key))


def _conditions(listing: Listing, selection: Selection, after: Place | None) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if selection.since is not None:
        conditions.append(listing.at >= _comparable(listing, selection.since))
    if selection.until is not None:
        conditions.append(listing.at < _comparable(listing, selection.until))
    for condition, value in (
        (listing.sku, selection.sku),
        (listing.order_id, selection.order_id),
        (listing.fnsku, selection.fnsku),
    ):
        if condition is not None and value is not None:
            conditions.append(condition(value))
    if after is not None:
        place = (
            literal(part, column.type) for column, part in zip(listing.order, after, strict=True)
        )
        conditions.append(tuple_(*listing.order) < tuple_(*place))
    return and_(true(), *conditions)


def _comparable(listing: Listing, moment: datetime) -> datetime | date:
    """The instant; for dates the first one whose midnight is not before it."""
    if not isinstance(listing.at.type, Date):
        return moment
    utc = moment.astimezone(UTC)
    day = utc.date()
    if utc.time() == time(0) or day == date.max:
        return day
    return day + timedelta(days=1)
