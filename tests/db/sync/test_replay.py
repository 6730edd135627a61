"""Rows that could not be read are tried again, and leave the quarantine when they can."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.ids import SyncId, UserId
from recoup.streams.stream import Request
from recoup.sync.load import parse_page, put_aside
from recoup.sync.replay import Replayed, replay_quarantine
from recoup.sync.report_load_queries import Days
from tests.api.serving import new_connection, new_user
from tests.support.report_files import SEEN_AT, Files, stream, tsv

HEADER = ["return-date", "order-id", "sku", "fnsku", "license-plate-number", "quantity"]


class Shelf(Files):
    """Files of a user's connection, and the user."""

    user_id: UserId

    async def replay(self) -> Replayed:
        return await replay_quarantine(self.database, self.user_id, None, now=SEEN_AT)

    async def mend(self, sql: str) -> None:
        """As if the program had learned to read it."""
        async with self.database.writing() as conn:
            await conn.execute(text(sql))


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> Shelf:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    shelf = Shelf(database, connection.connection_id)
    shelf.user_id = user.user_id
    return shelf


def returned(sku: str, quantity: str) -> list[str]:
    return ["2026-11-01T10:00:00+00:00", "111-1", sku, "X1", "", quantity]


async def test_a_row_of_a_report_that_can_be_read_now_is_loaded(shelf: Shelf) -> None:
    """It leaves the quarantine; one that still cannot be read stays, once."""
    await shelf.load(
        "returns", tsv(HEADER, returned("S1", "1"), returned("S1", "two"), returned("S2", "x"))
    )
    await shelf.mend(
        """update quarantine set raw = raw || '{"quantity": "2"}' where raw->>'quantity' = 'two'"""
    )

    assert await shelf.replay() == Replayed(tried=2, loaded=1)

    assert await shelf.rows("select sku, occurrence, quantity from returns order by 1, 2") == [
        ("S1", 1, 1),
        ("S1", 2, 2),
    ]
    assert await shelf.rows("select raw->>'sku', reason from quarantine") == [
        ("S2", "quantity is not a whole number")
    ]
    assert await shelf.replay() == Replayed(tried=1, loaded=0)


async def test_an_item_of_an_api_that_can_be_read_now_is_loaded(shelf: Shelf) -> None:
    """It is parsed as when it came."""
    orders = stream("orders")
    assert orders.api is not None
    item = {
        "orderId": "111-1",
        "createdTime": "2026-11-01T00:00:00Z",
        "lastUpdatedTime": "2026-11-01T00:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "orderItems": [
            {"orderItemId": "1", "quantityOrdered": "one", "product": {"sellerSku": "S1"}}
        ],
    }
    batch = parse_page(orders, orders.api, Request((), None, None), [item])
    async with shelf.database.writing() as conn:
        await put_aside(
            conn,
            orders,
            batch,
            connection_id=shelf.connection_id,
            sync_id=SyncId("sync_1"),
            source="searchOrders r1",
        )
    assert await shelf.replay() == Replayed(tried=1, loaded=0)
    await shelf.mend(
        "update quarantine set raw = jsonb_set(raw, '{orderItems,0,quantityOrdered}', '1')"
    )

    assert await shelf.replay() == Replayed(tried=1, loaded=1)
    assert await shelf.rows("select order_id, source from orders") == [("111-1", "searchOrders r1")]
    assert await shelf.rows("select count(*) from quarantine") == [(0,)]


async def test_days_of_the_ledger_are_not_replaced_by_a_part_of_them(shelf: Shelf) -> None:
    """A single row of a day stays where it is: its report brings the whole day again."""
    header = ["Date", "FNSKU", "Quantity"]
    content = tsv(header, ["11/02/2026", "X1", "-1"], ["11/02/2026", "X2", "x"])
    await shelf.load("ledger", content, days=Days(date(2026, 1, 1), None))

    assert await shelf.replay() == Replayed(tried=1, loaded=0)
    assert await shelf.rows("select fnsku from ledger") == [("X1",)]


async def test_rows_of_others_are_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    """A user replays what is theirs."""
    await shelf.load("returns", tsv(HEADER, returned("S1", "x")))
    other = await new_user(shelf.database, "other@example.com")

    assert await replay_quarantine(shelf.database, other.user_id, None, now=SEEN_AT) == Replayed(
        0, 0
    )
