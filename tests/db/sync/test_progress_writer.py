"""What a running sync says of its waits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.sync.planning.plan import Plan
from recoup.sync.planning.queries import find_plan
from recoup.sync.planning.running_plan import RunningPlan
from recoup.sync.planning.timeline import PlanStep, lay_out
from recoup.sync.progress_writer import ProgressWriter
from recoup.sync.record.channel import Channel
from recoup.sync.record.lease_queries import hold_fence, take_lease
from recoup.sync.record.status import status_body
from recoup.sync.record.stream_queries import update_stream
from recoup.sync.record.stream_state import ASKED_SHARE, StreamState
from tests.support.catalog import known
from tests.support.lab import Lab, named, open_lab

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"


class Watched:
    """One sync whose writer is asked by the test; the clock stands still."""

    def __init__(self, lab: Lab, state: StreamState, *steps: PlanStep) -> None:
        self.lab = lab
        self.state = state
        facts = known(report_seconds={LEDGER: 600.0})
        plan = Plan(
            missing=(),
            known=facts,
            steps=steps,
            foreseen=lay_out(steps, facts),
            predicted_seconds=0,
        )
        self.plan = RunningPlan(plan, usage=lambda: facts.usage, clock=lambda: NOW)
        self.sync_id = ""

    async def begin(self) -> ProgressWriter:
        """A worker has taken the sync and begun with the stream."""
        database = self.lab.database
        self.sync_id = await self.lab.start()
        async with database.writing() as conn:
            lease = await take_lease(conn, self.sync_id, "test")
        assert lease is not None
        async with database.writing() as conn:
            begun = {"status": "in_progress", "started_at": NOW}
            await update_stream(conn, self.sync_id, self.state.stream.name, begun)
            await hold_fence(conn, lease.fence)
        return ProgressWriter(database, lease.fence, [self.state], progress=10, clock=lambda: NOW)

    async def waiting_until(self) -> str | None:
        body = status_body(await self.lab.read(self.sync_id)).document()
        streams = {stream["name"]: stream for stream in body["streams"]}
        return streams[self.state.stream.name]["waitingUntil"]


@pytest.fixture
async def lab(database: Database, tmp_path: Path):
    async with open_lab(database, tmp_path, orders=0) as lab:
        yield lab


async def test_a_wait_for_a_limit_has_an_end(lab: Lab) -> None:
    """The status says until when a stream waits, and nothing once it goes on."""
    state = StreamState(named("orders"))
    watched = Watched(lab, state)
    writer = await watched.begin()
    (operation,) = state.operations

    await writer.write(watched.plan)
    before = await watched.waiting_until()
    writer.waiting(operation, 120.0)
    await writer.write(watched.plan)
    while_waiting = await watched.waiting_until()
    writer.waiting(operation, 0.0)
    await writer.write(watched.plan)

    assert before is None
    assert while_waiting is not None
    left = datetime.fromisoformat(while_waiting) - NOW
    assert timedelta(seconds=110) < left <= timedelta(seconds=120)
    assert await watched.waiting_until() is None


async def test_a_wait_for_a_report_has_an_end(lab: Lab) -> None:
    """While Amazon makes a report the status says when it should be there."""
    state = StreamState(named("ledger"))
    step = PlanStep(
        *("ledger", "", Channel.REPORT, None, {CREATE_REPORT.name: 1}, 0.0, "test", LEDGER),
        made={CREATE_REPORT.name: 1},
        begun=0.0,
        requested=0.0,
    )
    watched = Watched(lab, state, step)
    writer = await watched.begin()

    state.note_report(("", 1), ASKED_SHARE)
    await writer.write(watched.plan)
    told = await watched.waiting_until()
    state.note_report(("", 1), 1.0)
    await writer.write(watched.plan)

    assert told is not None
    left = datetime.fromisoformat(told) - NOW
    assert timedelta(minutes=10) <= left < timedelta(minutes=11)
    assert await watched.waiting_until() is None


async def test_a_plan_whose_writing_is_stopped_is_written_by_the_next(lab: Lab) -> None:
    """The end of all streams may stop the writer in the middle: the last plan must not be lost."""
    step = PlanStep(
        "ledger", "", Channel.REPORT, None, {CREATE_REPORT.name: 1}, 0.0, "test", LEDGER
    )
    watched = Watched(lab, StreamState(named("ledger")), step)
    writer = await watched.begin()
    watched.plan.scope_read("ledger", "")

    stopped = asyncio.create_task(writer.store(watched.plan))
    await asyncio.sleep(0)  # it has begun, and waits for PostgreSQL
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await stopped
    await writer.store(watched.plan)

    async with lab.database.reading() as conn:
        plan = await find_plan(conn, watched.sync_id)
    assert plan is not None
    assert [step["actualSeconds"] for step in plan.steps] == [0.0]
