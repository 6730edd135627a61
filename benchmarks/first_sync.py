"""How much a sync costs beyond the answers themselves.

Reads every page of a seller once with the bare client and throws them away, then runs a whole
first sync of the same seller into PostgreSQL, against the same sandbox with limits so
high that they never bind. The ratio of
the two says what storing, cursors, progress and events cost. The processor's seconds say it where
the clock does not, on a machine that others use too.

Then the seller is synced again at once, several times: what a worker pays for a seller without
news.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from procrastinate import App
from sqlalchemy import text

from benchmarks.local_seller import US, Unlimited, connect, sandbox
from benchmarks.processor import Spent, spent
from benchmarks.walls import set_walls
from recoup.cli.running import run_loop
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.streams import all_streams
from recoup.streams._stream import Request, Stream, Windows
from recoup.streams._window import Window, next_window, subtract
from recoup.sync.access import SellerAccess
from recoup.sync.record.queries import get_sync
from recoup.sync.runner import SyncRunner

_REPEATS = 5


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
                page = await api_source.fetch(api, Request((US,), window, token))
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
    connection = await connect(database, access)
    await fetch_only(access, connection)  # the sandbox warms its caches for both
    with spent(folder) as bare:
        pages = await fetch_only(access, connection)

    queue = new_queue(database)
    async with queue.open_async():
        whole, rows = await one_sync(folder, database, queue, access, connection)
        again = [
            (await one_sync(folder, database, queue, access, connection))[0]
            for _ in range(_REPEATS)
        ]
    stored = await count_stored(database)
    await access.close()
    await database.close()
    each = 100_000 / rows
    print(f"orders {orders:,}  pages {pages:,}  rows {rows:,}, with their parts {stored:,}")
    print(f"pages only   {bare.wall:8.2f} s   processor {bare.own:.2f} s")
    print(
        f"whole sync   {whole.wall:8.2f} s   {rows / whole.wall:,.0f} rows/s   "
        f"ratio {whole.wall / bare.wall:.2f}"
    )
    print(
        f"processor    worker {whole.own:.2f} s, PostgreSQL {whole.postgres:.2f} s; for 100,000 rows "
        f"{whole.own * each:.1f} s and {whole.postgres * each:.1f} s; "
        f"worker / pages only {whole.own / bare.own:.2f}"
    )
    middle = sorted(again, key=lambda one: one.wall)[_REPEATS // 2]
    print(
        f"no news      {middle.wall:8.2f} s   processor: worker {middle.own:.2f} s, "
        f"PostgreSQL {middle.postgres:.2f} s (median of {_REPEATS})"
    )


async def one_sync(
    folder: Path, database: Database, queue: App, access: SellerAccess, connection: Connection
) -> tuple[Spent, int]:
    """What a whole sync costs, and how many rows it loaded."""
    sync_id = await start_sync(database, queue, access, connection.workspace_id)
    with spent(folder) as cost:
        await SyncRunner(database, access, owner="bench").run(sync_id)
    async with database.reading() as conn:
        sync = await get_sync(conn, connection.workspace_id, sync_id)
    assert sync.status == "complete", sync.error
    return cost, sum(stream.rows for stream in sync.streams)


async def count_stored(database: Database) -> int:
    """All rows of all tables of all streams."""
    tables = {table.name for stream in all_streams() for table in (stream.table, *stream.parts)}
    counts = " + ".join(f"(select count(*) from {name})" for name in sorted(tables))
    async with database.reading() as conn:
        return int((await conn.execute(text(f"select {counts}"))).scalar_one())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument(
        "--without-walls", action="store_true", help="no row level security, to see what it costs"
    )
    given = parser.parse_args()
    configure_logs(log_format="console", level="warning")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server, sandbox(given.orders) as url:
            database = Database(server.url())
            upgrade(database)
            if given.without_walls:
                set_walls(server.url(), standing=False)
            run_loop(measure(url, database, folder, given.orders))


if __name__ == "__main__":
    main()
