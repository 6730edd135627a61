"""A sync that failed because Amazon or the network was away is started again by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from procrastinate import App

from recoup.connections.queries import set_schedule
from recoup.db.engine import Database
from recoup.errors import (
    BadRequestError,
    InvalidClientError,
    RecoupError,
    ThrottledError,
    UnavailableError,
)
from recoup.jobs.queue import new_queue
from recoup.jobs.schedule import start_failed_again
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import Request
from recoup.sync.record.next_try import GAPS, next_try
from recoup.sync.record.queries import SyncRow
from recoup.sync.runner import SyncRunner
from tests.support.lab import Lab, named, open_lab, with_api

AWAY = UnavailableError("Amazon is down", operation="getInventorySummaries", status=503)
REFUSED = BadRequestError("Amazon refuses it", operation="getInventorySummaries", status=400)


class Amazon:
    """Answers with this error; None: as the sandbox does."""

    def __init__(self, error: RecoupError | None) -> None:
        self.error = error
        self._fetch = named("inventory").api.fetch

    async def fetch(self, api: object, request: Request) -> OperationPage:
        if self.error is not None:
            raise self.error
        return await self._fetch(api, request)  # type: ignore[arg-type] # the framework passes an SpApi


@pytest.fixture
def amazon() -> Amazon:
    return Amazon(AWAY)


@pytest.fixture
async def lab(database: Database, tmp_path: Path, amazon: Amazon) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=10) as lab:
        lab.runner = _runner(lab, amazon, server_syncs=True)
        yield lab


@pytest.fixture
async def queue(lab: Lab) -> AsyncIterator[App]:
    queue = new_queue(lab.database)
    async with queue.open_async():
        yield queue


def _runner(lab: Lab, amazon: Amazon, *, server_syncs: bool) -> SyncRunner:
    streams = [with_api(named("inventory"), fetch=amazon.fetch)]
    return SyncRunner(
        lab.database, lab.access, owner="lab", streams=streams, server_syncs=server_syncs
    )


async def _again(lab: Lab, queue: App, at: datetime) -> SyncRow:
    """The sync that is started at this time, after it has run."""
    (sync_id,) = await start_failed_again(lab.database, queue, at)
    await lab.runner.run(sync_id)
    return await lab.read(sync_id)


def _gap(sync: SyncRow) -> timedelta:
    assert sync.completed_at is not None
    assert sync.retry_at is not None
    # Two clocks, a moment apart.
    return timedelta(minutes=round((sync.retry_at - sync.completed_at) / timedelta(minutes=1)))


async def test_it_is_tried_again_with_growing_gaps_until_the_schedule_is_near(
    lab: Lab, queue: App
) -> None:
    """Not before its time, and once; the message says when."""
    sync = await lab.sync()
    assert sync.retry_at is not None
    early = await start_failed_again(lab.database, queue, sync.retry_at - timedelta(seconds=1))
    gaps = []
    while sync.retry_at is not None:
        gaps.append(_gap(sync))
        at = sync.retry_at
        assert f"recoup tries again at {at:%H:%M} UTC." in sync.message
        sync = await _again(lab, queue, at)
        assert await start_failed_again(lab.database, queue, at) == []

    assert early == []
    assert gaps == list(GAPS)
    assert sync.message.endswith("the next sync continues.")
    triggers = await lab.scalar("select array_agg(trigger order by started_at) from sync_progress")
    assert triggers == ["manual", "retry", "retry", "retry"]


async def test_a_success_ends_it(lab: Lab, queue: App, amazon: Amazon) -> None:
    """The next failure is a first one again."""
    failed = await lab.sync()
    assert failed.retry_at is not None
    amazon.error = None
    repaired = await _again(lab, queue, failed.retry_at)
    amazon.error = AWAY
    again = await lab.sync()

    assert (repaired.status, repaired.retry_at) == ("complete", None)
    assert _gap(again) == GAPS[0]


async def test_another_sync_takes_its_place(lab: Lab, queue: App, amazon: Amazon) -> None:
    """A person or the schedule was faster, whatever became of that sync."""
    failed = await lab.sync()
    assert failed.retry_at is not None
    amazon.error = RecoupError("an error that stays")
    newer = await lab.sync()

    assert (newer.status, newer.retry_at) == ("failed", None)
    assert await start_failed_again(lab.database, queue, failed.retry_at) == []


async def test_who_syncs_by_hand_only_is_left_alone(lab: Lab, queue: App, amazon: Amazon) -> None:
    """By the server's settings or the connection's; also if that was chosen after the failure. A
    schedule of its own is enough.
    """
    lab.runner = _runner(lab, amazon, server_syncs=False)
    without = await lab.sync()
    await _set_schedule(lab, "7 5 * * *")
    failed = await lab.sync()
    assert failed.retry_at is not None
    await _set_schedule(lab, "")
    late = await start_failed_again(lab.database, queue, failed.retry_at)
    lab.runner = _runner(lab, amazon, server_syncs=True)
    # The connection is read when an attempt begins.
    by_hand = await lab.sync()

    assert (without.retry_at, late, by_hand.retry_at) == (None, [], None)


async def _set_schedule(lab: Lab, schedule: str) -> None:
    async with lab.database.writing() as conn:
        await set_schedule(conn, lab.workspace_id, lab.connection.connection_id, schedule)


async def test_a_time_that_was_missed_long_ago_is_the_schedules(lab: Lab, queue: App) -> None:
    """No worker ran meanwhile: a day later nothing is made up for."""
    failed = await lab.sync()
    assert failed.retry_at is not None

    assert await start_failed_again(lab.database, queue, failed.retry_at + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("errors", "is_tried"),
    [
        ([AWAY], True),
        ([ThrottledError("slow", operation="x", retry_after=timedelta(seconds=1))], True),
        ([REFUSED, AWAY], True),
        ([REFUSED], False),
        ([InvalidClientError("Amazon refuses the secret"), AWAY], False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(
    errors: list[RecoupError], *, is_tried: bool
) -> None:
    """What a person must mend is not, nor what Amazon would refuse again."""
    now = datetime.fromisoformat("2026-11-30T12:00:00Z")

    assert (next_try(errors, tried=0, ended_at=now) is not None) is is_tried
