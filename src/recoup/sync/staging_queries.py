"""The staging table of one file: text as it came, then the rows that are fit for the stream's table.

The table is temporary and gone with the transaction, whatever personal data a file holds.
"""

# ruff: noqa: S608 - the names in these statements are our own; what a file holds is a parameter or a cell

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from recoup.db.copy import copy_in
from recoup.db.engine import Writer
from recoup.ids import ConnectionId, SyncId
from recoup.streams.report import Field, Kind
from recoup.sync.report_cells import Cell, Forms, staged_columns

RAW = "staged_file"
BAD = "staged_bad"


async def stage(
    conn: Writer,
    headers: Sequence[str],
    pieces: AsyncIterator[bytes],
    *,
    delimiter: str,
    quoted: bool,
) -> int:
    """A new staging table with the lines; gives their number. Raises ReportFileError."""
    columns = staged_columns(headers)
    # Numbers are taken by the thousand: a sequence asked for each row costs a fifth of the COPY.
    await conn.execute(
        text(
            f"create temporary table {RAW} (source_line bigint generated always as identity "
            f"(start 2 cache 1000), {', '.join(f'{name} text' for name in columns)}) "
            "on commit drop"
        )
    )
    return await copy_in(conn, RAW, columns, pieces, delimiter=delimiter, quoted=quoted)


async def drop_lines(conn: Writer, lines: Sequence[int]) -> None:
    """Take out lines that are no rows."""
    if lines:
        await conn.execute(
            text(f"delete from {RAW} where source_line = any(:lines)"),
            {"lines": list(lines)},
        )


async def analyze(conn: Writer) -> None:
    """Tell the planner what is there: nobody else does for a temporary table."""
    await conn.execute(text(f"analyze {RAW}"))


async def read_forms(
    conn: Writer, fields: Sequence[Field], placed: Mapping[str, str], *, has_dashes: bool
) -> Forms:
    """How this file writes numbers and dates."""
    dated = [
        placed[one.column]
        for one in fields
        if one.column in placed and one.kind in {Kind.DATE, Kind.TIME}
    ]
    numbers = [
        placed[one.column]
        for one in fields
        if one.column in placed and one.kind in {Kind.AMOUNT, Kind.INTEGER}
    ]
    samples = {name: await _sample(conn, name) for name in dated}
    decimal, thousands = await _commas(conn, numbers)
    return Forms(
        has_dashes=has_dashes,
        decimal_comma=decimal,
        thousands_comma=thousands,
        samples=samples,
    )


async def _sample(conn: Writer, column: str) -> str:
    found = await conn.execute(text(f"select {column} from {RAW} where {column} <> '--' limit 1"))
    return str(found.scalar_one_or_none() or "")


async def _commas(conn: Writer, columns: Sequence[str]) -> tuple[bool, bool]:
    """Whether the file's commas are decimal signs, and whether they are thousands.

    A comma that three digits follow may be either. It is a thousands' one when the file has decimal
    dots, or nothing but whole numbers of that form.
    """
    if not columns:
        return False, False
    some = " or ".join(f"strpos({name}, ',') > 0" for name in columns)
    found = await conn.execute(text(f"select exists (select from {RAW} where {some})"))
    if not found.scalar_one():
        return False, False
    cells = " union all ".join(f"select {name} as cell from {RAW}" for name in columns)
    row = (
        await conn.execute(
            text(
                r"select coalesce(bool_or(cell ~ '\.\d+$' and cell !~ '\.\d{3}$'), false) as dots, "
                r"coalesce(bool_or(cell ~ ',\d+$' and (cell !~ ',\d{3}$' or cell ~ '^\s*-?0,')), false) "
                rf"as commas from ({cells}) as cells"
            )
        )
    ).one()
    decimal = bool(row.commas) or not row.dots
    return decimal, not decimal


async def count_doubtful(conn: Writer, cells: Sequence[Cell], needed: frozenset[str]) -> int:
    """Rows that a cast would take although it should not: a value that must be there is missing, an
    amount is `NaN`, a day is `today`.
    """
    doubts = [
        f"({cell.text}) is null"
        for cell in cells
        if cell.field.column in needed and cell.field.default is None
    ]
    doubts += [
        f"{cell.staged} ~* '[a-z]'"
        for cell in cells
        if cell.field.kind is Kind.AMOUNT and cell.staged is not None
    ]
    doubts += [
        f"{cell.staged} collate \"C\" not between '0' and ':'"
        for cell in cells
        if cell.field.kind in {Kind.DATE, Kind.TIME} and cell.staged is not None
    ]
    if not doubts:
        return 0
    found = await conn.execute(text(f"select count(*) from {RAW} where {' or '.join(doubts)}"))
    return int(found.scalar_one())


async def find_bad_rows(conn: Writer, cells: Sequence[Cell], needed: frozenset[str]) -> int:
    """Note the rows that cannot be cast, each with its first reason; gives their number."""
    cases = [cell.complaint(needed=cell.field.column in needed) for cell in cells]
    reason = " ".join(case for case in cases if case)
    reason = f"case {reason} end" if reason else "null::text"
    await conn.execute(
        text(
            f"create temporary table {BAD} on commit drop as select * from "
            f"(select source_line, {reason} as reason from {RAW}) as judged "
            "where reason is not null"
        )
    )
    found = await conn.execute(text(f"select count(*) from {BAD}"))
    return int(found.scalar_one())


async def quarantine_bad_rows(
    conn: Writer,
    cells: Sequence[Cell],
    headers: Mapping[str, str],
    *,
    stream: str,
    connection_id: ConnectionId,
    sync_id: SyncId,
    source: str,
) -> None:
    """Keep the bad rows with their reason, and take them out of the staging table.

    What is kept is an object of the file's own headers, of the columns that the stream wants only:
    the others may be about people.
    """
    known = [cell.staged for cell in cells if cell.staged is not None]
    pairs = ", ".join(f"cast(:h{n} as text), {name}" for n, name in enumerate(known))
    names = {f"h{n}": headers[name] for n, name in enumerate(known)}
    await conn.execute(
        text(
            "insert into quarantine "
            "(connection_id, stream, sync_id, reason, raw, raw_digest, source) "
            "select :connection_id, :stream, :sync_id, reason, raw, "
            "encode(sha256(convert_to(raw::text, 'UTF8')), 'hex'), "
            "cast(:source as text) || ' line ' || source_line "
            f"from (select {RAW}.source_line, reason, jsonb_build_object({pairs}) as raw "
            f"from {BAD} join {RAW} using (source_line)) as kept "
            "on conflict do nothing"
        ),
        {
            **names,
            "connection_id": connection_id,
            "stream": stream,
            "sync_id": sync_id,
            "source": source,
        },
    )
    await conn.execute(
        text(f"delete from {RAW} using {BAD} where {BAD}.source_line = {RAW}.source_line")
    )


async def quarantine_ragged(
    conn: Writer,
    lines: Sequence[Mapping[str, Any]],
) -> None:
    """Keep lines that do not fit the header. Each has the columns of the table `quarantine`."""
    if lines:
        await conn.execute(
            text(
                "insert into quarantine "
                "(connection_id, stream, sync_id, reason, raw, raw_digest, source) values "
                "(:connection_id, :stream, :sync_id, :reason, cast(:raw as jsonb), :raw_digest, "
                ":source) on conflict do nothing"
            ),
            list(lines),
        )
