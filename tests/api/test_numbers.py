"""Every number of claims that is shown has a query that lists exactly its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from recoup.claims.lifecycle import Standing
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import day, store_claims, unvalued
from tests.api.every_row import store_each_claim

SUMMARY = "/api/v1/integrations/amazon/recoveries"
METRICS = "/api/metrics/recoveries"


@pytest.fixture
async def seller(database: Database, connection: Connection) -> str:
    """Claims of each status, window, confidence and type, with and without an amount."""
    await store_each_claim(database, connection.connection_id)
    return connection.connection_id


async def rows_of(client: httpx2.AsyncClient, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """All pages of a query."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {**query, "limit": "500", "cursor": cursor}
        page = (await client.get("/api/recoveries", params=asked)).json()
        found += page["items"]
        cursor = page["nextCursor"]
    return found


def numbers(
    totals: Mapping[str, Any], query: dict[str, str]
) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Each number of such totals, what it sums up to, and the query for its rows."""
    yield totals["claimCount"], "", query
    yield totals["unvaluedCount"], "", {**query, "valued": "false"}
    for one in totals["byCurrency"]:
        yield one["claimCount"], one["amount"], {**query, "currency": one["currency"]}


async def check(
    client: httpx2.AsyncClient, shown: Iterator[tuple[int, str, dict[str, str]]]
) -> None:
    for count, amount, query in shown:
        rows = await rows_of(client, query)
        assert len(rows) == count, query
        if amount:
            assert sum(Decimal(row["amount"]["amount"]) for row in rows) == Decimal(amount), query
            assert {row["amount"]["currency"] for row in rows} == {query["currency"]}


async def test_each_number_of_the_overview(client: httpx2.AsyncClient, seller: str) -> None:
    """What the tiles show is what their links open: count, sums and those of unknown amount."""
    metrics = (await client.get(METRICS)).json()

    for standing in Standing:
        await check(client, numbers(metrics[standing], {"standing": standing}))
    counted = sum(metrics[standing]["claimCount"] for standing in Standing)
    assert counted == len(await rows_of(client, {}))


async def test_each_number_of_the_summary(client: httpx2.AsyncClient, seller: str) -> None:
    """What Amazon owes in sum, by currency and by type, and what is left out of it."""
    body = (await client.get(SUMMARY)).json()
    owed = {"owed": "true"}

    await check(client, numbers(body, owed))
    for one in body["byType"]:
        await check(client, numbers(one, {**owed, "type": one["type"]}))
    assert body["totalAmount"] == body["byCurrency"][0]["amount"]
    left_out = {
        "toReviewCount": Standing.TO_REVIEW,
        "windowUnknownCount": Standing.WINDOW_UNKNOWN,
        "expiredCount": Standing.EXPIRED,
    }
    for name, standing in left_out.items():
        assert body[name] == len(await rows_of(client, {"standing": standing}))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "detected"},
        {"minConfidence": "0.5"},
        {"windowState": "unknown"},
        {"owed": "false"},
        {"review": "manual", "status": "filed"},
        {"type": "removal_lost"},
        {"syncId": "sync_0"},
    ],
)
async def test_each_number_of_a_lists_totals(
    client: httpx2.AsyncClient, seller: str, query: dict[str, str]
) -> None:
    """Of any selection: the whole, what of it is owed, and each standing."""
    totals = (await client.get("/api/recoveries", params=query)).json()["totals"]

    await check(client, numbers(totals, query))
    if "owed" not in query:
        await check(client, numbers(totals["owed"], {**query, "owed": "true"}))
    for one in totals["byStanding"]:
        await check(client, numbers(one, {**query, "standing": one["standing"]}))
    assert sum(one["claimCount"] for one in totals["byStanding"]) == totals["claimCount"]


async def test_owed_is_one_number_everywhere(client: httpx2.AsyncClient, seller: str) -> None:
    """Overview, summary, totals and the list itself give the same claims and the same money."""
    metrics = (await client.get(METRICS)).json()
    summary = (await client.get(SUMMARY)).json()
    totals = (await client.get("/api/recoveries")).json()["totals"]
    listed = (await client.get("/api/recoveries?owed=true")).json()["totals"]

    names = ("claimCount", "unvaluedCount", "byCurrency")
    told = [
        [one[name] for name in names]
        for one in (metrics["owed"], metrics["pending"], summary, totals["owed"], listed)
    ]
    assert told[0][0] > 0
    assert told == [told[0]] * 5


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        ({}, "owed"),
        ({"confidence": Decimal("0.5")}, "owed"),
        ({"fileable_from": day(3)}, "owed"),
        ({"fileable_from": None}, "owed"),
        (unvalued(), "owed"),
        ({"confidence": Decimal("0.499")}, "toReview"),
        ({"deadline": day(-2)}, "expired"),
        ({"deadline": day(-2), "confidence": Decimal("0.1")}, "expired"),
        ({"deadline": None}, "windowUnknown"),
        ({"deadline": None, "confidence": Decimal("0.1")}, "windowUnknown"),
        ({"status": "filed"}, "filed"),
        ({"status": "dismissed", "deadline": None}, "dismissed"),
    ],
)
async def test_what_is_owed(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    values: dict[str, Any],
    standing: str,
) -> None:
    """Detected, open for filing today or later, 0.50 or more: an unknown window is not owed, an
    unknown amount is.
    """
    await store_claims(database, connection.connection_id, range(1), **values)

    (told,) = (await client.get("/api/recoveries")).json()["totals"]["byStanding"]

    assert told["standing"] == standing
