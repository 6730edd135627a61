"""Numbers of rows of a file that are equal in their key, where not all of the file can be loaded.

Rows are numbered as they stand in the file, those that cannot be read with the others: the number is
a part of the key, and must be the same when a later version of recoup can read the row. A row in
quarantine keeps its number, and takes the place that was left for it.
"""

# ruff: noqa: S608 - the names in these statements are our own; what a file holds is a parameter or a cell

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId
from recoup.streams.stream import Stream
from recoup.sync.report_cells import Cell
from recoup.sync.staging_queries import BAD, NUMBERS, RAW


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row in quarantine that is tried again. line: of its file, None where that is not known.

    occurrence: its number among equal rows, None where its key could not be read. told_at: when a
    source last told it.
    """

    quarantine_id: int
    line: int | None
    occurrence: int | None
    told_at: datetime


async def number_rows(conn: Writer, stream: Stream, cells: Sequence[Cell], occurrence: str) -> None:
    """Number all staged rows, also those that are about to be taken out. Call it before that."""
    values = {cell.field.column: cell.careful_value for cell in cells}
    parts = [values[name] for name in key_parts(stream, occurrence)]
    unknown = " or ".join(f"({part}) is null" for part in parts)
    await conn.execute(
        text(
            f"create temporary table {NUMBERS} on commit drop as "
            f"select source_line, source_line as line, case when not ({unknown}) then "
            f"row_number() over (partition by {', '.join(parts)} order by source_line) "
            f"end::integer as occurrence from {RAW}"
        )
    )
    await conn.execute(text(f"analyze {NUMBERS}"))


async def note_waiting(conn: Writer, rows: Sequence[Waiting]) -> None:
    """The numbers of rows from quarantine, which are the staged rows in this order."""
    await conn.execute(
        text(
            f"create temporary table {NUMBERS} on commit drop as "
            "select number + 1 as source_line, quarantine_id, line, occurrence, told_at "
            "from unnest(cast(:ids as bigint[]), cast(:lines as integer[]), "
            "cast(:occurrences as integer[]), cast(:told as timestamptz[])) with ordinality "
            "as waiting (quarantine_id, line, occurrence, told_at, number)"
        ),
        {
            "ids": [row.quarantine_id for row in rows],
            "lines": [row.line for row in rows],
            "occurrences": [row.occurrence for row in rows],
            "told": [row.told_at for row in rows],
        },
    )


async def drop_overtaken(
    conn: Writer,
    stream: Stream,
    cells: Sequence[Cell],
    connection_id: ConnectionId,
    occurrence: str | None,
) -> int:
    """Take out rows from quarantine whose key a later source has told; gives how many.

    A source tells all rows of a key. What it did not bring of them is gone, and what it brought is
    newer.
    """
    result = await conn.execute(
        text(
            f"delete from {RAW} using {NUMBERS} where {NUMBERS}.source_line = {RAW}.source_line "
            f"and exists (select from {_stored(stream, cells, occurrence)} "
            f"and stored.loaded_at > {NUMBERS}.told_at)"
        ),
        {"connection_id": connection_id},
    )
    return result.rowcount


async def number_behind(
    conn: Writer,
    stream: Stream,
    cells: Sequence[Cell],
    connection_id: ConnectionId,
    occurrence: str,
) -> None:
    """Number the rows from quarantine that have none behind all that there are."""
    values = {cell.field.column: cell.value for cell in cells}
    parts = ", ".join(values[name] for name in key_parts(stream, occurrence))
    most = f"(select max(stored.{occurrence}) from {_stored(stream, cells, occurrence)})"
    await conn.execute(
        text(
            f"update {NUMBERS} set occurrence = behind.number from ("
            f"select source_line, occurrence, coalesce(greatest({most}, "
            f"max(occurrence) over (partition by {parts})), 0) + row_number() over "
            f"(partition by {parts}, occurrence is null order by source_line) as number "
            f"from {RAW} join {NUMBERS} using (source_line)) as behind "
            f"where behind.source_line = {NUMBERS}.source_line and behind.occurrence is null"
        ),
        {"connection_id": connection_id},
    )


async def release(conn: Writer) -> int:
    """Take out of quarantine what was tried again and is not bad still; gives how many."""
    result = await conn.execute(
        text(
            f"delete from quarantine using {NUMBERS} "
            f"where quarantine.quarantine_id = {NUMBERS}.quarantine_id and not exists "
            f"(select from {BAD} where {BAD}.source_line = {NUMBERS}.source_line)"
        )
    )
    return result.rowcount


def key_parts(stream: Stream, occurrence: str | None) -> list[str]:
    """The columns of the key that a row tells: all but the connection and the number."""
    key = [column.name for column in stream.table.primary_key.columns]
    return [name for name in key if name not in {"connection_id", occurrence}]


def _stored(stream: Stream, cells: Sequence[Cell], occurrence: str | None) -> str:
    """SQL for the stored rows of a staged row's key: a table, and a condition to go on from."""
    values = {cell.field.column: cell.value for cell in cells}
    equal = " and ".join(
        f"stored.{name} = {values[name]}" for name in key_parts(stream, occurrence)
    )
    return (
        f"{stream.table.name} as stored "
        f"where stored.connection_id = cast(:connection_id as text) and {equal}"
    )
