"""A stream's own statements over its typed staged rows, and its doubts about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, text

from recoup.db.engine import Writer
from recoup.streams._report import Statements
from recoup.sync.loading.cells import Cell
from recoup.sync.loading.staging_queries import RAW
from recoup.sync.loading.target import Origin

TYPED = "staged"


async def run_statements(
    conn: Writer, load: Statements, cells: Sequence[Cell], origin: Origin
) -> int:
    """Runs the stream's statements over the typed rows; returns the number the first one wrote."""
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
    """Lists the stream's doubts about the rows that this transaction has written."""
    return [str(row[0]) for row in await _run(conn, sql, origin)]


async def count_typed_collisions(conn: Writer, cells: Sequence[Cell], key: Sequence[str]) -> int:
    """The same for rows written by a stream's own statements: keys without a null."""
    told = {cell.field.column for cell in cells if cell.staged is not None}
    if not told.issuperset(key):
        return 0
    names = ", ".join(sorted(told))
    found = await conn.execute(
        text(
            f"with doubled as (select {', '.join(key)} from {TYPED} "
            f"group by {', '.join(key)} having count(*) > 1) "
            f"select count(*) from (select from {TYPED} join doubled using ({', '.join(key)}) "
            f"group by {', '.join(key)} "
            f"having count(distinct cast(row({names}) as text)) > 1) as differing"
        )
    )
    return int(found.scalar_one())


async def _run(conn: Writer, sql: str, origin: Origin) -> CursorResult[Any]:
    statement = text(sql)
    asked = statement.compile().params
    known = {name: value for name, value in origin.parameters().items() if name in asked}
    return await conn.execute(statement, known)
