"""From the staging table into a stream's tables, in one of the ways that a report declares."""

# ruff: noqa: S608 - the names in these statements are our own; what a file holds is a parameter or a cell

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CursorResult, Table, text

from recoup.db.engine import Writer
from recoup.db.upsert import PROVENANCE
from recoup.ids import ConnectionId
from recoup.streams.report import Statements
from recoup.streams.stream import Stream
from recoup.sync.occurrence_queries import key_parts
from recoup.sync.report_cells import Cell
from recoup.sync.staging_queries import NUMBERS, RAW

TYPED = "staged"
_FRESH_DAYS = "staged_days"
# Rows; below it half a day may be a correction.
_FULL_DAY = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose rows they are and where they come from. `marketplace_id`: '' of a whole region."""

    connection_id: ConnectionId
    source: str
    marketplace_id: str

    def parameters(self) -> dict[str, Any]:
        return {
            "connection_id": self.connection_id,
            "source": self.source,
            "marketplace_id": self.marketplace_id,
        }


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a file tells in full, both included; `last` None: up to the present."""

    first: date
    last: date | None


def needed_columns(table: Table) -> frozenset[str]:
    """Columns that cannot be null."""
    return frozenset(column.name for column in table.columns if not column.nullable)


@dataclass(frozen=True, slots=True)
class Keyed:
    """How rows are written that have a key.

    occurrence: the column that numbers equal rows; `is_numbered`: their numbers are noted already
    (recoup.sync.occurrence_queries), else they are those of the staged rows.
    within: a date column; rows outside of `days` are left out.
    one_per_key: of rows with the same key the newest is taken, else they are refused (SQLSTATE
    21000).
    """

    occurrence: str | None
    is_numbered: bool
    one_per_key: bool
    within: str | None = None
    days: Days | None = None


async def upsert_staged(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> int:
    """Insert or update by key; gives how many rows are new or changed.

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
        unchanged += await _count_outside(conn, _values(table, cells)[how.within], how.days)
    return unchanged


def _fresh_rows(
    stream: Stream, cells: Sequence[Cell], origin: Origin, how: Keyed
) -> tuple[list[str], str, dict[str, Any]]:
    """The columns, SQL for the staged rows as they go into the table, and its parameters."""
    values, parameters = _values(stream.table, cells), origin.parameters()
    source = RAW
    if how.is_numbered:
        source += f" join {NUMBERS} using (source_line)"
        values |= {"source_line": "line"} if "source_line" in values else {}
    if how.occurrence is not None:
        same = ", ".join(values[name] for name in key_parts(stream, how.occurrence))
        values[how.occurrence] = (
            f"{NUMBERS}.occurrence"
            if how.is_numbered
            else f"row_number() over (partition by {same} order by source_line)"
        )
    fresh = f"select {_aliased(values)} from {source}"
    if how.within is not None and how.days is not None:
        fresh += f" where {_between(values[how.within])}"
        parameters |= _bounds(how.days)
    return list(values), fresh, parameters


async def _count_outside(conn: Writer, day: str, days: Days) -> int:
    """Staged rows of other days, which are left to their own files."""
    found = await conn.execute(
        text(f"select count(*) from {RAW} where not ({_between(day)})"), _bounds(days)
    )
    return int(found.scalar_one())


async def count_staged(conn: Writer) -> int:
    """All staged rows."""
    return int((await conn.execute(text(f"select count(*) from {RAW}"))).scalar_one())


async def count_unreplaced(
    conn: Writer, stream: Stream, cells: Sequence[Cell], day: str, days: Days, *, compared: bool
) -> int:
    """Staged rows of days that are as they are stored, and of other days than these.

    compared: whether days were compared, else none of them was stored.
    """
    unchanged = await _count_outside(conn, _values(stream.table, cells)[day], days)
    if compared:
        found = await conn.execute(
            text(f"select coalesce(sum(rows), 0) from {_FRESH_DAYS} where not changed")
        )
        unchanged += int(found.scalar_one())
    return unchanged


async def count_stored_days(
    conn: Writer, stream: Stream, day: str, days: Days, connection_id: ConnectionId
) -> int:
    """Rows that are stored for the days."""
    found = await conn.execute(
        text(
            f"select count(*) from {stream.table.name} "
            f"where connection_id = :connection_id and {_between(day)}"
        ),
        {"connection_id": connection_id, **_bounds(days)},
    )
    return int(found.scalar_one())


async def insert_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str, days: Days
) -> int:
    """Insert the staged rows of the days, of which none are stored; gives their number."""
    values = _values(stream.table, cells)
    result = await conn.execute(
        text(
            f"insert into {stream.table.name} ({', '.join(values)}) "
            f"select {', '.join(values.values())} from {RAW} "
            f"where {_between(values[day])}"
        ),
        {**origin.parameters(), **_bounds(days)},
    )
    return result.rowcount


async def compare_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str, days: Days
) -> int:
    """Note which staged days differ from the stored ones; gives the staged rows of all `days`.

    Two days are the same when they have as many rows and the sums of their rows' hashes agree. A
    full day that comes back with less than half of its rows is not believed.
    """
    values = _values(stream.table, cells)
    compared = [name for name in values if name not in PROVENANCE]
    fresh = ", ".join(values[name] for name in compared)
    sums = "count(*) as rows, sum(hashtextextended(cast(row({}) as text), 0)) as content"
    parameters = {**origin.parameters(), **_bounds(days)}
    await conn.execute(
        text(
            f"create temporary table {_FRESH_DAYS} on commit drop as "
            f"select fresh.day, fresh.rows, (fresh.rows, fresh.content) is distinct from "
            "(stored.rows, stored.content) "
            f"and not (coalesce(stored.rows, 0) >= {_FULL_DAY} and fresh.rows * 2 < stored.rows) as changed "
            f"from (select {values[day]} as day, {sums.format(fresh)} from {RAW} "
            f"where {_between(values[day])} group by 1) as fresh "
            f"left join (select {day} as day, {sums.format(', '.join(compared))} "
            f"from {stream.table.name} where connection_id = :connection_id and {_between(day)} "
            "group by 1) as stored using (day)"
        ),
        parameters,
    )
    found = await conn.execute(text(f"select coalesce(sum(rows), 0) from {_FRESH_DAYS}"))
    return int(found.scalar_one())


async def replace_changed_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str
) -> int:
    """Put the staged rows of the days noted in the place of the stored ones; gives their number."""
    values = _values(stream.table, cells)
    changed = f"(select day from {_FRESH_DAYS} where changed)"
    await conn.execute(
        text(
            f"delete from {stream.table.name} "
            f"where connection_id = :connection_id and {day} in {changed}"
        ),
        {"connection_id": origin.connection_id},
    )
    result = await conn.execute(
        text(
            f"insert into {stream.table.name} ({', '.join(values)}) "
            f"select {', '.join(values.values())} from {RAW} where {values[day]} in {changed}"
        ),
        origin.parameters(),
    )
    return result.rowcount


async def run_statements(
    conn: Writer, load: Statements, cells: Sequence[Cell], origin: Origin
) -> int:
    """The stream's own statements over the typed rows; gives what the first one has written."""
    columns = ", ".join(f"{cell.value} as {cell.field.column}" for cell in cells)
    await conn.execute(
        text(
            f"create temporary table {TYPED} on commit drop as "
            f"select source_line, {columns} from {RAW}"
        )
    )
    await conn.execute(text(f"analyze {TYPED}"))
    written = [await _run(conn, sql, origin) for sql in load.sql]
    return written[0].rowcount


async def count_unwritten(conn: Writer, load: Statements, origin: Origin) -> int:
    """Staged rows that were stored already or belong to a row that others have made, as the stream
    counts them. Call it after its statements, in their transaction.
    """
    return int((await _run(conn, load.unchanged, origin)).scalar_one())


async def list_doubts(conn: Writer, sql: str, origin: Origin) -> list[str]:
    """What the stream says of the rows that this transaction has written."""
    return [str(row[0]) for row in await _run(conn, sql, origin)]


async def _run(conn: Writer, sql: str, origin: Origin) -> CursorResult[Any]:
    statement = text(sql)
    asked = statement.compile().params
    known = {name: value for name, value in origin.parameters().items() if name in asked}
    return await conn.execute(statement, known)


def _values(table: Table, cells: Sequence[Cell]) -> dict[str, str]:
    """SQL for each column of the table that this file tells."""
    names = {column.name for column in table.columns}
    key = {column.name for column in table.primary_key.columns}
    values = {"connection_id": "cast(:connection_id as text)"}
    if "marketplace_id" in names:
        values["marketplace_id"] = "cast(:marketplace_id as text)"
    for cell in cells:
        if cell.staged is not None or cell.field.column in key:
            values[cell.field.column] = cell.value
    values["source"] = "cast(:source as text)"
    if "source_line" in names:
        values["source_line"] = "source_line"
    return values


def _aliased(values: Mapping[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def _updates(table: Table, names: Sequence[str], newer_by: str | None) -> str:
    compared = [name for name in names if name not in PROVENANCE]
    stored = ", ".join(f"{table.name}.{name}" for name in compared)
    fresh = ", ".join(f"excluded.{name}" for name in compared)
    changed = f"row({stored}) is distinct from row({fresh})"
    if newer_by:
        changed += f" and coalesce(excluded.{newer_by} >= {table.name}.{newer_by}, true)"
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"set {updates}, loaded_at = now() where {changed}"


def _between(day: str) -> str:
    return f"{day} >= :first and {day} <= coalesce(cast(:last as date), 'infinity')"


def _bounds(days: Days) -> dict[str, date | None]:
    return {"first": days.first, "last": days.last}
