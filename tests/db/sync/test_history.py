"""Our own history: a row for each change of what is tracked, and none for a repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.db.upsert import upsert
from recoup.streams import all_streams
from recoup.streams._stream import History
from recoup.sync.loading.history_queries import keep_history
from tests.support.lab import Lab, open_lab

KEY = ["connection_id", "marketplace_id", "sku", "fnsku", "condition"]
TABLE = Table(
    "stock_history",
    MetaData(),
    *(Column(name, Text, primary_key=True) for name in KEY),
    Column("seen_at", TIMESTAMP(timezone=True), primary_key=True),
    Column("total_quantity", Integer),
)
INVENTORY = replace(
    next(stream for stream in all_streams() if stream.name == "inventory"),
    history=History(TABLE, ("total_quantity",)),
)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def lab(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=0) as lab:
        owner = Database(database_url, role=None)
        async with owner.writing() as conn:
            await conn.run_sync(TABLE.create)
            await conn.execute(
                text(f"grant select, insert on {TABLE.name} to {DatabaseRole.WORKER}")
            )
        await owner.close()
        yield lab


async def see(lab: Lab, at: datetime, *, by_key: bool, **stock: int | None) -> None:
    rows = [
        {
            "connection_id": lab.connection.connection_id,
            "marketplace_id": "M",
            "sku": sku,
            "fnsku": "",
            "condition": "",
            "total_quantity": quantity,
            "source": "test",
        }
        for sku, quantity in stock.items()
    ]
    async with lab.database.writing() as conn:
        changed = await upsert(conn, INVENTORY.table, rows)
        await keep_history(
            conn,
            INVENTORY,
            connection_id=lab.connection.connection_id,
            seen_at=at,
            changed=changed if by_key else None,
        )


async def kept(lab: Lab) -> str:
    return str(
        await lab.scalar(
            "select string_agg(sku || '=' || coalesce(total_quantity::text, 'null'), ' '"
            " order by seen_at, sku) from stock_history"
        )
    )


@pytest.mark.parametrize("by_key", [True, False], ids=["changed keys", "whole file"])
async def test_each_change_is_kept_once(lab: Lab, *, by_key: bool) -> None:
    """First sight and every other value make a row; seeing the same again makes none."""
    day = timedelta(days=1)
    await see(lab, FIRST, by_key=by_key, a=1, b=None)
    await see(lab, FIRST + day, by_key=by_key, a=1, b=None)
    await see(lab, FIRST + 2 * day, by_key=by_key, a=2, b=None)
    await see(lab, FIRST + 3 * day, by_key=by_key, a=1, b=3)

    assert await kept(lab) == "a=1 b=null a=2 a=1 b=3"


async def test_a_clock_that_went_back_keeps_the_order(lab: Lab) -> None:
    """The newest values are the last of the history even when their time is not."""
    await see(lab, FIRST, by_key=True, a=1)
    await see(lab, FIRST - timedelta(hours=1), by_key=True, a=2)
    await see(lab, FIRST, by_key=True, a=1)

    assert await kept(lab) == "a=1 a=2 a=1"
