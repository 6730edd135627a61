"""A running sync follows its plan, and the plan follows what is found."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.sync.pacing.budget_queries import PgBudget
from recoup.sync.planning.body import PlanRow
from recoup.sync.planning.queries import find_plan
from recoup.sync.runner import SyncRunner
from tests.support.dying import KilledError, dying_runner
from tests.support.lab import Lab, named, open_lab

pytestmark = pytest.mark.anyio


async def _plan(lab: Lab) -> PlanRow:
    async with lab.database.reading() as conn:
        plan = await find_plan(conn, lab.syncs[-1])
    assert plan is not None
    return plan


async def test_orders_that_turn_out_many_go_on_as_reports(
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


async def _reports_wait_their_turn(lab: Lab) -> None:
    """As if another seller's software had asked for many reports: createReport has nothing left."""
    budget = PgBudget(lab.database, lab.access.account(lab.connection))
    for _ in range(CREATE_REPORT.plan.burst):
        await budget.acquire(CREATE_REPORT)


@pytest.mark.parametrize(
    ("dies_at", "time"), [(None, 0), ("intent_stored", 1), ("id_stored", 2), ("rows_written", 2)]
)
async def test_pages_and_reports_read_the_windows_of_one_scope_side_by_side(
    database: Database, tmp_path: Path, dies_at: str | None, time: int
) -> None:
    """The newest windows by pages, the others by reports: every order once, each window once, also
    when a worker dies in the middle and another one goes on.
    """
    streams = [named("orders")]
    async with open_lab(database, tmp_path, orders=6_000, speed=200, streams=streams) as lab:
        await lab.know_the_rates()
        await lab.saw_before({"orders": 6_000 / 365}, {})
        await _reports_wait_their_turn(lab)
        before = await lab.calls()
        sync_id = await lab.start()
        if dies_at is not None:
            with pytest.raises(KilledError):
                await dying_runner(lab, streams, dies_at, at=time).run(sync_id)
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


async def test_a_sync_that_is_stopped_before_its_parts_begin_leaves_none_of_them(
    database: Database, tmp_path: Path
) -> None:
    """Python complains of work that was prepared and never begun, in the log of a service that stops."""
    streams = [named("reimbursements")]

    def stop(step: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        if step == "intent_stored":
            task.cancel()

    async with open_lab(database, tmp_path, streams=streams) as lab:
        sync_id = await lab.start()
        runner = SyncRunner(lab.database, lab.access, owner="w", streams=streams, reached=stop)
        with warnings.catch_warnings(record=True) as complaints, suppress(asyncio.CancelledError):
            warnings.simplefilter("always")
            await runner.run(sync_id)
        gc.collect()
        requests = await lab.scalar("select count(*) from report_request where status = 'intended'")

    assert requests > 0, "it was stopped where it was meant to be"
    assert [str(one.message) for one in complaints] == []
