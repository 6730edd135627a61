"""python-amazon-sp-api, as its users have it but for the host, against the sandbox."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sp_api.api import (
    FinancesV0,
    FinancesV20240619,
    Inventories,
    OrdersV0,
    OrdersV20260101,
    Reports,
)
from sp_api.asyncio import api as async_api
from sp_api.asyncio.auth import AccessTokenClient as AsyncTokenClient
from sp_api.auth import AccessTokenClient
from sp_api.base import ApiResponse

from tests.sandbox.running import US, YEAR_AGO, Running

REPORT = {
    "reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    "dataStartTime": "2026-10-20T00:00:00Z",
    "dataEndTime": "2026-11-10T00:00:00Z",
    "marketplaceIds": [US],
}
OCTOBER = {"PostedAfter": "2026-06-01T00:00:00Z", "PostedBefore": "2026-11-01T00:00:00Z"}


@dataclass(frozen=True)
class Host:
    """Takes the place of the client's enum of marketplaces, which holds Amazon's hosts."""

    endpoint: str
    marketplace_id: str = US
    region: str = "us-east-1"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    """Speed 1000: a report takes less than half a second."""
    with Running(orders=1200, speed=1000) as running:
        yield running


@pytest.fixture
def options(sandbox: Running) -> Callable[[type], dict[str, Any]]:
    """What a client is made with, given its class of token client."""

    def options_for(token_client: type) -> dict[str, Any]:
        host = {"scheme": "http://", "host": f"127.0.0.1:{sandbox.port}"}
        return {
            "marketplace": Host(f"http://127.0.0.1:{sandbox.port}"),
            # The client keeps tokens per refresh token for all its hosts: this one is ours alone.
            "credentials": {
                "lwa_app_id": sandbox.config.client_id,
                "lwa_client_secret": sandbox.config.client_secret,
                "refresh_token": f"Atzr|client-{sandbox.port}",
            },
            "auth_token_client_class": type("TokenClient", (token_client,), host),
        }

    return options_for


@contextmanager
def opened(kind: type, made: dict[str, Any]) -> Iterator[Any]:
    """A client, closed at the end with the connection for tokens, which it forgets to close."""
    with kind(**made) as client:
        yield client
        client._auth._transport.close()


@asynccontextmanager
async def opened_async(kind: type, made: dict[str, Any]) -> AsyncIterator[Any]:
    async with kind(**made) as client:
        yield client
        await client._auth.aclose()


Ask = Callable[..., ApiResponse]


def all_pages(ask: Ask, name: str, **asked: Any) -> Iterator[ApiResponse]:
    """The pages of an operation until there is no token, as the client's own decorator does."""
    while True:
        answer = ask(**asked)
        yield answer
        if not answer.next_token:
            return
        asked[name] = answer.next_token


async def all_pages_async(ask: Any, name: str, **asked: Any) -> AsyncIterator[ApiResponse]:
    while True:
        answer = await ask(**asked)
        yield answer
        if not answer.next_token:
            return
        asked[name] = answer.next_token


ALL_STOCK = {"granularityType": "Marketplace", "granularityId": US, "marketplaceIds": [US]}


def world_of(sandbox: Running) -> dict[str, Any]:
    return sandbox.world(refreshToken=f"Atzr|client-{sandbox.port}")


def test_orders_of_both_versions_come_to_the_last_page(sandbox, options):
    """Both versions of the Orders API give the same orders, all of them."""
    made = options(AccessTokenClient)
    with opened(OrdersV0, made) as client:
        old = [
            order["AmazonOrderId"]
            for page in all_pages(client.get_orders, "NextToken", CreatedAfter=YEAR_AGO)
            for order in page.payload["Orders"]
        ]
        items = client.get_order_items(old[0]).payload["OrderItems"]
    with opened(OrdersV20260101, made) as client:
        search = all_pages(client.search_orders, "paginationToken", createdAfter=YEAR_AGO)
        new = {order["orderId"]: order for page in search for order in page.payload["orders"]}

    assert len(old) == world_of(sandbox)["orders"] == 1200
    assert set(old) == set(new)
    assert [one["orderItemId"] for one in new[old[0]]["orderItems"]] == [
        one["OrderItemId"] for one in items
    ]


def test_inventory_comes_to_the_last_page(sandbox, options):
    """Every product is found once."""
    with opened(Inventories, options(AccessTokenClient)) as client:
        rows = [
            row["sellerSku"]
            for page in all_pages(
                client.get_inventory_summary_marketplace, "nextToken", **ALL_STOCK, details=True
            )
            for row in page.payload["inventorySummaries"]
        ]

    assert len(rows) == len(set(rows)) == world_of(sandbox)["inventory"]["rows"]


def test_money_of_both_versions_comes_to_the_last_page(options):
    """The shipments of five months are the same in both Finances APIs."""
    made = options(AccessTokenClient)
    with opened(FinancesV0, made) as client:
        old = [
            event["AmazonOrderId"]
            for page in all_pages(client.list_financial_events, "NextToken", **OCTOBER)
            for event in page.payload["FinancialEvents"]["ShipmentEventList"]
        ]
    with opened(FinancesV20240619, made) as client:
        window = {"postedAfter": OCTOBER["PostedAfter"], "postedBefore": OCTOBER["PostedBefore"]}
        new = [
            one["relatedIdentifiers"][0]["relatedIdentifierValue"]
            for page in all_pages(client.list_transactions, "nextToken", **window)
            for one in page.payload["transactions"]
            if one["transactionType"] == "Shipment"
        ]

    assert len(old) > 100
    assert sorted(old) == sorted(new)


def test_a_report_is_made_downloaded_and_unpacked(sandbox, options):
    """From createReport to the rows of the file."""
    with opened(Reports, options(AccessTokenClient)) as client:
        report_id = client.create_report(**REPORT).payload["reportId"]
        sandbox.control("clock", {"advance": "PT5M"})
        report = client.get_report(report_id).payload
        document = client.get_report_document(report["reportDocumentId"], download=True).payload

    assert report["processingStatus"] == "DONE"
    assert document["compressionAlgorithm"] == "GZIP"
    assert rows_of(document["document"])


def rows_of(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row for row in reader if row["amazon-order-id"]]


def test_the_asyncio_client_does_the_same(sandbox, options):
    """Orders, inventory, money and a report with the client for asyncio."""
    made = options(AsyncTokenClient)

    async def read() -> dict[str, int]:
        async with opened_async(async_api.OrdersV0, made) as client:
            search = all_pages_async(client.get_orders, "NextToken", CreatedAfter=YEAR_AGO)
            old = [one async for page in search for one in page.payload["Orders"]]
        async with opened_async(async_api.OrdersV20260101, made) as client:
            search = all_pages_async(client.search_orders, "paginationToken", createdAfter=YEAR_AGO)
            new = [one async for page in search for one in page.payload["orders"]]
        async with opened_async(async_api.Inventories, made) as client:
            search = all_pages_async(
                client.get_inventory_summary_marketplace, "nextToken", **ALL_STOCK
            )
            stock = [one async for page in search for one in page.payload["inventorySummaries"]]
        async with opened_async(async_api.FinancesV0, made) as client:
            search = all_pages_async(client.list_financial_events, "NextToken", **OCTOBER)
            events = [page async for page in search]
        async with opened_async(async_api.FinancesV20240619, made) as client:
            search = all_pages_async(
                client.list_transactions, "nextToken", postedAfter=OCTOBER["PostedAfter"]
            )
            money = [one async for page in search for one in page.payload["transactions"]]
        async with opened_async(async_api.Reports, made) as client:
            report_id = (await client.create_report(**REPORT)).payload["reportId"]
            sandbox.control("clock", {"advance": "PT5M"})
            report = (await client.get_report(report_id)).payload
            document = await client.get_report_document(report["reportDocumentId"], download=True)
        return {
            "old": len(old),
            "new": len(new),
            "stock": len(stock),
            "events": len(events),
            "money": len(money),
            "rows": len(rows_of(document.payload["document"])),
        }

    found = asyncio.run(read())

    assert found["old"] == found["new"] == 1200
    assert found["stock"] == world_of(sandbox)["inventory"]["rows"]
    assert all(found.values())
