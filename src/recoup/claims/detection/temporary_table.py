"""Temporary tables of one detection: how they are declared, created, filled and changed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import text

from recoup.db.engine import Writer, driver_connection
from recoup.db.single_reads import Statement, statement

Reads = Mapping[str, tuple[str, ...]]
"""Tables of streams, each with the columns of it that are read."""

EVERYTHING = ("*",)
"""In place of columns: all of them, and the rows themselves."""

MONEY_OF_ORDERS = ("transactions", "fees", "settlement_lines", "orders", "order_items")

MONEY_OF_PAYMENTS = ("amount_per_unit", "quantity_cash", "quantity_inventory")
"""Columns of reimbursements that decide where a claim is about money, not units."""

_NAME = re.compile(r"\bdetect_[a-z_]+\b(?!\()")


def all_of(*tables: str) -> Reads:
    """The tables as a whole, for optional data."""
    return dict.fromkeys(tables, EVERYTHING)


def tables_in(sql: str) -> frozenset[str]:
    """The names of temporary tables in a statement."""
    return frozenset(_NAME.findall(sql))


async def run_statements(conn: Writer, statements: tuple[str, ...]) -> None:
    """Runs statements one after another; the default of `Change.run`."""
    for one in statements:
        await conn.execute(text(one))


@dataclass(frozen=True, slots=True)
class Change:
    """Statements that fill or change temporary tables before anything else reads them.

    The tables name it in `changed_by`. The statements have no bind parameters, and read temporary
    tables only. run: executes them, where they are not simply run one after another.
    """

    name: str
    statements: tuple[str, ...]
    run: Callable[[Writer, tuple[str, ...]], Awaitable[None]] = run_statements


@dataclass(frozen=True, slots=True)
class TemporaryTable:
    """A temporary table: its columns, the SELECT that fills it, its indexes.

    Without a SELECT the table begins empty. The SELECT may use other temporary tables, from which
    follows the order in which all are made (recoup.claims.detection.filling_order), and the bind
    parameters of recoup.claims.detection.prepare.

    reads: the streams' tables that the SELECT itself reads, with the columns; those that recoup adds
    (connection, source, line, time of loading) are left out, as they cannot be missing. A contract
    test compares it with what PostgreSQL says.
    optional: what of that, or of the temporary tables that the SELECT uses, may be missing: without
    it the rows here are fewer or less exact, but no claim is added, dearer or withdrawn, which a
    test tries. recoup.claims.detection.reads derives the rest.
    decides: columns that a temporary table only passes on, and that decide here.
    changed_by: what fills or changes the table after it was made.
    is_prepared: made before any rule runs; else by its own module, from what the rules found.
    """

    name: str
    columns: str
    fill: str | None
    indexes: tuple[str, ...] = ()
    reads: Reads = field(default_factory=dict)
    optional: Reads = field(default_factory=dict)
    decides: Reads = field(default_factory=dict)
    changed_by: Change | None = None
    is_prepared: bool = True


async def change_tables(conn: Writer, change: Change) -> None:
    """Runs the change. The tables that it reads and changes must exist."""
    await change.run(conn, change.statements)


async def drop_tables(conn: Writer, tables: Iterable[TemporaryTable]) -> None:
    """Forgets the tables of an earlier detection in the same transaction."""
    names = ", ".join(f"pg_temp.{table.name}" for table in tables)
    await conn.execute(text(f"drop table if exists {names}"))


async def make_table(conn: Writer, table: TemporaryTable, values: Mapping[str, object]) -> None:
    """Creates the table, which must not exist, and fills it. It ends with the transaction."""
    await make_tables(conn, [table], values)


async def make_tables(
    conn: Writer, tables: Iterable[TemporaryTable], values: Mapping[str, object]
) -> None:
    """Makes tables one after another, as `make_table`, without waiting for each.

    Of ninety tables a small seller fills a few: to ask for each would take longer than to make it.
    """
    driver = await driver_connection(conn)
    async with driver.pipeline():
        for table in tables:
            is_changed = table.changed_by is not None
            for one in _steps(
                table.name, table.columns, table.fill, table.indexes, is_changed=is_changed
            ):
                await driver.execute(one.text, values, prepare=False)


async def allow_making(conn: Writer) -> None:
    """Must come before the first table of a transaction."""
    await conn.execute(_INDEX_UNLESS_EMPTY)


# To index an empty table takes as long as to index a small one.
_INDEX_UNLESS_EMPTY = text(
    """
    create or replace function pg_temp.index_unless_empty(name text, statements text)
    returns void language plpgsql as $$
    declare
        has_rows boolean;
    begin
        execute format('select exists (select from %I)', name) into has_rows;
        if has_rows then
            execute statements;
        end if;
    end $$
    """
)


@cache
def _steps(
    name: str, columns: str, fill: str | None, indexes: tuple[str, ...], *, is_changed: bool
) -> tuple[Statement, ...]:
    """The table is made from its SELECT, not filled by an INSERT, which PostgreSQL runs in one
    process whatever the size.
    """
    ready = [f"create index on {name} ({indexed})" for indexed in indexes]
    # Without it the planner takes a new table for tiny, and joins big ones in nested loops.
    ready.append(f"analyze {name}")
    if fill is None:
        steps = [f"create temp table {name} ({columns}) on commit drop", *ready]
    else:
        declared = [column.split(maxsplit=1) for column in columns.split(",")]
        names = ", ".join(column for column, _ in declared)
        typed = ", ".join(f"cast({column} as {kind})" for column, kind in declared)
        query = f"select {typed} from ({fill}) as filled ({names})"
        steps = [f"create temp table {name} ({names}) on commit drop as {query}"]
        if is_changed:  # it is filled further
            steps += ready
        else:
            steps.append(f"select pg_temp.index_unless_empty('{name}', '{'; '.join(ready)}')")
    return tuple(statement(text(step)) for step in steps)
