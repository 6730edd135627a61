"""How long a whole detection takes, beside one sequential scan of the tables that it reads.

For each size a seller is made by SQL, with five ledger rows an order and all that belongs to the
orders. The first detection stores every claim, the second one confirms them; `linear` compares the
time per order with that of the smallest size.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import bindparam, text

from recoup.claims.detection.detect import detect
from recoup.claims.rules import all_rules
from recoup.connections.queries import save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import ConnectionId, first_workspace_id
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.users.queries import add_user

_AS_OF = date(2026, 11, 23)
_ROWS = Path(__file__).with_suffix(".sql")
# Tables of parts are read with their main table (recoup.claims.rule: reads names streams' tables).
_PARTS = ("order_items", "fees", "settlement_lines")


@dataclass(frozen=True)
class Timing:
    orders: int
    scan: float
    first: float
    second: float
    claims: int


async def fill(database: Database, orders: int) -> ConnectionId:
    """A seller with so many orders, analyzed."""
    async with database.writing() as conn:
        user = await add_user(conn, f"bench-{orders}@example.com")
        connection = await save_connection(
            conn,
            first_workspace_id(user.user_id),
            selling_partner_id="BENCH",
            region="NA",
            environment="local",
            marketplace_ids=("ATVPDKIKX0DER",),
            refresh_token_sealed=b"sealed",
        )
        values = {
            "connection_id": connection.connection_id,
            "orders": orders,
            "products": max(50, orders // 500),
            "payments": orders // 100,
        }
        for statement in _ROWS.read_text().split(";\n"):
            await conn.execute(text(statement), values)
    async with database.writing() as conn:
        await conn.execute(text("analyze"))
    return connection.connection_id


async def scan(database: Database) -> float:
    """Seconds for reading every table that a rule reads, once, in one process."""
    tables = sorted({table for rule in all_rules() for table in rule.reads} | set(_PARTS))
    began = time.perf_counter()
    async with database.reading() as conn:
        await conn.execute(text("set local max_parallel_workers_per_gather = 0"))
        for table in tables:
            await conn.execute(text(f"select count(hashtext(cast({table} as text))) from {table}"))
    return time.perf_counter() - began


async def measure(database: Database, orders: int) -> Timing:
    connection_id = await fill(database, orders)
    bare = await scan(database)
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        async with database.writing() as conn:
            await detect(conn, connection_id, _AS_OF)
        seconds.append(time.perf_counter() - began)
    async with database.reading() as conn:
        claims = (
            await conn.execute(
                text("select count(*) from claim where connection_id = :id").bindparams(
                    bindparam("id", connection_id)
                )
            )
        ).scalar_one()
    await database.close()
    return Timing(orders, bare, seconds[0], seconds[1], claims)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    sizes = parser.parse_args().orders
    configure_logs(log_format="console", level="warning")
    print(
        f"{'orders':>10} {'claims':>8} {'scan s':>8} {'first s':>8} {'again s':>8} {'ratio':>6} {'linear':>7}"
    )
    base = None
    for orders in sizes:
        with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
            folder = Path(name)
            folder.chmod(0o711)
            with EmbeddedServer(folder) as server:
                upgrade(Database(server.url()))
                one = asyncio.run(measure(Database(server.url()), orders))
        per_order = one.second / orders
        base = base or per_order
        print(
            f"{orders:>10,} {one.claims:>8,} {one.scan:>8.2f} {one.first:>8.2f} {one.second:>8.2f} "
            f"{one.second / one.scan:>6.2f} {per_order / base:>7.2f}"
        )


if __name__ == "__main__":
    main()
