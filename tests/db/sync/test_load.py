"""Rows by key: repeats, late versions and parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.streams import all_streams
from recoup.streams.stream import Request
from recoup.sync.load import load_batch, parse_page, put_aside
from tests.support.lab import Lab, open_lab

ORDERS = next(stream for stream in all_streams() if stream.name == "orders")
API = ORDERS.api
assert API is not None
REQUEST = Request((), None, None)
SEEN_AT = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=0) as lab:
        yield lab


def order(updated: str, *items: str, status: str = "SHIPPED") -> dict[str, Any]:
    return {
        "orderId": "111-1",
        "createdTime": "2026-11-01T00:00:00Z",
        "lastUpdatedTime": updated,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "fulfillment": {"fulfillmentStatus": status},
        "orderItems": [
            {"orderItemId": item, "quantityOrdered": 1, "product": {"sellerSku": f"sku-{item}"}}
            for item in items
        ],
    }


async def load(lab: Lab, *orders: dict[str, Any]) -> int:
    batch = parse_page(ORDERS, API, REQUEST, orders)
    assert batch.unreadable == ()
    async with lab.database.writing() as conn:
        return await load_batch(
            conn,
            ORDERS,
            batch,
            connection_id=lab.connection.connection_id,
            source="test 1",
            seen_at=SEEN_AT,
        )


async def test_an_older_version_never_replaces_a_newer_one(lab: Lab) -> None:
    """Pages come in any order; the order's own time decides."""
    await load(lab, order("2026-11-05T00:00:00Z", "a", "b"))

    changed = await load(lab, order("2026-11-04T00:00:00Z", "a", status="PENDING"))

    assert changed == 0
    assert await lab.scalar("select status from orders") == "SHIPPED"
    assert await lab.scalar("select count(*) from order_items") == 2


async def test_two_versions_on_one_page_end_as_the_newer_one(lab: Lab) -> None:
    """An order that changed while the pages were read comes twice."""
    newer, older = order("2026-11-05T00:00:00Z", "a"), order("2026-11-04T00:00:00Z", "a", "b")

    assert await load(lab, newer, older) == 1
    assert await lab.scalar("select count(*) from order_items") == 1


async def test_parts_that_are_gone_go(lab: Lab) -> None:
    """An order that lost an item keeps no row of it."""
    await load(lab, order("2026-11-04T00:00:00Z", "a", "b"))
    await load(lab, order("2026-11-05T00:00:00Z", "b", "c"))

    left = await lab.scalar("select string_agg(order_item_id, ',' order by 1) from order_items")
    assert left == "b,c"


@pytest.mark.parametrize("value", ["quote ' \" \\ { } , NULL", "ümlaut 日本 😀", "tab\tnew\nline"])
async def test_text_arrives_as_it_was_sent(lab: Lab, value: str) -> None:
    """Whatever characters a SKU holds, they are stored unchanged."""
    item = order("2026-11-04T00:00:00Z", "a")
    item["orderItems"][0]["product"]["sellerSku"] = value
    await load(lab, item)

    assert await lab.scalar("select sku from order_items") == value


@pytest.mark.parametrize(
    "change",
    [
        {"orderId": "111-\x00"},
        {"orderId": "111-\ud800"},
        {"salesChannel": {"channelName": "x" + chr(0)}},
        {"orderItems": [{"orderItemId": "a", "quantityOrdered": 10**12, "product": {}}]},
        {
            "orderItems": [
                {
                    "orderItemId": "a",
                    "quantityOrdered": 1,
                    "proceeds": {"breakdowns": [{"type": "\x00"}]},
                }
            ]
        },
        {"proceeds": {"grandTotal": {"amount": "1e400", "currencyCode": "USD"}}},
    ],
    ids=["nul", "surrogate", "nul-deeper", "huge-number", "nul-in-json", "huge-amount"],
)
async def test_what_postgresql_cannot_hold_is_put_aside_alone(lab: Lab, change: Any) -> None:
    """The item is kept as unreadable, the others of its page load."""
    bad = {**order("2026-11-04T00:00:00Z", "a"), "orderId": "222-2", **change}
    batch = parse_page(ORDERS, API, REQUEST, [bad, order("2026-11-04T00:00:00Z", "a")])
    async with lab.database.writing() as conn:
        loaded = await load_batch(
            conn,
            ORDERS,
            batch,
            connection_id=lab.connection.connection_id,
            source="test 1",
            seen_at=SEEN_AT,
        )
        await put_aside(
            conn,
            ORDERS,
            batch,
            connection_id=lab.connection.connection_id,
            sync_id=SyncId("sync_1"),
            source="test 1",
        )

    assert loaded == 1
    assert await lab.scalar("select count(*) from quarantine") == 1


async def test_loading_a_page_sends_no_long_answer_back(lab: Lab) -> None:
    """A worker stopped in the middle must not leave its server process waiting to write."""
    items = [f"item-{n}" for n in range(40)]
    orders = [{**order("2026-11-04T00:00:00Z", *items), "orderId": f"111-{n}"} for n in range(100)]
    batch = parse_page(ORDERS, API, REQUEST, orders)
    answered: list[str] = []

    @event.listens_for(lab.database._engine.sync_engine, "after_cursor_execute")
    def note(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if cursor.description is not None:
            answered.append(statement)

    async with lab.database.writing() as conn:
        await load_batch(
            conn,
            ORDERS,
            batch,
            connection_id=lab.connection.connection_id,
            source="test 1",
            seen_at=SEEN_AT,
        )

    assert len(answered) == 1, "the keys of the orders, not of their four thousand items"
    assert answered[0].startswith("insert into orders")
    assert await lab.scalar("select count(*) from order_items") == 4000
