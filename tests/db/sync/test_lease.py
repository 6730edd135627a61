"""Who may work on a sync, and who may write for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from recoup.db.engine import Database
from recoup.errors import FencedError, SyncAlreadyEndedError
from recoup.ids import SyncId
from recoup.jobs.stop import stop_sync
from recoup.sync import runner
from recoup.sync.record.lease_queries import (
    Fence,
    hold_fence,
    list_orphaned_syncs,
    release_lease,
    renew_lease,
    take_lease,
    update_fenced,
)
from tests.support.lab import Lab, open_lab
from tests.support.patience import PATIENCE


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=10) as lab:
        yield lab


async def take(database: Database, sync_id: SyncId, owner: str) -> Fence | None:
    async with database.writing() as conn:
        lease = await take_lease(conn, sync_id, owner)
    return None if lease is None else lease.fence


async def expire(database: Database) -> None:
    async with database.writing() as conn:
        await conn.execute(
            text("update sync_progress set lease_expires_at = now() - interval '1 second'")
        )


async def test_of_many_workers_one_gets_the_lease(lab: Lab) -> None:
    """Twenty workers that see the same job at once: one works on it."""
    sync_id = await lab.start()
    fences = await asyncio.gather(*(take(lab.database, sync_id, f"worker-{n}") for n in range(20)))

    assert len([fence for fence in fences if fence is not None]) == 1


async def test_an_expired_lease_is_taken_over_and_the_old_worker_writes_nothing(lab: Lab) -> None:
    """The attempt is the fence: whoever wakes up late is refused everywhere."""
    sync_id = await lab.start()
    old = await take(lab.database, sync_id, "old")
    await expire(lab.database)
    new = await take(lab.database, sync_id, "new")
    assert old is not None
    assert new is not None

    assert new.attempt == old.attempt + 1
    for write in (
        lambda conn: renew_lease(conn, old),
        lambda conn: release_lease(conn, old),
        lambda conn: hold_fence(conn, old),
        lambda conn: update_fenced(conn, old, {"progress": 99}),
    ):
        with pytest.raises(FencedError):
            async with lab.database.writing() as conn:
                await write(conn)
    async with lab.database.writing() as conn:
        await hold_fence(conn, new)
    assert await lab.scalar("select progress from sync_progress") == 0


async def test_a_released_lease_is_free_at_once(lab: Lab) -> None:
    """A worker that is told to stop does not make the next one wait."""
    sync_id = await lab.start()
    fence = await take(lab.database, sync_id, "first")
    assert fence is not None
    async with lab.database.writing() as conn:
        await release_lease(conn, fence)

    assert await take(lab.database, sync_id, "second") is not None


async def test_a_sync_that_nobody_works_on_is_found(lab: Lab) -> None:
    """The rescuer sees expired leases, and leaves those alone that are kept."""
    sync_id = await lab.start()
    await take(lab.database, sync_id, "dead")
    async with lab.database.reading() as conn:
        assert await list_orphaned_syncs(conn) == []
    await expire(lab.database)

    async with lab.database.reading() as conn:
        assert await list_orphaned_syncs(conn) == [sync_id]


async def test_cancel_fences_the_worker_in_the_same_instant(lab: Lab) -> None:
    """When the call returns the sync is cancelled and its worker can write nothing more."""
    sync_id = await lab.start()
    fence = await take(lab.database, sync_id, "worker")
    assert fence is not None

    await stop_sync(lab.database, lab.workspace_id, sync_id)

    sync = await lab.read(sync_id)
    assert sync.status == "cancelled"
    with pytest.raises(FencedError):
        async with lab.database.writing() as conn:
            await hold_fence(conn, fence)
    with pytest.raises(SyncAlreadyEndedError):
        await stop_sync(lab.database, lab.workspace_id, sync_id)


@pytest.mark.parametrize("stop", ["cancelled", "fenced"])
async def test_the_log_says_why_a_worker_stopped(lab: Lab, stop: str) -> None:
    """A user's cancel is logged as a cancel, and a sync that another worker took over as fenced."""
    sync_id = await lab.start()
    running = asyncio.create_task(lab.runner.run(sync_id))
    await lab.until_started(sync_id)
    with capture_logs() as logs:
        if stop == "cancelled":
            await stop_sync(lab.database, lab.workspace_id, sync_id)
        else:
            await expire(lab.database)
            assert await take(lab.database, sync_id, "another")
        lab.runner.interrupt(sync_id)
        await asyncio.wait_for(running, timeout=PATIENCE)

    told = [line for line in logs if line["event"] in {"sync_cancelled", "sync_fenced"}]
    assert told == [
        {"event": f"sync_{stop}", "log_level": "info", "sync_id": sync_id, "attempt": 1}
    ]


@pytest.mark.parametrize("fault", ["stall:1", None])
async def test_a_running_sync_stops_before_what_it_waits_for(
    lab: Lab, fault: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it waits for an answer that does not come, or an hour for a limit; and not only
    because a heartbeat sees that the sync has ended.
    """
    monkeypatch.setattr(runner, "HEARTBEAT", timedelta(hours=1))
    async with lab.database.writing() as conn:
        # An empty bucket of the slowest operation: the next call is allowed in an hour.
        await conn.execute(
            text(
                "insert into rate_budget (account, operation, rate, burst, full_at) values"
                " ('local:NA:A1SELLER', 'searchOrders', 0.0056, 20, now() + interval '2 hours')"
            )
        )
    sync_id = await lab.start()
    running = asyncio.create_task(lab.runner.run(sync_id))
    await lab.until_started(sync_id)
    if fault:
        await lab.faults(fault)

    await stop_sync(lab.database, lab.workspace_id, sync_id)
    lab.runner.interrupt(sync_id)
    await asyncio.wait_for(running, timeout=PATIENCE)

    assert (await lab.read(sync_id)).status == "cancelled"


async def test_a_stopped_worker_hands_its_sync_on(lab: Lab) -> None:
    """Cancelling the run (a shutdown) frees the lease; the next worker finishes the sync."""
    sync_id = await lab.start()
    running = asyncio.create_task(lab.runner.run(sync_id))
    await lab.until_started(sync_id)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await lab.scalar("select owner is null from sync_progress")

    await lab.runner.run(sync_id)

    sync = await lab.read(sync_id)
    assert (sync.status, sync.attempt) == ("complete", 2)
    assert sync.orders_processed == 10
