"""Plans beside real syncs: a worker, PostgreSQL and the sandbox with Amazon's limits, sped up.

A first sync and one a day later, with the sandbox's clock running `--speed` times faster; then many
sellers on one worker, one of whom Amazon makes wait for an hour. Times are told as at Amazon's.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from recoup.connections.queries import Connection, save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.jobs.worker import Worker
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.spapi.operation import Operation
from recoup.spapi.operations.sellers import GET_MARKETPLACE_PARTICIPATIONS
from recoup.streams import all_streams
from recoup.sync.pacing.bounds import full, lower_bound
from recoup.sync.pacing.budget_queries import PgBudget, name_account
from recoup.sync.planning.channel_choice import duration
from recoup.sync.planning.make import operations_of
from recoup.sync.planning.queries import find_plan
from tests.support.lab import US, Lab, open_lab

_LIGHT = tuple(stream for stream in all_streams() if stream.name == "marketplaces")


async def _budget(lab: Lab, connection: Connection) -> PgBudget:
    account = lab.access.account(connection)
    async with lab.database.writing() as conn:
        await name_account(conn, connection.connection_id, account)
    return PgBudget(lab.database, account)


async def know_the_rates(lab: Lab) -> None:
    """As if earlier answers had told them: a plan before any answer counts in Amazon's hours."""
    budget = await _budget(lab, lab.connection)
    for operation in operations_of(all_streams()):
        await budget.acquire(operation)
        await budget.learned(operation, operation.plan.rate * lab.speed)
    async with lab.database.writing() as conn:
        await conn.execute(text("update rate_budget set full_at = now()"))


async def measure(lab: Lab, kind: str, before: dict[str, Any]) -> dict[str, Any]:
    """One whole sync and a line of the table; gives the sandbox's counts after it."""
    began = time.perf_counter()
    sync_id = await lab.start()
    await lab.runner.run(sync_id)
    took = time.perf_counter() - began
    sync = await lab.read(sync_id)
    assert sync.status == "complete", sync.error
    async with lab.database.reading() as conn:
        plan = await find_plan(conn, sync_id)
        longest = (
            await conn.execute(
                text(
                    "select max(extract(epoch from report_ended_at - report_created_at))::float8 "
                    "from report_request where sync_id = :sync_id and not adopted"
                ),
                {"sync_id": sync_id},
            )
        ).scalar_one()
    assert plan is not None
    after = await lab.calls_in_full()
    calls = {n: one["calls"] - before.get(n, {"calls": 0})["calls"] for n, one in after.items()}
    refused = sum(one["throttled"] for one in after.values())
    plans = {operation.name: full(operation.plan) for operation in operations_of(all_streams())}
    bound = lower_bound({n: c for n, c in calls.items() if n in plans}, plans)
    print(
        f"| {kind} | {sum(calls[n] for n in calls if n in plans)} | {calls.get('createReport', 0)} "
        f"| {duration(plan.predicted_seconds * lab.speed)} | {duration(took * lab.speed)} "
        f"| {duration(bound)} | {duration((longest or 0.0) * lab.speed)} | {refused} |"
    )
    return after


async def one_seller(database: Database, folder: Path, orders: int, speed: float) -> None:
    print(
        f"\n{orders:,} orders, the sandbox {speed:g} times as fast as Amazon, times as at Amazon's\n"
    )
    print("| sync | calls | reports | predicted at start | actual | bound | longest report | 429 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    async with open_lab(database, folder, orders=orders, speed=speed, streams=all_streams()) as lab:
        await know_the_rates(lab)
        counts = await measure(lab, "first", {})
        await lab.advance("P1D")
        await measure(lab, "daily", counts)


async def many_sellers(database: Database, folder: Path, count: int) -> None:
    """How long small syncs take on one worker: a tenth of them with nobody waiting, then all, of whom
    one waits for an hour.
    """
    print(f"\n{count} sellers on one worker with 20 slots\n")
    async with open_lab(database, folder, orders=10, streams=_LIGHT) as lab:
        for name, sellers, throttled in (("nobody", count // 10, 0), ("one", count, 1)):
            connections = [await connect(lab, f"{name}-{n}") for n in range(sellers)]
            for connection in connections[:throttled]:
                await throttle(lab, connection, GET_MARKETPLACE_PARTICIPATIONS)
            others = connections[throttled:]
            seconds = await until_done(lab, others, connections)
            print(
                f"{name} waits for an hour: {len(others)} others done in {seconds:.1f} s, "
                f"{seconds / len(others):.2f} s each"
            )


async def connect(lab: Lab, name: str) -> Connection:
    async with lab.database.writing() as conn:
        return await save_connection(
            conn,
            lab.workspace_id,
            selling_partner_id=name,
            region="NA",
            environment="local",
            marketplace_ids=(US,),
            refresh_token_sealed=lab.access.seal(f"Atzr|{name}"),
        )


async def throttle(lab: Lab, connection: Connection, operation: Operation) -> None:
    """An empty bucket that needs an hour for its next call."""
    budget = await _budget(lab, connection)
    await budget.acquire(operation)
    await budget.learned(operation, 1 / 3600)
    await budget.throttled(operation, None)


async def until_done(lab: Lab, awaited: list[Connection], started: list[Connection]) -> float:
    queue = new_queue(lab.database)
    async with queue.open_async():
        for one in started:
            await start_sync(
                lab.database, queue, lab.access, lab.workspace_id, connection_id=one.connection_id
            )
    stop, began = asyncio.Event(), time.perf_counter()
    worker = asyncio.create_task(Worker(lab.settings, lab.database, streams=_LIGHT).run(stop))
    ids = [one.connection_id for one in awaited]
    while True:
        async with lab.database.reading() as conn:
            left = await conn.execute(
                text(
                    "select count(*) from sync_progress "
                    "where status = 'in_progress' and connection_id = any(:ids)"
                ),
                {"ids": ids},
            )
            if not left.scalar_one():
                break
        await asyncio.sleep(0.1)
    took = time.perf_counter() - began
    stop.set()
    await worker
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=20)
    parser.add_argument("--sellers", type=int, default=200)
    options = parser.parse_args()
    configure_logs(log_format="console", level="error")
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder) as server:
            for database_name, work in (
                ("one", lambda db: one_seller(db, folder, options.orders, options.speed)),
                ("many", lambda db: many_sellers(db, folder, options.sellers)),
            ):
                server.create_database(database_name)
                database = Database(server.url(database_name))
                upgrade(database)

                async def run(work: Any = work, database: Database = database) -> None:
                    await work(database)
                    await database.close()

                asyncio.run(run())


if __name__ == "__main__":
    main()
