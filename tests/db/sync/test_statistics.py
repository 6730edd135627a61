"""PostgreSQL knows what a sync has loaded as soon as the sync has ended."""

from __future__ import annotations

from pathlib import Path

import psycopg

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from tests.support.lab import open_lab

TABLES = ("orders", "order_items", "transactions", "fees")


async def test_tables_are_analyzed_when_a_stream_has_ended(
    postgres: EmbeddedServer, database_url: str, tmp_path: Path
) -> None:
    """Behind the walls an unknown table is planned as if a seller had one row."""
    name = database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres.superuser_url(name), autocommit=True) as conn:
        # It would come sooner or later, and hide what is looked for.
        for table in TABLES:
            conn.execute(f"alter table {table} set (autovacuum_enabled = off)")
        database = Database(database_url)
        async with open_lab(database, tmp_path, orders=30) as lab:
            await lab.sync()
        await database.close()
        known = conn.execute(
            "select distinct tablename from pg_stats where tablename = any(%s)", [list(TABLES)]
        ).fetchall()

    assert {one for (one,) in known} == set(TABLES)
