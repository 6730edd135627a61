"""A stranger walks every route while the tables are full of another workspace's rows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import text

from recoup.api.services import ServicesOfApp
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.migrations.schema import METADATA
from recoup.users.queries import User
from tests.api.every_row import Everything, store_everything
from tests.api.serving import Server, new_user
from tests.support.openapi_document import PATHS


@dataclass
class Walk:
    """The stranger's client, the owner's, and everything that names a row of the owner."""

    stranger: httpx2.AsyncClient
    owner: httpx2.AsyncClient
    everything: Everything
    names: set[str]


@pytest.fixture
async def walk(
    server: Server, database: Database, settings: Settings, user: User
) -> AsyncIterator[Walk]:
    everything = await store_everything(database, settings, user)
    other = await new_user(database, "stranger@example.com")
    names = {one.connection_id for one in everything.connections.values()}
    names |= {everything.disconnected, user.user_id, user.email or "", "claim-9000", "O-000001"}
    async with server.client(other) as stranger, server.client(user) as owner:
        yield Walk(stranger, owner, everything, names)


def addresses(server: Server, walk: Walk) -> list[tuple[str, str]]:
    """Each route with the owner's ids in its path, and with the owner's connection in its query."""
    ids = {
        "syncId": next(iter(walk.everything.syncs.values())),
        "claimId": "claim-9000",
        "connectionId": walk.everything.disconnected,
        "deliveryId": "v",
        "packId": "p",
        "proofId": "d",
        "userId": "u",
        "webhookId": walk.everything.webhook_id,
        "invitationId": "i",
        "credentialId": "c",
    }
    return [
        (method, re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path) + query)
        for path, methods in PATHS.items()
        for method in methods
        if path.startswith("/api/") and "/sse/status" not in path
        for query in ("", f"?connectionId={walk.everything.disconnected}")
    ]


async def test_a_stranger_finds_nothing_on_any_route(server: Server, walk: Walk) -> None:
    """Whatever is asked, with others' ids too: no answer names a row of theirs, none is a 500."""
    before = (await walk.owner.get("/api/recoveries?limit=500")).text
    walked = [
        (where, await walk.stranger.request(method, where, json={} if method != "get" else None))
        for method, where in addresses(server, walk)
    ]

    # What was asked for may come back in the words of a refusal; what was not asked for may not.
    told = [
        (where, answer.status_code, name)
        for where, answer in walked
        for name in walk.names
        if name in answer.text and name not in where
    ]
    assert told == []
    assert [(w, a.status_code) for w, a in walked if a.status_code >= 500] == []
    assert {a.status_code for w, a in walked if "claim-9000" in w or "sync_0" in w} <= {404, 422}
    assert (await walk.owner.get("/api/recoveries?limit=500")).text == before


async def test_a_route_that_forgets_its_where_shows_nothing_of_others(
    server: Server, walk: Walk
) -> None:
    """The walls are below the code: a query without any condition sees the caller's rows only."""

    @server.app.get("/api/forgotten/{table}")
    async def forgotten(services: ServicesOfApp, table: str) -> int:
        async with services.database.reading() as conn:
            found = await conn.execute(text(f"select count(*) from {METADATA.tables[table].name}"))
            return int(found.scalar_one())

    tables = ("orders", "claim", "sync_progress", "sync_stream", "amazon_connection", "event")
    mine = [(await walk.owner.get(f"/api/forgotten/{one}")).json() for one in tables]
    theirs = [(await walk.stranger.get(f"/api/forgotten/{one}")).json() for one in tables]

    assert min(mine) > 0
    assert theirs == [0] * len(tables)


async def test_a_route_without_a_workspace_shows_nothing_at_all(server: Server, walk: Walk) -> None:
    """Outside /api nobody is known: whoever reads a seller's rows there reads none."""

    @server.app.get("/orders-for-anybody")
    async def forgotten(services: ServicesOfApp) -> int:
        async with services.database.reading() as conn:
            return int((await conn.execute(text("select count(*) from orders"))).scalar_one())

    answer = await walk.owner.get("/orders-for-anybody")

    assert (answer.status_code, answer.json()) == (200, 0)
