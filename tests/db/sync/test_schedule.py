"""The scheduled sync."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recoup.config import Settings
from recoup.connections.queries import save_connection, set_schedule
from recoup.db.engine import Database
from recoup.jobs.queue import new_queue
from recoup.jobs.schedule import start_own_syncs, start_scheduled_syncs
from recoup.jobs.worker import Worker
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


async def test_a_connection_follows_its_own_schedule(lab: Lab, tmp_path: Path) -> None:
    """In its minute and in no other, not by the server's schedule; an empty one starts nothing. Every
    worker looks each minute, also without a schedule of the server.
    """
    minute = datetime(2026, 11, 29, 5, 7, tzinfo=UTC)
    connection_id = lab.connection.connection_id
    async with lab.database.writing() as conn:
        await set_schedule(conn, lab.workspace_id, connection_id, "7 5 * * *")
    queue = new_queue(lab.database)
    async with queue.open_async():
        by_server = await start_scheduled_syncs(lab.database, queue)
        too_late = await start_own_syncs(lab.database, queue, minute + timedelta(minutes=1))
        async with lab.database.writing() as conn:
            await set_schedule(conn, lab.workspace_id, connection_id, "")
        never = await start_own_syncs(lab.database, queue, minute)
        async with lab.database.writing() as conn:
            await set_schedule(conn, lab.workspace_id, connection_id, "7 5 * * *")
        in_time = await start_own_syncs(lab.database, queue, minute)
    worker = Worker(Settings(data_dir=tmp_path, sync_schedule=""), lab.database)
    crons = {p.periodic_id: p.cron for p in worker._queue.periodic_registry.periodic_tasks.values()}

    assert [by_server, too_late, never] == [[], [], []]
    assert len(in_time) == 1
    assert crons["own_schedules"] == "* * * * *"
