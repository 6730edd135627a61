"""What every claim rule must be, also the next one."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.claims import rules
from recoup.claims.detection import all_tables
from recoup.claims.detection.prepare import prepare
from recoup.claims.detection.reads import ROWS, needs_of, touches_of
from recoup.claims.detection.temporary_table import EVERYTHING, TemporaryTable
from recoup.claims.policy import load_policy
from recoup.claims.rule import ClaimType, Rule
from recoup.claims.rules import all_rules
from recoup.db.engine import Database
from tests.support.claim_plans import STATEMENTS, plan_of, tables_of_connections, unbounded_scans
from tests.support.claim_reads import STREAM_TABLES, declaration, make_tables, read_by_all
from tests.support.claim_rows import make_world

RULES = {rule.type.value: rule for rule in all_rules()}
COLUMNS = [
    *("key", "marketplace_id", "sku", "fnsku", "asin", "order_id", "units", "quantity"),
    *("settled", "event_on", "clock_on", "wait_until", "amount", "currency", "amount_basis"),
    *("amount_missing", "confidence_parts", "suppressed", "reason", "evidence"),
]


def test_every_type_has_one_rule_and_one_file() -> None:
    """A file is named as its type, and no type is forgotten."""
    files = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}

    assert files == set(RULES) == {one.value for one in ClaimType}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_where_it_comes_from_and_what_it_needs(rule: Rule) -> None:
    """Title, source, and what must have been read: without it the rule does not run."""
    assert rule.title
    assert rule.source == f"docs/rules.md#{rule.type.value}"
    assert needs_of(rule)


async def test_what_a_detection_reads_is_declared_where_it_is_read(database: Database) -> None:
    """`reads` of every temporary table and rule names the columns that PostgreSQL says it uses.

    `python -m tests.support.write_claim_reads` writes them all.
    """
    async with database.writing() as conn:
        read = await read_by_all(conn)

    declared = {
        table.name: table.reads for table in all_tables().values() if table.fill is not None
    }
    declared |= {rule.type.value: rule.reads for rule in all_rules()}
    wrong = [
        f"{name}: {declaration(columns)}"
        for name, columns in read.items()
        if {table: set(names) for table, names in declared[name].items()} != columns
    ]
    assert wrong == []


@pytest.mark.parametrize("table", all_tables().values(), ids=all_tables())
def test_what_changes_a_temporary_table_later_reads_temporary_tables_only(
    table: TemporaryTable,
) -> None:
    """Statements that PostgreSQL cannot be asked about hide no stream from the declarations."""
    for statement in (
        *(table.changed_by.statements if table.changed_by else ()),
        *(() if table.fill else table.reads),
    ):
        assert not STREAM_TABLES & set(re.findall(r"(?:from|join|using)\s+(\w+)", statement))


def test_only_what_is_read_can_be_optional() -> None:
    """What may be missing is named where it is used, and no longer than it is."""
    for one in (*all_tables().values(), *all_rules()):
        named = {
            (table, ROWS if columns == EVERYTHING else column)
            for table, columns in one.optional.items()
            for column in columns
        }
        assert named <= touches_of(one)


async def test_rules_have_the_columns_that_detection_takes_in_order(database: Database) -> None:
    """Every SELECT has exactly these columns, and nothing is found where there is nothing."""
    async with database.writing() as conn:
        world = await make_world(conn)
        values = {"connection_id": world.connection_id, "as_of": date(2026, 11, 23)}
        await prepare(conn, world.connection_id, date(2026, 11, 23), load_policy())
        for rule in all_rules():
            result = await conn.execute(text(rule.sql), values)
            assert list(result.keys()) == COLUMNS, rule.type
            assert result.all() == []


async def test_every_table_is_read_for_one_connection_only(database: Database) -> None:
    """Whatever a SELECT of a detection scans, it scans with a condition that names the connection."""
    async with database.writing() as conn:
        values = await make_tables(conn)
        connection_id = str(values["connection_id"])
        tables = await tables_of_connections(conn)
        unbounded = {
            name: scans
            for name, sql in STATEMENTS.items()
            if (scans := unbounded_scans(await plan_of(conn, sql, values), tables, connection_id))
        }

    assert unbounded == {}
