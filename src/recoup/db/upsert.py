"""Loading rows by key, a whole page in one statement, so that a repeat changes nothing.

A page travels as one JSON document that PostgreSQL takes apart: the statement stays the same for
any number of rows, and nothing is escaped value by value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from sqlalchemy import Row, Table, TextClause, text
from sqlalchemy.dialects import postgresql

from recoup.db.engine import Writer

# Where a row came from and when it was loaded says nothing about whether it changed.
PROVENANCE = frozenset({"source", "source_line", "loaded_at"})

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own constructor


async def upsert(
    conn: Writer,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    newer_by: str | None = None,
    strictly: bool = False,
) -> list[Row[tuple[object, ...]]]:
    """Insert or update by primary key; gives the keys of the rows that are new or changed.

    Rows equal to what is stored are left alone. With `newer_by`, a row whose value in that column
    is older than the stored one is ignored: pages may arrive out of order; `strictly` also one
    that is as old, for rows that lack a part of what is stored. A key must not come
    twice in `rows`. A jsonb column takes lists and dicts; Decimals in them become strings.
    """
    if not rows:
        return []
    statement = _upsert_statement(table, newer_by, strictly=strictly, returning=True)
    result = await conn.execute(statement, {"rows": to_document(rows)})
    return list(result.all())


async def put(conn: Writer, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """The same without an answer, for tables with many rows a page.

    A process that is stopped while a long answer is on its way to it leaves its server process
    waiting to write, with all its row locks, and no timeout of PostgreSQL ends that. Answers that
    fit the socket's buffer (some 100 kB) do not have this danger.
    """
    if rows:
        statement = _upsert_statement(table, None, strictly=False, returning=False)
        await conn.execute(statement, {"rows": to_document(rows)})


async def delete_by_key(
    conn: Writer, table: Table, key: tuple[str, ...], values: Iterable[Sequence[object]]
) -> None:
    """Delete the rows whose columns `key` hold one of `values`."""
    rows = [dict(zip(key, value, strict=True)) for value in values]
    if rows:
        await conn.execute(_delete_statement(table, key), {"rows": to_document(rows)})


def to_document(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as JSON text: amounts as strings, so that no float is made of them."""
    return json.dumps(rows, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be loaded")


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name != "loaded_at"]


def recordset(table: Table, names: Sequence[str]) -> str:
    """SQL for the rows of a document in :rows as `fresh`, typed as these columns of the table."""
    columns = ", ".join(f"{n} {table.columns[n].type.compile(_DIALECT)}" for n in names)
    return f"json_to_recordset(cast(:rows as json)) as fresh ({columns})"


@cache
def _upsert_statement(
    table: Table, newer_by: str | None, *, strictly: bool, returning: bool
) -> TextClause:
    names = _names(table)
    key = [column.name for column in table.primary_key.columns]
    values = [name for name in names if name not in key]
    compared = [name for name in values if name not in PROVENANCE]
    stored = ", ".join(f"{table.name}.{name}" for name in compared)
    fresh = ", ".join(f"excluded.{name}" for name in compared)
    changed = f"({stored}) is distinct from ({fresh})"
    if newer_by:
        newer = ">" if strictly else ">="
        changed += f" and excluded.{newer_by} {newer} {table.name}.{newer_by}"
    updates = ", ".join(f"{name} = excluded.{name}" for name in values)
    return text(
        f"insert into {table.name} ({', '.join(names)}) "  # noqa: S608 - names of our own tables
        f"select {', '.join(names)} from {recordset(table, names)} "
        f"on conflict ({', '.join(key)}) do update set {updates}, loaded_at = now() "
        f"where {changed}" + (f" returning {', '.join(key)}" if returning else "")
    )


@cache
def _delete_statement(table: Table, key: tuple[str, ...]) -> TextClause:
    same = " and ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return text(f"delete from {table.name} using {recordset(table, key)} where {same}")  # noqa: S608 - the same
