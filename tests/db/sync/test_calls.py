"""How many calls a sync makes: each one costs of limits that the seller's other software needs, too."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.spapi.operations.reports import get_reports
from recoup.streams import all_streams
from recoup.streams.stream import Scope, Snapshot
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor, write_cursor
from recoup.sync.limits_pg import PgBudget
from recoup.sync.plan_body import PlanRow
from recoup.sync.plan_queries import write_plan
from recoup.sync.report_queries import insert_request, state_of
from recoup.sync.tables import sync_progress
from tests.support.lab import US, Lab, lab_at, named
from tests.support.sandbox_process import sandbox_process

pytestmark = pytest.mark.anyio

# Beside Amazon's operations the sandbox counts logins and downloads, which no usage plan limits.
# Of so many a year 300 have changed since six hours before yesterday's sync: an order changes about
# three times in its life.
_ORDERS = 36_000
_SPEED = 40
_NO_OPERATIONS = {"lwaToken", "reportDocumentFile"}


def _a_wednesday() -> date:
    """The last one: the first sync of a week reads more."""
    today = utc_now().date()
    return today - timedelta(days=(today.weekday() - 2) % 7)


async def _was_synced_before(lab: Lab) -> None:
    """As if a whole sync had ended at midnight, up to which the sandbox has events."""
    now = await lab.advance("PT1S")
    at = now.replace(hour=0, minute=0, second=0, microsecond=0)
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


async def _saw_before(lab: Lab) -> None:
    """The plan of that sync, from which the next one knows how much there is."""
    day = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    whole = {"from": None, "to": None}
    sync_id = SyncId("sync_earlier")
    seen = (("orders", 300, day), ("transactions", 400, day), ("inventory", 600, whole))
    steps = tuple(
        {"stream": name, "rows": rows, "actualSeconds": 1.0, "givenUp": False, **window}
        for name, rows, window in seen
    )
    async with lab.database.writing() as conn:
        await conn.execute(
            sync_progress.insert().values(
                sync_id=sync_id,
                user_id=lab.user_id,
                connection_id=lab.connection.connection_id,
                trigger="manual",
                status="complete",
                progress=100,
                message="",
                completed_at=utc_now(),
            )
        )
        await write_plan(conn, sync_id, PlanRow(utc_now(), 1.0, steps, ()))


async def _knows_the_settlements(lab: Lab) -> None:
    """Amazon makes one in two weeks; those that there are were loaded long ago."""
    budget = PgBudget(lab.database, lab.access.account(lab.connection))
    api = await lab.access.open(lab.connection, budget)
    report = named("settlements").report
    since = api.now() - timedelta(days=89)
    found = await get_reports(api, report_types=[report.report_type], created_since=since)
    async with lab.database.writing() as conn:
        for one in found.reports:
            await insert_request(
                conn,
                connection_id=lab.connection.connection_id,
                stream="settlements",
                scope="",
                report_type=report.report_type,
                marketplace_ids=[US],
                options={},
                window=None,
                asked=None,
                intended_at=utc_now(),
                sync_id="sync_earlier",
                **{**state_of(one), "status": "loaded"},
            )


async def _had_reports_before(lab: Lab) -> None:
    """How long Amazon takes is known from earlier days."""
    ago = utc_now() - timedelta(days=4)
    types = [stream.report.report_type for stream in all_streams() if stream.report]
    async with lab.database.writing() as conn:
        for report_type in types:
            await insert_request(
                conn,
                connection_id=lab.connection.connection_id,
                stream="earlier",
                scope="",
                report_type=report_type,
                marketplace_ids=[US],
                options={},
                window=None,
                asked=None,
                intended_at=ago,
                sync_id="sync_earlier",
                status="loaded",
                report_id=f"earlier {report_type}",
                report_created_at=ago,
                report_ended_at=ago + timedelta(minutes=5) / _SPEED,
            )


async def test_a_daily_sync_of_300_changed_orders_makes_30_calls(
    database: Database, tmp_path: Path
) -> None:
    """All streams of a seller, on a day with 300 changed orders: at most 30 calls in all."""
    async with (
        sandbox_process(orders=_ORDERS, speed=_SPEED, today=_a_wednesday()) as url,
        lab_at(url, database, tmp_path, speed=_SPEED, streams=all_streams()) as lab,
    ):
        await _was_synced_before(lab)
        await lab.know_the_rates()
        await _saw_before(lab)
        await _knows_the_settlements(lab)
        await _had_reports_before(lab)
        await lab.advance("P1D")
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
