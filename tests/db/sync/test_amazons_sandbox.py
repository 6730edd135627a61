"""A connection to Amazon's own sandbox, which answers its canned requests only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.streams._stream import InSandbox
from recoup.sync.runner import SyncRunner
from tests.support.canned_lab import open_canned_lab
from tests.support.lab import Lab, api_streams, with_api


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab whose seller is connected to a strict copy of Amazon's sandbox."""
    async with open_canned_lab(database, tmp_path) as lab:
        yield lab


async def test_a_sync_of_amazons_sandbox_completes_with_the_canned_rows(lab: Lab) -> None:
    """Credentials, roles and parsing work: the canned rows are in the tables, twice is once."""
    first, second = await lab.sync(), await lab.sync()

    assert (first.status, first.error) == ("complete", None)
    assert await lab.scalar("select string_agg(order_id, ',') from orders") == "250-1234567-8901234"
    assert await lab.scalar("select count(*) from order_items") > 0
    assert await lab.scalar("select array_agg(total_amount) from transactions") == [10]
    assert await lab.scalar("select count(*) from inventory") == 2
    assert await lab.scalar("select count(*) from quarantine") == 0
    assert {stream.name: stream.rows for stream in first.streams if stream.rows} == {
        "orders": 1,
        "inbound_plans": 2,
        "inventory": 2,
        "marketplaces": 1,
        "shipment_items": 1,
        "shipments": 1,
        "transactions": 1,
    }
    assert second.status == "complete"
    assert {stream.rows for stream in second.streams} == {0}


async def test_a_stream_without_a_canned_pair_is_not_a_failed_one(lab: Lab) -> None:
    """It is marked as not available there, and the sync ends complete."""
    streams = [
        with_api(s, in_sandbox=InSandbox.NOTHING) if s.name == "transactions" else s
        for s in api_streams()
    ]
    lab.runner = SyncRunner(lab.database, lab.access, owner="lab", streams=streams)

    sync = await lab.sync()

    told = {stream.name: (stream.status, stream.error) for stream in sync.streams}
    assert sync.status == "complete"
    assert told["transactions"] == ("unavailable", "not available in Amazon's sandbox")
    assert told["orders"] == ("complete", None)


async def test_no_canned_person_is_stored(lab: Lab) -> None:
    """Canned orders, shipments and plans name people and addresses; none reaches the database."""
    await lab.sync()
    tables = str(await lab.tables())

    for word in ("buyer", "recipient", "deliveryAddress", "postalCode", "Fairview", "Acme"):
        assert word not in tables
