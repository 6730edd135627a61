"""Webhooks over the API: who may do what, what is shown once, what the worker is left to do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.notifications.mail_queries import list_items
from recoup.outgoing.deliver import Deliverer
from recoup.sync.notify_claims import notify_of_deadlines
from recoup.users.queries import User
from recoup.users.roles import Role
from tests.api.claim_rows import day, store_claims
from tests.api.serving import Server, serving
from tests.api.test_roles import member
from tests.support.scripted_server import Reply, ScriptedServer

HOOK = {"url": "https://hooks.example/x", "kinds": ["sync.ended", "claim.paid"]}


@pytest.fixture
async def receiver() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def near_server(settings: Settings, database: Database) -> AsyncIterator[Server]:
    """One that may send to this machine."""
    near = settings.model_copy(update={"webhooks_to_private": True})
    async with serving(near, database) as server:
        yield server


async def test_a_webhook_is_added_changed_and_deleted(client: httpx2.AsyncClient) -> None:
    """Its secret is in the answer that adds it, and in no other."""
    added = await client.post("/api/webhooks", json=HOOK)
    hook = added.json()
    path = f"/api/webhooks/{hook['webhookId']}"
    listed = (await client.get("/api/webhooks")).json()["webhooks"]
    change = {"url": "https://hooks.example/y", "kinds": ["claim.found"], "isEnabled": False}
    changed = (await client.patch(path, json=change)).json()
    rotated = (await client.post(f"{path}/secret")).json()
    deleted = await client.delete(path)

    assert added.status_code == 201
    assert hook["secret"].startswith("whsec_")
    assert [one["webhookId"] for one in listed] == [hook["webhookId"]]
    assert "secret" not in str(listed).replace("previous", "").lower()
    assert {name: changed[name] for name in change} == change
    assert rotated["secret"] not in {hook["secret"], ""}
    assert (deleted.status_code, (await client.get("/api/webhooks")).json()) == (
        204,
        {"webhooks": []},
    )


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example", "https://127.0.0.1/x", "https://[::1]/", "https://u:p@h.example"],
)
async def test_an_address_inside_is_refused(client: httpx2.AsyncClient, url: str) -> None:
    """When it is added and when it is changed; a name is looked up each time something is sent."""
    hook = (await client.post("/api/webhooks", json=HOOK)).json()
    answers = [
        await client.post("/api/webhooks", json={**HOOK, "url": url}),
        await client.patch(f"/api/webhooks/{hook['webhookId']}", json={"url": url}),
    ]

    assert [one.status_code for one in answers] == [400, 400]
    assert all(one.json()["type"] == "/problems/invalid-request" for one in answers)


async def test_a_workspace_has_ten_at_most(client: httpx2.AsyncClient) -> None:
    """Each notification goes to all of them."""
    answers = [await client.post("/api/webhooks", json=HOOK) for _ in range(11)]

    assert [one.status_code for one in answers] == [201] * 10 + [409]


async def test_a_test_is_sent_by_a_worker_and_logged(
    near_server: Server, database: Database, user: User, receiver: ScriptedServer
) -> None:
    """One at a time; a message that has ended is sent again with the same id."""
    receiver.script("/hook", Reply(500, "no"), Reply(200))
    async with near_server.client(user) as client:
        url = {"url": f"{receiver.url}/hook", "kinds": ["claim.paid"]}
        hook = (await client.post("/api/webhooks", json=url)).json()
        path = f"/api/webhooks/{hook['webhookId']}"
        tested = await client.post(f"{path}/test")
        twice = await client.post(f"{path}/test")
        delivery = f"{path}/deliveries/{tested.json()['deliveryId']}"
        early = await client.post(f"{delivery}/redeliver")
        await Deliverer(near_server.settings, database).deliver_due()
        (first,) = (await client.get(f"{path}/deliveries")).json()["deliveries"]
        await client.patch(path, json={"isEnabled": False})
        off = await client.post(f"{delivery}/redeliver")
        await client.patch(path, json={"isEnabled": True})
        again = await client.post(f"{delivery}/redeliver")
        await Deliverer(near_server.settings, database).deliver_due()
        (second,) = (await client.get(f"{path}/deliveries")).json()["deliveries"]

    statuses = [one.status_code for one in (tested, twice, early, off, again)]
    assert statuses == [202, 409, 409, 409, 202]
    assert (first["type"], first["status"], first["error"]) == (
        "webhook.test",
        "pending",
        "The receiver answered 500.",
    )
    assert first["responseExcerpt"] == "no"
    assert first["nextAttemptAt"] > first["lastAttemptAt"]
    assert (second["status"], second["messageId"]) == ("delivered", first["messageId"])


async def test_members_see_webhooks_and_only_owners_change_them(
    server: Server, database: Database, client: httpx2.AsyncClient, user: User
) -> None:
    """Viewers see none: an address often holds a secret."""
    hook = (await client.post("/api/webhooks", json=HOOK)).json()
    path = f"/api/webhooks/{hook['webhookId']}"
    found = {}
    for role in (Role.MEMBER, Role.VIEWER):
        async with member(server, database, user, role) as person:
            answers = [
                await person.get("/api/webhooks"),
                await person.get(f"{path}/deliveries"),
                await person.post(f"{path}/test"),
                await person.delete(path),
            ]
            found[role] = [one.status_code for one in answers]

    assert found == {Role.MEMBER: [200, 200, 403, 403], Role.VIEWER: [403, 403, 403, 403]}


async def test_a_person_chooses_mails(client: httpx2.AsyncClient, user: User) -> None:
    """Nothing before, and then what was chosen; half of quiet hours is refused."""
    path = "/api/me/notifications"
    before = (await client.get(path)).json()
    chosen = {
        "kinds": ["claim.deadline_near"],
        "sendAt": "07:30",
        "timeZone": "Europe/Berlin",
        "quietFrom": "22:00",
        "quietTo": "06:00",
    }
    answer = await client.put(path, json=chosen)
    half = await client.put(path, json={"kinds": [], "quietFrom": "22:00"})
    nowhere = await client.put(path, json={"kinds": [], "timeZone": "Europe/Nowhere"})

    assert (before["kinds"], before["email"], before["canSend"]) == ([], user.email, False)
    assert answer.status_code == 200
    after = (await client.get(path)).json()
    assert {name: after[name] for name in chosen} == chosen
    assert (half.status_code, nowhere.status_code) == (422, 422)


async def test_whoever_begins_to_want_deadlines_learns_of_those_ahead(
    client: httpx2.AsyncClient, database: Database, user: User, connection: Connection
) -> None:
    """What was reported before, to nobody, is in the first mail; choosing again adds nothing."""
    await store_claims(database, connection.connection_id, range(1), deadline=day(6))
    await notify_of_deadlines(database, now=utc_now())
    chosen = {"kinds": ["claim.deadline_near"]}
    for _ in range(2):
        await client.put("/api/me/notifications", json=chosen)

    async with database.reading() as conn:
        (item,) = await list_items(conn, user.user_id)
    assert item.kind == "claim.deadline_near"
