"""Answers that never come."""

from __future__ import annotations

from pathlib import Path

import httpx2

from recoup.db.engine import Database
from tests.support.lab import open_lab


async def test_answers_that_never_come_are_asked_for_again(
    database: Database, tmp_path: Path
) -> None:
    """A stalled request ends at its timeout, is repeated, and the tables end complete."""
    async with open_lab(database, tmp_path, orders=600) as lab:
        await lab.know_the_rates()
        lab.access._http.timeout = httpx2.Timeout(1.0)
        await lab.faults("stall:0.2")

        sync = await lab.sync()
        world = await lab.world()

        given = sum(sum(one["faults"].values()) for one in world["calls"].values())
        assert given > 0
        assert sync.status == "complete", sync.error
        assert await lab.scalar("select count(*) from orders") == world["orders"]
        count = await lab.scalar("select count(*) from transactions")
        assert count == world["transactions"]["count"]
