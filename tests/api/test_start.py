"""POST /api/sync/start and cancel."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx2
from pydantic import SecretStr

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, finish, new_connection, new_user, serving

START = "/api/sync/start"


async def test_start_answers_with_the_sync(
    client: httpx2.AsyncClient, connection: Connection, user: User
) -> None:
    """A start names the sync, which can be looked at at once."""
    answer = await client.post(START)

    body = answer.json()
    assert answer.status_code == 200
    assert body == {
        "syncId": body["syncId"],
        "status": "in_progress",
        "message": "Sync started successfully",
    }
    assert body["syncId"].startswith(f"sync_{user.user_id}_")
    status = (await client.get(f"/api/sync/status/{body['syncId']}")).json()
    assert (status["status"], status["connectionId"]) == ("in_progress", connection.connection_id)
    assert {stream["name"] for stream in status["streams"]} >= {"orders", "inventory"}


async def test_force_is_start(client: httpx2.AsyncClient, connection: Connection) -> None:
    """The alias starts a sync of the connection that its body names."""
    answer = await client.post("/api/sync/force", json={"connectionId": connection.connection_id})

    assert answer.status_code == 200
    assert answer.json()["status"] == "in_progress"


async def test_fifty_starts_at_two_instances_make_one_sync(
    settings: Settings, database: Database, database_url: str, user: User, connection: Connection
) -> None:
    """One of fifty simultaneous starts begins the sync; the others are told its id."""
    other = Database(database_url)
    async with (
        serving(settings, database) as one,
        serving(settings, other) as two,
        one.client(user) as first,
        two.client(user) as second,
    ):
        answers = await asyncio.gather(
            *(client.post(START) for _ in range(25) for client in (first, second))
        )
    await other.close()

    assert Counter(a.status_code for a in answers) == {200: 1, 409: 49}
    assert len({a.json()["syncId"] for a in answers}) == 1
    refusal = next(a for a in answers if a.status_code == 409)
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.json()["type"] == "/problems/sync-already-active"


async def test_a_key_starts_one_sync(client: httpx2.AsyncClient, connection: Connection) -> None:
    """The same Idempotency-Key gives the same sync, also twenty times at once and after its end."""
    headers = {"idempotency-key": "order-4711"}
    answers = await asyncio.gather(*(client.post(START, headers=headers) for _ in range(20)))

    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["syncId"] for a in answers}) == 1


async def test_a_key_outlives_its_sync(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A start that is repeated after the sync has ended gives the ended one, no new one."""
    headers = {"idempotency-key": "k"}
    first = (await client.post(START, headers=headers)).json()["syncId"]
    await finish(database, first)

    again = await client.post(START, headers=headers)

    assert (again.status_code, again.json()["syncId"]) == (200, first)


async def test_a_key_belongs_to_one_connection(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    user: User,
    connection: Connection,
) -> None:
    """A key that was used for another connection is refused."""
    other = await new_connection(database, settings, user, seller="B2")
    headers = {"idempotency-key": "k"}
    await client.post(START, headers=headers, json={"connectionId": connection.connection_id})

    answer = await client.post(START, headers=headers, json={"connectionId": other.connection_id})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_key_is_at_most_255_characters(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """A longer key is a problem that names the header."""
    answer = await client.post(START, headers={"idempotency-key": "k" * 256})

    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["header.Idempotency-Key"]


async def test_start_without_a_connection(client: httpx2.AsyncClient) -> None:
    """Who has no Amazon connection is told so."""
    answer = await client.post(START)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/no-connection")


async def test_start_with_several_connections_and_none_named(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    user: User,
    connection: Connection,
) -> None:
    """The refusal lists the connections to choose from."""
    other = await new_connection(database, settings, user, seller="B2")

    answer = await client.post(START)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/ambiguous-connection")
    assert answer.json()["connections"] == [connection.connection_id, other.connection_id]


async def test_start_with_a_revoked_token(
    client: httpx2.AsyncClient, database: Database, settings: Settings, user: User
) -> None:
    """Amazon's refusal is a 400, and the connection shows that it needs the seller."""
    await new_connection(database, settings, user, token="revoked")

    answer = await client.post(START)

    assert (answer.status_code, answer.json()["type"]) == (
        400,
        "/problems/reauthorization-required",
    )
    listed = (await client.get("/api/v1/integrations/amazon/status")).json()
    assert listed["connected"] is False
    assert listed["connections"][0]["status"] == "reauthorization_required"


async def test_start_while_amazon_is_away(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """The sync starts: its worker tries until Amazon answers."""
    nowhere = settings.model_copy(update={"local_sandbox": "http://127.0.0.1:9"})
    async with serving(nowhere, database) as server, server.client(user) as client:
        answer = await client.post(START)

    assert answer.status_code == 200


async def test_start_with_a_wrong_application(
    settings: Settings, database: Database, user: User
) -> None:
    """That Amazon refuses the application is not the caller's fault: 503, and what to mend."""
    await new_connection(database, settings, user, environment="production")
    update = {
        "lwa_endpoint": settings.local_sandbox,
        "lwa_client_id": "amzn1.wrong",
        "lwa_client_secret": SecretStr("wrong"),
    }
    wrong = settings.model_copy(update=update)
    async with serving(wrong, database) as server, server.client(user) as client:
        answer = await client.post(START)

    assert answer.status_code == 503
    assert "RECOUP_LWA_CLIENT_ID" in answer.json()["detail"]


async def test_start_of_a_foreign_connection(
    server: Server, database: Database, connection: Connection
) -> None:
    """Another user's connection is as good as none."""
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as client:
        answer = await client.post(START, json={"connectionId": connection.connection_id})

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_cancel(client: httpx2.AsyncClient, connection: Connection) -> None:
    """When cancel returns the status says so, and a second cancel finds nothing to do."""
    sync_id = (await client.post(START)).json()["syncId"]

    answer = await client.post(f"/api/sync/cancel/{sync_id}")
    again = await client.post(f"/api/sync/cancel/{sync_id}")

    assert answer.json() == {"ok": True, "message": "Sync cancelled successfully"}
    status = (await client.get(f"/api/sync/status/{sync_id}")).json()
    assert status["status"] == "cancelled"
    assert (again.status_code, again.json()["type"]) == (409, "/problems/sync-already-ended")


async def test_a_foreign_sync_cannot_be_cancelled_or_seen(
    server: Server, client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Another user's sync does not exist."""
    sync_id = (await client.post(START)).json()["syncId"]
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as other:
        answers = [
            await other.post(f"/api/sync/cancel/{sync_id}"),
            await other.get(f"/api/sync/status/{sync_id}"),
            await other.get(f"/api/sse/sync-progress/{sync_id}"),
        ]

    assert [a.status_code for a in answers] == [404, 404, 404]
    assert {a.json()["type"] for a in answers} == {"/problems/not-found"}
