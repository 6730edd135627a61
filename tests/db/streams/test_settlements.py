"""A settlement: its summary, its lines, and whether they agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.streams.settlements import STREAM
from tests.api.serving import new_connection, new_user
from tests.db.streams.staging import run_statements

SUMMARY = {"settlement_id": "7", "total_amount": Decimal("10.50"), "currency": "EUR"}


@pytest.fixture
async def connection_id(database: Database, tmp_path: Path) -> str:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return connection.connection_id


def amounts(*texts: str) -> list[dict[str, Any]]:
    return [{"settlement_id": "7", "amount": Decimal(one), "sku": "S"} for one in texts]


async def load(database: Database, connection_id: str, *rows: Any, source: str = "one") -> int:
    return await run_statements(database, STREAM, rows, connection_id=connection_id, source=source)


async def read(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as conn:
        return [tuple(row) for row in (await conn.execute(text(sql))).all()]


@pytest.mark.parametrize(("last", "balanced"), [("-1.50", True), ("-1.51", False)])
async def test_the_lines_are_checked_against_the_total(
    database: Database, connection_id: str, last: str, *, balanced: bool
) -> None:
    """The sum of the lines stands beside Amazon's total, and whether they are the same."""
    await load(database, connection_id, SUMMARY, *amounts("12.00", last))

    assert await read(
        database,
        "select total_amount, lines_total, line_count, is_balanced from settlements",
    ) == [(Decimal("10.50"), Decimal(12) + Decimal(last), 2, balanced)]
    assert await read(
        database, "select line, amount, currency from settlement_lines order by line"
    ) == [(3, Decimal(12), "EUR"), (4, Decimal(last), "EUR")]


async def test_a_settlement_is_one_unit(database: Database, connection_id: str) -> None:
    """The same file again changes nothing; another version of it replaces all lines."""
    first = [SUMMARY, *amounts("12.00", "-1.50")]
    counts = [
        await load(database, connection_id, *first),
        await load(database, connection_id, *first, source="two"),
        await load(database, connection_id, SUMMARY, *amounts("10.50"), source="three"),
    ]

    assert counts == [1, 0, 1]
    assert await read(database, "select amount from settlement_lines") == [(Decimal("10.50"),)]


async def test_a_file_without_lines_or_without_a_summary_is_kept(
    database: Database, connection_id: str
) -> None:
    """A quiet fortnight is balanced at nothing; without a total nothing is claimed."""
    await load(database, connection_id, {**SUMMARY, "total_amount": Decimal(0)})
    await load(database, connection_id, {"settlement_id": "8", "amount": Decimal(1)}, source="b")

    assert await read(
        database,
        "select settlement_id, lines_total, line_count, is_balanced from settlements order by 1",
    ) == [("7", Decimal(0), 0, True), ("8", Decimal(1), 1, None)]
