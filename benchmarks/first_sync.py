"""How much a sync costs beyond the answers themselves.

Reads every page of a seller once with the bare client and throws them away, then runs a whole
first sync of the same seller into PostgreSQL, against the same sandbox with limits so
high that they never bind. The ratio of
the two says what storing, cursors, progress and events cost.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from recoup.config import Settings
from recoup.connections.queries import Connection, save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import first_workspace_id
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.spapi.operation import Operation
from recoup.streams import all_streams
from recoup.streams._stream import Request, Stream, Windows
from recoup.streams._window import Window, next_window, subtract
from recoup.sync.access import SellerAccess
from recoup.sync.record.queries import get_sync
from recoup.sync.runner import SyncRunner
from recoup.users.queries import add_user

_US = "ATVPDKIKX0DER"


class Unlimited:
    """A budget that never waits."""

    async def acquire(self, operation: Operation) -> None:
        """At once."""

    async def learned(self, operation: Operation, rate: float) -> None:
        """Nothing to learn."""

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        """Cannot happen without limits."""

    async def unanswered(self, operation: Operation) -> None:
        """Nobody is told."""

    async def recovered(self, operation: Operation) -> None:
        """Nobody is told."""


async def fetch_only(access: SellerAccess, connection: Connection) -> int:
    """Every page of every stream, side by side, unread; gives how many."""
    api = await access.open(connection, Unlimited())

    async def read(stream: Stream) -> int:
        until = api.now() - timedelta(minutes=5)
        rule = stream.cursor
        todo = [Window(until - timedelta(days=365), until)] if isinstance(rule, Windows) else []
        api_source = stream.api
        assert api_source is not None
        longest = api_source.longest
        pages = 0
        while True:
            window = next_window(todo, longest=longest)
            token = None
            while True:
                page = await api_source.fetch(api, Request((_US,), window, token))
                pages += 1
                if (token := page.next_token) is None:
                    break
            todo = subtract(todo, [window] if window else [])
            if not todo:
                return pages

    return sum(await asyncio.gather(*(read(stream) for stream in all_streams() if stream.api)))


async def measure(url: str, database: Database, folder: Path, orders: int) -> None:
    settings = Settings(data_dir=folder, local_sandbox=url)
    access = SellerAccess(settings)
    async with database.writing() as conn:
        user = await add_user(conn, "bench@example.com")
        connection = await save_connection(
            conn,
            first_workspace_id(user.user_id),
            selling_partner_id="BENCH",
            region="NA",
            environment="local",
            marketplace_ids=(_US,),
            refresh_token_sealed=access.seal("Atzr|test"),
        )
    await fetch_only(access, connection)  # the sandbox warms its caches for both
    began = time.perf_counter()
    pages = await fetch_only(access, connection)
    bare = time.perf_counter() - began

    queue = new_queue(database)
    async with queue.open_async():
        sync_id = await start_sync(database, queue, access, connection.workspace_id)
    began = time.perf_counter()
    await SyncRunner(database, access, owner="bench").run(sync_id)
    whole = time.perf_counter() - began
    async with database.reading() as conn:
        sync = await get_sync(conn, connection.workspace_id, sync_id)
    await access.close()
    await database.close()
    assert sync.status == "complete", sync.error
    rows = sum(stream.rows for stream in sync.streams)
    print(f"orders {orders:,}  pages {pages:,}  rows {rows:,}")
    print(f"pages only   {bare:8.2f} s")
    print(f"whole sync   {whole:8.2f} s   {rows / whole:,.0f} rows/s   ratio {whole / bare:.2f}")


@contextmanager
def sandbox(orders: int) -> Iterator[str]:
    """In a process of its own; its buckets refill 100,000 times faster than Amazon's."""
    command = [sys.executable, "-m", "recoup", "sandbox", "--port", "0"]
    command += ["--speed", "100000", "--orders", str(orders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"http://[\w.]+:\d+", process.stdout.readline())
        try:
            yield found.group()
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    orders = parser.parse_args().orders
    configure_logs(log_format="console", level="warning")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server, sandbox(orders) as url:
            database = Database(server.url())
            upgrade(database)
            asyncio.run(measure(url, database, folder, orders))


if __name__ == "__main__":
    main()
