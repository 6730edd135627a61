"""Connecting and disconnecting seller accounts."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from recoup.connections.queries import Connection
from recoup.connections.tables import amazon_connection
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.db.metadata import METADATA
from recoup.events.tables import event
from recoup.users.queries import User
from tests.api.rows import store_orders, store_stock, store_transactions
from tests.api.serving import Server, finish, new_connection, new_user, serving

STATUS = "/api/v1/integrations/amazon/status"
CONNECTIONS = "/api/v1/integrations/amazon/connections"
TOKEN = "Atzr|very-secret-token"


def account(**changes: Any) -> dict[str, Any]:
    return {
        "refreshToken": TOKEN,
        "sellingPartnerId": "A1B2C3",
        "region": "NA",
        "environment": "local",
        "marketplaceIds": ["ATVPDKIKX0DER"],
    } | changes


async def test_connect(
    client: httpx2.AsyncClient, database: Database, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is tried, stored sealed, and shown nowhere."""
    caplog.set_level(logging.DEBUG)
    answer = await client.post(CONNECTIONS, json=account())

    body = answer.json()
    assert answer.status_code == 201
    assert (body["sellingPartnerId"], body["status"]) == ("A1B2C3", "active")
    assert body["marketplaceIds"] == ["ATVPDKIKX0DER"]
    assert body["authorizedAt"] < body["expiresAt"]
    assert (await client.get(STATUS)).json() == {"connected": True, "connections": [body]}
    async with database.reading() as conn:
        sealed = (await conn.execute(select(amazon_connection.c.refresh_token_sealed))).scalar_one()
    assert Vault(server.settings.keys).open(sealed) == TOKEN
    assert TOKEN not in answer.text + caplog.text
    activities = (await client.get("/api/sync/activity")).json()["activities"]
    assert [a["type"] for a in activities] == ["connection_active"]


async def test_connect_without_marketplaces_asks_amazon(client: httpx2.AsyncClient) -> None:
    """Where none is named, the seller's own participations are taken."""
    answer = await client.post(CONNECTIONS, json=account(marketplaceIds=[]))

    assert answer.status_code == 201
    assert "ATVPDKIKX0DER" in answer.json()["marketplaceIds"]


async def test_connecting_again_keeps_the_connection(client: httpx2.AsyncClient) -> None:
    """The same seller authorised anew is the same connection."""
    first = (await client.post(CONNECTIONS, json=account())).json()
    second = (await client.post(CONNECTIONS, json=account())).json()

    assert first["connectionId"] == second["connectionId"]


async def test_a_token_that_amazon_refuses(client: httpx2.AsyncClient) -> None:
    """Nothing is stored, and the answer names what to do and not the token."""
    answer = await client.post(CONNECTIONS, json=account(refreshToken="revoked-secret"))

    assert (answer.status_code, answer.json()["type"]) == (
        400,
        "/problems/reauthorization-required",
    )
    assert "revoked-secret" not in answer.text
    assert (await client.get(STATUS)).json() == {"connected": False, "connections": []}


async def test_connecting_while_amazon_is_away(
    server: Server, database: Database, user: User
) -> None:
    """A token that cannot be tried is not stored."""
    nowhere = server.settings.model_copy(update={"lwa_endpoint": "http://127.0.0.1:9"})
    async with serving(nowhere, database) as other, other.client(user) as client:
        answer = await client.post(CONNECTIONS, json=account())

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/amazon-unavailable")


@pytest.mark.parametrize(
    "changes",
    [
        {"refreshToken": ""},
        {"refreshToken": f"{TOKEN}\0"},
        {"refreshToken": f"{TOKEN} {TOKEN}"},
        {"refreshToken": TOKEN * 1000},
        {"refreshToken": [TOKEN]},
        {"refreshToken": {"value": TOKEN}},
        {"sellingPartnerId": "\0"},
        {"sellingPartnerId": ""},
        {"region": TOKEN},
        {"environment": "moon"},
        {"marketplaceIds": ["\ud800"]},
        {"marketplaceIds": ["A1"] * 51},
        {"marketplaceIds": "A1"},
    ],
)
async def test_bad_input_does_not_echo_the_token(
    client: httpx2.AsyncClient, changes: dict[str, Any]
) -> None:
    """The problem names the field; the token is nowhere in it."""
    answer = await client.post(
        CONNECTIONS,
        content=json.dumps(account(**changes)),
        headers={"content-type": "application/json"},
    )

    (name,) = changes
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(f"body.{name}")
    assert TOKEN not in answer.text


async def test_a_body_that_is_no_object_does_not_echo_the_token(
    client: httpx2.AsyncClient,
) -> None:
    """Also when the token stands where a whole body should."""
    answers = [
        await client.post(CONNECTIONS, json=TOKEN),
        await client.post(CONNECTIONS, content=f'{{"refreshToken": "{TOKEN}"'),
        await client.post(
            CONNECTIONS,
            content=f'{{"refreshToken": "{TOKEN}"',
            headers={"content-type": "application/json"},
        ),
    ]

    assert [a.status_code for a in answers] == [422] * 3
    assert all(TOKEN not in a.text for a in answers)


async def test_disconnect(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The running sync is cancelled, the token erased, the data kept; twice is once."""
    await store_orders(database, connection.connection_id, range(2))
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    path = f"{CONNECTIONS}/{connection.connection_id}"

    answers = [await client.delete(path), await client.delete(path)]

    assert [a.status_code for a in answers] == [204, 204]
    assert (await client.get(f"/api/sync/status/{sync_id}")).json()["status"] == "cancelled"
    (listed,) = (await client.get(STATUS)).json()["connections"]
    assert (listed["status"], listed["expiresAt"]) == ("disconnected", None)
    assert len((await client.get("/api/orders")).json()["items"]) == 2
    async with database.reading() as conn:
        sealed = await conn.execute(select(amazon_connection.c.refresh_token_sealed))
    assert sealed.scalar_one() is None
    activities = (await client.get("/api/sync/activity")).json()["activities"]
    assert [a["type"] for a in activities].count("connection_disconnected") == 1


async def test_purge_erases_the_seller_and_nobody_else(
    client: httpx2.AsyncClient,
    database: Database,
    server: Server,
    user: User,
    connection: Connection,
) -> None:
    """No table holds a row of the connection, no event tells of it; the other seller's stay."""
    other = await new_connection(database, server.settings, user, seller="B2")
    for seller in (connection, other):
        body = {"connectionId": seller.connection_id}
        ended = (await client.post("/api/sync/start", json=body)).json()["syncId"]
        await finish(database, ended)
        await client.post("/api/sync/start", json=body)
        await store_orders(database, seller.connection_id, range(2))
        await store_transactions(database, seller.connection_id, range(2))
        await store_stock(database, seller.connection_id)
    before = await rows_of(database, other.connection_id)

    path = f"{CONNECTIONS}/{connection.connection_id}?purge=true"
    answers = [await client.delete(path), await client.delete(path)]

    assert [a.status_code for a in answers] == [204, 404]
    assert set((await rows_of(database, connection.connection_id)).values()) == {0}
    assert await rows_of(database, other.connection_id) == before
    assert min(before[t] for t in ("orders", "fees", "inventory", "sync_progress")) >= 2
    async with database.reading() as conn:
        told = (await conn.execute(select(event.c.payload["connectionId"].astext))).scalars()
        assert set(told) == {other.connection_id}


async def rows_of(database: Database, connection_id: str) -> dict[str, int]:
    """How many rows of each table name the connection."""
    async with database.reading() as conn:
        return {
            table.name: (
                await conn.execute(
                    select(func.count()).where(table.c.connection_id == connection_id)
                )
            ).scalar_one()
            for table in METADATA.sorted_tables
            if "connection_id" in table.columns
        }


async def test_a_foreign_connection_cannot_be_removed(
    server: Server, client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Another user's connection does not exist, with purge or without."""
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as other:
        answers = [
            await other.delete(f"{CONNECTIONS}/{connection.connection_id}"),
            await other.delete(f"{CONNECTIONS}/{connection.connection_id}?purge=true"),
        ]
        listed = (await other.get(STATUS)).json()

    assert [a.status_code for a in answers] == [404, 404]
    assert listed == {"connected": False, "connections": []}
    assert (await client.get(STATUS)).json()["connected"] is True
