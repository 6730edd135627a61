"""What every claim rule must be, also the next one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.claims import rules
from recoup.claims.detect import detect
from recoup.claims.policy import load_policy
from recoup.claims.prepare_queries import prepare
from recoup.claims.rule import ClaimType, Rule
from recoup.claims.rules import all_rules
from recoup.db.engine import Database
from recoup.streams import all_streams
from tests.support.claim_rows import World, make_world

RULES = {rule.type.value: rule for rule in all_rules()}
COLUMNS = [
    *("key", "marketplace_id", "sku", "fnsku", "asin", "order_id", "units", "quantity"),
    *("settled", "event_on", "clock_on", "wait_until", "amount", "currency", "amount_basis"),
    *("amount_missing", "confidence", "confidence_parts", "suppressed", "reason", "evidence"),
]


def test_every_type_of_the_contract_has_one_rule_and_one_file() -> None:
    """A file is named as its type, and no type is forgotten."""
    files = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}

    assert files == set(RULES) == {one.value for one in ClaimType}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_where_it_comes_from_and_what_it_needs(rule: Rule) -> None:
    """Title, source, documents, and streams that exist: a stream that failed keeps it from running."""
    tables = {table.name for stream in all_streams() for table in (stream.table, *stream.parts)}

    assert rule.title
    assert rule.source
    assert rule.documents
    assert set(rule.reads) <= tables
    assert rule.reads


async def test_rules_give_the_columns_of_the_contract_in_order(database: Database) -> None:
    """Every SELECT has exactly these columns, and nothing is found where there is nothing."""
    async with database.writing() as conn:
        world = await make_world(conn)
        values = {"connection_id": world.connection_id, "as_of": date(2026, 11, 23)}
        await prepare(conn, world.connection_id, date(2026, 11, 23), load_policy())
        for rule in all_rules():
            result = await conn.execute(text(rule.sql), values)
            assert list(result.keys()) == COLUMNS, rule.type
            assert result.all() == []


async def test_another_connections_rows_are_not_seen(database: Database) -> None:
    """A rule reads the rows of its connection only."""
    async with database.writing() as conn:
        world = await make_world(conn)
        await world.history()
        await world.ledger("2026-09-01", -1, "M")
        other = World(conn, world.connection_id)
        found = await other.detect()
        await conn.execute(
            text(
                "insert into amazon_connection (connection_id, user_id, selling_partner_id, region, "
                "environment, marketplace_ids, status, authorized_at) select 'conn_other', user_id, "
                "'A2', region, environment, marketplace_ids, status, authorized_at "
                "from amazon_connection"
            )
        )
        await detect(conn, "conn_other", date(2026, 11, 23))
        count = await conn.execute(
            text("select count(*) from claim where connection_id = 'conn_other'")
        )

    assert len(found) == 1
    assert count.scalar_one() == 0
