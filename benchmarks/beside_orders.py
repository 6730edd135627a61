"""The pages of a seller's orders: fetched by others, and fetched and stored by recoup.

Against one sandbox whose limits never bind, one after another: a bare httpx2 loop, the client
python-amazon-sp-api (blocking and asynchronous; a development dependency, for the sandbox's tests),
recoup's own client, and a whole sync of recoup's with this one stream, read by pages, into
PostgreSQL: plan, cursors, progress, events and a detection of claims. The others read each page as
JSON and drop it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from sp_api.api import OrdersV20260101  # type: ignore[import-untyped]
from sp_api.asyncio.api import OrdersV20260101 as AsyncOrders  # type: ignore[import-untyped]
from sp_api.asyncio.auth import AccessTokenClient as AsyncTokens  # type: ignore[import-untyped]
from sp_api.auth import AccessTokenClient  # type: ignore[import-untyped]

from benchmarks.local_seller import REFRESH_TOKEN, US, Unlimited, connect, sandbox
from benchmarks.processor import spent
from recoup.cli.running import run_loop
from recoup.clock import to_rfc3339, utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.spapi.operations.orders import INCLUDED_DATA, search_orders
from recoup.spapi.servers import SANDBOX_APPLICATION
from recoup.streams.orders import STREAM
from recoup.sync.access import SellerAccess
from recoup.sync.record.queries import get_sync
from recoup.sync.runner import SyncRunner

_PATH = "/orders/2026-01-01/orders"


@dataclass(frozen=True, slots=True)
class Host:
    """Takes the place of that client's enum of marketplaces, which holds Amazon's hosts."""

    endpoint: str
    marketplace_id: str = US
    region: str = "us-east-1"


def asked() -> dict[str, str]:
    """The parameters of the first page: all orders of a year, with what recoup reads of them."""
    return {
        "lastUpdatedAfter": to_rfc3339(utc_now() - timedelta(days=365)),
        "marketplaceIds": US,
        "includedData": ",".join(INCLUDED_DATA),
        "maxResultsPerPage": "100",
    }


async def bare(url: str) -> int:
    """A loop over the pages, and nothing else."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH_TOKEN,
            "client_id": SANDBOX_APPLICATION.client_id,
            "client_secret": SANDBOX_APPLICATION.client_secret,
        }
        token = (await http.post("/auth/o2/token", data=form)).json()["access_token"]
        orders, query = 0, asked()
        while True:
            answer = await http.get(_PATH, params=query, headers={"x-amz-access-token": token})
            page = answer.raise_for_status().json()
            orders += len(page["orders"])
            following = (page.get("pagination") or {}).get("nextToken")
            if not following:
                return orders
            query["paginationToken"] = following


def _made(url: str, token_client: type) -> dict[str, Any]:
    address = httpx2.URL(url)
    host = {"scheme": "http://", "host": f"{address.host}:{address.port}"}
    return {
        "marketplace": Host(url),
        "credentials": {
            "lwa_app_id": SANDBOX_APPLICATION.client_id,
            "lwa_client_secret": SANDBOX_APPLICATION.client_secret,
            "refresh_token": REFRESH_TOKEN,
        },
        "auth_token_client_class": type("TokenClient", (token_client,), host),
    }


def blocking_client(url: str) -> int:
    orders, query = 0, asked()
    with OrdersV20260101(**_made(url, AccessTokenClient)) as client:
        while True:
            answer = client.search_orders(**query)
            orders += len(answer.payload["orders"])
            if not answer.next_token:
                return orders
            query["paginationToken"] = answer.next_token


async def async_client(url: str) -> int:
    orders, query = 0, asked()
    async with AsyncOrders(**_made(url, AsyncTokens)) as client:
        while True:
            answer = await client.search_orders(**query)
            orders += len(answer.payload["orders"])
            if not answer.next_token:
                return orders
            query["paginationToken"] = answer.next_token


async def own_client(access: SellerAccess, connection: Connection) -> int:
    """recoup's client: limits, retries, exact numbers and checks of each answer."""
    api = await access.open(connection, Unlimited())
    orders, token, since = 0, None, utc_now() - timedelta(days=365)
    while True:
        page = await search_orders(
            api, last_updated_after=since, marketplace_ids=(US,), page_token=token
        )
        orders += len(page.items)
        if (token := page.next_token) is None:
            return orders


async def stored(database: Database, access: SellerAccess, connection: Connection) -> int:
    """A whole sync of this stream; its report would be quicker than so many pages."""
    queue = new_queue(database)
    async with queue.open_async():
        sync_id = await start_sync(database, queue, access, connection.workspace_id)
    streams = [replace(STREAM, report=None)]
    await SyncRunner(database, access, owner="bench", streams=streams).run(sync_id)
    async with database.reading() as conn:
        sync = await get_sync(conn, connection.workspace_id, sync_id)
    assert sync.status == "complete", sync.error
    return sync.orders_processed


async def measure(url: str, database: Database, folder: Path) -> None:
    access = SellerAccess(Settings(data_dir=folder, local_sandbox=url))
    connection = await connect(database, access)
    ways: dict[str, Callable[[], Awaitable[int]]] = {
        "bare httpx2 loop": lambda: bare(url),
        "python-amazon-sp-api": lambda: asyncio.to_thread(blocking_client, url),
        "python-amazon-sp-api, async": lambda: async_client(url),
        "recoup's client": lambda: own_client(access, connection),
        "recoup, stored": lambda: stored(database, access, connection),
    }
    await bare(url)  # the sandbox warms its caches
    for name, way in ways.items():
        with spent(folder) as cost:
            orders = await way()
        print(
            f"{name:28} {cost.wall:7.2f} s  {orders:,} orders  {orders / cost.wall:8,.0f} a second  "
            f"processor {cost.own:.2f} s, PostgreSQL {cost.postgres:.2f} s"
        )
    await access.close()
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000, help="100 on each page")
    orders = parser.parse_args().orders
    configure_logs(log_format="console", level="warning")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with suppress(KeyboardInterrupt), EmbeddedServer(folder) as server, sandbox(orders) as url:
            database = Database(server.url())
            upgrade(database)
            run_loop(measure(url, database, folder))


if __name__ == "__main__":
    main()
