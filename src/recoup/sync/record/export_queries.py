"""All rows of a workspace, table by table, for whoever wants to take them elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, select, tuple_
from sqlalchemy.dialects.postgresql import Range

from recoup.clock import to_rfc3339
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Database
from recoup.db.metadata import METADATA
from recoup.ids import WorkspaceId
from recoup.streams import all_streams
from recoup.users.tables import app_user, workspace_member

SECRETS: Mapping[str, frozenset[str]] = {
    "amazon_connection": frozenset({"refresh_token_sealed"}),
    "amazon_consent": frozenset({"state_hash", "browser_hash"}),
    "credential": frozenset({"digest", "key_mark"}),
    "invitation": frozenset({"digest"}),
    "webhook": frozenset({"secret_sealed", "previous_secret_sealed", "previous_secret_until"}),
}
"""Columns that are left out, by table: what proves who somebody is, sealed or as a digest."""

_ROWS_PER_READ = 1000
_FILES_PER_READ = 1
"""Each may be megabytes long, and takes twice that in hexadecimal."""
Cell = str | int | float | bool | None | list[object] | dict[str, object]


@cache
def exported_tables() -> tuple[Table, ...]:
    """Every table with rows of one workspace or of its connections, and its people."""
    all_streams()  # a stream's tables are known once its module is
    return tuple(
        table
        for table in METADATA.sorted_tables
        if table is app_user or {"workspace_id", "connection_id"} & set(table.columns.keys())
    )


def exported_columns(table: Table) -> list[str]:
    return [one.name for one in table.columns if one.name not in SECRETS.get(table.name, ())]


async def read_workspace(
    database: Database, workspace_id: WorkspaceId
) -> AsyncIterator[tuple[str, list[dict[str, Cell]]]]:
    """Yields a table's name and some of its rows, again and again, one piece in memory.

    Each piece is a read of its own, so that a slow reader holds no connection. What is written
    meanwhile may be in it or not. Money is a decimal text, a time RFC 3339 in UTC, bytes
    are hexadecimal.
    """
    for table in exported_tables():
        after: Sequence[object] | None = None
        while True:
            async with database.reading() as conn:
                found = await conn.execute(_piece(table, workspace_id, after))
                rows = [dict(row) for row in found.mappings()]
            if rows:
                names = exported_columns(table)
                yield table.name, [_cells(row, names) for row in rows]
            if len(rows) < _rows_per_read(table):
                break
            after = [rows[-1][column.name] for column in table.primary_key]


def _rows_per_read(table: Table) -> int:
    holds_files = any(isinstance(table.c[one].type, LargeBinary) for one in exported_columns(table))
    return _FILES_PER_READ if holds_files else _ROWS_PER_READ


def _piece(
    table: Table, workspace_id: WorkspaceId, after: Sequence[object] | None
) -> Select[tuple[object, ...]]:
    key = list(table.primary_key)
    told = [table.columns[name] for name in exported_columns(table)]
    query = select(*told, *(one for one in key if one not in set(told)))
    query = query.where(_belongs(table, workspace_id)).order_by(*key).limit(_rows_per_read(table))
    return query if after is None else query.where(tuple_(*key) > tuple_(*after))


def _belongs(table: Table, workspace_id: WorkspaceId) -> ColumnElement[bool]:
    if table is app_user:
        member = workspace_member.c
        people = select(member.user_id).where(member.workspace_id == workspace_id)
        return table.c.user_id.in_(people)
    if "workspace_id" in table.columns:
        return table.c.workspace_id == workspace_id
    c = amazon_connection.c
    owned = select(c.connection_id).where(c.workspace_id == workspace_id)
    return table.c.connection_id.in_(owned)


def _cells(row: Mapping[str, object], names: Iterable[str]) -> dict[str, Cell]:
    return {name: _cell(row[name]) for name in names}


def _cell(value: object) -> Cell:
    match value:
        case datetime():
            return to_rfc3339(value)
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case bytes():
            return value.hex()
        case None | str() | int() | float() | bool():
            return value
        case Range():
            return {"from": _cell(value.lower), "to": _cell(value.upper)}
        case list() | tuple():
            return [_cell(one) for one in value]
        case dict():
            return {str(name): _cell(one) for name, one in value.items()}
        case _:
            raise TypeError(f"a value of the type {type(value).__name__} has no form in an export")
