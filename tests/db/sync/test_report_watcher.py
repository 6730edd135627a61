"""When Amazon is asked whether reports have ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.client import SpApi
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.sync.reports.polls import Pace, ReportWatcher
from recoup.sync.reports.request import ReportRequest
from tests.support.lab import Lab, open_lab
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=10) as lab:
        yield lab


def requested(number: int, now: datetime) -> ReportRequest:
    return ReportRequest(
        request_id=number,
        connection_id=ConnectionId("c"),
        stream="a",
        scope="",
        report_type=f"GET_{number}",
        marketplace_ids=("US",),
        options={},
        window=None,
        asked=None,
        status="in_queue",
        report_id=f"R{number}",
        document_id=None,
        adopted=False,
        tries=1,
        ask_at=None,
        intended_at=now,
        report_created_at=now,
        sync_id=SyncId("s"),
        remark=None,
    )


async def looks_at(lab: Lab, count: int, *, gap: timedelta) -> list[float]:
    """The seconds after which `count` reports, that are ready at once, were looked for.

    Reports of their types are taken to need 2 s, in which all have been asked for, and a second look would come a `gap` later.
    """
    api: SpApi = await lab.access.open(lab.connection, LocalBudget())
    began, looks = time.monotonic(), []
    now = api.now()
    requests = [requested(number, now) for number in range(count)]

    async def list_since(types: Sequence[str], since: datetime) -> list[AmazonReport]:
        assert len(types) == count
        assert since <= now
        looks.append(time.monotonic() - began)
        return [
            AmazonReport(f"R{number}", f"GET_{number}", ProcessingStatus.DONE, now)
            for number in range(count)
        ]

    watcher = ReportWatcher(
        *(api, lab.database, lab.connection.connection_id),
        pace=Pace(first=timedelta(seconds=2), shortest=gap),
        hurry=lambda: 1.0,
        list_since=list_since,
    )
    async with asyncio.timeout(PATIENCE):
        ended = await asyncio.gather(*map(watcher.until_ended, requests))
    assert all(one is not None and one.status is ProcessingStatus.DONE for one in ended)
    return looks


async def test_many_reports_are_looked_for_when_all_may_have_ended(lab: Lab) -> None:
    """Once, a gap after the time that one takes as a rule: half of them would not have ended."""
    [look] = await looks_at(lab, 5, gap=timedelta(seconds=0.5))

    assert look >= 2.5


async def test_few_reports_are_looked_for_when_they_usually_have_ended(lab: Lab) -> None:
    """They may all have ended, and their rows are waited for."""
    [look] = await looks_at(lab, 4, gap=timedelta(seconds=60))

    assert 2 <= look < 60
