"""Rows that could not be read are tried again, and leave the quarantine when they can."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.ids import SyncId, WorkspaceId
from recoup.streams._stream import Request
from recoup.streams._window import Days
from recoup.sync.loading.page import load_batch, parse_page, put_aside
from recoup.sync.reading.replay import Replayed, replay_quarantine
from tests.api.serving import new_connection, new_user
from tests.support.report_files import SEEN_AT, Files, stream, tsv

HEADER = ["return-date", "order-id", "sku", "fnsku", "license-plate-number", "quantity"]


class Shelf(Files):
    """Files of a user's connection, and the user."""

    workspace_id: WorkspaceId

    async def replay(self) -> Replayed:
        return await replay_quarantine(self.database, self.workspace_id, None, now=SEEN_AT)

    async def mend(self, sql: str) -> None:
        """As if the program had learned to read it."""
        async with self.database.writing() as conn:
            await conn.execute(text(sql))


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> Shelf:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    shelf = Shelf(database, connection.connection_id)
    shelf.workspace_id = user.user_id
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


async def test_a_row_takes_the_place_that_its_file_has_for_it(shelf: Shelf) -> None:
    """Equal rows keep their numbers, so the whole file, once it can be read, changes nothing."""
    rows = [returned("S1", "two"), returned("S1", "1"), returned("S1", "three")]
    await shelf.load("returns", tsv(HEADER, *rows))
    await shelf.mend(
        """update quarantine set raw = raw || jsonb_build_object('quantity',
           case raw->>'quantity' when 'two' then '2' else '3' end)"""
    )

    assert await shelf.replay() == Replayed(tried=2, loaded=2)

    assert await shelf.rows("select occurrence, quantity, source_line from returns order by 1") == [
        (1, 2, 2),
        (2, 1, 3),
        (3, 3, 4),
    ]
    again = await shelf.load(
        "returns", tsv(HEADER, *(returned("S1", one) for one in ("2", "1", "3")))
    )
    assert (again.loaded, again.unchanged) == (0, 3)


async def test_a_row_that_its_report_has_brought_again_is_not_doubled(shelf: Shelf) -> None:
    """A later report was read after the upgrade; the row in quarantine is the same one."""
    await shelf.load("returns", tsv(HEADER, returned("S1", "1"), returned("S1", "two")))
    await shelf.load("returns", tsv(HEADER, returned("S1", "1"), returned("S1", "2")))
    await shelf.mend("""update quarantine set raw = raw || '{"quantity": "2"}'""")

    assert await shelf.replay() == Replayed(tried=1, loaded=1)

    assert await shelf.rows("select occurrence, quantity from returns order by 1") == [
        (1, 1),
        (2, 2),
    ]
    assert await shelf.rows("select count(*) from quarantine") == [(0,)]


async def test_two_versions_of_a_row_in_quarantine_are_one(shelf: Shelf) -> None:
    """Of a row that came twice, never readable, the later one counts."""
    await shelf.load("returns", tsv(HEADER, returned("S1", "two"), returned("S1", "1")))
    await shelf.load("returns", tsv(HEADER, returned("S1", "three"), returned("S1", "1")))
    await shelf.mend(
        """update quarantine set raw = raw || jsonb_build_object('quantity',
           case raw->>'quantity' when 'two' then '2' else '3' end)"""
    )

    assert await shelf.replay() == Replayed(tried=2, loaded=2)

    assert await shelf.rows("select occurrence, quantity from returns order by 1") == [
        (1, 3),
        (2, 1),
    ]


async def test_equal_rows_in_quarantine_are_as_many_as_they_were(shelf: Shelf) -> None:
    """Also when their key could not be read, and in two goes."""
    rows = [["soon", "111-1", "S1", "X1", "", "1"]] * 3
    await shelf.load("returns", tsv(HEADER, *rows, returned("S1", "1")))
    await shelf.mend(
        """update quarantine set raw = raw || '{"return-date": "2026-11-01T10:00:00+00:00"}'
           where quarantine_id in (select quarantine_id from quarantine order by 1 limit 2)"""
    )
    assert await shelf.replay() == Replayed(tried=3, loaded=2)
    assert await shelf.replay() == Replayed(tried=1, loaded=0)

    found = await shelf.rows("select occurrence, quantity from returns order by 1")
    assert found == [(1, 1), (2, 1), (3, 1)]


async def test_an_older_version_of_an_item_does_not_come_back(shelf: Shelf) -> None:
    """What Amazon has told since then is newer than what waits in quarantine."""
    items = stream("shipment_items")
    assert items.api is not None

    async def see(quantity: object) -> None:
        told = {"ShipmentId": "FBA1", "SellerSKU": "S1", "QuantityShipped": quantity}
        batch = parse_page(items, items.api, Request(("US",), None, None), [told])  # type: ignore[arg-type] # not None
        about = {"connection_id": shelf.connection_id, "source": "getShipmentItems r1"}
        async with shelf.database.writing() as conn:
            await load_batch(conn, items, batch, seen_at=SEEN_AT, **about)
            await put_aside(conn, items, batch, sync_id=SyncId("sync_1"), **about)

    await see("five")
    await see(6)
    await shelf.mend("""update quarantine set raw = raw || '{"QuantityShipped": 5}'""")
    await shelf.mend(
        "update amazon_connection set marketplace_ids = array['ATVPDKIKX0DER']::text[]"
    )

    assert await shelf.replay() == Replayed(tried=1, loaded=1)
    assert await shelf.rows("select quantity_shipped from shipment_items") == [(6,)]


async def test_a_settlement_is_loaded_again_as_a_whole(shelf: Shelf) -> None:
    """Its file is kept; rows that cannot be read still stay in quarantine, once."""
    header = ["settlement-id", "total-amount", "currency", "amount", "quantity-purchased"]
    content = tsv(
        header, ["7", "3", "USD", "", ""], ["7", "", "", "1", ""], ["7", "", "", "2", "x"]
    )
    await shelf.load("settlements", content)
    async with shelf.database.writing() as conn:
        await conn.execute(
            text(
                "insert into report_archive (connection_id, report_type, report_id, document_id, "
                "content) select connection_id, split_part(source, ' ', 1), '1', 'doc', :content "
                "from quarantine"
            ),
            {"content": content.encode()},
        )

    assert await shelf.replay() == Replayed(tried=1, loaded=0)
    assert await shelf.rows("select count(*) from quarantine") == [(1,)]
    await shelf.mend(
        "update report_archive set content = "
        "convert_to(replace(convert_from(content, 'UTF8'), 'x', '1'), 'UTF8')"
    )
    assert await shelf.replay() == Replayed(tried=1, loaded=1)
    assert await shelf.rows("select is_balanced from settlements") == [(True,)]


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
