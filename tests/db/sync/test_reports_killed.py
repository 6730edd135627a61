"""Row 7: whatever step of a report a worker dies at, no report is asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recoup.db.engine import Database
from tests.support.dying import KilledError, dying_runner
from tests.support.lab import Lab, open_lab
from tests.support.patience import PATIENCE
from tests.support.report_files import stream

STREAMS = [stream("reimbursements"), stream("fee_preview")]
STEPS = [
    "intent_stored",
    "report_asked",
    "id_stored",
    "report_done",
    "file_downloaded",
    "rows_written",
    "file_loaded",
]


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, streams=STREAMS) as lab:
        yield lab


async def content(lab: Lab) -> list[Any]:
    async with lab.database.reading() as conn:
        rows = await conn.execute(
            text(
                "select to_jsonb(r) - 'connection_id' - 'source' - 'loaded_at'"
                " from reimbursements r order by 1"
            )
        )
        return [row[0] for row in rows]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [1, 3])
async def test_a_worker_that_dies_at_a_step_repeats_no_request(
    lab: Lab, step: str, at: int
) -> None:
    """The next worker goes on with the reports that were asked for, and loads each once."""
    sync_id = await lab.start()
    if step == "intent_stored":
        at = min(at, 2)
    with pytest.raises(KilledError):
        await dying_runner(lab, STREAMS, step, at=at).run(sync_id)

    async with asyncio.timeout(PATIENCE):
        await lab.runner.run(sync_id)

    sync = await lab.read(sync_id)
    assert sync.status == "complete", sync.error
    assert sync.attempt == 2
    windows = await lab.scalar("select count(distinct (stream, since)) from report_request")
    assert await lab.scalar("select count(*) from report_request") == windows
    assert (await lab.calls())["createReport"] == windows
    stored = await lab.scalar("select count(*) from reimbursements")
    counts = next(one for one in sync.streams if one.name == "reimbursements")
    assert counts.rows == counts.rows_read == stored > 0


@pytest.mark.parametrize("step", ["report_asked", "id_stored", "report_done"])
async def test_a_cancelled_sync_leaves_its_reports_to_the_next_one(lab: Lab, step: str) -> None:
    """What was asked for is not asked for again by another sync."""
    sync_id = await lab.start()
    with pytest.raises(KilledError):
        await dying_runner(lab, STREAMS, step, at=2).run(sync_id)
    async with lab.database.writing() as conn:
        await conn.execute(
            text("update sync_progress set status = 'cancelled', completed_at = now()")
        )

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    made = await lab.scalar("select count(*) from report_request where status <> 'dropped'")
    assert (await lab.calls())["createReport"] == made
    assert await lab.scalar("select count(*) from report_request where status = 'dropped'") == 0
