"""Legal holds over the API: set and ended by an owner with a reason, told in the audit log."""

from __future__ import annotations

from typing import Any

import httpx2

from recoup.audit.words import Action
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from recoup.users.roles import Role
from tests.api.serving import Server, new_user
from tests.api.test_roles import member

HOLD = "/api/legal-hold"


async def change(
    client: httpx2.AsyncClient, *, is_held: bool, reason: str = "a suit", of: str | None = None
) -> httpx2.Response:
    body = {"connectionId": of, "isHeld": is_held, "reason": reason}
    return await client.put(HOLD, json=body)


async def told(client: httpx2.AsyncClient, action: Action) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await client.get(f"/api/audit?action={action}")).json()[
        "items"
    ]
    return entries


async def test_a_hold_is_listed_until_it_ends(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """That of the workspace first; setting it again changes the reason, not since when."""
    whole = (await change(client, is_held=True)).json()["holds"]
    both = (await change(client, is_held=True, of=connection.connection_id)).json()["holds"]
    again = (await change(client, is_held=True, reason="another suit")).json()["holds"]
    await change(client, is_held=False, reason="settled")
    left = (await client.get(HOLD)).json()["holds"]

    assert [one["connectionId"] for one in both] == [None, connection.connection_id]
    assert again[0] == whole[0] | {"reason": "another suit"}
    assert left == [both[1]]


async def test_the_audit_log_says_who_why_and_what(
    client: httpx2.AsyncClient, connection: Connection, user: User
) -> None:
    """Both when it is set and when it ends."""
    await change(client, is_held=True, of=connection.connection_id)
    await change(client, is_held=False, reason="settled", of=connection.connection_id)
    (set_,), (ended,) = (
        await told(client, Action.LEGAL_HOLD_SET),
        await told(client, Action.LEGAL_HOLD_ENDED),
    )

    assert set_["who"] == ended["who"] == user.email
    assert set_["subject"] == ended["subject"] == connection.connection_id
    assert (set_["details"], ended["details"]) == ({"reason": "a suit"}, {"reason": "settled"})


async def test_only_an_owner_changes_it(
    server: Server, database: Database, user: User, connection: Connection
) -> None:
    """A member sees it."""
    async with server.client(user) as owner, member(server, database, user, Role.MEMBER) as other:
        refused = await change(other, is_held=True, of=connection.connection_id)
        set_ = await change(owner, is_held=True, of=connection.connection_id)
        ended = await change(other, is_held=False, of=connection.connection_id)
        seen = await other.get(HOLD)

    assert [one.status_code for one in (refused, set_, ended)] == [403, 200, 403]
    assert seen.json() == set_.json()


async def test_what_is_not_there_cannot_be_held_or_ended(
    server: Server, client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A stranger's connection does not exist; a hold that is not there does not end; no blank reason."""
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as other:
        foreign = await change(other, is_held=True, of=connection.connection_id)
        theirs = (await other.get(HOLD)).json()
    none = await change(client, is_held=False)
    blank = await change(client, is_held=True, reason="  ")

    assert [one.status_code for one in (foreign, none, blank)] == [404, 409, 422]
    assert theirs["holds"] == []


async def test_a_purge_is_refused_before_anything_is_done(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """The account stays connected; it can still be disconnected without deleting anything."""
    path = f"/api/v1/integrations/amazon/connections/{connection.connection_id}"
    await change(client, is_held=True)
    purge = await client.delete(f"{path}?purge=true")
    status = (await client.get("/api/v1/integrations/amazon/status")).json()
    plain = await client.delete(path)

    assert purge.status_code == 409
    assert "a suit" in purge.json()["detail"]
    assert status["connections"][0]["status"] == "active"
    assert plain.status_code == 204
