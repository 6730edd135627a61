"""What a sync brings, against the sandbox's own account of its world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from recoup.db.engine import Database
from tests.support.lab import Lab, open_lab


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path) as lab:
        yield lab


async def test_status_tables_and_world_agree(lab: Lab) -> None:
    """After the first sync the status, the tables and the source tell the same numbers."""
    sync = await lab.sync()
    world = await lab.world()
    streams = {stream.name: stream for stream in sync.streams}

    assert (sync.status, sync.progress) == ("complete", 100)
    assert sync.orders_processed == sync.total_orders == world["orders"] == 300
    assert streams["orders"].rows == await lab.scalar("select count(*) from orders")
    assert await lab.scalar("select count(*) from orders") == world["orders"]
    assert await lab.scalar("select count(*) from order_items") == world["orderItems"]
    assert await lab.scalar("select sum(units_ordered) from orders") == world["unitsOrdered"]
    assert streams["inventory"].rows == world["inventory"]["rows"]
    assert await lab.scalar("select count(*) from inventory") == world["inventory"]["rows"]
    assert streams["transactions"].rows == world["transactions"]["count"]
    assert await lab.scalar("select count(*) from transactions") == world["transactions"]["count"]
    assert await lab.scalar("select count(*) from quarantine") == 0


async def test_money_is_exact_and_flattened_once(lab: Lab) -> None:
    """Transactions and the leaves of their trees both add up to the world's total, to the cent."""
    await lab.sync()
    total = Decimal((await lab.world())["transactions"]["totalAmount"]["USD"])

    assert await lab.scalar("select sum(total_amount) from transactions") == total
    assert await lab.scalar("select sum(amount) from fees") == total
    mismatched = """
        select count(*) from transactions t where total_amount <> (
            select coalesce(sum(amount), 0) from fees f where f.transaction_id = t.transaction_id)
    """
    assert await lab.scalar(mismatched) == 0


async def test_reimbursements_are_recognised(lab: Lab) -> None:
    """Exactly the transactions that Amazon calls reimbursements are marked as such."""
    await lab.sync()
    by_type = (await lab.world())["transactions"]["byType"]
    expected = sum(count for kind, count in by_type.items() if "Reimbursement" in kind)

    assert expected > 0
    marked = await lab.scalar("select count(*) from transactions where is_reimbursement")
    assert marked == expected


async def test_every_row_names_its_source(lab: Lab) -> None:
    """Each row can be traced to the operation and Amazon's request id that brought it."""
    await lab.sync()

    for table, operation in (
        ("orders", "searchOrders"),
        ("order_items", "searchOrders"),
        ("inventory", "getInventorySummaries"),
        ("transactions", "listTransactions"),
        ("fees", "listTransactions"),
    ):
        untraced = f"select count(*) from {table} where source !~ '^{operation} [0-9A-Za-z-]+$'"
        assert await lab.scalar(untraced) == 0, table


async def test_a_second_sync_with_nothing_new_loads_nothing(lab: Lab) -> None:
    """No row is written again and one page of orders is enough to know."""
    await lab.sync()
    before = await lab.scalar("select count(*) from (select xmin::text from orders) x")
    tables = await lab.tables()
    loaded_at = await lab.scalar("select max(loaded_at) from transactions")
    pages = (await lab.calls())["searchOrders"]

    again = await lab.sync()

    assert again.status == "complete"
    assert {stream.rows for stream in again.streams} == {0}
    assert (await lab.calls())["searchOrders"] == pages + 1
    assert await lab.scalar("select max(loaded_at) from transactions") == loaded_at
    assert await lab.tables() == tables
    assert before == 300


async def test_new_and_changed_orders_arrive_once_with_the_next_sync(lab: Lab) -> None:
    """After the world moved on, the next sync brings the difference, the one after it nothing."""
    await lab.sync()
    statuses = await lab.scalar("select string_agg(order_id || status, ',' order by 1) from orders")
    await lab.advance("P14D")

    second = await lab.sync()
    world = await lab.world()

    assert second.status == "complete"
    assert await lab.scalar("select count(*) from orders") == world["orders"] > 300
    new = world["orders"] - 300
    assert second.orders_processed > new, "changed orders come too"
    changed = "select string_agg(order_id || status, ',' order by 1) from orders"
    assert await lab.scalar(changed) != statuses
    assert await lab.scalar("select count(*) from transactions") == world["transactions"]["count"]
    third = await lab.sync()
    assert third.orders_processed == 0


async def test_progress_passes_every_milestone_and_never_falls(lab: Lab) -> None:
    """The events of a sync tell 0 to 100 in order, through 10, 30, 60, 90."""
    sync = await lab.sync()
    told = await lab.scalar(
        "select array_agg((payload->>'progress')::int order by event_id) from event"
        f" where subject = '{sync.sync_id}' and type = 'sync'"
    )

    assert told == sorted(told)
    assert {10, 30, 60, 90, 100} <= set(told)
