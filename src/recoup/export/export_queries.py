"""What is exported, and how each column is read."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, Numeric, Table

from recoup.migrations.schema import METADATA
from recoup.migrations.walls import reader_columns


def exported_tables() -> dict[str, Table]:
    """The tables that a read-only user sees, by name."""
    return {one.name: one for one in METADATA.sorted_tables if reader_columns(one)}


def exported_columns(table: Table) -> list[Column[object]]:
    """Without secrets."""
    names = reader_columns(table)
    return [one for one in table.columns if one.name in names]


def rows_query(table: Table) -> str:
    """All rows that the walls show, in no order. A list is read as JSON."""
    columns = ", ".join(
        f"to_json({one.name})::text as {one.name}" if isinstance(one.type, ARRAY) else one.name
        for one in exported_columns(table)
    )
    return f"select {columns} from {table.name}"


def scales_query(table: Table) -> str | None:
    """The most decimals of each decimal column; None without one."""
    names = [one.name for one in decimal_columns(table)]
    if not names:
        return None
    return f"select {', '.join(f'max(scale({name}))' for name in names)} from {table.name}"


def decimal_columns(table: Table) -> list[Column[object]]:
    return [
        one
        for one in exported_columns(table)
        if isinstance(one.type, Numeric) and one.type.asdecimal
    ]
