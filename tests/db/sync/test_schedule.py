"""The scheduled sync."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.worker import Worker, start_scheduled_syncs
from tests.support.lab import US, Lab, open_lab


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=10) as lab:
        yield lab


async def test_every_active_connection_gets_one_sync(lab: Lab) -> None:
    """Run twice it starts nothing twice, and a disconnected seller is left alone."""
    async with lab.database.writing() as conn:
        for seller in ("A2", "A3"):
            await save_connection(
                conn,
                lab.workspace_id,
                selling_partner_id=seller,
                region="NA",
                environment="local",
                marketplace_ids=(US,),
                refresh_token_sealed=lab.access.seal(f"Atzr|{seller}"),
            )
        await conn.exec_driver_sql(
            "update amazon_connection set status = 'disconnected', refresh_token_sealed = null"
            " where selling_partner_id = 'A3'"
        )
    queue = new_queue(lab.database)
    async with queue.open_async():
        first = await start_scheduled_syncs(lab.database, queue)
        second = await start_scheduled_syncs(lab.database, queue)

    assert len(first) == 2
    assert second == []
    triggers = await lab.scalar("select array_agg(distinct trigger) from sync_progress")
    assert triggers == ["schedule"]
    waiting = await lab.scalar("select count(*) from procrastinate_jobs where status = 'todo'")
    assert waiting == 2


async def test_the_schedule_is_the_setting(lab: Lab, tmp_path: Path) -> None:
    """The cron of the worker is the one that was set; an empty one schedules nothing."""
    for cron, expected in (("*/7 * * * *", ["*/7 * * * *"]), ("", [])):
        settings = Settings(data_dir=tmp_path, sync_schedule=cron)
        registry = Worker(settings, lab.database)._queue.periodic_registry
        crons = [p.cron for p in registry.periodic_tasks.values() if p.periodic_id == "schedule"]
        assert crons == expected
