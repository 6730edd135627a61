"""The staging table of one file: raw text, then the rows that fit the stream's table.

The table is temporary and gone with the transaction, whatever personal data a file holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from recoup.db.copy import copy_in
from recoup.db.engine import Writer
from recoup.spapi.ceilings import RAW_CHARACTERS
from recoup.streams._item import CUT
from recoup.streams._report import Field, FieldKind
from recoup.sync.loading.cells import Cell, Forms, staged_columns
from recoup.sync.loading.numbers import (
    HAS_COMMA_GROUPS,
    HAS_DECIMAL_COMMA,
    HAS_DECIMAL_POINT,
    HAS_POINT_GROUPS,
    FormEvidence,
    decide,
)
from recoup.sync.loading.target import Origin

RAW = "staged_file"
BAD = "staged_bad"
STRAY = "staged_stray"
NUMBERS = "staged_numbers"

_MOST_LINES = 50_000
_WORTH_STATISTICS = 1_000
_DAY_FIRST = r"'^(1[3-9]|2\d|3[01])/\d{1,2}/\d{4}'"
_DAY_SECOND = r"'^\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}'"


@dataclass(frozen=True, slots=True)
class Glance:
    """Whether rows must be checked one by one, and whether SQL may misread numbers.

    is_doubtful: a cast would take a row although it should not: a value that must be there is
    missing, an amount is `NaN`, a day is `today`; or no index would take it. has_signs: a number has
    a comma, or is whole and has a point.
    """

    is_doubtful: bool
    has_signs: bool


async def stage(
    conn: Writer,
    headers: Sequence[str],
    pieces: AsyncIterator[bytes],
    *,
    delimiter: str,
    quoted: bool,
) -> int:
    """Creates a staging table with the lines; returns their number. Raises ReportFileError."""
    columns = staged_columns(headers)
    # Numbers are taken by the thousand: a sequence call for each row costs a fifth of the COPY.
    await conn.execute(
        text(
            f"create temporary table {RAW} (source_line bigint generated always as identity "
            f"(start 2 cache 1000), {', '.join(f'{name} text' for name in columns)}) "
            "on commit drop"
        )
    )
    return await copy_in(conn, RAW, columns, pieces, delimiter=delimiter, quoted=quoted)


async def drop_lines(conn: Writer, lines: Sequence[int]) -> None:
    """Deletes lines that are not rows: in one pass, however many they are."""
    if not lines:
        return
    await conn.execute(text(f"create temporary table {STRAY} (line bigint) on commit drop"))
    for some in _portions(lines):
        await conn.execute(
            text(f"insert into {STRAY} select unnest(cast(:lines as bigint[]))"), {"lines": some}
        )
    await conn.execute(
        text(f"delete from {RAW} using {STRAY} where {STRAY}.line = {RAW}.source_line")
    )
    await conn.execute(text(f"drop table {STRAY}"))


def _portions(lines: Sequence[int]) -> Iterator[list[int]]:
    """Portions of a list that may be longer than the parameters of a statement."""
    for first in range(0, len(lines), _MOST_LINES):
        yield list(lines[first : first + _MOST_LINES])


async def analyze(conn: Writer, rows: int) -> None:
    """Updates the planner's statistics: PostgreSQL never does so for a temporary table.

    Of a few rows any plan is a good one.
    """
    if rows < _WORTH_STATISTICS:
        return
    await conn.execute(text(f"analyze {RAW}"))


async def read_forms(
    conn: Writer,
    fields: Sequence[Field],
    placed: Mapping[str, str],
    glance: Glance,
    *,
    has_dashes: bool,
) -> Forms:
    """Determines how this file writes numbers and dates."""
    present = [one for one in fields if one.column in placed]
    dated = [placed[one.column] for one in present if one.kind in {FieldKind.DATE, FieldKind.TIME}]
    samples = await _read_samples(conn, dated)
    numbers = {
        placed[one.column]: one.kind is FieldKind.INTEGER
        for one in present
        if one.kind in {FieldKind.AMOUNT, FieldKind.INTEGER}
    }
    if not glance.has_signs:
        return Forms(has_dashes=has_dashes, samples=samples)
    currency = await _only_currency(conn, placed["currency"]) if "currency" in placed else None
    return Forms(
        has_dashes=has_dashes,
        numbers=decide(await _read_evidence(conn, numbers)),
        currency=currency,
        samples=samples,
    )


async def _read_samples(conn: Writer, columns: Sequence[str]) -> dict[str, str]:
    """The first value of each column; empty where there is none."""
    if not columns:
        return {}
    firsts = [f"(select {one} from {RAW} where {one} <> '--' limit 1)" for one in columns]
    row = (await conn.execute(text(f"select {', '.join(firsts)}"))).one()
    return {name: str(value or "") for name, value in zip(columns, row, strict=True)}


async def _read_evidence(conn: Writer, numbers: Mapping[str, bool]) -> dict[str, FormEvidence]:
    """The evidence in the values of each column. `numbers`: whether it is whole."""
    tests = []
    for name, is_whole in numbers.items():
        comma = HAS_POINT_GROUPS if is_whole else HAS_DECIMAL_COMMA
        point = HAS_COMMA_GROUPS if is_whole else HAS_DECIMAL_POINT
        has_comma, has_point = f"strpos({name}, ',') > 0", f"strpos({name}, '.') > 0"
        tests += [
            has_comma,
            has_point,
            f"({has_comma} or {has_point}) and {name} ~ {comma}",
            f"({has_comma} or {has_point}) and {name} ~ {point}",
        ]
    columns = ", ".join(f"coalesce(bool_or({one}), false)" for one in tests)
    row = tuple((await conn.execute(text(f"select {columns} from {RAW}"))).one())
    return {
        name: FormEvidence(is_whole, *row[n * 4 : n * 4 + 4])
        for n, (name, is_whole) in enumerate(numbers.items())
    }


async def _only_currency(conn: Writer, column: str) -> str | None:
    """The currency of a file with a single one, None if it has several."""
    found = await conn.execute(
        text(f"select distinct {column} from {RAW} where {column} ~ '^[A-Z]{{3}}$' limit 2")
    )
    currencies = found.scalars().all()
    return str(currencies[0]) if len(currencies) == 1 else None


async def find_days_first(conn: Writer, columns: Sequence[str]) -> frozenset[str]:
    """Finds the columns whose dates have slashes and the day before the month."""
    if not columns:
        return frozenset()
    tests = [
        f"coalesce(bool_or({name} ~ {_DAY_FIRST}) and not bool_or({name} ~ {_DAY_SECOND}), false)"
        for name in columns
    ]
    row = (await conn.execute(text(f"select {', '.join(tests)} from {RAW}"))).one()
    return frozenset(name for name, is_first in zip(columns, row, strict=True) if is_first)


async def look_over(conn: Writer, cells: Sequence[Cell], needed: frozenset[str]) -> Glance:
    """Returns the findings of one pass over the file."""
    doubts = [
        f"({cell.text}) is null"
        for cell in cells
        if cell.field.column in needed and cell.field.default is None
    ]
    doubts += [cell.doubt for cell in cells if cell.doubt is not None]
    signs = []
    for cell in cells:
        if cell.staged is not None and cell.field.kind in {FieldKind.AMOUNT, FieldKind.INTEGER}:
            signs.append(f"strpos({cell.staged}, ',') > 0")
        if cell.staged is not None and cell.field.kind is FieldKind.INTEGER:
            signs.append(f"strpos({cell.staged}, '.') > 0")
    row = (
        await conn.execute(
            text(
                f"select coalesce(bool_or({' or '.join(doubts) or 'false'}), false), "
                f"coalesce(bool_or({' or '.join(signs) or 'false'}), false) from {RAW}"
            )
        )
    ).one()
    return Glance(*row)


async def find_bad_rows(conn: Writer, cells: Sequence[Cell], needed: frozenset[str]) -> int:
    """Marks the rows that cannot be cast, each with its first reason; returns their number."""
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
    origin: Origin,
    *,
    numbered: bool,
) -> None:
    """Stores the bad rows in quarantine with their reason.

    What is kept is an object of the file's own headers, of the columns that the stream wants only:
    the others may be about people. One that comes again is kept once; equal ones of a file are
    several. Of one with a value that was cut, all of it counts. `numbered`: with its number among equal rows (recoup.sync.loading.occurrence_queries).
    """
    known = [cell.staged for cell in cells if cell.staged is not None]
    raw, names = _raw_object(known, headers)
    is_long = " or ".join(f"octet_length({name}) > {RAW_CHARACTERS}" for name in known) or "false"
    number, join = "cast(null as integer)", ""
    if numbered:
        number, join = "numbers.occurrence", f"left join {NUMBERS} as numbers using (source_line)"
    await _keep(
        conn,
        f"select {RAW}.source_line, bad.reason, {raw} as raw, {number} as occurrence, "
        f"case when {is_long} then cast(row({', '.join(known)}) as text) else '' end as mark "
        f"from {RAW} join {BAD} as bad using (source_line) {join}",
        {**names, **origin.parameters()},
    )


async def drop_bad_rows(conn: Writer) -> None:
    """Deletes the bad rows from the staging table."""
    await conn.execute(
        text(f"delete from {RAW} using {BAD} where {BAD}.source_line = {RAW}.source_line")
    )


async def quarantine_ragged(
    conn: Writer, lines: Sequence[int], counts: Sequence[int], origin: Origin, *, width: int
) -> None:
    """Quarantines lines that do not fit the header, without their cells: which of them is one too
    many is not known, so any may be one that the stream does not read.

    counts: how many cells each line has. A line that comes again is kept once.
    """
    every = ", ".join(f"c{n}" for n in range(1, width + 1))
    rows = (
        f"select source_line, 'the line has ' || ragged.cells || ' cells, the header has {width}' "
        "as reason, jsonb_build_object('line', source_line, 'cells', ragged.cells) as raw, "
        "cast(null as integer) as occurrence, "
        f"ragged.cells || cast(row({every}) as text) as mark "
        f"from {RAW} join unnest(cast(:lines as bigint[]), cast(:counts as bigint[])) "
        "as ragged (source_line, cells) using (source_line)"
    )
    for some, cells in zip(_portions(lines), _portions(counts), strict=True):
        await _keep(conn, rows, {**origin.parameters(), "lines": some, "counts": cells})


def _raw_object(staged: Sequence[str], headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """SQL for an object of these columns under the file's headers, and the parameters.

    A long value is cut, and its true length told.
    """
    pairs = ", ".join(f"cast(:h{n} as text), {_cut(name)}" for n, name in enumerate(staged))
    return f"jsonb_build_object({pairs})", {f"h{n}": headers[name] for n, name in enumerate(staged)}


def _cut(name: str) -> str:
    told = CUT.format(f"' || length({name}) || '")
    return (
        f"case when octet_length({name}) > {RAW_CHARACTERS} "
        f"then left({name}, {RAW_CHARACTERS}) || '{told}' else {name} end"
    )


async def _keep(conn: Writer, rows: str, parameters: Mapping[str, object]) -> None:
    """Stores rows in quarantine.

    `rows` have source_line, reason, raw, occurrence and `mark`, which identifies a row if `raw`
    does not.
    """
    told = "coalesce(nullif(mark, ''), raw::text)"
    await conn.execute(
        text(
            "insert into quarantine "
            "(connection_id, stream, sync_id, reason, raw, raw_digest, source, occurrence) "
            "select :connection_id, :stream, :sync_id, reason, raw, "
            "encode(sha256(convert_to(told || case when equal > 1 then '#' || equal else '' end, "
            "'UTF8')), 'hex'), cast(:source as text) || ' line ' || source_line, occurrence "
            f"from (select kept.*, {told} as told, "
            f"row_number() over (partition by {told} order by source_line) as equal "
            f"from ({rows}) as kept) as kept "
            "on conflict (connection_id, stream, raw_digest) do update set "
            "sync_id = excluded.sync_id, reason = excluded.reason, source = excluded.source, "
            "occurrence = excluded.occurrence, told_at = now()"
        ),
        parameters,
    )
