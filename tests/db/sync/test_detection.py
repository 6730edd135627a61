"""Claims are looked for at the end of a sync: stored, counted and told once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recoup.db.engine import Database
from recoup.events.queries import list_activities, list_events_after
from recoup.streams import all_streams
from recoup.sync.runner import SyncRunner
from tests.support.as_owner import run_as_owner
from tests.support.lab import open_lab


async def test_a_sync_finds_claims_and_tells_them_once(database: Database, tmp_path: Path) -> None:
    """The count is that of the sync, with one activity and one event; a second sync adds none."""
    async with open_lab(database, tmp_path, orders=300) as lab:
        first = await lab.sync()
        second = await lab.sync()
        async with database.reading() as conn:
            activities = await list_activities(conn, lab.workspace_id, limit=50)
        events = await list_events_after(database, lab.workspace_id, 0)
        stored = await lab.scalar("select count(*) from claim")

    told = [one for one in activities if one.type == "claim_detected"]
    detections = [one.payload for one in events if one.type == "detection"]
    assert (first.status, second.status) == ("complete", "complete")
    assert first.claims_detected == stored > 0
    assert second.claims_detected == 0
    assert [one.sync_id for one in told] == [first.sync_id]
    assert detections[0]["claimsDetected"] == stored


async def test_a_detection_that_breaks_costs_no_data(database: Database, tmp_path: Path) -> None:
    """The sync ends as failed and names the claims; rows stay, and the next sync detects."""
    async with open_lab(database, tmp_path, orders=100) as lab:
        async with database.writing() as conn:
            await run_as_owner(conn, "alter table claim_candidate rename to hidden")
        broken = await lab.sync()
        loaded = await lab.scalar("select count(*) from orders")
        async with database.writing() as conn:
            await run_as_owner(conn, "alter table hidden rename to claim_candidate")
        mended = await lab.sync()

    assert (broken.status, loaded) == ("failed", 100)
    assert "claims" in broken.message
    assert (mended.status, mended.claims_detected > 0) == ("complete", True)


async def test_rules_without_their_data_do_not_run(database: Database, tmp_path: Path) -> None:
    """A stream that failed makes no claim of the rules that read it; the others do run."""
    streams = [
        replace(one, report=replace(one.report, report_type="GET_NO_SUCH_DATA"))
        if one.name == "returns" and one.report
        else one
        for one in all_streams()
    ]
    async with open_lab(database, tmp_path, orders=300) as lab:
        lab.runner = SyncRunner(database, lab.access, owner="lab", streams=streams)
        failed = await lab.sync()
        types = await lab.scalar("select array_agg(distinct type) from claim_candidate")

    assert failed.status == "failed"
    assert "customer_return_missing" not in types
    assert "inbound_shortage" in types
