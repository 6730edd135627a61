"""Queries for the data of a connection that was not read: a few small ones per detection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import text

from recoup.claims.detection.gaps import (
    Gap,
    gap_of,
    heading_of,
    streams_by_name,
    streams_with,
    tables_of,
)
from recoup.claims.detection.held import LEAVES
from recoup.claims.detection.reads import needs_of
from recoup.claims.rules import all_rules
from recoup.db.engine import Reader
from recoup.ids import ConnectionId, SyncId
from recoup.notes.queries import list_notes
from recoup.streams._report import Field
from recoup.streams._stream import Stream

MOST_UNREADABLE = 1_000
"""Unreadable rows of a stream that are checked one by one (our own limit)."""

_READ = frozenset({"complete", "left out"})

# How a file or an answer calls what a claim is about, and what such ids look like.
_NAMED = "sku|asin|orderid|shipmentid|shipmentconfirmationid|trackingnumber"
_LOOKS_NAMED = (
    "^([0-9]{3}-[0-9]{7}-[0-9]{7}|S0[0-9]-[0-9-]+|B0[0-9A-Z]{8}|X0[0-9A-Z]{8}|FBA[0-9A-Z]{6,})$"
)


@dataclass(frozen=True, slots=True)
class Unread:
    """gaps: what hides whole streams, columns or marketplaces. rows: streams with rows that could
    not be read, each of which names what it is about.
    """

    gaps: tuple[Gap, ...]
    rows: frozenset[str]


async def find_gaps(
    conn: Reader,
    connection_id: ConnectionId,
    *,
    sync_id: SyncId | None = None,
    unread: Collection[str] = (),
) -> Unread:
    """Finds all missing data. unread: tables the caller knows of; sync_id: a running sync."""
    states = await _read_states(conn, connection_id, sync_id)
    failed = {name: state for name, state in states.items() if state not in _READ}
    failed |= dict.fromkeys(streams_with(unread), "failed")
    gaps = [Gap(name, _why_unread(name, status)) for name, status in sorted(failed.items())]
    gaps += [
        Gap(name, f"{streams_by_name()[name].noun} have not been read yet")
        for name in await _list_never_read(conn, connection_id)
        if name not in states and name not in failed
    ]
    notes = await list_notes(conn, connection_id)
    gaps += [gap for note in notes if (gap := gap_of(note)) is not None]
    gaps += await _list_empty_columns(conn, connection_id)
    quarantined, rows = await _list_unreadable(conn, connection_id)
    return Unread((*gaps, *quarantined), frozenset(rows))


def _why_unread(name: str, status: str) -> str:
    noun = streams_by_name()[name].noun
    if status == "unavailable":
        return f"{noun} are not available"
    return f"the last sync did not read {noun} to the end"


async def _read_states(
    conn: Reader, connection_id: ConnectionId, sync_id: SyncId | None
) -> dict[str, str]:
    """The end of each stream in the sync, or in the last one that has ended.

    A sync that looks for claims, or is complete, though a stream is pending, was not to read it.
    """
    rows = await conn.execute(
        text(
            """
            with last as (
                select sync_id, status in ('in_progress', 'complete') as has_read
                from sync_progress
                where connection_id = :connection_id and case
                    when cast(:sync_id as text) is null then completed_at is not null
                    else sync_id = :sync_id end
                order by started_at desc limit 1
            )
            select s.name, case when s.status = 'pending' and has_read then 'left out'
                else s.status end as status
            from last join sync_stream s using (sync_id)
            """
        ),
        {"connection_id": connection_id, "sync_id": sync_id},
    )
    return {row.name: row.status for row in rows if row.name in streams_by_name()}


async def _list_never_read(conn: Reader, connection_id: ConnectionId) -> list[str]:
    """Lists streams that no sync of the connection has ever read, not even in part.

    Before the first sync there is nothing to wait for: what rows there are were put there.
    """
    tables = " union all ".join(
        f"select '{name}', exists (select from {stream.table.name} "
        "where connection_id = :connection_id)"
        for name, stream in sorted(streams_by_name().items())
    )
    rows = await conn.execute(
        text(
            f"""
            with stream (name, has_rows) as ({tables}), cursor as (
                select stream as name, bool_or(read_at is not null or not isempty(closed)) as is_read
                from stream_cursor where connection_id = :connection_id group by stream
            ), sync as (
                select sync_id from sync_progress where connection_id = :connection_id
            ), reader as (
                -- Of an account of files, what no file has is not known either.
                select from sync
                union all
                select from amazon_connection
                where connection_id = :connection_id and environment = 'files'
            )
            select name from stream left join cursor using (name)
            where case when is_read is null then not has_rows and exists (select from reader)
                    else not is_read end
                and not exists (
                    select from sync_stream s
                    where s.name = stream.name and s.status = 'complete'
                        and s.sync_id in (select sync_id from sync))
            order by name
            """
        ),
        {"connection_id": connection_id},
    )
    return [row.name for row in rows]


async def _list_empty_columns(conn: Reader, connection_id: ConnectionId) -> list[Gap]:
    """Lists columns that every real file fills and that no stored row of a file has."""
    rows = await conn.execute(text(_empty_columns()), {"connection_id": connection_id})
    found = []
    for name, column in rows:
        stream = streams_by_name()[name]
        heading = heading_of(stream, column)
        found.append(Gap(name, f'no row of {stream.noun} has a value in "{heading}"', column))
    return found


@cache
def _empty_columns() -> str:
    """Checks only rows from files: answers of an API have no headings."""
    needed = frozenset[tuple[str, str]]().union(*map(needs_of, all_rules()))
    fields: defaultdict[tuple[str, str], list[Field]] = defaultdict(list)
    for stream in streams_by_name().values():
        for one in stream.report.fields if stream.report else ():
            for table in tables_of(stream) if one.filled or one.filled_where else ():
                if (table, one.column) in needed and not table.endswith("_history"):
                    rows = f"(select from {table} where {_of_file(stream, one)}"
                    fields[stream.name, rows].append(one)
    return " union all ".join(_empty_of(name, rows, some) for (name, rows), some in fields.items())


def _empty_of(stream: str, rows: str, fields: Sequence[Field]) -> str:
    """Those that none of the rows fills, if there are rows."""
    filled = ", ".join(f"('{one.column}', exists {rows} and {_is_filled(one)}))" for one in fields)
    return (
        f"select '{stream}', name from (values {filled}) as of_column (name, is_filled) "
        f"where not is_filled and exists {rows})"
    )


def _of_file(stream: Stream, one: Field) -> str:
    """The rows of files that should contain the column."""
    assert stream.report is not None
    rows = f"connection_id = :connection_id and source like '{stream.report.report_type} %'"
    return f"{rows} and {one.filled_where}" if one.filled_where else rows


def _is_filled(one: Field) -> str:
    filled = f"{one.column} is not null"
    return filled if one.default is None else f"{filled} and {one.column} <> '{one.default}'"


async def _list_unreadable(
    conn: Reader, connection_id: ConnectionId
) -> tuple[list[Gap], list[str]]:
    """Streams whose rows in quarantine are too many or name nothing, and all others with such rows."""
    counts = await conn.execute(
        text(
            "select stream, count(*) as rows from quarantine "
            "where connection_id = :connection_id group by stream order by stream"
        ),
        {"connection_id": connection_id},
    )
    rows = {row.stream: row.rows for row in counts if row.stream in streams_by_name()}
    few = [name for name, count in rows.items() if count <= MOST_UNREADABLE]
    nameless = await _count_nameless(conn, connection_id, few) if few else {}
    gaps = [
        Gap(name, f"{_rows(count)} of {streams_by_name()[name].noun} could not be read")
        for name, count in rows.items()
        if name not in few
    ]
    gaps += [
        Gap(
            name,
            f"{_rows(count)} of {streams_by_name()[name].noun} could not be read, and nothing in "
            f"{'it' if count == 1 else 'them'} names a product or an order",
        )
        for name, count in nameless.items()
    ]
    return gaps, [name for name in few if name not in nameless]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


async def _count_nameless(
    conn: Reader, connection_id: ConnectionId, streams: Collection[str]
) -> dict[str, int]:
    """Rows in quarantine that name no product, order or shipment."""
    rows = await conn.execute(
        text(
            f"""
            select q.stream, count(*) as rows
            from quarantine q
            where q.connection_id = :connection_id and q.stream = any(:streams) and not exists (
                select from ({LEAVES}) as leaf
                where jsonb_typeof(value) in ('string', 'number')
                    and trim(value #>> '{{}}') not in ('', '--', 'N/A')
                    and (regexp_replace(lower(key), '[^a-z0-9]', '', 'g') ~ :named
                        or trim(value #>> '{{}}') ~ :looks_named))
            group by q.stream order by q.stream
            """
        ),
        {
            "connection_id": connection_id,
            "streams": list(streams),
            "named": _NAMED,
            "looks_named": _LOOKS_NAMED,
        },
    )
    return {row.stream: row.rows for row in rows}
