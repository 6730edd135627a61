"""What a process costs the database before it does anything, and how fast a schedule starts syncs.

    .venv/bin/python -m benchmarks.footprint --sellers 500

Connections to PostgreSQL of an idle worker and an idle API, memory of each, and the syncs that one
run of the schedule begins in a second (no worker takes them).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import PROGRAM, Database
from recoup.jobs.queue import new_queue
from recoup.jobs.schedule import start_scheduled_syncs
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade

_SETTLE_SECONDS = 10.0
_SELLERS = """
    with w as (insert into workspace (workspace_id, name)
               select 'w' || n, 'w' from generate_series(1, %(sellers)s) n returning workspace_id)
    insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region, environment,
        status, marketplace_ids, authorized_at)
    select 'c' || workspace_id, workspace_id, 'A' || workspace_id, 'NA', 'production', 'active',
        '{ATVPDKIKX0DER}', now()
    from w
"""


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[int]:
    """A process of recoup; its pid."""
    environ = {**os.environ, "RECOUP_DATA_DIR": str(folder), "RECOUP_SYNC_SCHEDULE": ""}
    command = [sys.executable, "-m", "recoup", *arguments]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def settled_connections(url: str) -> int:
    """Connections once there are some, and no more after a while."""
    seen = 0
    while (found := connections(url)) != seen or not found:
        seen = found
        time.sleep(_SETTLE_SECONDS)
    return found


def connections(url: str) -> int:
    with psycopg.connect(url) as conn:
        query = "select count(*) from pg_stat_activity where application_name = %s"
        row = conn.execute(query, [PROGRAM]).fetchone()
    assert row is not None
    return int(row[0])


def memory_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if "VmRSS" in line)
    return int(kilobytes) / 1000


async def start_all(database: Database) -> tuple[int, float]:
    """Syncs begun by one run of the schedule, and the seconds it took."""
    queue = new_queue(database)
    async with queue.open_async():
        began = time.perf_counter()
        started = await start_scheduled_syncs(database, queue)
        took = time.perf_counter() - began
    await database.close()
    return len(started), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sellers", type=int, default=500)
    sellers = parser.parse_args().sellers
    configure_logs(log_format="console", level="warning")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server:
            url = server.superuser_url()
            upgrade(Database(server.url()))
            for arguments in (("worker",), ("serve", "--no-worker", "--port", "0")):
                with running(folder, *arguments) as pid:
                    print(
                        f"idle {arguments[0]:8}{settled_connections(url):3} connections"
                        f"{memory_megabytes(pid):7,.0f} MB"
                    )
            with psycopg.connect(url) as conn:
                conn.execute(_SELLERS, {"sellers": sellers})
            started, took = asyncio.run(start_all(Database(server.url())))
            print(f"schedule     {started} syncs in {took:.1f} s, {started / took:,.0f} a second")


if __name__ == "__main__":
    main()
