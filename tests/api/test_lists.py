"""What every list of rows promises: pages, filters, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from recoup.api.cursors import encode_cursor
from recoup.clock import parse_rfc3339, utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.rows import store_orders, store_stock, store_transactions, store_units
from tests.api.serving import Server, new_connection
from tests.api.test_data import AS_CSV, all_pages

# List -> what tells its rows apart.
IDENTITIES = {
    "orders": "orderId",
    "inventory": "sku",
    "transactions": "transactionId",
    "fees": "transactionId",
    "reimbursements": "reimbursementId",
    "returns": "orderId",
    "ledger": "quantity",
    "shipments": "shipmentId",
    "removals": "orderId",
    "ledger-summary": "startingBalance",
    "removal-shipments": "orderId",
    "inbound-noncompliance": "shipmentId",
    "long-term-storage-fees": "quantityCharged",
    "replacements": "replacementOrderId",
    "inbound-plans": "inboundPlanId",
    "fee-preview": "sku",
    "storage-fees": "monthOn",
    "settlements": "settlementId",
    "marketplaces": "marketplaceId",
}
UNITS = (
    *("reimbursements", "returns", "ledger", "shipments", "removals"),
    *("ledger-summary", "removal-shipments", "inbound-noncompliance", "long-term-storage-fees"),
)
WITH_ORDER = ("reimbursements", "returns", "removals", "removal-shipments")
every_list = pytest.mark.parametrize("name", IDENTITIES)
every_list_of_units = pytest.mark.parametrize("name", UNITS)

# A column of the CSV -> the money of the JSON that holds it, where the names differ.
_MONEY = {"totalAmount": "total", "amount": "money"}


@pytest.fixture
async def rows(database: Database, connection: Connection) -> None:
    """Seven rows in each list, three of stock."""
    identity = connection.connection_id
    await store_orders(database, identity, range(7))
    await store_transactions(database, identity, range(7))
    await store_stock(database, identity)
    await store_units(database, identity, range(7))


@every_list
async def test_pages_of_any_size_hold_every_row_once(
    client: httpx2.AsyncClient, rows: None, name: str
) -> None:
    """The same rows in the same order, whether they come one by one or together."""
    whole = (await client.get(f"/api/{name}")).json()["items"]

    assert len(whole) == (3 if name == "inventory" else 7)
    for limit in (1, 2, 5):
        assert await all_pages(client, f"/api/{name}", limit) == whole


@every_list_of_units
async def test_rows_that_come_between_two_pages_are_no_trouble(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    server: Server,
    connection: Connection,
    name: str,
) -> None:
    """Newer rows and those of another seller neither repeat nor hide a row of the next page."""
    await store_units(database, connection.connection_id, range(10))
    first = (await client.get(f"/api/{name}?limit=5")).json()
    await store_units(database, connection.connection_id, range(10, 20))
    other = await new_connection(database, server.settings, user, seller="B2")
    await store_units(database, other.connection_id, range(6, 8))

    second = (
        await client.get(f"/api/{name}", params={"limit": 500, "cursor": first["nextCursor"]})
    ).json()

    seen = [
        item[IDENTITIES[name]]
        for page in (first, second)
        for item in page["items"]
        if item["connectionId"] == connection.connection_id
    ]
    assert len(seen) == len(set(seen)) == 10
    assert second["nextCursor"] is None


@every_list
async def test_the_csv_says_what_the_json_says(
    client: httpx2.AsyncClient, rows: None, name: str
) -> None:
    """Each cell is the value of the JSON; money is an amount and a currency."""
    items = (await client.get(f"/api/{name}")).json()["items"]
    answer = await client.get(f"/api/{name}", headers=AS_CSV)
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    assert len(lines) == len(items)
    for line, item in zip(lines, items, strict=True):
        for column, cell in line.items():
            assert cell.removeprefix("'") == _cell(item, column), column


@every_list
async def test_each_row_says_where_it_came_from(
    client: httpx2.AsyncClient, rows: None, name: str
) -> None:
    """The file and its line, or the call, and when it was stored; a spreadsheet stays without them."""
    item = (await client.get(f"/api/{name}?limit=1")).json()["items"][0]
    header = (await client.get(f"/api/{name}", headers=AS_CSV)).text.splitlines()[0].split(",")

    assert item["source"] == "test"
    assert item["sourceLine"] == (994 if name == "ledger" else None)
    assert abs(parse_rfc3339(item["loadedAt"]) - utc_now()) < timedelta(hours=1)
    assert not {"source", "sourceLine", "loadedAt"} & set(header)


def _cell(item: Mapping[str, Any], column: str) -> str:
    if column == "currency" and column not in item:
        return next(v["currency"] for v in item.values() if isinstance(v, dict) and "currency" in v)
    value = item[_MONEY.get(column, column)]
    if isinstance(value, dict):
        return str(value["amount"])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


# Query -> the numbers of the rows it finds.
_FOUND = {
    "sku=SKU-1": [4, 1],
    "fnsku=X-1": [4, 1],
    "sku=SKU-1&fnsku=X-2": [],
    "from=2026-01-04T00:00:00Z": [6, 5, 4, 3],
    "to=2026-01-04T00:00:00Z": [2, 1, 0],
    "from=2026-01-02T01:00:00%2B01:00&to=2026-01-04T00:00:00Z&sku=&fnsku=": [2, 1],
    "from=2026-01-03T00:00:01Z&to=2026-01-05T00:00:01Z": [4, 3],
    "from=9999-12-31T23:59:59Z": [],
}


@every_list_of_units
async def test_units_are_found_by_time_and_label(
    client: httpx2.AsyncClient, rows: None, name: str
) -> None:
    """Times are half-open, and a day is its midnight in UTC; SKU and FNSKU fit exactly."""
    for query, numbers in _FOUND.items():
        items = (await client.get(f"/api/{name}?{query}")).json()["items"]
        assert [_number(name, item) for item in items] == numbers, query


@pytest.mark.parametrize("name", WITH_ORDER)
async def test_units_are_found_by_order(client: httpx2.AsyncClient, rows: None, name: str) -> None:
    """Where a row has an order, the order finds it."""
    items = (await client.get(f"/api/{name}?orderId=O-3")).json()["items"]

    assert [item["orderId"] for item in items] == ["O-3"]


def _number(name: str, item: Mapping[str, Any]) -> int:
    identity = str(item[IDENTITIES[name]])
    return int(identity.lstrip("FBAOR-"))


async def test_a_replacement_is_found_by_either_order(
    client: httpx2.AsyncClient, rows: None
) -> None:
    """By its own, and by the one that it replaces."""
    for order in ("N-3", "O-3"):
        items = (await client.get(f"/api/replacements?orderId={order}")).json()["items"]
        assert [item["replacementOrderId"] for item in items] == ["N-3"]


async def test_what_has_no_sku_is_found_by_its_label(
    client: httpx2.AsyncClient, rows: None
) -> None:
    """Storage is charged by label; an SKU is no filter there."""
    items = (await client.get("/api/storage-fees?fnsku=X-1")).json()["items"]

    assert [item["monthOn"] for item in items] == ["2026-01-05", "2026-01-02"]
    assert items[0]["monthlyStorageFee"] == {"amount": "0.1234", "currency": "USD"}


async def test_a_settlement_without_an_end_comes_last(
    client: httpx2.AsyncClient, rows: None
) -> None:
    """And what was not counted stays unknown."""
    items = (await client.get("/api/settlements")).json()["items"]

    assert (items[-1]["settlementId"], items[-1]["endedAt"]) == ("S-0", None)
    assert items[0]["total"] == {"amount": "120.5", "currency": "USD"}
    (balance, *_) = (await client.get("/api/ledger-summary?limit=1")).json()["items"]
    assert (balance["startingBalance"], balance["lost"], balance["found"]) == (6, None, None)


async def test_a_plan_names_its_marketplaces(client: httpx2.AsyncClient, rows: None) -> None:
    """As a list in the JSON."""
    items = (await client.get("/api/inbound-plans?limit=1")).json()["items"]

    assert items[0]["marketplaceIds"] == ["ATVPDKIKX0DER"]


async def test_a_reimbursement_keeps_its_signs(client: httpx2.AsyncClient, rows: None) -> None:
    """Money that Amazon took back is negative, in the currency of the file."""
    item = (await client.get("/api/reimbursements?orderId=O-3")).json()["items"][0]

    assert item["amountPerUnit"] == {"amount": "4.10", "currency": "USD"}
    assert item["amountTotal"] == {"amount": "-8.20", "currency": "USD"}
    assert (item["quantityCash"], item["approvedAt"]) == (-2, "2026-01-04T00:00:00Z")


async def test_shipments_come_with_their_items(client: httpx2.AsyncClient, rows: None) -> None:
    """What was sent and what was received stands below the shipment."""
    items = (await client.get("/api/shipments?limit=1")).json()["items"]

    assert items[0]["createdOn"] == "2026-01-07"
    assert items[0]["items"] == [
        {
            "sku": "SKU-0",
            "fnsku": "X-0",
            "quantityShipped": 10,
            "quantityReceived": 9,
            "quantityInCase": None,
        }
    ]


@pytest.mark.parametrize(
    "place",
    [
        ["2026-01-01", "c"],
        ["2026-01-01", "c", "line"],
        ["2026-01-01", "c", "9" * 20],
        ["2026-01-01T00:00:00+00:00", "c", "1"],
        ["soon", "c", "1"],
    ],
)
async def test_a_place_that_no_row_has(client: httpx2.AsyncClient, place: list[str]) -> None:
    """Numbers and days of a cursor are read as strictly as its times."""
    answer = await client.get("/api/ledger", params={"cursor": encode_cursor("ledger", place)})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")
