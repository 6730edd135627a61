"""Deletion of a connection's rows by age, each in one statement: all of it sees the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

from sqlalchemy import Table, TextClause, text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId
from recoup.streams import all_streams
from recoup.streams._stream import Stream
from recoup.sync.record.states import OPEN

_MINE = "connection_id = :connection_id"

# What recoup notes about reports and calls is as old as the row itself.
_OTHERS = {
    "report_request": "updated_at < cast(:day as date) and not status = any(:open)",
    "shrunk_file": "told_at < cast(:day as date)",
    "api_call": "day < :day",
}
_RAW = {
    "quarantine": "told_at < cast(:day as date)",
    "report_archive": "archived_at < cast(:day as date)",
}


async def delete_rows_before(
    conn: Writer, connection_id: ConnectionId, day: date
) -> dict[str, int]:
    """Deletes rows of earlier days from all tables of streams; returns how many, by table."""
    return await _delete(conn, _rows(), connection_id, day)


async def delete_raw_before(conn: Writer, connection_id: ConnectionId, day: date) -> dict[str, int]:
    """Deletes files and unreadable rows that came before; returns how many, by table."""
    return await _delete(conn, _raw(), connection_id, day)


async def _delete(
    conn: Writer, statement: TextClause, connection_id: ConnectionId, day: date
) -> dict[str, int]:
    values = {"connection_id": connection_id, "day": day}
    if "open" in statement.compile().params:
        values["open"] = list(OPEN)
    row = (await conn.execute(statement, values)).mappings().one()
    return {str(name): count for name, count in row.items() if count}


@cache
def _rows() -> TextClause:
    conditions = dict(_OTHERS)
    for stream in all_streams():
        conditions.update(_of_stream(stream))
    return _statement(conditions)


@cache
def _raw() -> TextClause:
    return _statement(_RAW)


def _statement(conditions: dict[str, str]) -> TextClause:
    deleting = ", ".join(
        f"d{number} as (delete from {name} where {_MINE} and {condition} returning 1)"
        for number, (name, condition) in enumerate(conditions.items())
    )
    counting = ", ".join(
        f"(select count(*) from d{number}) as {name}" for number, name in enumerate(conditions)
    )
    return text(f"with {deleting} select {counting}")


def _of_stream(stream: Stream) -> Iterator[tuple[str, str]]:
    """The tables of a stream, each with the condition on rows that are too old."""
    main = stream.table.name
    is_old = None if stream.aged_by is None else f"{stream.aged_by} < cast(:day as date)"
    if is_old is not None:
        yield main, is_old
        for part in stream.parts:
            yield part.name, _of_old(stream.table, is_old)
    if stream.history is not None:
        kept = stream.history.table
        gone = _is_superseded(kept)
        yield kept.name, gone if is_old is None else f"({gone} or {_of_old(stream.table, is_old)})"


def _of_old(main: Table, is_old: str) -> str:
    """Rows of another table that belong to an old one of the main table."""
    key = ", ".join(_key(main))
    return f"({key}) in (select {key} from {main.name} where {_MINE} and {is_old})"


def _is_superseded(kept: Table) -> str:
    """Earlier values of which the next ones were seen before the day too; those of the day stay."""
    key = [name for name in _key(kept) if name != "seen_at"]
    same = " and ".join(f"later.{name} = {kept.name}.{name}" for name in ("connection_id", *key))
    return (
        f"exists (select from {kept.name} as later where {same} "
        f"and later.seen_at > {kept.name}.seen_at and later.seen_at < cast(:day as date))"
    )


def _key(table: Table) -> list[str]:
    return [c.name for c in table.primary_key.columns if c.name != "connection_id"]
