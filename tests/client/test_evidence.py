"""The evidence of claims in the client: typed as the API describes it, and complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from recoup.claims.bodies import evidence as described
from recoup.claims.rule import ClaimType
from recoup.client import AsyncClient, Client, Evidence, models
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.users.queries import User
from tests.api.serving import Server, serving, the_seller, token_of
from tests.support.whole_seller import StoredSeller, seller_with_claims

PATIENCE = 60


@pytest.fixture(scope="module")
async def served(
    postgres: EmbeddedServer, stored_seller: StoredSeller, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Server, User]]:
    """A server with a seller who has a claim of every type."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("client"))
    async with seller_with_claims(postgres, stored_seller, "client") as one:
        user = await the_seller(one.database)
        async with serving(settings, one.database) as server:
            yield server, user


async def answered(server: Server, user: User) -> Mapping[str, Any]:
    """Each claim with its evidence as the API sends it."""
    async with server.client(user) as http:
        page = (await http.get("/api/recoveries", params={"limit": 500})).json()
    return {one["claimId"]: one for one in page["items"]}


async def test_the_evidence_of_every_type_is_read_whole(served: tuple[Server, User]) -> None:
    """By both clients, in lists and alone; written again it is what the API has sent."""
    server, user = served
    sent = await answered(server, user)
    token = token_of(user, server.settings)

    def work() -> dict[str, list[Evidence | None]]:
        with Client(server.url, token) as api:
            return {
                one.claim_id: [one.evidence, api.claim(one.claim_id).evidence]
                for one in api.claims()
            }

    blocking = await asyncio.to_thread(work)
    async with AsyncClient(server.url, token) as api:
        asynchronous = {
            one.claim_id: [one.evidence, (await api.claim(one.claim_id)).evidence]
            async for one in api.claims()
        }

    assert {one["type"] for one in sent.values()} == {one.value for one in ClaimType}
    assert blocking == asynchronous
    assert blocking.keys() == sent.keys()
    for claim_id, found in blocking.items():
        for one in found:
            assert one is not None
            assert one.model_dump(mode="json") == sent[claim_id]["evidence"]


async def test_its_parts_have_names_and_types(served: tuple[Server, User]) -> None:
    """A source row says where it is from; its cells and the numbers are there by their own names."""
    server, user = served
    async with AsyncClient(server.url, token_of(user, server.settings)) as api:
        lost = await anext(api.claims(type="lost_in_warehouse"))
        bare = await anext(api.claims(type="lost_in_warehouse", evidence=False))

    assert bare.evidence is None
    assert lost.evidence is not None
    row = lost.evidence.rows[0]
    assert (row.table, row.source_line is not None) == ("ledger", True)
    assert str(row.source).startswith("GET_LEDGER_DETAIL_VIEW_DATA")
    assert row.values["quantity"] == -lost.quantity
    assert lost.evidence.numbers.values["lost"] >= lost.quantity
    assert lost.evidence.settled == []


def test_the_client_knows_every_part_that_the_api_describes() -> None:
    """The same names; a field that is added there must be added here."""
    documents = [
        one
        for one in vars(described).values()
        if isinstance(one, type)
        and issubclass(one, BaseModel)
        and one.__module__ == described.__name__
    ]

    for one in documents:
        ours = getattr(models, one.__name__)
        assert ours.model_fields.keys() == one.model_fields.keys(), one.__name__
    assert len(documents) == 5


def test_what_an_older_or_newer_server_sends_is_kept() -> None:
    """Evidence of an earlier rule may lack parts, that of a later one may have more."""
    sent = {
        "rows": [{"table": "ledger", "new": {"deep": [1]}}],
        "numbers": {"a": {"b": "1.20"}},
        "x": 1,
    }

    found = Evidence.model_validate(sent)

    assert found.notes == []
    assert found.numbers.values == {"a": {"b": "1.20"}}
    assert found.model_dump(mode="json") == sent
