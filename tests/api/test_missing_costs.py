"""Products without a sourcing cost, and detecting again once it is entered."""

from __future__ import annotations

from typing import Any

import httpx2

from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import day, store_candidate, store_claims, unvalued
from tests.api.serving import Server, new_connection, new_user

MISSING = "/api/sourcing-costs/missing"
PAID = {
    "rows": [],
    "numbers": {"median_paid_per_unit": {"amount": "4.10", "currency": "USD", "payments": 3}},
}


async def missing(client: httpx2.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"{MISSING}{query}")).json()["items"]
    return found


async def test_what_waits_for_a_cost(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """By product, what waits for most first; claims that a cost would not help are not counted."""
    account, lost = connection.connection_id, unvalued() | {"sku": "S-1", "fnsku": "X1"}
    await store_claims(database, account, range(2), **lost, evidence=PAID, deadline=day(9))
    await store_claims(database, account, range(2, 3), **lost | {"sku": "S-2", "fnsku": "X2"})
    await store_claims(database, account, range(3, 4), **lost, deadline=day(-9))
    await store_claims(database, account, range(4, 5), **lost, status="dismissed")
    await store_claims(database, account, range(5, 6), **lost, type="refund_overpaid")
    await store_claims(database, account, range(6, 7))

    first, second = await missing(client)

    assert first == {
        "connectionId": account,
        "sku": "S-1",
        "fnsku": "X1",
        "claimCount": 2,
        "quantity": 4,
        "deadline": day(9).isoformat(),
        "estimate": {"amount": "16.40", "currency": "USD"},
    }
    assert (second["sku"], second["quantity"], second["estimate"]) == ("S-2", 2, None)
    answer = await client.get(MISSING, params={"limit": 1})
    assert (len(answer.json()["items"]), answer.json()["productCount"]) == (1, 2)


async def test_whose_products(
    client: httpx2.AsyncClient, server: Server, database: Database, connection: Connection
) -> None:
    """Nobody sees what another's claims wait for, not even by naming the account."""
    await store_claims(database, connection.connection_id, range(1), **unvalued())
    other = await new_user(database, "other@example.com")
    async with server.client(other) as stranger:
        assert await missing(stranger) == []
        named = await stranger.get(MISSING, params={"connectionId": connection.connection_id})
    assert named.status_code == 404
    assert len(await missing(client, f"?connectionId={connection.connection_id}")) == 1


async def test_a_code_that_nothing_loaded_names_is_marked(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """When it is saved, and in the list: a slip is seen at once."""
    await store_candidate(database, connection.connection_id, sku="S-1")
    entry = {"cost": "3.20", "currency": "USD", "validFrom": "2026-01-01"}
    entries = [{"sku": "S-1"}, {"sku": "S-I"}, {"fnsku": "X0001"}, {"fnsku": "X-0001"}]

    answer = await client.put("/api/sourcing-costs", json=[entry | one for one in entries])

    assert answer.json()["unknown"] == ["S-I", "X-0001"]
    listed = (await client.get("/api/sourcing-costs")).json()["items"]
    marked = [one["sku"] or one["fnsku"] for one in listed if not one["isKnown"]]
    assert sorted(marked) == ["S-I", "X-0001"]


async def test_detection_on_request(
    client: httpx2.AsyncClient,
    server: Server,
    database: Database,
    user: User,
    connection: Connection,
) -> None:
    """It needs no call to Amazon, names the account where there are several, and waits for no sync."""
    detect = "/api/recoveries/detect"
    answer = await client.post(detect)
    assert answer.json() == {
        "connectionId": connection.connection_id,
        "new": 0,
        "reopened": 0,
        "withdrawn": 0,
        "approved": 0,
    }
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    refused = await client.post(detect)
    assert (refused.status_code, refused.json()["syncId"]) == (409, sync_id)
    await new_connection(database, server.settings, user, seller="A2")
    assert (await client.post(detect)).status_code == 400
