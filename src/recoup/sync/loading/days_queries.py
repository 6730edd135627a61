"""Replacement of whole stored days by staged rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.db.upsert import PROVENANCE
from recoup.ids import ConnectionId
from recoup.streams._stream import Stream
from recoup.streams._window import Days
from recoup.sync.loading.cells import Cell
from recoup.sync.loading.staged_values import between, bounds_of, values_of
from recoup.sync.loading.staging_queries import RAW
from recoup.sync.loading.target import Origin

_FRESH_DAYS = "staged_days"
# Rows; below it a fifth of a day may be a correction.
_FULL_DAY = 20


async def count_fresh_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], day: str, days: Days
) -> int:
    """Counts the staged rows of the days."""
    value = values_of(stream.table, cells)[day]
    found = await conn.execute(
        text(f"select count(*) from {RAW} where {between(value)}"), bounds_of(days)
    )
    return int(found.scalar_one())


async def count_stored_days(
    conn: Writer, stream: Stream, day: str, days: Days, connection_id: ConnectionId
) -> int:
    """Counts the stored rows of the days."""
    found = await conn.execute(
        text(
            f"select count(*) from {stream.table.name} "
            f"where connection_id = :connection_id and {between(day)}"
        ),
        {"connection_id": connection_id, **bounds_of(days)},
    )
    return int(found.scalar_one())


async def insert_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str, days: Days
) -> int:
    """Inserts the staged rows of days without stored rows; returns their number."""
    values = values_of(stream.table, cells)
    result = await conn.execute(
        text(
            f"insert into {stream.table.name} ({', '.join(values)}) "
            f"select {', '.join(values.values())} from {RAW} "
            f"where {between(values[day])}"
        ),
        {**origin.parameters(), **bounds_of(days)},
    )
    return result.rowcount


@dataclass(frozen=True, slots=True)
class Compared:
    """Staged rows of all days; and of full days that come with a fifth less than is stored, which
    are kept as they are: how many rows are staged and how many are stored, from when to when.
    """

    fresh: int
    kept_fresh: int
    kept_stored: int
    kept_days: Days | None


async def compare_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str, days: Days
) -> Compared:
    """Marks the staged days that differ from the stored ones.

    Two days are the same when they have as many rows and the sums of their rows' hashes agree.
    """
    values = values_of(stream.table, cells)
    compared = [name for name in values if name not in PROVENANCE]
    fresh = ", ".join(values[name] for name in compared)
    sums = "count(*) as rows, sum(hashtextextended(cast(row({}) as text), 0)) as content"
    parameters = {**origin.parameters(), **bounds_of(days)}
    await conn.execute(
        text(
            f"create temporary table {_FRESH_DAYS} on commit drop as "
            "select fresh.day, fresh.rows, coalesce(stored.rows, 0) as stored, "
            "(fresh.rows, fresh.content) is distinct from (stored.rows, stored.content) as changed, "
            f"coalesce(stored.rows, 0) >= {_FULL_DAY} and fresh.rows * 5 <= stored.rows * 4 as kept "
            f"from (select {values[day]} as day, {sums.format(fresh)} from {RAW} "
            f"where {between(values[day])} group by 1) as fresh "
            f"left join (select {day} as day, {sums.format(', '.join(compared))} "
            f"from {stream.table.name} where connection_id = :connection_id and {between(day)} "
            "group by 1) as stored using (day)"
        ),
        parameters,
    )
    row = (
        await conn.execute(
            text(
                "select coalesce(sum(rows), 0), coalesce(sum(rows) filter (where kept), 0), "
                "coalesce(sum(stored) filter (where kept), 0), min(day) filter (where kept), "
                f"max(day) filter (where kept) from {_FRESH_DAYS}"
            )
        )
    ).one()
    kept = None if row[3] is None else Days(row[3], row[4])
    return Compared(int(row[0]), int(row[1]), int(row[2]), kept)


async def keep_days(conn: Writer) -> None:
    """Leaves the full days that have fewer rows unchanged."""
    await conn.execute(text(f"update {_FRESH_DAYS} set changed = false where kept"))


async def remove_untold_days(
    conn: Writer, stream: Stream, day: str, days: Days, connection_id: ConnectionId
) -> None:
    """Deletes the stored days that the file does not contain."""
    await conn.execute(
        text(
            f"delete from {stream.table.name} where connection_id = :connection_id "
            f"and {between(day)} and not exists (select from {_FRESH_DAYS} as fresh "
            f"where fresh.day = {stream.table.name}.{day})"
        ),
        {"connection_id": connection_id, **bounds_of(days)},
    )


async def replace_changed_days(
    conn: Writer, stream: Stream, cells: Sequence[Cell], origin: Origin, day: str
) -> int:
    """Replaces the stored rows of the marked days by the staged ones; returns their number."""
    values = values_of(stream.table, cells)
    changed = f"(select day from {_FRESH_DAYS} where changed)"
    await conn.execute(
        text(
            f"delete from {stream.table.name} "
            f"where connection_id = :connection_id and {day} in {changed}"
        ),
        {"connection_id": origin.connection_id},
    )
    result = await conn.execute(
        text(
            f"insert into {stream.table.name} ({', '.join(values)}) "
            f"select {', '.join(values.values())} from {RAW} where {values[day]} in {changed}"
        ),
        origin.parameters(),
    )
    return result.rowcount


async def count_unreplaced(
    conn: Writer, stream: Stream, cells: Sequence[Cell], day: str, days: Days, *, compared: bool
) -> int:
    """Counts the staged rows of unchanged days, and of other days than these.

    compared: whether days were compared, else none of them was stored.
    """
    unchanged = await count_outside(conn, values_of(stream.table, cells)[day], days)
    if compared:
        found = await conn.execute(
            text(f"select coalesce(sum(rows), 0) from {_FRESH_DAYS} where not changed")
        )
        unchanged += int(found.scalar_one())
    return unchanged


async def count_outside(conn: Writer, day: str, days: Days) -> int:
    """Counts the staged rows of other days, which belong to their own files."""
    found = await conn.execute(
        text(f"select count(*) from {RAW} where not ({between(day)})"), bounds_of(days)
    )
    return int(found.scalar_one())
