"""Pages of a listing as JSON that PostgreSQL writes, in the form of a body.

The fields, their names and their order are the body's. A row that becomes Python objects first costs
ten times as much of the processor as reading it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from sqlalchemy import (
    ColumnElement,
    Label,
    String,
    Table,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.sql.selectable import FromClause

from recoup.body import CamelModel, Money
from recoup.db.engine import Database
from recoup.db.single_reads import KeptStatements, Statement, statement
from recoup.db.times import rfc3339
from recoup.streams.listing.queries import Listing, Place, Selection, asked_of, order_names, page_of

# Spelt out, as all that a statement binds is what was asked.
_AMOUNT: ColumnElement[str] = literal_column("'amount'")
_CURRENCY: ColumnElement[str] = literal_column("'currency'")


@dataclass(frozen=True)
class Parts:
    """Rows of another table that belong to one of the listing, under a field of its body."""

    field: str
    document: Document
    table: Table
    owner: tuple[str, ...]
    """Columns of both tables."""


@dataclass(frozen=True)
class Document:
    """How a row is shown. amounts: the column of each field of money, where it is another one."""

    body: type[CamelModel]
    amounts: Mapping[str, str] = field(default_factory=dict)
    parts: Parts | None = None

    @property
    def schema_name(self) -> str:
        return self.body.__name__


_STATEMENTS = KeptStatements[Statement]()
_RARE = frozenset({"sku", "order_id", "fnsku"})
"""Whether an index of theirs is of use depends on how many rows have the value."""


async def read_documents(
    database: Database,
    listing: Listing,
    document: Document,
    selection: Selection,
    *,
    limit: int,
    after: Place | None,
) -> list[tuple[Place, str]]:
    """The place and the JSON of each row; see `list_cells`. One query."""
    asked = asked_of(listing, selection, after=after)
    names = frozenset(asked)
    wanted = _STATEMENTS.get(
        (listing.name, document.schema_name, names, limit),
        lambda: _statement(listing, document, names, limit),
    )
    rows = await database.fetch(wanted, **asked)
    return [(tuple(row[:-1]), row[-1]) for row in rows]


def _statement(
    listing: Listing, document: Document, asked: frozenset[str], limit: int
) -> Statement:
    page = page_of(listing, asked, limit).subquery("page")
    shown = select(*_fields(document, page)).correlate(page).lateral("shown")
    places = [page.c[name].label(f"place_{n}") for n, name in enumerate(order_names(listing))]
    return statement(
        select(*places, cast(func.row_to_json(literal_column("shown")), String))
        .select_from(page.join(shown, true()))
        .order_by(*(page.c[name].desc() for name in order_names(listing))),
        keeps_plan=not asked & _RARE,
    )


def _fields(document: Document, row: FromClause) -> list[Label[Any]]:
    shown: list[Label[Any]] = []
    value: ColumnElement[Any]
    for name, info in document.body.model_fields.items():
        if document.parts is not None and name == document.parts.field:
            value = _parts(document.parts, row)
        elif name not in row.c and not info.is_required():
            value = null()  # such as the line of a row that is from no file
        else:
            value = _value(_bare(info.annotation), row, document.amounts.get(name, name))
        shown.append(value.label(info.alias or name))
    return shown


def _value(kind: object, row: FromClause, name: str) -> ColumnElement[Any]:
    column = row.c[name]
    if kind is datetime:
        return rfc3339(column)
    if kind is Money:
        return case(
            (
                and_(column.is_not(None), row.c.currency.is_not(None)),
                func.json_build_object(_AMOUNT, cast(column, String), _CURRENCY, row.c.currency),
            )
        )
    return column


def _parts(parts: Parts, row: FromClause) -> ColumnElement[Any]:
    belongs = and_(*(parts.table.c[name] == row.c[name] for name in parts.owner))
    one = (
        select(*_fields(parts.document, parts.table))
        .where(belongs)
        .order_by(*parts.table.primary_key.columns)
        .correlate(row)
        .lateral("part")
    )
    listed = func.coalesce(func.json_agg(literal_column("part")), literal_column("'[]'::json"))
    return select(listed).select_from(one).correlate(row).scalar_subquery()


def _bare(annotation: object) -> object:
    """The type without `| None` and what is annotated to it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        (kind,) = (one for one in get_args(annotation) if one is not NoneType)
        return _bare(kind)
    return annotation


def page_text(documents: Sequence[str], next_cursor: str | None, **more: str) -> str:
    """The JSON of a page; a cursor has no sign that JSON writes differently.

    more: other fields, as JSON.
    """
    cursor = "null" if next_cursor is None else f'"{next_cursor}"'
    others = "".join(f',"{name}":{value}' for name, value in more.items())
    return f'{{"nextCursor":{cursor},"items":[{",".join(documents)}]{others}}}'
