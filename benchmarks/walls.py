"""What the walls between workspaces cost a request: the same pages with and without, in turn.

    python -m benchmarks.walls --requests 500 --starts 8

Two servers on one database with 20 sellers of 500 orders. The one without walls works in the role
that sees every row, and its transactions name no workspace. Then `recoup serve` is started again and
again, in turn with and without, and asked for a page of orders at once. Tables are analyzed, as a sync leaves them.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import psycopg

from benchmarks.service import Seller, installation
from recoup.actor import Actor
from recoup.api.buckets import RequestLimits
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.ids import WorkspaceId
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from tests.api.rows import store_orders
from tests.api.serving import new_connection, new_user, serving

PAGES = {
    "orders, 100": "/api/orders?limit=100",
    "orders, 10": "/api/orders?limit=10",
    "connections": "/api/v1/integrations/amazon/status",
    "claims": "/api/recoveries?limit=50",
    "sync status": "/api/sync/status",
}
_SELLERS, _ORDERS, _WARM = 20, 500, 30
_ANALYZE = Statement("select recoup_analyze('{orders,order_items}')")


class Unwalled(Database):
    """Names nobody, so it is for a role that sees all."""

    def of(self, workspace_id: WorkspaceId | None, *, by: Actor | None = None) -> Database:
        del workspace_id, by
        return self


async def measure(url: str, folder: Path, requests: int) -> None:
    """Prints a line per page: milliseconds with and without, and their ratio."""
    settings = Settings(data_dir=folder)
    database = Database(url)
    users = [await new_user(database, f"seller{n}@example.com") for n in range(_SELLERS)]
    for user in users:
        connection = await new_connection(database, settings, user)
        await store_orders(database, connection.connection_id, range(_ORDERS))
    await database.write_once(_ANALYZE)
    limits = RequestLimits(per_second=1e6, burst=1e6)
    async with (
        serving(settings, database, request_limits=limits) as walled,
        serving(settings, database, request_limits=limits) as other,
    ):
        object.__setattr__(other.services, "database", Unwalled(url))
        async with walled.client(users[7]) as first, other.client(users[7]) as second:
            for name, path in PAGES.items():
                times: tuple[list[float], list[float]] = ([], [])
                for number in range(2 * (requests + _WARM)):
                    began = time.perf_counter()
                    (await (first, second)[number % 2].get(path)).raise_for_status()
                    times[number % 2].append(time.perf_counter() - began)
                with_walls, without = (1000 * statistics.median(one[_WARM:]) for one in times)
                sys.stdout.write(
                    f"{name}: {with_walls:.1f} ms with, {without:.1f} ms without, "
                    f"ratio {with_walls / without:.3f}\n"
                )
        await other.services.database.close()
    await database.close()


def set_walls(url: str, *, standing: bool) -> None:
    """Without them every role sees every row of the tables that it may read."""
    verb = "enable" if standing else "disable"
    with psycopg.connect(url) as conn:
        for (table,) in conn.execute("select distinct polrelid::regclass::text from pg_policy"):
            conn.execute(f"alter table {table} {verb} row level security")


def measure_starts(starts: int) -> None:
    """Prints the seconds from the start of `recoup serve` to the first page of orders."""
    times: tuple[list[float], list[float]] = ([], [])
    with installation(orders=20) as home:
        (seller,) = home.sellers(["first"])
        asyncio.run(_fill(home.url, seller))
        for number in range(2 * starts):
            set_walls(home.url, standing=number % 2 == 0)
            began = time.perf_counter()
            with home.running("serve", "--no-worker", "--port", "0") as api:
                answer = httpx2.get(
                    f"{api.address}/api/orders?limit=100",
                    headers={"authorization": f"Bearer {seller.token}"},
                )
                times[number % 2].append(time.perf_counter() - began)
            assert len(answer.raise_for_status().json()["items"]) == 100
    with_walls, without = map(statistics.median, times)
    sys.stdout.write(
        f"start to first page: {with_walls:.2f} s with, {without:.2f} s without, "
        f"ratio {with_walls / without:.3f}\n"
    )


async def _fill(url: str, seller: Seller) -> None:
    database = Database(url)
    await store_orders(database, seller.connection_id, range(_ORDERS))
    await database.write_once(_ANALYZE)
    await database.close()


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="per page and server")
    parser.add_argument("--starts", type=int, default=8, help="with and without each")
    options = parser.parse_args()
    configure_logs(log_format="json", level="warning")
    folder = Path(tempfile.mkdtemp(prefix="recoup-walls-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder) as server:
            upgrade(Database(server.url()))
            asyncio.run(measure(server.url(), folder, options.requests))
    finally:
        shutil.rmtree(folder)
    measure_starts(options.starts)


if __name__ == "__main__":
    main()
