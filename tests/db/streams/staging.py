"""Rows as the loader of reports stages them: one typed column per field, and the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from recoup.db.engine import Database, Writer
from recoup.streams._report import FieldKind, Report, Statements
from recoup.streams._stream import Stream

_TYPES = {
    FieldKind.TEXT: "text",
    FieldKind.INTEGER: "integer",
    FieldKind.AMOUNT: "numeric",
    FieldKind.DATE: "date",
    FieldKind.TIME: "timestamptz",
    FieldKind.BOOLEAN: "boolean",
}


async def run_statements(
    database: Database, stream: Stream, rows: Sequence[Mapping[str, Any]], **values: str
) -> int:
    """The stream's own statements over these rows; gives how many rows the first one wrote."""
    report = stream.report
    assert report is not None
    assert isinstance(report.load, Statements)
    async with database.writing() as conn:
        await _stage(conn, report, rows)
        counts = [(await conn.execute(text(sql), values)).rowcount for sql in report.load.sql]
        await conn.execute(text("drop table staged"))
    return counts[0]


async def _stage(conn: Writer, report: Report, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ", ".join(f"{field.column} {_TYPES[field.kind]}" for field in report.fields)
    await conn.execute(text(f"create temp table staged ({columns}, source_line integer)"))
    for line, row in enumerate(rows, start=2):
        full = {**row, "source_line": line}
        names, binds = ", ".join(full), ", ".join(f":{name}" for name in full)
        await conn.execute(text(f"insert into staged ({names}) values ({binds})"), full)
