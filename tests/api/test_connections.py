"""Connecting and disconnecting seller accounts."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import Column, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.connections.tables import amazon_connection
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.db.metadata import METADATA
from recoup.spapi.endpoints import Environment
from recoup.sync.record.expiries import tell_expiries
from recoup.users.queries import User
from tests.api.every_row import store_everything
from tests.api.rows import store_orders
from tests.api.serving import Server, new_connection, new_user, reading, serving
from tests.sandbox.running import Running

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
    assert body["replaced"] is None
    assert body["message"] == "Amazon account A1B2C3 (NA) connected."
    listed = {name: value for name, value in body.items() if name not in {"replaced", "message"}}
    assert (await client.get(STATUS)).json() == {"connected": True, "connections": [listed]}
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


@pytest.fixture
def shadows(server: Server) -> Iterator[Running]:
    """A sandbox that lists Amazon's shadow marketplaces, for the server to ask."""
    with Running(orders=5, odd=("shadow-marketplaces",)) as running:
        url = f"http://127.0.0.1:{running.port}"
        server.services.access._settings = server.settings.model_copy(update={"local_sandbox": url})
        yield running


@pytest.mark.usefixtures("shadows")
async def test_the_seller_and_its_marketplaces_are_found(client: httpx2.AsyncClient) -> None:
    """A shadow marketplace tells the seller's id, and is no marketplace to sync."""
    body = {name: value for name, value in account().items() if name != "sellingPartnerId"}
    answer = await client.post(CONNECTIONS, json=body | {"marketplaceIds": []})

    assert answer.status_code == 201, answer.text
    assert re.fullmatch("A[A-Z0-9]+", answer.json()["sellingPartnerId"])
    assert "ATVPDKIKX0DER" in answer.json()["marketplaceIds"]
    assert "AHRY1CZE9ZY4H" not in answer.json()["marketplaceIds"]
    assert answer.json()["ignoredMarketplaceIds"] == []


async def test_a_seller_whom_amazon_does_not_name_must_be_named(client: httpx2.AsyncClient) -> None:
    """Without the shadow nobody knows the id: the answer says where to find it."""
    body = {name: value for name, value in account().items() if name != "sellingPartnerId"}
    answer = await client.post(CONNECTIONS, json=body)

    assert answer.status_code == 400
    assert "sellingPartnerId" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"marketplaceIds": ["AHRY1CZE9ZY4H"]},
            "recoup does not know the marketplace AHRY1CZE9ZY4H",
        ),
        (
            {"marketplaceIds": ["ATVPDKIKX0DER", "A1F83G8C2ARO7P"]},
            "GB A1F83G8C2ARO7P is in region EU",
        ),
        ({"marketplaceIds": ["A2Q3Y263D00KWC"]}, "does not list the marketplace BR A2Q3Y263D00KWC"),
        ({"marketplaceIds": [], "region": "EU"}, "Amazon lists no marketplace in region EU"),
    ],
)
async def test_each_marketplace_is_one_of_the_token(
    client: httpx2.AsyncClient, changes: dict[str, Any], says: str
) -> None:
    """Known, in the region, and among those that Amazon lists; else nothing is stored."""
    answer = await client.post(CONNECTIONS, json=account(**changes))

    assert answer.status_code == 400
    assert says in answer.json()["detail"]
    assert (await client.get(STATUS)).json()["connections"] == []


async def test_connecting_again_keeps_the_connection_and_says_what_it_replaced(
    client: httpx2.AsyncClient,
) -> None:
    """The same seller authorised again is the same connection, with the marketplaces chosen before."""
    first = (await client.post(CONNECTIONS, json=account())).json()
    kept = (await client.post(CONNECTIONS, json=account(marketplaceIds=[]))).json()
    more = ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]
    changed = (await client.post(CONNECTIONS, json=account(marketplaceIds=more))).json()

    assert first["connectionId"] == kept["connectionId"] == changed["connectionId"]
    assert kept["marketplaceIds"] == ["ATVPDKIKX0DER"]
    assert changed["replaced"] == {
        "status": "active",
        "authorizedAt": kept["authorizedAt"],
        "marketplaceIds": ["ATVPDKIKX0DER"],
    }
    assert (
        "was replaced, its data was kept; marketplaces: US ATVPDKIKX0DER, CA" in changed["message"]
    )
    activities = (await client.get("/api/sync/activity")).json()["activities"]
    assert f"{activities[0]['message']}." == changed["message"]


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ("production", "set RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET"),
        ("sandbox", "set RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET"),
    ],
)
async def test_without_an_application_the_answer_comes_at_once(
    client: httpx2.AsyncClient, environment: str, says: str
) -> None:
    """Nothing is sent to Amazon that it could only refuse: after a timeout it would say that instead."""
    answer = await client.post(CONNECTIONS, json=account(environment=environment))

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/environment-unavailable")
    assert says in answer.json()["detail"]


async def test_local_does_not_exist_without_the_sandbox(
    settings: Settings, database: Database, user: User
) -> None:
    """No request leaves for a port on which anybody could listen."""
    off = settings.model_copy(update={"local_sandbox": None})
    async with serving(off, database) as server, server.client(user) as client:
        answer = await client.post(CONNECTIONS, json=account())

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/environment-unavailable")
    assert "recoup serve --sandbox" in answer.json()["detail"]


async def test_a_refused_connection_says_why_and_reconnecting_heals_it(
    client: httpx2.AsyncClient, server: Server, database: Database, user: User
) -> None:
    """The reason is in the status, in the activity and in the live feed until the seller is back."""
    refused = await new_connection(database, server.settings, user, token="Atzr|revoked")
    async with reading(client, "/api/sse/status") as reader:
        await reader.block("retry: 3000")
        await client.post("/api/sync/start")
        told = await reader.next()
    (shown,) = (await client.get(STATUS)).json()["connections"]
    again = await client.post(CONNECTIONS, json=account(sellingPartnerId="A1"))
    (healed,) = (await client.get(STATUS)).json()["connections"]

    assert shown["status"] == "reauthorization_required"
    assert "the seller has revoked it in Seller Central" in shown["reason"]
    assert told is not None
    assert told[1] == {
        "type": "connection",
        "connectionId": refused.connection_id,
        "status": "reauthorization_required",
        "reason": shown["reason"],
        "notes": [],
    }
    assert again.json()["replaced"]["status"] == "reauthorization_required"
    assert (healed["connectionId"], healed["status"], healed["reason"]) == (
        refused.connection_id,
        "active",
        None,
    )
    messages = [a["message"] for a in (await client.get("/api/sync/activity")).json()["activities"]]
    assert f"Amazon requires your authorization again: {shown['reason']}" in messages


async def test_what_ends_within_60_days_is_told_once(
    client: httpx2.AsyncClient,
    server: Server,
    database: Database,
    user: User,
    connection: Connection,
) -> None:
    """Authorization and secret: in the status, the activity and the live feed, until they are renewed."""
    await new_connection(database, server.settings, user, seller="B2", environment="production")
    begun = connection.authorized_at
    made = begun.date() + timedelta(days=200)
    async with reading(client, "/api/sse/status") as reader:
        await reader.block("retry: 3000")
        await tell_expiries(database, secret_rotated_on=made, now=begun + timedelta(days=304))
        calm = (await client.get(STATUS)).json()["connections"]
        for days in (321, 322):
            await tell_expiries(database, secret_rotated_on=made, now=begun + timedelta(days=days))
        events = [await reader.next(), await reader.next()]
    near = (await client.get(STATUS)).json()["connections"]
    told = (await client.get("/api/sync/activity")).json()["activities"]
    types = [one["type"] for one in told]
    overview = (await client.get("/api/sync/status")).json()["notes"]
    await client.post(CONNECTIONS, json=account(sellingPartnerId="A1"))
    renewed = (await client.get(STATUS)).json()["connections"]

    assert [one["notes"] for one in calm] == [[], []]
    codes = [[note["code"] for note in one["notes"]] for one in near]
    assert codes == [
        ["authorization_expires"],
        ["authorization_expires", "client_secret_expires"],
    ]
    assert near[0]["expiresAt"][:10] in near[0]["notes"][0]["message"]
    assert (
        types == ["authorization_expires", "authorization_expires", "client_secret_expires"][::-1]
    )
    ends = [one["message"] for one in told if one["type"] == "authorization_expires"]
    assert len({message.partition(":")[0] for message in ends}) == 2, "each names its account"
    assert [event and [n["code"] for n in event[1]["notes"]] for event in events] == codes
    assert {note["code"] for note in overview} == {code for each in codes for code in each}
    assert renewed[0]["notes"] == []


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
    nowhere = server.settings.model_copy(update={"local_sandbox": "http://127.0.0.1:9"})
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
    field = answer.json()["errors"][0]["field"]
    # Text that no table can hold is refused for the body as a whole.
    assert field == "body" or field.startswith(f"body.{name}")
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


async def test_purge_leaves_no_row_of_the_seller_and_all_of_the_others(
    client: httpx2.AsyncClient, database: Database, server: Server, user: User
) -> None:
    """Counted over every table of the database, whatever column names the connection; twice is 404."""
    everything = await store_everything(database, server.settings, user)
    gone, other = (everything.connections[one] for one in (Environment.LOCAL, Environment.SANDBOX))
    await fill_empty_tables(database, gone.connection_id)
    holding = await tables_with_a_connection(database)
    before = await rows_that_name(database, gone.connection_id)
    others = await rows_that_name(database, other.connection_id)

    path = f"{CONNECTIONS}/{gone.connection_id}?purge=true"
    answers = [await client.delete(path), await client.delete(path)]

    assert [a.status_code for a in answers] == [204, 404]
    assert holding - before.keys() == set(), "a table without rows proves nothing"
    # The audit log tells that it was purged, and by whom.
    assert await rows_that_name(database, gone.connection_id) == {"audit_entry": 1}
    assert await rows_that_name(database, other.connection_id) == others


async def test_purge_leaves_no_name_of_the_seller_in_the_history(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """What happened to the connection names the seller in words; of other accounts it stays."""
    for seller in ("AGONE", "AGONE2", "AKEPT"):
        assert (await client.post(CONNECTIONS, json=account(sellingPartnerId=seller))).is_success
    (gone,) = [
        one["connectionId"]
        for one in (await client.get(STATUS)).json()["connections"]
        if one["sellingPartnerId"] == "AGONE"
    ]
    await client.post(CONNECTIONS, json=account(sellingPartnerId="AGONE"))
    answer = await client.delete(f"{CONNECTIONS}/{gone}?purge=true")
    history = (await client.get("/api/sync/activity")).json()["activities"]

    assert answer.status_code == 204
    assert await rows_that_name(database, "AGONE (NA)") == {}
    assert [one["message"] for one in history] == [
        "Amazon account AKEPT (NA) connected",
        "Amazon account AGONE2 (NA) connected",
    ]


async def fill_empty_tables(database: Database, connection_id: str) -> None:
    """A row of the connection in each table that has none of it yet, also in tables of later days."""
    filled = await rows_that_name(database, connection_id)
    for table in METADATA.sorted_tables:
        if "connection_id" in table.columns and table.name not in filled:
            needed = [c for c in table.columns if not c.nullable and c.server_default is None]
            values = {c.name: any_value(c) for c in needed if c.identity is None}
            async with database.writing() as conn:
                await conn.execute(table.insert().values(values | {"connection_id": connection_id}))


def any_value(column: Column[Any]) -> Any:
    """A value of the column's type; an id that is unique in its table is made up."""
    if isinstance(column.type, ARRAY):
        return []
    if isinstance(column.type, JSONB):
        return {}
    python: type = column.type.python_type
    made: dict[type, Any] = {
        str: uuid.uuid4().hex,
        datetime: datetime(2026, 11, 1, tzinfo=UTC),
        date: date(2026, 11, 1),
    }
    return made[python] if python in made else python(1)


async def tables_with_a_connection(database: Database) -> set[str]:
    """The tables of the database that have a column for it."""
    async with database.reading() as conn:
        found = await conn.execute(
            text(
                "select table_name from information_schema.columns "
                "join information_schema.tables using (table_schema, table_name) "
                "where column_name = :column and table_type = 'BASE TABLE'"
            ),
            {"column": "connection_id"},
        )
        return set(found.scalars())


async def rows_that_name(database: Database, connection_id: str) -> dict[str, int]:
    """How many rows of each table hold the id in any column, also inside JSON; none left out."""
    counts = {}
    async with database.reading() as conn:
        tables = await conn.execute(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        for table in tables.scalars().all():
            found = await conn.execute(
                text(f"select count(*) from {table} t where t::text like :id"),
                {"id": f"%{connection_id}%"},
            )
            counts[table] = found.scalar_one()
    return {table: count for table, count in counts.items() if count}


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
