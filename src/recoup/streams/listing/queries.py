"""Reading a seller's rows: filtered, newest first, paged by a stable position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader
from recoup.db.upsert import PROVENANCE
from recoup.ids import ConnectionId, WorkspaceId

Condition = Callable[[BindParameter[str]], ColumnElement[bool]]
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
    sku: Condition | None = None
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


async def list_cells(
    conn: Reader, listing: Listing, selection: Selection, *, limit: int, after: Place | None
) -> Sequence[Sequence[Any]]:
    """At most `limit` rows, newest first, after the place: `flat_columns` of each, then its own place."""
    asked = asked_of(listing, selection, after=after)
    page = page_of(listing, frozenset(asked), limit).subquery("page")
    place = [page.c[name] for name in order_names(listing)]
    cells = (page.c[name] for name in listing.flat_columns)
    # Under a name of its own: a column may be a cell and a part of the place.
    labelled = (column.label(f"place_{number}") for number, column in enumerate(place))
    wanted = select(*cells, *labelled).order_by(*(column.desc() for column in place))
    return (await conn.execute(wanted, asked)).all()


def order_names(listing: Listing) -> tuple[str, ...]:
    """The columns of a page that make a row's place."""
    return (_SORT_AT, "connection_id", *(str(column.key) for column in listing.key))


def asked_of(listing: Listing, selection: Selection, *, after: Place | None) -> dict[str, Any]:
    """The parameters of `page_of`: those that the selection has."""
    given = {
        "connection_id": selection.connection_id,
        "since": _comparable(listing, selection.since),
        "until": _comparable(listing, selection.until),
        "sku": selection.sku,
        "order_id": selection.order_id,
        "fnsku": selection.fnsku,
    }
    return {
        "workspace_id": selection.workspace_id,
        **{name: value for name, value in given.items() if value is not None},
        **{f"place_{number}": part for number, part in enumerate(after or ())},
    }


def page_of(listing: Listing, asked: frozenset[str], limit: int) -> Select[Any]:
    """The rows of a page, with these parameters. A plan that is kept must know the limit.

    Each connection returns its newest rows from its own index, so the cost follows the page and not
    the size of the table.
    """
    seller = select(amazon_connection.c.connection_id).where(
        amazon_connection.c.workspace_id == bindparam("workspace_id")
    )
    if "connection_id" in asked:
        seller = seller.where(amazon_connection.c.connection_id == bindparam("connection_id"))
    sellers = seller.subquery("seller")
    table = listing.table
    newest = (
        select(table, listing.at.label(_SORT_AT))
        .where(table.c.connection_id == sellers.c.connection_id, _conditions(listing, asked))
        .order_by(listing.at.desc(), *(column.desc() for column in listing.key))
        .limit(limit)
        .lateral("newest")
    )
    return (
        select(newest)
        .select_from(sellers.join(newest, true()))
        .order_by(*(newest.c[name].desc() for name in order_names(listing)))
        .limit(limit)
    )


def _conditions(listing: Listing, asked: frozenset[str]) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if "since" in asked:
        conditions.append(listing.at >= bindparam("since", type_=listing.at.type))
    if "until" in asked:
        conditions.append(listing.at < bindparam("until", type_=listing.at.type))
    for condition, name in (
        (listing.sku, "sku"),
        (listing.order_id, "order_id"),
        (listing.fnsku, "fnsku"),
    ):
        if condition is not None and name in asked:
            conditions.append(condition(bindparam(name, type_=Text())))
    if "place_0" in asked:
        place = (
            bindparam(f"place_{number}", type_=column.type)
            for number, column in enumerate(listing.order)
        )
        conditions.append(tuple_(*listing.order) < tuple_(*place))
    return and_(true(), *conditions)


def _comparable(listing: Listing, moment: datetime | None) -> datetime | date | None:
    """The instant; for dates the first one whose midnight is not before it."""
    if moment is None or not isinstance(listing.at.type, Date):
        return moment
    utc = moment.astimezone(UTC)
    day = utc.date()
    if utc.time() == time(0) or day == date.max:
        return day
    return day + timedelta(days=1)
