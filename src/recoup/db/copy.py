"""COPY into a table, fed piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import psycopg

from recoup.db.engine import Writer, driver_connection
from recoup.errors import ReportFileError


async def copy_in(
    conn: Writer,
    table: str,
    columns: Sequence[str],
    pieces: AsyncIterator[bytes],
    *,
    delimiter: str,
    quoted: bool,
) -> int:
    """Loads UTF-8 lines into text columns; returns the rows. An empty cell is null.

    `pieces` may end anywhere in a line. `quoted`: cells may be in double quotes (CSV); otherwise
    a quote is a letter, and a backslash must have been doubled. What `pieces` raises ends the COPY
    and is raised. Raises ReportFileError for lines that do not fit the columns.
    """
    raw = await driver_connection(conn)
    names = ", ".join(columns)
    form = "format text"
    if quoted:
        form = f"format csv, quote '\"', force_null ({names})"
    statement = (
        f"copy {table} ({names}) from stdin "
        f"with ({form}, delimiter E'{_escaped(delimiter)}', null '', encoding 'UTF8')"
    )
    try:
        async with raw.cursor() as cursor:
            async with cursor.copy(statement.encode()) as copy:
                async for piece in pieces:
                    await copy.write(piece)
            return cursor.rowcount
    except psycopg.DataError as exc:
        # Its text names a line and shows it, with whatever personal data it holds.
        raise ReportFileError(
            "The lines of the file do not fit its header; the next sync requests it again."
        ) from exc


def _escaped(delimiter: str) -> str:
    return {"\t": "\\t", ",": ","}[delimiter]
