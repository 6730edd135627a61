"""How many calls a sync makes: each one costs of limits that the seller's other software needs, too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.streams import all_streams
from recoup.streams.stream import Scope, Snapshot
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor, write_cursor
from tests.support.lab import US, Lab, lab_at
from tests.support.sandbox_process import sandbox_process

pytestmark = pytest.mark.anyio

# Beside Amazon's operations the sandbox counts logins and downloads, which no usage plan limits.
_NO_OPERATIONS = {"lwaToken", "reportDocumentFile"}


async def _was_synced_a_day_ago(lab: Lab) -> None:
    """As if a whole first sync had ended a day before."""
    at = utc_now() - timedelta(days=1)
    async with lab.database.writing() as conn:
        for stream in all_streams():
            scope = "" if stream.scope is Scope.REGION else US
            closed = (
                () if isinstance(stream.cursor, Snapshot) else (Window(at - timedelta(370), at),)
            )
            await write_cursor(
                conn,
                Cursor(lab.connection.connection_id, stream.name, scope, closed=closed, read_at=at),
            )


async def test_a_daily_sync_of_300_changed_orders_makes_30_calls(
    database: Database, tmp_path: Path
) -> None:
    """All streams of a seller, a day after a whole sync: at most 30 calls in all."""
    async with (
        sandbox_process(orders=100_000, speed=1000) as url,
        lab_at(url, database, tmp_path, speed=1000, streams=all_streams()) as lab,
    ):
        await _was_synced_a_day_ago(lab)
        await lab.know_the_rates()
        before = await lab.calls()
        sync = await lab.sync()
        after = await lab.calls()
        orders = next(stream for stream in sync.streams if stream.name == "orders")

    calls = {
        name: n - before.get(name, 0) for name, n in after.items() if name not in _NO_OPERATIONS
    }
    assert sync.status == "complete", sync.error
    assert orders.rows >= 300
    assert sum(calls.values()) <= 30, calls
