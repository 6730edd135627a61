"""Whatever vanishes from a seller's data: no claim is added by it, none is dearer, larger or surer.

A rule that can do without it finds exactly what it found before.

A sandbox's seller is read whole. Then one optional column after another is gone, from the table and
from the heading of the file, and one stream after another that some rule can do without.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.detect import detect
from recoup.claims.detection.gap_queries import find_gaps
from recoup.claims.detection.gaps import tables_of
from recoup.claims.detection.reads import ColumnRead, needs_of, touches_of
from recoup.claims.lifecycle import PROMPT_FROM
from recoup.claims.rule import Rule
from recoup.claims.rules import all_rules
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Writer
from recoup.ids import ConnectionId, SyncId
from recoup.notes.note import NoteCode
from recoup.notes.queries import list_notes
from recoup.spapi.documents import spool_of
from recoup.streams import all_streams
from recoup.streams._report import Field, Statements
from recoup.streams._stream import Scope, Stream
from recoup.streams._window import Days
from recoup.sync.loading.file import load_report
from recoup.sync.loading.target import FileTarget
from tests.support.as_owner import run_as_owner
from tests.support.report_files import tsv
from tests.support.whole_seller import StoredSeller, WholeSeller, undone, whole_seller

TOUCHED: frozenset[ColumnRead] = frozenset[ColumnRead]().union(*map(touches_of, all_rules()))
Amounts = dict[tuple[str, str], tuple[int, Decimal | None, str | None, Decimal]]
FORGET = "delete from claim where connection_id = :connection_id"


@dataclass(frozen=True)
class Seller(WholeSeller):
    """`claims` are those of the day."""

    claims: Amounts


@pytest.fixture(scope="module")
async def seller(postgres: EmbeddedServer, stored_seller: StoredSeller) -> AsyncIterator[Seller]:
    """One sandbox for all tests; each takes back what it changes."""
    async with whole_seller(postgres, stored_seller, "sweep") as one:
        async with one.database.writing() as conn:
            await detect(conn, one.connection_id, one.day)
            claims = await amounts(conn, one.connection_id)
        yield Seller(**vars(one), claims=claims)


async def amounts(conn: Writer, connection_id: ConnectionId) -> Amounts:
    """The open claims, with quantity, amount and confidence."""
    rows = await conn.execute(
        text(
            "select type, cast(key as text) as key, quantity, amount, currency, confidence from claim "
            "where connection_id = :connection_id and status = 'detected'"
        ),
        {"connection_id": connection_id},
    )
    return {
        (row.type, row.key): (row.quantity, row.amount, row.currency, row.confidence)
        for row in rows
    }


def worse(before: Amounts, after: Amounts) -> list[str]:
    """Claims that are new, larger or dearer, or shown as owed and not for review only."""
    found = []
    for name, (quantity, amount, currency, confidence) in after.items():
        if name not in before:
            found.append(f"{name} is new: {quantity}, {amount} {currency}")
            continue
        units, owed, _, sure = before[name]
        if sure < PROMPT_FROM <= confidence:
            found.append(f"{name}: confidence {sure} became {confidence}")
        if quantity > units or (amount is not None and (owed is None or amount > owed)):
            found.append(f"{name}: {units}, {owed} became {quantity}, {amount} {currency}")
    return found


def of_types(claims: Amounts, rules: Collection[Rule]) -> Amounts:
    """The claims that these rules found."""
    types = {rule.type.value for rule in rules}
    return {name: one for name, one in claims.items() if name[0] in types}


@asynccontextmanager
async def changed(seller: Seller, *statements: str) -> AsyncIterator[Writer]:
    """A transaction in which the data is another, and which leaves nothing."""
    async with undone(seller) as conn:
        for statement in statements:
            await conn.execute(text(statement), {"connection_id": seller.connection_id})
        yield conn


def optional_columns() -> Mapping[str, tuple[Stream, Field, str]]:
    """Each column that a file may be without, with the table that has it."""
    return {
        f"{stream.name}.{one.column}": (stream, one, table.name)
        for stream in all_streams()
        if stream.report is not None
        for one in stream.report.fields
        if not one.required
        for table in (stream.table, *stream.parts)
        if one.column in table.columns
    }


COLUMNS = optional_columns()
FREE, HELD = 73, 641
"""Columns without which every claim of the sandbox is found, and at most so many pairs of another
column and a rule that waits for it."""
DECIDING = {n: one for n, one in COLUMNS.items() if (one[2], one[1].column) in TOUCHED}


def test_the_columns_that_decide_are_swept() -> None:
    """Columns that no rule reads change nothing; all others are looked at."""
    swept = {(table, one.column) for _, one, table in DECIDING.values()}
    files = {table.name for s in all_streams() if s.report for table in (s.table, *s.parts)}

    assert len(DECIDING) > 80
    assert {table for table, _ in swept} <= files


@pytest.mark.parametrize("name", DECIDING)
async def test_a_column_without_values_adds_nothing_to_any_claim(seller: Seller, name: str) -> None:
    """Its rows are there, and it tells nothing: null, or what stands for it in a key.

    Rules that wait for it find nothing, so those that run are looked at.
    """
    _, one, table = DECIDING[name]
    value = "null" if one.default is None else f"'{one.default}'"
    async with changed(seller) as conn:
        await run_as_owner(
            conn,
            f"alter table {table} drop constraint {table}_pkey",
            f"alter table {table} alter column {one.column} drop not null",
        )
        await conn.execute(text(f"update {table} set {one.column} = {value}"))
        await conn.execute(text(FORGET), {"connection_id": seller.connection_id})
        unread = await find_gaps(conn, seller.connection_id)
        waiting = [rule for rule in all_rules() if (table, one.column) in needs_of(rule)]
        told = any(gap.column == one.column for gap in unread.gaps)
        touching = [rule for rule in all_rules() if (table, one.column) in touches_of(rule)]
        run = [rule for rule in touching if not (told and rule in waiting)]
        if run:
            await detect(conn, seller.connection_id, seller.day, rules=run)
        after = await amounts(conn, seller.connection_id)

    assert told or not one.filled or not waiting or not await has_files(seller, name)
    assert worse(seller.claims, after) == []
    able = [rule for rule in touching if rule not in waiting]
    assert of_types(after, able) == of_types(seller.claims, able)


async def has_files(seller: Seller, name: str) -> bool:
    """Whether rows of the column's table came from a file; pages have no columns."""
    stream, _, table = DECIDING[name]
    assert stream.report is not None
    async with seller.database.reading() as conn:
        found = await conn.execute(
            text(f"select exists (select from {table} where source like :source)"),
            {"source": f"{stream.report.report_type} %"},
        )
        return bool(found.scalar_one())


FILES = [s for s in all_streams() if s.report and not isinstance(s.report.load, Statements)]


@pytest.mark.parametrize("stream", FILES, ids=[stream.name for stream in FILES])
async def test_a_renamed_column_adds_nothing_to_any_claim_and_is_told(
    seller: Seller, stream: Stream
) -> None:
    """Each heading of a file is another one some day: a note names the column, and claims stay.

    What follows from the note is the same for each column, so one of them is looked at.
    """
    assert stream.report is not None
    rows = await rows_of(seller, stream)
    columns = [one.column for s, one, _ in COLUMNS.values() if s is stream]
    deciding = [name for name in columns if f"{stream.name}.{name}" in DECIDING]
    assert rows
    for column in ("", *columns):
        async with changed(seller, f"delete from {stream.table.name}") as conn:
            await load(conn, seller, stream, rows, renamed=column)
            notes = await list_notes(conn, seller.connection_id)
            if column in ("", *deciding[:1]):
                await detect(conn, seller.connection_id, seller.day)
            after = await amounts(conn, seller.connection_id)
        missing = {one.subject for one in notes if one.code is NoteCode.COLUMN_MISSING}
        # A column that some files rightly lack, or that this seller's never filled, is not missed.
        told = {
            one.column
            for place, one in enumerate(stream.report.fields)
            if one.column == column and not one.varies and any(row[place] for row in rows)
        }
        assert missing >= told
        assert missing <= {column}
        # Unchanged the file is the one that was read.
        assert worse(seller.claims, after) == [] if column else after == seller.claims


@pytest.mark.parametrize("stream", FILES, ids=[stream.name for stream in FILES])
async def test_a_column_may_vanish_from_one_file_to_the_next(
    seller: Seller, stream: Stream
) -> None:
    """The next file is loaded over the stored rows, whatever its rows were compared by."""
    assert stream.report is not None
    rows = await rows_of(seller, stream)
    for column in [one.column for s, one, _ in COLUMNS.values() if s is stream]:
        async with changed(seller) as conn:
            await load(conn, seller, stream, rows, renamed=column)
            notes = await list_notes(conn, seller.connection_id)
        missing = {one.subject for one in notes if one.code is NoteCode.COLUMN_MISSING}
        assert missing <= {column}


async def rows_of(seller: Seller, stream: Stream) -> list[list[str]]:
    """What the stream's table holds, as cells of a file in the order of the fields."""
    assert stream.report is not None
    names = ", ".join(one.column for one in stream.report.fields)
    async with seller.database.reading() as conn:
        rows = await conn.execute(
            text(f"select {names} from {stream.table.name} order by source, source_line")
        )
        return [[_cell(value) for value in row] for row in rows]


async def load(
    conn: Writer, seller: Seller, stream: Stream, rows: list[list[str]], *, renamed: str
) -> None:
    """The file of these rows, in which one heading is another."""
    assert stream.report is not None
    header = [
        "renamed by Amazon" if one.column == renamed else one.headers[0]
        for one in stream.report.fields
    ]
    target = FileTarget(
        stream=stream,
        report=stream.report,
        connection_id=seller.connection_id,
        sync_id=SyncId("sync_sweep"),
        scope="" if stream.scope is Scope.REGION else seller.marketplace_id,
        marketplace_ids=(seller.marketplace_id,),
        source=f"{stream.report.report_type} 1 doc",
        seen_at=datetime.combine(seller.day, time(12), UTC),
        days=Days(date(2020, 1, 1), None),
    )
    content = tsv(header, *rows).encode()
    with spool_of(content, "text/plain; charset=UTF-8", is_compressed=False) as spool:
        await load_report(conn, target, spool)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


async def test_few_columns_hold_back_claims_when_they_are_renamed(seller: Seller) -> None:
    """Of all columns that a file may be without, so many can vanish and every claim is still found.

    The number may only grow: a column that begins to hold back claims is told here, and so is by which
    rules. `exactly the same` is tried for each column above.
    """
    types = {of for of, _ in seller.claims}
    held = {
        name: sorted(
            rule.type.value
            for rule in all_rules()
            if rule.type.value in types and (table, one.column) in needs_of(rule)
        )
        for name, (_, one, table) in COLUMNS.items()
    }
    free = [name for name, rules in held.items() if not rules]
    holding = "\n".join(f"{name}: {', '.join(rules)}" for name, rules in held.items() if rules)

    assert len(free) >= FREE, f"{len(free)} of {len(COLUMNS)}; the others are\n{holding}"
    assert sum(map(len, held.values())) <= HELD, holding


OPTIONAL = [
    stream
    for stream in all_streams()
    if {table for table, _ in TOUCHED}.intersection(tables_of(stream))
]


@pytest.mark.parametrize("stream", OPTIONAL, ids=[stream.name for stream in OPTIONAL])
async def test_what_a_rule_can_do_without_neither_adds_nor_ends_a_claim(
    seller: Seller, stream: Stream
) -> None:
    """A stream that is not there at all: rules that need it wait, and the others find the same."""
    tables = tables_of(stream)
    needing = {rule.type.value for rule in all_rules() if needs_any(rule, tables)}
    async with changed(seller, *(f"delete from {table}" for table in tables)) as conn:
        detection = await detect(conn, seller.connection_id, seller.day, unread=tables)
        after = await amounts(conn, seller.connection_id)
        await conn.execute(text(FORGET), {"connection_id": seller.connection_id})
        await detect(conn, seller.connection_id, seller.day, unread=tables)
        anew = await amounts(conn, seller.connection_id)

    able = [rule for rule in all_rules() if rule not in detection.skipped]
    assert {rule.type.value for rule in detection.skipped} == needing
    assert worse(seller.claims, after) == []
    assert set(seller.claims) <= set(after)
    assert worse(seller.claims, anew) == []
    assert set(anew) == set(of_types(seller.claims, able))


def needs_any(rule: Rule, tables: tuple[str, ...]) -> bool:
    return any(table in tables for table, _ in needs_of(rule))
