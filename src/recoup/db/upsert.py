"""Loading rows by key, a whole page in one statement, so that a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Row, Table, TextClause, text
from sqlalchemy.dialects import postgresql

from recoup.db.engine import Writer

# Where a row came from and when it was loaded says nothing about whether it changed.
PROVENANCE = frozenset({"source", "loaded_at"})

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own constructor


async def upsert(
    conn: Writer,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    newer_by: str | None = None,
) -> list[Row[tuple[object, ...]]]:
    """Insert or update by primary key; gives the keys of the rows that are new or changed.

    Rows equal to what is stored are left alone. With `newer_by`, a row whose value in that column
    is older than the stored one is ignored: pages may arrive out of order. A key must not come
    twice in `rows`.
    """
    if not rows:
        return []
    columns = tuple(column.name for column in table.columns if column.name != "loaded_at")
    parameters = {name: [row.get(name) for row in rows] for name in columns}
    result = await conn.execute(_statement(table, newer_by), parameters)
    return list(result.all())


@cache
def _statement(table: Table, newer_by: str | None) -> TextClause:
    names = [column.name for column in table.columns if column.name != "loaded_at"]
    key = [column.name for column in table.primary_key.columns]
    values = [name for name in names if name not in key]
    compared = [name for name in values if name not in PROVENANCE]
    arrays = ", ".join(
        f"cast(:{name} as {table.columns[name].type.compile(_DIALECT)}[])" for name in names
    )
    stored = ", ".join(f"{table.name}.{name}" for name in compared)
    fresh = ", ".join(f"excluded.{name}" for name in compared)
    changed = f"({stored}) is distinct from ({fresh})"
    if newer_by:
        changed += f" and excluded.{newer_by} >= {table.name}.{newer_by}"
    updates = ", ".join(f"{name} = excluded.{name}" for name in values)
    return text(
        f"insert into {table.name} ({', '.join(names)}) "  # noqa: S608 - names of our own tables
        f"select * from unnest({arrays}) "
        f"on conflict ({', '.join(key)}) do update set {updates}, loaded_at = now() "
        f"where {changed} returning {', '.join(key)}"
    )
