"""From the staging table into a stream's table by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table, text

from recoup.db.engine import Writer
from recoup.db.upsert import PROVENANCE
from recoup.streams._report import Same
from recoup.streams._stream import Stream
from recoup.streams._window import Days
from recoup.sync.loading.cells import Cell
from recoup.sync.loading.days_queries import count_outside
from recoup.sync.loading.occurrence_queries import key_parts
from recoup.sync.loading.staged_values import aliased, between, bounds_of, values_of
from recoup.sync.loading.staging_queries import NUMBERS, RAW
from recoup.sync.loading.target import Origin


@dataclass(frozen=True, slots=True)
class Keyed:
    """How rows with a key are written.

    occurrence: the column that numbers equal rows, in the order of the values of `ordered_by` and
    the file; `is_numbered`: their numbers are noted already (recoup.sync.loading.occurrence_queries), else
    they are those of the staged rows.
    within: a date column; rows outside of `days` are left out.
    one_per_key: of rows with the same key the newest is taken, else they are refused (SQLSTATE
    21000).
    """

    occurrence: str | None
    is_numbered: bool
    one_per_key: bool
    within: str | None = None
    days: Days | None = None
    ordered_by: tuple[str, ...] = ()


async def upsert_staged(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> int:
    """Inserts or updates by key; returns the number of new or changed rows.

    Columns that the file does not have keep what is stored.
    """
    table = stream.table
    key = [column.name for column in table.primary_key.columns]
    names, fresh, parameters = _fresh_rows(stream, cells, origin, how)
    if how.one_per_key:
        newest = f"{stream.newer_by} desc nulls last, " if stream.newer_by else ""
        fresh = (
            f"select distinct on ({', '.join(key)}) * from ({fresh}) as every "
            f"order by {', '.join(key)}, {newest}source_line desc"
        )
    result = await conn.execute(
        text(
            f"insert into {table.name} ({', '.join(names)}) "
            f"select {', '.join(names)} from ({fresh}) as fresh "
            f"on conflict ({', '.join(key)}) do update "
            f"{_updates(table, [name for name in names if name not in key], stream.newer_by)}"
        ),
        parameters,
    )
    return result.rowcount


async def count_unchanged(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> int:
    """Staged rows that were stored already, that another one of the file has replaced, or that are
    left to another file. Call it after the upsert, in its transaction.
    """
    table = stream.table
    key = [column.name for column in table.primary_key.columns]
    _, fresh, parameters = _fresh_rows(stream, cells, origin, how)
    same = " and ".join(f"stored.{name} = fresh.{name}" for name in key)
    found = await conn.execute(
        text(
            "select count(*) - count(distinct stored.ctid) filter (where stored.loaded_at = now()) "
            f"from ({fresh}) as fresh join {table.name} as stored on {same}"
        ),
        parameters,
    )
    unchanged = int(found.scalar_one())
    if how.within is not None and how.days is not None:
        unchanged += await count_outside(conn, values_of(table, cells)[how.within], how.days)
    return unchanged


def _fresh_rows(
    stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> tuple[list[str], str, dict[str, object]]:
    """The columns, SQL for the staged rows as they are written, and its parameters."""
    values, parameters = values_of(stream.table, cells), origin.parameters()
    source = RAW
    if how.is_numbered:
        source += f" join {NUMBERS} using (source_line)"
        values |= {"source_line": "line"} if "source_line" in values else {}
    if how.occurrence is not None:
        same = ", ".join(values[name] for name in key_parts(stream, how.occurrence))
        values[how.occurrence] = (
            f"{NUMBERS}.occurrence"
            if how.is_numbered
            else f"row_number() over (partition by {same} "
            f"order by {', '.join([*(values[name] for name in how.ordered_by if name in values), 'source_line'])})"
        )
    fresh = f"select {aliased(values)} from {source}"
    if how.within is not None and how.days is not None:
        fresh += f" where {between(values[how.within])}"
        parameters |= bounds_of(how.days)
    return list(values), fresh, parameters


async def count_collisions(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> int:
    """Counts keys with several different staged rows, none of which is newer."""
    key = [column.name for column in stream.table.primary_key.columns]
    same = [*key, stream.newer_by] if stream.newer_by else key
    names, fresh, parameters = _fresh_rows(stream, cells, origin, how)
    others = [name for name in names if name not in PROVENANCE and name not in same]
    if not others:
        return 0
    found = await conn.execute(
        text(
            f"select count(*) from (select from ({fresh}) as fresh group by {', '.join(same)} "
            f"having count(distinct cast(row({', '.join(others)}) as text)) > 1) as doubled"
        ),
        parameters,
    )
    return int(found.scalar_one())


async def remove_moved(
    conn: Writer,
    stream: Stream,
    cells: Sequence[Cell],
    origin: Origin,
    how: Keyed,
    same: Same,
    dated: str | None,
) -> int:
    """Deletes rows that the file has under another key; returns how many. Call before the upsert.

    No more than the file has rows of the thing that are not stored.
    """
    table, days = stream.table, how.days
    if same.in_window and (days is None or dated is None):
        return 0
    key = [column.name for column in table.primary_key.columns]
    _, fresh, parameters = _fresh_rows(stream, cells, origin, how)
    thing = ", ".join(same.columns)
    told = " and ".join(f"fresh.{name} = stored.{name}" for name in key)
    condition = f"stored.connection_id = cast(:connection_id as text) and {same.where}"
    if same.in_window and dated is not None and days is not None:
        condition += f" and {between(dated, 'moved')}"
        parameters |= {f"moved_{name}": value for name, value in bounds_of(days).items()}
    enough = "true" if same.is_all else "gone.rows <= fresh_rows.rows"
    result = await conn.execute(
        text(
            f"with fresh as materialized ({fresh}), fresh_rows as ("
            f"select {thing}, count(*) filter (where not exists (select from {table.name} as stored "
            f"where {told})) as rows from fresh group by {thing}), "
            f"stored as (select ctid as at, stored.* from {table.name} as stored where {condition} "
            f"and exists (select from fresh where {_equal('fresh', 'stored', same.columns)}) "
            f"and not exists (select from fresh where {told})), "
            f"gone as (select {thing}, count(*) as rows from stored group by {thing}) "
            f"delete from {table.name} using stored, gone, fresh_rows "
            f"where {table.name}.ctid = stored.at and {_equal('gone', 'stored', same.columns)} "
            f"and {_equal('fresh_rows', 'stored', same.columns)} and {enough}"
        ),
        parameters,
    )
    return result.rowcount


def _equal(one: str, other: str, columns: Sequence[str]) -> str:
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in columns)


async def count_staged(conn: Writer) -> int:
    """Counts all staged rows."""
    return int((await conn.execute(text(f"select count(*) from {RAW}"))).scalar_one())


def _updates(table: Table, names: Sequence[str], newer_by: str | None) -> str:
    compared = [name for name in names if name not in PROVENANCE]
    stored = ", ".join(f"{table.name}.{name}" for name in compared)
    fresh = ", ".join(f"excluded.{name}" for name in compared)
    changed = f"row({stored}) is distinct from row({fresh})"
    if newer_by:
        changed += f" and coalesce(excluded.{newer_by} >= {table.name}.{newer_by}, true)"
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"set {updates}, loaded_at = now() where {changed}"
