"""A running sync follows its plan, and the plan follows what is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.sync.plan_body import PlanRow
from recoup.sync.plan_queries import find_plan
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
