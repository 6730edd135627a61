"""Numbers of rows with equal keys in a file that cannot be loaded completely.

Rows are numbered in the order of the file, those that cannot be read with the others: the number is
a part of the key, and must be the same when a later version of recoup can read the row. A row in
quarantine keeps its number, and takes the place that was left for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId
from recoup.streams._stream import Stream
from recoup.sync.loading.cells import Cell
from recoup.sync.loading.staging_queries import BAD, NUMBERS, RAW


@dataclass(frozen=True, slots=True)
class Waiting:
    """A quarantined row that is tried again. line: its line in the file, None if not known.

    occurrence: its number among equal rows, None where its key could not be read. told_at: when a
    source last had it.
    """

    quarantine_id: int
    line: int | None
    occurrence: int | None
    told_at: datetime


async def number_rows(
    conn: Writer,
    stream: Stream,
    cells: Sequence[Cell],
    occurrence: str,
    ordered_by: Sequence[str] = (),
) -> None:
    """Numbers all staged rows, also those about to be removed. Call it before that."""
    values = {cell.field.column: cell.careful_value for cell in cells}
    parts = [values[name] for name in key_parts(stream, occurrence)]
    order = ", ".join([*(values[name] for name in ordered_by if name in values), "source_line"])
    unknown = " or ".join(f"({part}) is null" for part in parts)
    await conn.execute(
        text(
            f"create temporary table {NUMBERS} on commit drop as "
            f"select source_line, source_line as line, case when not ({unknown}) then "
            f"row_number() over (partition by {', '.join(parts)} order by {order}) "
            f"end::integer as occurrence from {RAW}"
        )
    )
    await conn.execute(text(f"analyze {NUMBERS}"))


async def note_waiting(conn: Writer, rows: Sequence[Waiting]) -> None:
    """Stores the numbers of rows from quarantine, which are the staged rows in this order."""
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
    """Removes quarantined rows whose key a later source has reported; returns how many.

    A source has all rows of a key. Those it did not return are gone, and those it returned are
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
    """Numbers the rows from quarantine without a number, after all existing ones."""
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
    """Removes quarantined rows that were tried again and are no longer bad; returns how many."""
    result = await conn.execute(
        text(
            f"delete from quarantine using {NUMBERS} "
            f"where quarantine.quarantine_id = {NUMBERS}.quarantine_id and not exists "
            f"(select from {BAD} where {BAD}.source_line = {NUMBERS}.source_line)"
        )
    )
    return result.rowcount


def key_parts(stream: Stream, occurrence: str | None) -> list[str]:
    """The columns of the key that a row contains: all but the connection and the number."""
    key = [column.name for column in stream.table.primary_key.columns]
    return [name for name in key if name not in {"connection_id", occurrence}]


def _stored(stream: Stream, cells: Sequence[Cell], occurrence: str | None) -> str:
    """SQL for the stored rows of a staged row's key: a table, and a condition to extend."""
    values = {cell.field.column: cell.value for cell in cells}
    equal = " and ".join(
        f"stored.{name} = {values[name]}" for name in key_parts(stream, occurrence)
    )
    return (
        f"{stream.table.name} as stored "
        f"where stored.connection_id = cast(:connection_id as text) and {equal}"
    )
