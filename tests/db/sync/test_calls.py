"""How many calls a sync makes: each one costs of limits that the seller's other software needs, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.spapi.operations.reports import get_reports
from recoup.streams import all_streams
from recoup.streams._stream import Scope, Snapshot
from recoup.streams._turns import CYCLE, EVERY_DAY
from recoup.streams._window import Window
from recoup.sync.cursors.queries import Cursor, write_cursor
from recoup.sync.pacing.budget_queries import PgBudget
from recoup.sync.reports.queries import insert_request
from recoup.sync.reports.request import NewRequest, state_of
from tests.support.lab import US, Lab, lab_at, named
from tests.support.sandbox_process import sandbox_process

pytestmark = pytest.mark.anyio

# Beside Amazon's operations the sandbox counts logins and downloads, which no usage plan limits.
# Of so many a year 300 have changed since six hours before yesterday's sync: an order changes about
# three times in its life.
_ORDERS = 36_000
# Twice as fast, a busy machine needs so long for its own work that reports are looked for more often.
_SPEED = 20
_NO_OPERATIONS = {"lwaToken", "reportDocumentFile"}
_DAY = timedelta(days=1)


def _last_day(is_wanted: Callable[[date], bool]) -> date:
    """The last one up to today."""
    today = utc_now().date()
    return next(day for n in range(365) if is_wanted(day := today - n * _DAY))


def _turn(day: date) -> int:
    return day.toordinal() % CYCLE


async def _was_synced_daily(lab: Lab) -> None:
    """As if syncs had run each midnight until now; up to the last one the sandbox has events."""
    now = await lab.advance("PT1S")
    last = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with lab.database.writing() as conn:
        for stream in all_streams():
            scope = "" if stream.scope is Scope.REGION else US
            turns = stream.cursor.on or EVERY_DAY
            at = next(day for n in range(CYCLE) if _turn(day := last - n * _DAY) in turns)
            closed: tuple[Window, ...] = ()
            if not isinstance(stream.cursor, Snapshot):
                end = at - stream.cursor.holdback
                closed = (Window(end - timedelta(days=370), end),)
            await write_cursor(
                conn,
                Cursor(lab.connection.connection_id, stream.name, scope, closed=closed, read_at=at),
            )


async def _knows_the_settlements(lab: Lab) -> None:
    """Amazon makes one in two weeks; those that there are were loaded long ago."""
    budget = PgBudget(lab.database, lab.access.account(lab.connection))
    api = await lab.access.open(lab.connection, budget)
    report = named("settlements").report
    since = api.now() - timedelta(days=89)
    found = await get_reports(api, report_types=[report.report_type], created_since=since)
    async with lab.database.writing() as conn:
        for one in found.reports:
            new = _earlier(lab, "settlements", report.report_type, intended_at=utc_now())
            await insert_request(conn, new, **{**state_of(one), "status": "loaded"})


def _earlier(lab: Lab, stream: str, report_type: str, *, intended_at: datetime) -> NewRequest:
    """A request of an earlier sync."""
    return NewRequest(
        connection_id=lab.connection.connection_id,
        stream=stream,
        scope="",
        report_type=report_type,
        marketplace_ids=(US,),
        options={},
        window=None,
        asked=None,
        intended_at=intended_at,
        sync_id=SyncId("sync_earlier"),
    )


async def _had_reports_before(lab: Lab) -> None:
    """How long Amazon takes is known from earlier days."""
    # At another hour than that of the sync, whatever day it is on at the sandbox: no report comes soon
    # after one of these.
    ago = utc_now() - timedelta(days=4, hours=12)
    types = [stream.report.report_type for stream in all_streams() if stream.report]
    async with lab.database.writing() as conn:
        for report_type in types:
            await insert_request(
                conn,
                _earlier(lab, "earlier", report_type, intended_at=ago),
                status="loaded",
                report_id=f"earlier {report_type}",
                report_created_at=ago,
                report_ended_at=ago + timedelta(minutes=5) / _SPEED,
            )


async def _answered(lab: Lab) -> dict[str, int]:
    """Calls by operation, less those that came a moment too early on a busy machine (429)."""
    calls = await lab.calls_in_full()
    return {name: one["calls"] - one["throttled"] for name, one in calls.items()}


async def _calls_on(
    day: date, database: Database, folder: Path
) -> tuple[dict[str, int], dict[str, int]]:
    """The calls that the daily sync of this day makes, and the rows that it reads, by stream."""
    async with (
        sandbox_process(orders=_ORDERS, speed=_SPEED, today=day - _DAY) as url,
        lab_at(url, database, folder, speed=_SPEED, streams=all_streams()) as lab,
    ):
        await _was_synced_daily(lab)
        await lab.know_the_rates()
        await lab.saw_before({"orders": 300, "transactions": 400}, {"inventory": 600})
        await _knows_the_settlements(lab)
        await _had_reports_before(lab)
        await lab.advance("P1D")
        before = await _answered(lab)
        sync = await lab.sync()
        after = await _answered(lab)

    assert sync.status == "complete", sync.error
    rows = {stream.name: stream.rows_read for stream in sync.streams}
    assert rows["orders"] >= 300
    calls = {name: n - before.get(name, 0) for name, n in after.items()}
    return {name: n for name, n in calls.items() if n and name not in _NO_OPERATIONS}, rows


async def test_a_daily_sync_of_300_changed_orders_makes_30_calls(
    database: Database, tmp_path: Path
) -> None:
    """All streams of a seller, on a day with 300 changed orders: at most 30 calls in all.

    One of the days that cost most: a piece of the sweep that is a window of its own, and the turn of
    a stream that is not read daily.
    """
    day = _last_day(lambda day: _turn(day) == 4 and day.weekday() > 0)
    calls, rows = await _calls_on(day, database, tmp_path)

    assert rows["long_term_storage_fees"] > 0
    assert calls["listTransactions"] >= 2
    assert sum(calls.values()) <= 30, calls


async def test_the_day_of_a_monthly_report_makes_30_calls(
    database: Database, tmp_path: Path
) -> None:
    """The 16th, when the storage fees of the last month are asked for on top of such a day.

    With two looks at whether reports have ended, beside two other listings: how many it takes
    depends on how long reports do.
    """
    day = _last_day(lambda day: day.day == 16 and _turn(day) != 5 and day.weekday() > 0)
    calls, rows = await _calls_on(day, database, tmp_path)

    assert rows["storage_fees"] > 0
    looks = calls.pop("getReports") + calls.pop("getReport", 0)
    assert looks <= 6, "on a busy machine"
    assert sum(calls.values()) + 4 <= 30, calls


_OF_PLANS = {"getInboundPlan", "getShipment", "listTransportationOptions"}


async def test_inbound_plans_cost_three_calls_each_beside_the_30(
    database: Database, tmp_path: Path
) -> None:
    """On their day, once in six, all that is not about one plan makes at most 30 calls."""
    day = _last_day(lambda day: _turn(day) == 5 and day.weekday() > 0)
    calls, rows = await _calls_on(day, database, tmp_path)
    plans = rows["inbound_plans"]

    assert plans > 0
    assert calls["getInboundPlan"] == calls["getShipment"] == plans, calls
    assert calls["listTransportationOptions"] <= plans, calls
    others = {name: n for name, n in calls.items() if name not in _OF_PLANS}
    assert sum(others.values()) <= 30, others
