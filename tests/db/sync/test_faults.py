"""Amazon misbehaves: the tables end the same, or the sync says which stream failed and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.errors import UnavailableError
from recoup.spapi.operations.orders import search_orders
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import Request, Stream
from recoup.sync.runner import SyncRunner
from tests.support.lab import Lab, api_streams, open_lab, with_api


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=1200) as lab:
        yield lab


@pytest.mark.parametrize(
    "fault",
    # A call gives up after six tries: of the hundreds that a sync makes, one in ten may fail.
    ["429:0.3", "500:0.1", "503:0.1", "reset:0.1", "malformed:0.1", "expired-token:0.02"],
)
async def test_a_faulty_amazon_does_not_change_the_tables(lab: Lab, fault: str) -> None:
    """Whatever goes wrong on the way, the sync completes with what the world holds."""
    await lab.know_the_rates()
    await lab.faults(fault)

    sync = await lab.sync()
    world = await lab.world()

    assert sync.status == "complete", sync.error
    assert await lab.scalar("select count(*) from orders") == world["orders"]
    assert await lab.scalar("select count(*) from order_items") == world["orderItems"]
    assert await lab.scalar("select count(*) from inventory") == world["inventory"]["rows"]
    assert await lab.scalar("select count(*) from transactions") == world["transactions"]["count"]
    total = await lab.scalar("select sum(total_amount)::text from transactions")
    assert total == world["transactions"]["totalAmount"]["USD"]
    given = sum(sum(one["faults"].values()) for one in world["calls"].values())
    assert given > 0, "the fault never happened, so nothing was proved"


async def _no_orders(api: object, request: Request) -> OperationPage:
    """A source that is down, after its first page."""
    if request.page_token is None:
        return await search_orders(
            api,  # type: ignore[arg-type] # the framework passes an SpApi
            last_updated_after=request.window.since,  # type: ignore[union-attr] # a windowed stream
            last_updated_before=request.window.until,  # type: ignore[union-attr]
            marketplace_ids=request.marketplace_ids,
        )
    raise UnavailableError("Amazon is down", operation="searchOrders", status=503)


def _broken(stream: Stream) -> Stream:
    return with_api(stream, fetch=_no_orders) if stream.name == "orders" else stream


async def test_a_failed_stream_is_named_and_the_next_sync_repairs_it(lab: Lab) -> None:
    """One stream fails: the others stay, the message names it, the next sync brings the rest."""
    broken = [_broken(stream) for stream in api_streams()]
    healthy = lab.runner
    lab.runner = SyncRunner(lab.database, lab.access, owner="broken", streams=broken)

    failed = await lab.sync()

    world = await lab.world()
    assert failed.status == "failed"
    assert "orders" in failed.message
    assert "Amazon is down" in (failed.error or "")
    assert await lab.scalar("select count(*) from orders") == 100, "the first page stays"
    assert await lab.scalar("select count(*) from inventory") == world["inventory"]["rows"]
    assert await lab.scalar("select count(*) from transactions") == world["transactions"]["count"]
    read = {stream.name for stream in broken}
    statuses = {stream.name: stream.status for stream in failed.streams if stream.name in read}
    assert statuses.pop("orders") == "failed"
    assert set(statuses.values()) == {"complete"}

    lab.runner = healthy
    repaired = await lab.sync()

    assert repaired.status == "complete"
    assert repaired.orders_processed == world["orders"] - 100
    assert await lab.scalar("select count(*) from orders") == world["orders"]


async def _buggy(api: object, request: Request) -> OperationPage:
    raise ZeroDivisionError("a mistake of ours")


async def test_a_bug_in_one_stream_fails_that_stream_only(lab: Lab) -> None:
    """It is reported, the others go on, and the sync ends instead of being rescued for ever."""
    streams = [with_api(s, fetch=_buggy) if s.name == "inventory" else s for s in api_streams()]
    lab.runner = SyncRunner(lab.database, lab.access, owner="buggy", streams=streams)

    sync = await lab.sync()

    assert sync.status == "failed"
    assert sync.error == ("inventory: an internal error of recoup (ZeroDivisionError); see the log")
    assert sync.orders_processed == 1200


async def test_a_takeover_without_a_token_leaves_finished_streams_finished(lab: Lab) -> None:
    """What an earlier attempt completed is not called failed by a later one."""
    sync_id = await lab_start_unchecked(lab)
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql(
            "update sync_stream set status = 'complete' where name = 'orders'"
        )
        sealed = lab.access.seal("Atzr|revoked-by-the-seller")
        await conn.exec_driver_sql(
            "update amazon_connection set refresh_token_sealed = %s", (sealed,)
        )
    await lab.runner.run(sync_id)

    read = {stream.name for stream in api_streams()}
    statuses = {s.name: s.status for s in (await lab.read(sync_id)).streams if s.name in read}
    assert statuses.pop("orders") == "complete"
    assert set(statuses.values()) == {"failed"}


async def test_a_sync_that_never_gets_to_an_end_is_given_up(lab: Lab) -> None:
    """After a hundred attempts the connection is free again, and the sync says why it ended."""
    sync_id = await lab.start()
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql("update sync_progress set attempt = 100")
    await lab.runner.run(sync_id)

    sync = await lab.read(sync_id)
    assert sync.status == "failed"
    assert "gave up after 100 attempts" in (sync.error or "")
    assert (await lab.sync()).status == "complete"


async def test_a_refused_refresh_token_fails_the_sync_and_asks_for_permission(lab: Lab) -> None:
    """Amazon refuses the seller's token: the connection says so and its next start is refused."""
    async with lab.database.writing() as conn:
        sealed = lab.access.seal("Atzr|revoked-by-the-seller")
        await conn.exec_driver_sql(
            "update amazon_connection set refresh_token_sealed = %s", (sealed,)
        )
    sync_id = await lab_start_unchecked(lab)
    await lab.runner.run(sync_id)

    sync = await lab.read(sync_id)
    assert sync.status == "failed"
    status = await lab.scalar("select status from amazon_connection")
    assert status == "reauthorization_required"
    told = await lab.scalar("select count(*) from event where type = 'connection'")
    assert told == 1


async def lab_start_unchecked(lab: Lab) -> str:
    """A sync whose token was good when it was started."""
    from recoup.connections.queries import get_connection
    from recoup.jobs.queue import new_queue
    from recoup.jobs.start import begin_sync

    queue = new_queue(lab.database)
    async with queue.open_async(), lab.database.writing() as conn:
        connection = await get_connection(conn, lab.workspace_id, lab.connection.connection_id)
        return await begin_sync(conn, queue, connection, trigger="manual")


async def test_an_unreadable_item_is_put_aside_and_counted(lab: Lab) -> None:
    """A row that cannot be parsed goes to quarantine with its reason; the others are loaded."""

    def parse_strictly(item: dict, request: Request):  # type: ignore[no-untyped-def,type-arg]
        orders = next(s for s in api_streams() if s.name == "orders")
        if item["orderId"].endswith("7"):
            raise ValueError("orderId ends with a seven")
        return orders.api.parse(item, request)

    streams = [
        with_api(s, parse=parse_strictly) if s.name == "orders" else s for s in api_streams()
    ]
    lab.runner = SyncRunner(lab.database, lab.access, owner="strict", streams=streams)

    sync = await lab.sync()

    aside = await lab.scalar("select count(*) from quarantine")
    orders = next(s for s in sync.streams if s.name == "orders")
    assert sync.status == "complete"
    assert aside == orders.rows_quarantined > 0
    assert orders.rows_read == orders.rows + orders.rows_quarantined == 1200
    reason = await lab.scalar("select distinct reason from quarantine")
    assert reason == "ValueError: orderId ends with a seven"
    names = await lab.scalar(
        "select count(*) from quarantine where raw ? 'buyer' or raw ? 'recipient'"
    )
    assert names == 0


def test_windows_of_transactions_stay_below_amazons_limit() -> None:
    """A window of more than 180 days would be answered with nothing, and no error."""
    transactions = next(s for s in api_streams() if s.name == "transactions")

    assert transactions.api.longest <= timedelta(days=180)  # type: ignore[union-attr,operator]
