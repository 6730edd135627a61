"""Loading rows by key, a whole page in one statement, so that a repeat changes nothing.

A page travels as one JSON document that PostgreSQL splits: the statement stays the same for
any number of rows, and nothing is escaped value by value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from pydantic_core import to_json
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql

from recoup.db.engine import Writer

# Where a row came from and when it was loaded says nothing about whether it changed.
PROVENANCE = frozenset({"source", "source_line", "loaded_at"})

Key = tuple[object, ...]
"""The values of a primary key, in its order."""

_EXPONENT = re.compile(r'"-?\d+(\.\d+)?E[-+]\d+"')

_NO_ORIGIN: Mapping[str, str] = MappingProxyType({})

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own constructor


async def upsert(
    conn: Writer,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    origin: Mapping[str, str] = _NO_ORIGIN,
    newer_by: str | None = None,
    strictly: bool = False,
) -> dict[Key, bool]:
    """Inserts or updates by primary key; returns the keys of new or changed rows, each with
    whether it is new.

    origin: columns that are the same for all rows. Rows equal to what is stored are left alone.
    With `newer_by`, a row whose value in that column is older than the stored one is ignored: pages
    may arrive out of order; `strictly` also one that is as old, for rows that lack a part of what
    is stored. A key must not come twice in `rows`. A jsonb column takes lists and dicts; Decimals
    in them become strings.
    """
    if not rows:
        return {}
    statement = _upsert_statement(table, tuple(origin), newer_by, strictly=strictly, returning=True)
    result = await conn.execute(statement, {"rows": to_document(rows), **origin})
    return {tuple(row[:-1]): bool(row[-1]) for row in result.all()}


async def list_stored(
    conn: Writer,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    newer_by: str | None = None,
) -> list[tuple[Key, bool]]:
    """The keys of those rows that are stored, each with whether the stored one is of the same age
    (by `newer_by`; without it all are).
    """
    if not rows:
        return []
    key = tuple(column.name for column in table.primary_key.columns)
    told = [{name: row[name] for name in (*key, *_optional(newer_by))} for row in rows]
    result = await conn.execute(
        _stored_statement(table, key, newer_by), {"rows": to_document(told)}
    )
    return [(tuple(row[:-1]), bool(row[-1])) for row in result.all()]


async def list_stored_since(
    conn: Writer, table: Table, rows: Sequence[Mapping[str, object]], moment: datetime
) -> set[Key]:
    """The keys of those rows whose stored versions were loaded after a time."""
    if not rows:
        return set()
    key = tuple(column.name for column in table.primary_key.columns)
    told = to_document([{name: row[name] for name in key} for row in rows])
    result = await conn.execute(_since_statement(table, key), {"rows": told, "moment": moment})
    return {tuple(row) for row in result.all()}


async def list_differing(
    conn: Writer,
    table: Table,
    key: tuple[str, ...],
    keys: Sequence[Key],
    rows: Sequence[Mapping[str, object]],
) -> set[Key]:
    """Those of `keys` whose stored rows differ from `rows`. `key` is a part of the table's key."""
    if not keys:
        return set()
    documents = {"keys": to_document(_named(key, keys)), "rows": to_document(rows)}
    result = await conn.execute(_differing_statement(table, key), documents)
    return {tuple(row) for row in result.all()}


async def touch(
    conn: Writer, table: Table, key: tuple[str, ...], keys: Iterable[Key], *, source: str
) -> None:
    """Records that the parts of these rows were loaded now, from `source`."""
    rows = _named(key, keys)
    if rows:
        await conn.execute(
            _touch_statement(table, key), {"rows": to_document(rows), "source": source}
        )


async def put(
    conn: Writer,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    origin: Mapping[str, str] = _NO_ORIGIN,
) -> None:
    """The same without a result, for tables with many rows per page.

    A process that is stopped while a long answer is on its way to it leaves its server process
    waiting to write, with all its row locks, and no timeout of PostgreSQL ends that. Answers that
    fit the socket's buffer (some 100 kB) do not have this danger.
    """
    if rows:
        statement = _upsert_statement(table, tuple(origin), None, strictly=False, returning=False)
        await conn.execute(statement, {"rows": to_document(rows), **origin})


async def delete_by_key(
    conn: Writer, table: Table, key: tuple[str, ...], values: Iterable[Sequence[object]]
) -> None:
    """Deletes the rows whose columns `key` have one of `values`."""
    rows = _named(key, values)
    if rows:
        await conn.execute(_delete_statement(table, key), {"rows": to_document(rows)})


def _named(key: tuple[str, ...], values: Iterable[Sequence[object]]) -> list[dict[str, object]]:
    return [dict(zip(key, value, strict=True)) for value in values]


def _optional(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def to_document(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as JSON text: amounts as strings, so that no float is made of them.

    Raises ValueError for half of a surrogate pair, and for a value of a type that no column takes.
    """
    document = to_json(rows).decode()
    # Of some Decimals it makes `1E-7`. In jsonb that would be another text for the same amount.
    if ("E-" in document or "E+" in document) and _EXPONENT.search(document):
        return json.dumps(rows, default=_plain)
    return document


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be loaded")


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name != "loaded_at"]


def recordset(
    table: Table, names: Sequence[str], *, document: str = "rows", alias: str = "fresh"
) -> str:
    """SQL for the rows of a document in a parameter, typed as these columns of the table."""
    columns = ", ".join(f"{n} {table.columns[n].type.compile(_DIALECT)}" for n in names)
    return f"json_to_recordset(cast(:{document} as json)) as {alias} ({columns})"


@cache
def _upsert_statement(
    table: Table,
    origin: tuple[str, ...],
    newer_by: str | None,
    *,
    strictly: bool,
    returning: bool,
) -> TextClause:
    names = _names(table)
    told = [name for name in names if name not in origin]
    chosen = ", ".join(f"cast(:{name} as text)" if name in origin else name for name in names)
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
        f"insert into {table.name} ({', '.join(names)}) "
        f"select {chosen} from {recordset(table, told)} "
        f"on conflict ({', '.join(key)}) do update set {updates}, loaded_at = now() "
        # A row that replaces another one bears the number of the transaction that did so.
        f"where {changed}" + (f" returning {', '.join(key)}, xmax = 0" if returning else "")
    )


@cache
def _delete_statement(table: Table, key: tuple[str, ...]) -> TextClause:
    same = " and ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return text(f"delete from {table.name} using {recordset(table, key)} where {same}")


@cache
def _stored_statement(table: Table, key: tuple[str, ...], newer_by: str | None) -> TextClause:
    age = f"{table.name}.{newer_by} is not distinct from fresh.{newer_by}" if newer_by else "true"
    same = " and ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return text(
        f"select {', '.join(f'fresh.{name}' for name in key)}, {age} "
        f"from {recordset(table, [*key, *_optional(newer_by)])} join {table.name} on {same}"
    )


@cache
def _since_statement(table: Table, key: tuple[str, ...]) -> TextClause:
    same = " and ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return text(
        f"select {', '.join(f'fresh.{name}' for name in key)} from {recordset(table, key)} "
        f"join {table.name} on {same} where {table.name}.loaded_at > :moment"
    )


@cache
def _differing_statement(table: Table, key: tuple[str, ...]) -> TextClause:
    names = [name for name in _names(table) if name not in PROVENANCE]
    same = " and ".join(f"{table.name}.{name} = chosen.{name}" for name in key)
    stored = ", ".join(f"{table.name}.{name}" for name in names)
    return text(
        f"with fresh as (select {', '.join(names)} from {recordset(table, names)}), "
        f"stored as (select {stored} from {table.name} "
        f"join {recordset(table, key, document='keys', alias='chosen')} on {same}) "
        f"select distinct {', '.join(key)} from ("
        "(select * from fresh except select * from stored) union all "
        "(select * from stored except select * from fresh)) as differing"
    )


@cache
def _touch_statement(table: Table, key: tuple[str, ...]) -> TextClause:
    same = " and ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return text(
        f"update {table.name} set source = :source, loaded_at = now() "
        f"from {recordset(table, key)} where {same}"
    )
