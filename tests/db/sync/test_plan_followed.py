"""A running sync follows its plan, and the plan follows what is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.sync.limits_pg import PgBudget
from recoup.sync.plan_body import PlanRow
from recoup.sync.plan_queries import find_plan, write_plan
from recoup.sync.runner import SyncRunner
from recoup.sync.tables import sync_progress
from tests.support.lab import Lab, named, open_lab

pytestmark = pytest.mark.anyio


async def _plan(lab: Lab) -> PlanRow:
    async with lab.database.reading() as conn:
        plan = await find_plan(conn, lab.syncs[-1])
    assert plan is not None
    return plan


async def test_row_01_orders_that_turn_out_many_go_on_as_reports(
    database: Database, tmp_path: Path
) -> None:
    """The first pages show how many remain: the rest comes as reports, and nothing is lost."""
    streams = [named("orders")]
    async with open_lab(database, tmp_path, orders=6_000, speed=40, streams=streams) as lab:
        await lab.know_the_rates()
        before = await lab.calls()
        sync = await lab.sync()
        calls = await lab.calls()
        plan = await _plan(lab)
        world = await lab.world()

    assert sync.status == "complete", sync.error
    assert await lab.scalar("select count(*) from orders") == world["orders"]
    assert calls["searchOrders"] - before.get("searchOrders", 0) <= 10
    assert calls["createReport"] - before.get("createReport", 0) == 13
    assert "pages remain" in plan.revisions[0]["reason"]
    given_up, *reports = plan.steps
    assert given_up["givenUp"]
    assert {step["source"] for step in reports} == {"report"}
    assert all(step["actualSeconds"] is not None for step in plan.steps)


async def test_the_second_plan_knows_what_the_first_sync_saw(
    database: Database, tmp_path: Path
) -> None:
    """Densities come from the steps of earlier plans; nothing is assumed any more."""
    streams = [named("orders"), named("inventory")]
    async with open_lab(database, tmp_path, orders=700, speed=1000, streams=streams) as lab:
        await lab.sync()
        first = await _plan(lab)
        await lab.advance("P1D")
        await lab.sync()
        second = await _plan(lab)

    assert all("assumed" in step["reason"] for step in first.steps)
    assert all("as last seen" in step["reason"] for step in second.steps)


class KilledError(BaseException):
    """The worker is dead: nothing of it catches this, and nothing is handed on in words."""


async def _reports_wait_their_turn(lab: Lab) -> None:
    """As if another seller's software had asked for many reports: createReport has nothing left."""
    budget = PgBudget(lab.database, lab.access.account(lab.connection))
    for _ in range(CREATE_REPORT.plan.burst):
        await budget.acquire(CREATE_REPORT)


async def _saw_orders_before(lab: Lab, *, per_day: float) -> None:
    """The plan of an earlier sync, from which the next one knows how many orders there are."""
    sync_id = SyncId("sync_earlier")
    step = {
        "stream": "orders",
        "rows": per_day,
        "actualSeconds": 1.0,
        "givenUp": False,
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-02T00:00:00Z",
    }
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
        await write_plan(conn, sync_id, PlanRow(utc_now(), 1.0, (step,), ()))


@pytest.mark.parametrize("dies_at", [None, "intent_stored", "id_stored", "rows_written"])
async def test_pages_and_reports_read_the_windows_of_one_scope_side_by_side(
    database: Database, tmp_path: Path, dies_at: str | None
) -> None:
    """The newest windows by pages, the others by reports: every order once, each window once, also
    when a worker dies in the middle and another one goes on.
    """
    streams = [named("orders")]
    async with open_lab(database, tmp_path, orders=6_000, speed=200, streams=streams) as lab:
        await lab.know_the_rates()
        await _saw_orders_before(lab, per_day=6_000 / 365)
        await _reports_wait_their_turn(lab)
        before = await lab.calls()
        sync_id = await lab.start()
        if dies_at is not None:
            with pytest.raises(KilledError):
                await _dying_runner(lab, dies_at).run(sync_id)
        await lab.runner.run(sync_id)
        sync, calls, plan = await lab.read(sync_id), await lab.calls(), await _plan(lab)
        world = await lab.world()
        sources = await lab.scalar("select count(distinct split_part(source, ' ', 1)) from orders")

    assert sync.status == "complete", sync.error
    assert await lab.scalar("select count(*) from orders") == world["orders"]
    asked = calls["createReport"] - before.get("createReport", 0)
    assert asked == await lab.scalar("select count(distinct since) from report_request")
    if dies_at is None:  # whoever takes over finds calls for reports again, and needs no pages
        assert {step["source"] for step in plan.steps if not step["givenUp"]} == {"api", "report"}
        assert sources == 2
        assert asked < 13
    assert all(step["actualSeconds"] is not None for step in plan.steps if not step["givenUp"])


def _dying_runner(lab: Lab, step: str) -> SyncRunner:
    """A worker that dies when it comes to `step` for the second time, or the first and only one."""
    left = 1 if step == "intent_stored" else 2

    def reached(name: str) -> None:
        nonlocal left
        left -= name == step
        if name == step and left <= 0:
            raise KilledError(step)

    streams = [named("orders")]
    return SyncRunner(lab.database, lab.access, owner="victim", streams=streams, reached=reached)
