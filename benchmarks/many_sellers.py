"""The nightly syncs of many sellers on two workers: how long they take, and connections to PostgreSQL.

    python -m benchmarks.many_sellers --sellers 1000

Every seller has a first sync, which is counted apart; then the sandbox's clock goes on by a day, and all
nightly syncs are started in one go, as the schedule does. The sandbox answers without limits, so what is
measured is recoup's own work: at Amazon's limits a sync mostly waits, and waits side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass

import httpx2
import psycopg

from benchmarks.service import Installation, installation
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.schedule import start_scheduled_syncs
from recoup.logs import configure_logs

_LOOK_SECONDS = 0.5
_OTHERS = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Night:
    """seconds: from the start of all to the end of the last. connections: the most at once."""

    seconds: float
    connections: int
    ends: dict[str, int]


async def run_all(home: Installation) -> Night:
    """Starts a sync of every seller and waits for all of them."""
    database = Database(home.url)
    queue = new_queue(database)
    with psycopg.connect(home.url, autocommit=True) as conn:
        before = _count(conn, "select count(*) from sync_progress")
        began = time.monotonic()
        async with queue.open_async():
            await start_scheduled_syncs(database, queue)
        await database.close()
        started = _count(conn, "select count(*) from sync_progress") - before
        most = 0
        while _count(conn, "select count(*) from sync_progress where status = 'in_progress'"):
            most = max(most, _count(conn, _OTHERS))
            await asyncio.sleep(_LOOK_SECONDS)
        ended = conn.execute(
            "select status, count(*) from (select status from sync_progress "
            "order by started_at desc limit %s) newest group by status",
            [started],
        ).fetchall()
        return Night(time.monotonic() - began, most, dict(ended))


def _count(conn: psycopg.Connection, question: str) -> int:
    found = conn.execute(question).fetchone()
    assert found is not None
    return int(found[0])


def show(name: str, sellers: int, night: Night) -> None:
    print(
        f"{name}: {sellers} sellers in {night.seconds / 60:.1f} min, {night.seconds / sellers:.2f} s each; "
        f"{night.ends}; at most {night.connections} connections to PostgreSQL",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sellers", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=20, help="of each seller, in a year")
    asked = parser.parse_args()
    configure_logs(log_format="console", level="error")
    with installation(orders=asked.orders) as home:
        home.sellers([f"many{n}" for n in range(asked.sellers)])
        with home.worker(), home.worker():
            show("first", asked.sellers, asyncio.run(run_all(home)))
            clock = f"{home.environ['RECOUP_LOCAL_SANDBOX']}/_sandbox/clock"
            httpx2.post(clock, json={"advance": "P1D"}, trust_env=False).raise_for_status()
            show("nightly", asked.sellers, asyncio.run(run_all(home)))


if __name__ == "__main__":
    main()
