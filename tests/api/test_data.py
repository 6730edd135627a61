"""The data of the streams: pages, filters, CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx2
import pytest

from recoup.api.cursors import encode_cursor
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.sync.record.tables import quarantine
from recoup.users.queries import User
from tests.api.rows import store_orders, store_stock, store_transactions
from tests.api.serving import Server, new_connection, new_user

AS_CSV = {"accept": "text/csv"}


async def all_pages(client: httpx2.AsyncClient, path: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(path, params={"limit": limit, "cursor": cursor})).json()
        items += page["items"]
        if page["nextCursor"] is None:
            return items
        cursor = page["nextCursor"]


async def test_orders_come_with_items_and_exact_money(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """An order as docs/api.md#read-the-data says: camelCase, times with Z, money as decimal strings."""
    await store_orders(database, connection.connection_id, range(1))

    answer = await client.get("/api/orders")

    loaded_at = answer.json()["items"][0]["loadedAt"]
    assert answer.json() == {
        "items": [
            {
                "connectionId": connection.connection_id,
                "source": "test",
                "sourceLine": None,
                "loadedAt": loaded_at,
                "orderId": "O-000000",
                "marketplaceId": "M1",
                "salesChannel": "Amazon.com",
                "status": "SHIPPED",
                "fulfilledBy": None,
                "serviceLevel": None,
                "createdAt": "2026-01-01T00:00:00Z",
                "lastUpdatedAt": "2026-01-01T00:00:00Z",
                "total": {"amount": "12.30", "currency": "USD"},
                "itemCount": 1,
                "unitsOrdered": 2,
                "items": [
                    {
                        "orderItemId": "1",
                        "sku": "SKU-0",
                        "asin": None,
                        "condition": None,
                        "quantityOrdered": 2,
                        "quantityFulfilled": None,
                        "unitPrice": {"amount": "6.15", "currency": "USD"},
                        "itemPrice": {"amount": "12.30", "currency": "USD"},
                        "itemTax": None,
                        "shippingPrice": None,
                        "promotionDiscount": None,
                        "proceeds": {"amount": "12.30", "currency": "USD"},
                    }
                ],
            }
        ],
        "nextCursor": None,
    }


async def test_pages_hold_every_row_once_newest_first(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    server: Server,
    connection: Connection,
) -> None:
    """Over two connections whose times are equal, whatever the size of the page."""
    other = await new_connection(database, server.settings, user, seller="B2")
    await store_orders(database, connection.connection_id, range(25))
    await store_orders(database, other.connection_id, range(25))

    for limit in (1, 7, 50, 500):
        orders = await all_pages(client, "/api/orders", limit)
        times = [order["createdAt"] for order in orders]
        assert times == sorted(times, reverse=True)
        assert len({(o["connectionId"], o["orderId"]) for o in orders}) == len(orders) == 50


async def test_rows_that_come_between_two_pages_shift_nothing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """New orders belong before the page that was read: the next one neither repeats nor skips."""
    await store_orders(database, connection.connection_id, range(10))
    first = (await client.get("/api/orders?limit=5")).json()
    await store_orders(database, connection.connection_id, range(10, 20))

    second = (
        await client.get("/api/orders", params={"limit": 5, "cursor": first["nextCursor"]})
    ).json()

    ids = [order["orderId"] for page in (first, second) for order in page["items"]]
    assert ids == [f"O-{n:06}" for n in reversed(range(10))]
    assert second["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sku=SKU-1", [4, 1]),
        ("orderId=O-000003", [3]),
        ("from=2026-01-01T00:03:00Z", [5, 4, 3]),
        ("to=2026-01-01T00:03:00Z", [2, 1, 0]),
        ("from=2026-01-01T01:01:00%2B01:00&to=2026-01-01T00:03:00Z&sku=&orderId=", [2, 1]),
        ("sku=nothing", []),
    ],
)
async def test_filters(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    query: str,
    expected: list[int],
) -> None:
    """Orders, transactions and fees are found by time (half-open), SKU and order."""
    await store_orders(database, connection.connection_id, range(6))
    await store_transactions(database, connection.connection_id, range(6))

    for path in ("orders", "transactions", "fees"):
        items = (await client.get(f"/api/{path}?{query}")).json()["items"]
        assert [item["orderId"] for item in items] == [f"O-{n:06}" for n in expected]


async def test_one_connection_of_several(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    server: Server,
    connection: Connection,
) -> None:
    """connectionId narrows the list to one seller."""
    other = await new_connection(database, server.settings, user, seller="B2")
    await store_orders(database, connection.connection_id, range(2))
    await store_orders(database, other.connection_id, range(3))

    answer = await client.get(f"/api/orders?connectionId={other.connection_id}")

    assert len(answer.json()["items"]) == 3


async def test_stock_that_never_changed_comes_last(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Rows without a time have a place in the pages too."""
    await store_stock(database, connection.connection_id)

    stock = await all_pages(client, "/api/inventory", 1)

    assert [item["sku"] for item in stock] == ["S-1", "S-2", "=S-3"]
    assert [item["lastUpdatedAt"] for item in stock] == ["2026-01-01T00:00:00Z", None, None]


async def test_transactions_and_fees(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Money keeps its sign and its digits."""
    await store_transactions(database, connection.connection_id, range(1))

    (transaction,) = (await client.get("/api/transactions")).json()["items"]
    (fee,) = (await client.get("/api/fees")).json()["items"]

    assert transaction["total"] == fee["money"] == {"amount": "-1.10", "currency": "USD"}
    assert transaction["relatedIdentifiers"] == {"ORDER_ID": "O-000000", "X": None}
    assert (fee["category"], fee["postedAt"]) == ("referral_fee", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "AAAA",
        encode_cursor("fees", ["2026-01-01T00:00:00+00:00", "c", "t", "l"]),
        encode_cursor("orders", ["2026-01-01T00:00:00", "c", "o"]),
        encode_cursor("orders", ["soon", "c", "o"]),
        encode_cursor("orders", ["2026-01-01T00:00:00+00:00", "c", "\0"]),
        encode_cursor("orders", ["2026-01-01T00:00:00+00:00", "c", "\ud800"]),
        encode_cursor("orders", ["2026-01-01T00:00:00+00:00", "c"]),
        "\u00e4",
    ],
)
async def test_a_cursor_that_recoup_never_gave(client: httpx2.AsyncClient, cursor: str) -> None:
    """Whatever stands there, the answer is 400 and says to begin anew."""
    answer = await client.get("/api/orders", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")


async def test_a_forged_cursor_reveals_nothing(
    server: Server, database: Database, connection: Connection
) -> None:
    """A cursor is a place and no permission: a stranger sees none of the rows behind it."""
    await store_orders(database, connection.connection_id, range(3))
    stranger = await new_user(database, "stranger@example.com")
    place = ["2026-02-01T00:00:00+00:00", connection.connection_id, "O-000002"]
    async with server.client(stranger) as client:
        answer = await client.get("/api/orders", params={"cursor": encode_cursor("orders", place)})
        named = await client.get(f"/api/orders?connectionId={connection.connection_id}")
        exported = await client.get("/api/orders", headers=AS_CSV)

    assert answer.json() == {"items": [], "nextCursor": None}
    assert named.status_code == 404
    assert len(exported.text.splitlines()) == 1


async def test_the_csv_holds_the_whole_selection(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """More rows than a page or a chunk holds come as one file, in the same order."""
    await store_orders(database, connection.connection_id, range(2345))

    answer = await client.get("/api/orders?limit=2", headers=AS_CSV)

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [row["orderId"] for row in rows] == [f"O-{n:06}" for n in reversed(range(2345))]
    assert (rows[0]["totalAmount"], rows[0]["currency"]) == ("12.30", "USD")


async def test_a_csv_runs_no_formula(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A text that a spreadsheet would run is quoted; a negative number stays a number."""
    await store_transactions(database, connection.connection_id, range(1))
    await store_stock(database, connection.connection_id)

    (transaction,) = csv.DictReader(
        io.StringIO((await client.get("/api/transactions", headers=AS_CSV)).text)
    )
    stock = list(
        csv.DictReader(io.StringIO((await client.get("/api/inventory", headers=AS_CSV)).text))
    )

    assert transaction["description"] == "'=cmd()"
    assert transaction["totalAmount"] == "-1.10"
    assert stock[2]["sku"] == "'=S-3"
    assert stock[2]["totalQuantity"] == "-3"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=x", "application/json"),
        ("text/html, text/csv;q=0.9, */*;q=0.1", "text/csv"),
        ("TEXT/CSV", "text/csv"),
    ],
)
async def test_the_form_is_the_clients_choice(
    client: httpx2.AsyncClient, accept: str, media_type: str
) -> None:
    """JSON unless CSV is named and not less wanted."""
    answer = await client.get("/api/fees", headers={"accept": accept})

    assert answer.headers["content-type"].split(";")[0] == media_type


async def test_quarantine_lists_what_could_not_be_read(
    client: httpx2.AsyncClient, server: Server, database: Database, connection: Connection
) -> None:
    """Each row with its reason, newest first, in pages, to its owner only."""
    await quarantine_rows(database, connection, 3)
    stranger = await new_user(database, "stranger@example.com")

    items = await all_pages(client, "/api/quarantine", 2)
    async with server.client(stranger) as other:
        foreign = (await other.get("/api/quarantine")).json()

    assert [item["reason"] for item in items] == ["no 2", "no 1", "no 0"]
    assert items[0]["raw"] == {"orderId": 2}
    assert (items[0]["stream"], items[0]["connectionId"]) == ("orders", connection.connection_id)
    assert foreign == {"items": [], "nextCursor": None}


async def test_the_quarantine_of_one_stream(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Whoever follows the number of a stream's unreadable rows sees these rows."""
    await quarantine_rows(database, connection, 1)

    found = [
        (await client.get("/api/quarantine", params={"stream": name})).json()["items"]
        for name in ("orders", "returns", "")
    ]

    assert [len(one) for one in found] == [1, 0, 1]


async def quarantine_rows(database: Database, connection: Connection, count: int) -> None:
    async with database.writing() as conn:
        await conn.execute(
            quarantine.insert(),
            [
                {
                    "connection_id": connection.connection_id,
                    "stream": "orders",
                    "sync_id": "s",
                    "reason": f"no {n}",
                    "raw": {"orderId": n},
                    "raw_digest": str(n),
                    "source": "test",
                }
                for n in range(count)
            ],
        )
