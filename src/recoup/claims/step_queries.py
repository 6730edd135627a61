"""Temporary tables of one detection: how one is declared, made and filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from recoup.db.engine import Writer


@dataclass(frozen=True, slots=True)
class Step:
    """One temporary table: its columns, the SELECT that fills it, what to index.

    Without a SELECT the table begins empty. The SELECT may use earlier tables and the bind
    parameters of recoup.claims.prepare_queries.
    """

    table: str
    columns: str
    fill: str | None
    indexes: tuple[str, ...] = ()


async def run_step(conn: Writer, step: Step, values: Mapping[str, object]) -> None:
    """Make the table anew and fill it. It is gone with the transaction.

    The table is made from its SELECT, not filled by an INSERT, which PostgreSQL runs in one process
    whatever the size.
    """
    await conn.execute(text(f"drop table if exists pg_temp.{step.table}"))
    made = f"create temp table {step.table}"
    if step.fill is None:
        await conn.execute(text(f"{made} ({step.columns}) on commit drop"))
    else:
        declared = [column.split(maxsplit=1) for column in step.columns.split(",")]
        names = ", ".join(name for name, _ in declared)
        typed = ", ".join(f"cast({name} as {kind})" for name, kind in declared)
        query = f"select {typed} from ({step.fill}) as filled ({names})"  # noqa: S608 - our own
        await conn.execute(text(f"{made} ({names}) on commit drop as {query}"), values)
    indexes = "".join(f"create index on {step.table} ({columns}); " for columns in step.indexes)
    # Without it the planner takes a new table for tiny, and joins big ones in nested loops.
    await conn.execute(text(f"{indexes}analyze {step.table}"))
