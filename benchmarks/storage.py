"""What a seller takes in PostgreSQL: bytes per order of a year, by table, with indexes, and its log.

    .venv/bin/python -m benchmarks.storage --orders 5000

A whole first sync of a sandbox's seller, then a vacuum. Bytes do not depend on how busy the machine is.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import psycopg

from benchmarks.first_sync import measure
from benchmarks.local_seller import sandbox
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade

_SIZES = """
    select c.relname, pg_total_relation_size(c.oid), pg_indexes_size(c.oid)
    from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    order by 2 desc
"""
_LOG = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
_MOST_TABLES = 12


def report(sizes: list[tuple[str, int, int]], empty: dict[str, int], log: int, orders: int) -> None:
    grown = [(name, total - empty[name], indexes) for name, total, indexes in sizes]
    print(f"{'table':28}{'bytes/order':>12}{'of that indexes':>17}")
    for name, total, indexes in grown[:_MOST_TABLES]:
        print(f"{name:28}{total / orders:12,.0f}{indexes / orders:17,.0f}")
    print(f"{'all tables':28}{sum(total for _, total, _ in grown) / orders:12,.0f}")
    print(f"{'log of the first sync (WAL)':28}{log / orders:12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=5_000)
    orders = parser.parse_args().orders
    configure_logs(log_format="console", level="warning")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server, sandbox(orders) as url:
            database = Database(server.url())
            upgrade(database)
            with psycopg.connect(server.superuser_url(), autocommit=True) as conn:
                empty = {row[0]: row[1] for row in conn.execute(_SIZES)}
                before = conn.execute(_LOG).fetchone()
                asyncio.run(measure(url, database, folder, orders))
                after = conn.execute(_LOG).fetchone()
                conn.execute("vacuum")
                sizes = conn.execute(_SIZES).fetchall()
            assert before is not None
            assert after is not None
            report(sizes, empty, int(after[0] - before[0]), orders)


if __name__ == "__main__":
    main()
