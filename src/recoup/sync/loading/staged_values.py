"""SQL for the values of staged rows, as they are written to a table, and for their days. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Table

from recoup.streams._window import Days
from recoup.sync.loading.cells import Cell


def values_of(table: Table, cells: Sequence[Cell]) -> dict[str, str]:
    """SQL for each column of the table that this file contains."""
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


def aliased(values: Mapping[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def between(day: str, prefix: str = "") -> str:
    first, last = (f"{prefix}_{name}" if prefix else name for name in ("first", "last"))
    return (
        f"{day} >= cast(:{first} as date) "
        f"and {day} < coalesce(cast(:{last} as date) + 1, 'infinity')"
    )


def bounds_of(days: Days) -> dict[str, date | None]:
    return {"first": days.first, "last": days.last}
