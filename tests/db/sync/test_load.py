"""Rows by key: repeats, late versions and parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from recoup.db.copy import copy_in
from recoup.db.engine import Database
from recoup.errors import DatabaseUnreachableError, RowsLostError, ValueTooLargeError
from recoup.ids import SyncId
from recoup.streams import all_streams
from recoup.streams._stream import Request, Stream
from recoup.sync.loading.page import load_batch, parse_page, put_aside
from recoup.sync.record.counts import Loaded
from tests.support.as_owner import run_as_owner
from tests.support.lab import Lab, open_lab

ORDERS, PLANS, SHIPMENTS = (
    next(stream for stream in all_streams() if stream.name == name)
    for name in ("orders", "inbound_plans", "shipment_items")
)
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
        loaded = await load_batch(
            conn,
            ORDERS,
            batch,
            connection_id=lab.connection.connection_id,
            source="test 1",
            seen_at=SEEN_AT,
        )
    return loaded.loaded


async def load_items(lab: Lab, stream: Stream, *items: dict[str, Any]) -> Loaded:
    assert stream.api is not None
    batch = parse_page(stream, stream.api, REQUEST, items)
    async with lab.database.writing() as conn:
        loaded = await load_batch(
            conn,
            stream,
            batch,
            connection_id=lab.connection.connection_id,
            source="test 2",
            seen_at=SEEN_AT,
        )
        await put_aside(
            conn,
            stream,
            batch,
            connection_id=lab.connection.connection_id,
            sync_id=SyncId("sync_1"),
            source="test 2",
        )
    return loaded


async def test_an_older_version_never_replaces_a_newer_one(lab: Lab) -> None:
    """Pages come in any order; the order's own time decides."""
    await load(lab, order("2026-11-05T00:00:00Z", "a", "b"))

    changed = await load(lab, order("2026-11-04T00:00:00Z", "a", status="PENDING"))

    assert changed == 0
    assert await lab.scalar("select status from orders") == "SHIPPED"
    assert await lab.scalar("select count(*) from order_items") == 2


async def test_a_new_row_has_no_parts_to_delete(lab: Lab) -> None:
    """A page of a first sync deletes nothing; an order that changes loses the items it had."""
    deleted: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("delete from"):
            deleted.append(statement.split()[2])

    event.listen(lab.database._engine.sync_engine, "before_cursor_execute", note)
    await load(lab, order("2026-11-04T00:00:00Z", "a", "b"))
    at_first = list(deleted)
    await load(lab, order("2026-11-05T00:00:00Z", "b", "c"))

    assert at_first == []
    assert set(deleted) == {part.name for part in ORDERS.parts}
    stored = "select string_agg(order_item_id, ' ' order by 1) from order_items"
    assert await lab.scalar(stored) == "b c"


def test_the_order_of_members_is_no_content() -> None:
    """A page that comes again is known by what is read of it: not by the order of an item's
    members, nor by members that no stream reads. Another order is another page.
    """
    item = order("2026-11-04T00:00:00Z", "a")
    turned = {name: item[name] for name in reversed(item)} | {"unread": 1}
    other = order("2026-11-04T00:00:00Z", "b")

    content, again, another = (
        parse_page(ORDERS, API, REQUEST, [one]).content for one in (item, turned, other)
    )

    assert content == again != another


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
        {"orderId": "9" * 3000},
        {
            "orderItems": [
                {"orderItemId": "a", "quantityOrdered": 1, "product": {"sellerSku": "é" * 300}}
            ]
        },
        {"orderItems": [{"orderItemId": "a", "quantityOrdered": 1}] * 2},
    ],
    ids=[
        "nul",
        "surrogate",
        "nul-deeper",
        "huge-number",
        "nul-in-json",
        "huge-amount",
        "long-key",
        "long-sku",
        "part-twice",
    ],
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

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
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


def plan(*tracking_ids: str) -> dict[str, Any]:
    boxes = [{"trackingId": one} for one in tracking_ids]
    return {
        "plan": {"inboundPlanId": "wf1", "lastUpdatedAt": "2026-11-01T00:00:00Z"},
        "shipments": [
            {
                "shipmentId": "sh1",
                "trackingDetails": {"spdTrackingDetail": {"spdTrackingItems": boxes}},
            }
        ],
    }


async def test_parts_that_change_alone_are_stored(lab: Lab) -> None:
    """A plan says the same of itself when its parcels get tracking numbers: it has changed."""
    first = await load_items(lab, PLANS, plan())
    second = await load_items(lab, PLANS, plan("1Z9"))
    third = await load_items(lab, PLANS, plan("1Z9"))

    assert [(one.loaded, one.unchanged) for one in (first, second, third)] == [
        (1, 0),
        (1, 0),
        (0, 1),
    ]
    assert await lab.scalar("select tracking_numbers from inbound_plan_shipments") == ["1Z9"]


async def test_parts_of_an_older_version_are_not_stored(lab: Lab) -> None:
    """Nor do they count as a change."""
    await load(lab, order("2026-11-05T00:00:00Z", "a", "b"))

    loaded = await load_items(lab, ORDERS, order("2026-11-04T00:00:00Z", "c"))

    assert (loaded.loaded, loaded.unchanged) == (0, 1)
    assert await lab.scalar("select count(*) from order_items") == 2


async def test_what_was_read_is_loaded_unchanged_or_in_quarantine(lab: Lab) -> None:
    """Each is counted by itself: equal rows, the older of two, what is stored, what is broken."""
    stored = order("2026-11-05T00:00:00Z", "a")
    await load(lab, stored)
    new = {**stored, "orderId": "111-2"}

    loaded = await load_items(lab, ORDERS, stored, new, new, {"orderId": "1"}, {"orderId": "1"})

    assert loaded == Loaded(read=5, loaded=1, unchanged=2, quarantined=2)
    assert await lab.scalar("select count(*) from quarantine") == 2, "a row to show for each"


async def test_a_page_that_loses_a_row_fails(lab: Lab) -> None:
    """Whatever drops it, the stream fails and says so, and nothing of the page is kept."""
    async with lab.database.writing() as conn:
        await run_as_owner(
            conn,
            "create function drop_row() returns trigger language plpgsql as "
            "$$ begin if new.sku = 'S2' then return null; end if; return new; end $$",
            "create trigger drops before insert on shipment_items "
            "for each row execute function drop_row()",
        )
    items = [{"ShipmentId": "FBA1", "SellerSKU": sku, "QuantityShipped": 1} for sku in ("S1", "S2")]

    with pytest.raises(RowsLostError, match="of 2 rows 1 were written, 0 were already stored"):
        await load_items(lab, SHIPMENTS, *items)

    assert await lab.scalar("select count(*) from shipment_items") == 0


async def test_a_value_that_is_too_large_is_no_unreachable_database(lab: Lab) -> None:
    """One stream fails with it, instead of all of them again and again."""
    with pytest.raises(ValueTooLargeError) as caught:
        async with lab.database.writing() as conn:
            await conn.execute(
                text(
                    "insert into orders (connection_id, order_id, sales_channel, created_at, "
                    "last_updated_at, item_count, units_ordered, source) "
                    "select :connection_id, order_id, '', now(), now(), 0, 0, source from "
                    "(select 's', string_agg(md5(n::text), '') from generate_series(1, 400) as n) "
                    "as key (source, order_id)"
                ),
                {"connection_id": lab.connection.connection_id},
            )

    assert not isinstance(caught.value, DatabaseUnreachableError)
    assert "index row" in str(caught.value)


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"n": value}
    return value


@pytest.mark.parametrize(
    "change",
    [{"note": "C:\\u0000"}, {"note\x00": "\\\x00"}, {"note": "\ud800"}, _nested(5000)],
    ids=["text-that-looks-like-nul", "nul", "surrogate", "deep"],
)
async def test_whatever_cannot_be_read_can_be_kept(lab: Lab, change: dict[str, Any]) -> None:
    """An unreadable item never takes its page with it."""
    good = order("2026-11-04T00:00:00Z", "a")

    loaded = await load_items(lab, ORDERS, {"orderId": "1", **change}, good)

    assert loaded == Loaded(read=2, loaded=1, unchanged=0, quarantined=1)
    assert await lab.scalar("select count(*) from quarantine") == 1


async def test_a_lost_connection_in_the_middle_of_a_copy_is_the_databases(lab: Lab) -> None:
    """The stream is not blamed for it: the work is tried again."""

    async def pieces(pid: int) -> AsyncIterator[bytes]:
        yield b"1\n"
        async with lab.database.writing() as other:
            await run_as_owner(other, f"select pg_terminate_backend({pid})")
        while True:
            yield b"2\n" * 100_000

    async def copy() -> None:
        async with lab.database.writing() as conn:
            pid = (await conn.execute(text("select pg_backend_pid()"))).scalar_one()
            await conn.execute(text("create temp table copied (c text)"))
            await copy_in(conn, "copied", ["c"], pieces(pid), delimiter="\t", quoted=False)

    with pytest.raises(DatabaseUnreachableError):
        await copy()
