"""Temporary tables of one detection: how one is declared, made and filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from recoup.db.engine import Writer


@dataclass(frozen=True, slots=True)
class Step:
    """One temporary table: its columns, the SELECT that fills it, what to index.

    The SELECT may use the bind parameters of recoup.claims.prepare_queries and earlier tables.
    """

    table: str
    columns: str
    fill: str
    indexes: tuple[str, ...] = ()


async def run_step(conn: Writer, step: Step, values: Mapping[str, object]) -> None:
    """Make the table anew and fill it. It is gone with the transaction."""
    # Statements without parameters travel together: there are some forty tables.
    await conn.execute(
        text(
            f"drop table if exists pg_temp.{step.table}; "
            f"create temp table {step.table} ({step.columns}) on commit drop"
        )
    )
    await conn.execute(text(f"insert into {step.table} {step.fill}"), values)
    indexes = "".join(f"create index on {step.table} ({columns}); " for columns in step.indexes)
    # Without it the planner takes a new table for tiny, and joins big ones in nested loops.
    await conn.execute(text(f"{indexes}analyze {step.table}"))
