"""Temporary tables of one detection: how they are declared, created, filled and changed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from recoup.db.engine import Writer

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
    for statement in statements:
        await conn.execute(text(statement))


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
    """Creates the table, which must not exist, and fills it. It ends with the transaction.

    The table is made from its SELECT, not filled by an INSERT, which PostgreSQL runs in one process
    whatever the size.
    """
    made = f"create temp table {table.name}"
    if table.fill is None:
        await conn.execute(text(f"{made} ({table.columns}) on commit drop"))
        is_empty = False  # it is filled later
    else:
        declared = [column.split(maxsplit=1) for column in table.columns.split(",")]
        names = ", ".join(name for name, _ in declared)
        typed = ", ".join(f"cast({name} as {kind})" for name, kind in declared)
        query = f"select {typed} from ({table.fill}) as filled ({names})"
        made = f"{made} ({names}) on commit drop as {query}"
        is_empty = (await conn.execute(text(made), values)).rowcount == 0
    # Of ninety tables a small seller fills a few, and to index an empty one takes as long.
    if not is_empty or table.changed_by is not None:
        indexes = "".join(
            f"create index on {table.name} ({columns}); " for columns in table.indexes
        )
        # Without it the planner takes a new table for tiny, and joins big ones in nested loops.
        await conn.execute(text(f"{indexes}analyze {table.name}"))
