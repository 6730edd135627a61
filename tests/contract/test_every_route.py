"""Every route that reads is asked with every kind of row in the tables."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from recoup.claims.packs.grouping import FILEABLE
from recoup.claims.tables import claim
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.spapi.endpoints import Environment
from tests.api.every_row import Everything, store_everything
from tests.api.serving import new_user, serving
from tests.support.openapi_document import PATHS

KEYS = "k" * 32


READ = [path for path, methods in PATHS.items() if "get" in methods]
"""The paths that a GET answers."""


@pytest.fixture
async def asked(
    database: Database, tmp_path: Path
) -> AsyncIterator[tuple[httpx2.AsyncClient, Everything, dict[str, list[str]]]]:
    """A client, where the rows are, and the ids of all claims, packs and documents."""
    settings = Settings(data_dir=tmp_path, secret_keys=KEYS, local_sandbox="http://127.0.0.1:9")
    async with serving(
        settings, database, heartbeat_seconds=0.05, stream_lifetime_seconds=0.2
    ) as server:
        user = await new_user(database)
        everything = await store_everything(database, settings, user)
        async with database.reading() as conn:
            claims = list((await conn.execute(select(claim.c.claim_id))).scalars())
        async with server.client(user) as client:
            packs, proof = await packs_of(client), await proof_of(client, everything)
            yield client, everything, {"claimId": claims, "packId": packs, "proofId": [proof]}


async def packs_of(client: httpx2.AsyncClient) -> list[str]:
    """Of every standing that has packs."""
    pages = [
        (await client.get("/api/packs", params={"standing": one, "limit": 500})).json()["items"]
        for one in FILEABLE
    ]
    assert all(pages)
    return [pack["packId"] for page in pages for pack in page]


async def proof_of(client: httpx2.AsyncClient, everything: Everything) -> str:
    """A document that packs find."""
    connection = everything.connections[Environment.PRODUCTION]
    about = {"kind": "invoice", "subjectKind": "product", "subject": "X0000"}
    stored = await client.post(
        "/api/proofs",
        params={**about, "connectionId": connection.connection_id},
        content=b"%PDF-1.7 invoice",
    )
    return stored.json()["proofId"]


def addresses(path: str, everything: Everything, stored: dict[str, list[str]]) -> list[str]:
    """The path with each id that can stand in it, and with each connection where one is named."""
    ids = {
        "syncId": list(everything.syncs.values()),
        "webhookId": [everything.webhook_id],
        **stored,
    }
    found = [path]
    for name in re.findall(r"\{(\w+)\}", path):
        found = [one.replace(f"{{{name}}}", value) for one in found for value in ids[name]]
    if path in {"/api/coverage", "/api/sync/plan", "/api/sourcing-costs", "/api/quarantine"}:
        connections = [one.connection_id for one in everything.connections.values()]
        found = [f"{path}?connectionId={one}" for one in (*connections, everything.disconnected)]
    if path == "/api/v1/integrations/amazon/auth/start":
        found = [f"{path}?environment=local"]
    if path == "/api/v1/integrations/amazon/auth/callback":
        found = []  # whoever comes without an answer of Amazon is refused
    if path == "/api/recoveries/explain":
        found = [f"{path}?fnsku=X0001", f"{path}?orderId=O-000001"]
    return found


async def test_no_row_makes_a_route_fail(
    asked: tuple[httpx2.AsyncClient, Everything, dict[str, list[str]]],
) -> None:
    """Whatever the tables hold, the answer is what the route promises, and never a 500."""
    client, everything, ids = asked

    answers = [await client.get(one) for path in READ for one in addresses(path, everything, ids)]

    failed = [(str(a.url), a.text[:300]) for a in answers if a.status_code != 200]
    assert [one for one in failed if "/readyz" not in one[0]] == []
    assert len(answers) > len(READ)


@pytest.mark.parametrize("form", ["text/csv", "text/html"])
async def test_no_row_makes_another_form_fail(
    form: str, asked: tuple[httpx2.AsyncClient, Everything, dict[str, list[str]]]
) -> None:
    """Lists as CSV, packets as pages and as CSV, of every claim."""
    client, everything, ids = asked
    paths = [path for path in READ if "sse" not in path and path != "/readyz"]

    answers = [
        await client.get(one, headers={"accept": form})
        for path in paths
        for one in addresses(path, everything, ids)
    ]

    assert [(str(a.url), a.text[:300]) for a in answers if a.status_code >= 500] == []
