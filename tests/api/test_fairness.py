"""One user's or one stranger's requests leave the service to all others."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2
import psycopg
import pytest

from recoup.api.buckets import RequestLimits
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import new_user, reading, serving, until

FEW = RequestLimits(per_second=0.1, burst=20)
STREAM = "/api/sse/status"


async def ask(client: httpx2.AsyncClient, path: str, times: int) -> list[httpx2.Response]:
    return [await client.get(path) for _ in range(times)]


def statuses(answers: list[httpx2.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer forged.token.here"}])
async def test_a_flood_by_nobody(
    settings: Settings, database: Database, user: User, headers: dict[str, str]
) -> None:
    """Who is not signed in gets 429 with a time to come back; users are answered as before."""
    async with (
        serving(settings, database, request_limits=FEW) as server,
        server.client(**headers) as nobody,
        server.client(user) as client,
    ):
        flood = [*await ask(nobody, "/healthz", 15), *await ask(nobody, "/api/me", 15)]
        answer = await client.get("/api/me")

    assert statuses(flood) == [200] * 15 + [401] * 5 + [429] * 10
    assert int(flood[-1].headers["retry-after"]) in range(1, 11)
    assert flood[-1].json()["type"] == "/problems/too-many-requests"
    assert answer.status_code == 200


async def test_the_files_of_a_page_cost_little(
    settings: Settings, database: Database, user: User
) -> None:
    """Somebody who reloads the dashboard some times is no flood, but files have an end too."""
    async with (
        serving(settings, database, request_limits=FEW) as server,
        server.client(user) as client,
    ):
        answers = await ask(client, "/static/icon.svg", 210)

    assert statuses(answers[:190]) == [200] * 190
    assert answers[-1].status_code == 429


async def test_a_flood_by_a_user(settings: Settings, database: Database, user: User) -> None:
    """A user's own bucket: neither other users nor the sign-in page feel it."""
    other = await new_user(database, "other@example.com")
    async with (
        serving(settings, database, request_limits=FEW) as server,
        server.client(user) as client,
        server.client(other) as others,
        server.client() as nobody,
    ):
        flood = await ask(client, "/api/me", 22)
        rest = [await others.get("/api/me"), await nobody.get("/")]

    assert statuses(flood) == [200] * 20 + [429] * 2
    assert statuses(rest) == [200, 200]


async def test_a_password_costs_more(settings: Settings, database: Database) -> None:
    """Hashing one takes as long as many answers, so fewer are tried in the same time."""
    origin = {"origin": settings.public_url}
    form = {"email": "nobody@example.com", "password": "not the password"}
    async with (
        serving(settings, database, request_limits=FEW) as server,
        server.client(**origin) as nobody,
    ):
        tried = [await nobody.post("/signin", json=form) for _ in range(3)]

    assert statuses(tried) == [401, 401, 429]


async def test_one_user_cannot_hold_all_connections(
    settings: Settings, database: Database, user: User
) -> None:
    """Thirty slow requests of one user hold five connections, and others get theirs."""
    other = await new_user(database, "other@example.com")
    async with (
        serving(settings, database) as server,
        server.client(user) as client,
        server.client(other) as others,
        await psycopg.AsyncConnection.connect(database.conninfo) as blocker,
    ):
        pool = server.services.database._engine.pool
        await blocker.execute("lock table sync_progress in access exclusive mode")
        slow = [asyncio.create_task(client.get("/api/sync/history")) for _ in range(30)]
        await until(lambda: pool.checkedout() == 5)
        answer = await others.get("/api/me")
        held = pool.checkedout()
        await blocker.rollback()
        answers = await asyncio.gather(*slow)

    assert answer.status_code == 200
    assert held == 5
    assert statuses(answers) == [200] * 30


async def test_streams_per_user(settings: Settings, database: Database, user: User) -> None:
    """One more than the setting is refused before it begins; a closed one makes room."""
    few = settings.model_copy(update={"streams_per_user": 2})
    other = await new_user(database, "other@example.com")
    async with (
        serving(few, database) as server,
        server.client(user) as client,
        server.client(other) as others,
    ):
        async with contextlib.AsyncExitStack() as streams:
            for _ in range(2):
                await streams.enter_async_context(reading(client, STREAM))
            refused = await client.get(STREAM)
            async with reading(others, STREAM) as reader:
                assert reader.response.status_code == 200
        await until(lambda: server.readers() == 0)
        async with reading(client, STREAM) as reader:
            assert reader.response.status_code == 200

    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/too-many-streams"
    assert int(refused.headers["retry-after"]) > 0
