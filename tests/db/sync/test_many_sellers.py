"""Many sellers on one worker: who waits for Amazon keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.connections.queries import Connection, save_connection
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.jobs.worker import Worker
from recoup.streams import all_streams
from recoup.sync.pacing.budget_queries import name_account
from tests.support.lab import US, Lab, open_lab
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.anyio

_STREAMS = tuple(stream for stream in all_streams() if stream.name == "marketplaces")
_OPERATION = _STREAMS[0].api.operation


async def _connect(lab: Lab, number: int) -> Connection:
    async with lab.database.writing() as conn:
        return await save_connection(
            conn,
            lab.workspace_id,
            selling_partner_id=f"SELLER{number}",
            region="NA",
            environment="local",
            marketplace_ids=(US,),
            refresh_token_sealed=lab.access.seal(f"Atzr|seller-{number}"),
        )


async def _throttle_for_an_hour(lab: Lab, connection: Connection) -> None:
    async with lab.database.writing() as conn:
        account = lab.access.account(connection)
        await name_account(conn, connection.connection_id, account)
        await conn.execute(
            text(
                "insert into rate_budget (account, operation, rate, burst, full_at) "
                "values (:account, :operation, :rate, :burst, now() + interval '1 hour' * 2)"
            ),
            {
                "account": account,
                "operation": _OPERATION.name,
                "rate": _OPERATION.plan.burst / 3600,
                "burst": _OPERATION.plan.burst,
            },
        )


async def _statuses(lab: Lab) -> dict[str, str]:
    async with lab.database.reading() as conn:
        rows = await conn.execute(text("select connection_id, status from sync_progress"))
    return {row.connection_id: row.status for row in rows}


async def _until_all_but(lab: Lab, waiting: set[str], *, within: float) -> dict[str, str]:
    async with asyncio.timeout(within):
        while True:
            statuses = await _statuses(lab)
            if all(status != "in_progress" for c, status in statuses.items() if c not in waiting):
                return statuses
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("sellers", "throttled", "slots"), [(8, 4, 2), (40, 1, 2)])
async def test_throttled_sellers_keep_nobody_waiting(
    database: Database, tmp_path: Path, sellers: int, throttled: int, slots: int
) -> None:
    """With more sellers throttled for an hour than there are slots, all others finish meanwhile."""
    async with open_lab(database, tmp_path, orders=10) as lab:
        connections = [await _connect(lab, number) for number in range(sellers)]
        waiting = {c.connection_id for c in connections[:throttled]}
        for connection in connections[:throttled]:
            await _throttle_for_an_hour(lab, connection)
        queue = new_queue(database)
        async with queue.open_async():
            for connection in connections:
                await start_sync(
                    database,
                    queue,
                    lab.access,
                    lab.workspace_id,
                    connection_id=connection.connection_id,
                )
        settings = lab.settings.model_copy(update={"worker_concurrency": slots})
        stop = asyncio.Event()
        worker = asyncio.create_task(Worker(settings, database, streams=_STREAMS).run(stop))
        try:
            statuses = await _until_all_but(lab, waiting, within=PATIENCE)
        finally:
            stop.set()
            await worker

    assert {statuses[c] for c in waiting} == {"in_progress"}
    assert {status for c, status in statuses.items() if c not in waiting} == {"complete"}
