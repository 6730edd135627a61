"""The audit log: who did what, when and from where."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from recoup.api.permissions import PERMISSIONS
from recoup.audit.queries import EntrySelection, forget_old_entries, list_entries, record
from recoup.audit.tables import audit_entry
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import store_claims
from tests.api.serving import Server, new_user

PASSWORD = "correct horse battery staple"
AMAZON = "/api/v1/integrations/amazon/connections"


async def _log(client: httpx2.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/audit", params=query)
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def test_each_action_is_told_with_who_when_and_from_where(
    database: Database, client: httpx2.AsyncClient, user: User, connection: Connection
) -> None:
    """A person's writes over HTTP; the secrets in them are not told."""
    await store_claims(database, connection.connection_id, range(1))
    client.headers["user-agent"] = "an agent"
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    await client.post(f"/api/sync/cancel/{sync_id}")
    token = (await client.post("/api/me/credentials", json={"scope": "read", "days": 1})).json()
    await client.delete(f"/api/me/credentials/{token['credentialId']}")
    invitation = {"email": "new@example.com", "role": "viewer"}
    invited = (await client.post("/api/workspace/invitations", json=invitation)).json()
    await client.delete(f"/api/workspace/invitations/{invited['invitationId']}")
    await client.patch(
        "/api/recoveries/claim-0000", json={"status": "dismissed", "note": "private"}
    )
    await client.get("/api/orders", headers={"accept": "text/csv"})
    await client.patch("/api/workspace", json={"name": "Another name"})
    await client.delete(f"{AMAZON}/{connection.connection_id}")
    await client.delete(f"{AMAZON}/{connection.connection_id}?purge=true")

    log = await _log(client)

    assert [(one["action"], one["subject"]) for one in reversed(log)] == [
        (Action.SYNC_STARTED, sync_id),
        (Action.SYNC_CANCELLED, sync_id),
        (Action.TOKEN_MADE, token["credentialId"]),
        (Action.CREDENTIAL_REVOKED, token["credentialId"]),
        (Action.INVITATION_MADE, "new@example.com"),
        (Action.INVITATION_WITHDRAWN, invited["invitationId"]),
        (Action.CLAIM_CHANGED, "claim-0000"),
        (Action.EXPORTED, "orders"),
        (Action.WORKSPACE_RENAMED, "Another name"),
        (Action.CONNECTION_REMOVED, connection.connection_id),
        (Action.CONNECTION_PURGED, connection.connection_id),
    ]
    assert {(one["who"], one["userId"], one["address"], one["userAgent"]) for one in log} == {
        (user.email, user.user_id, "127.0.0.1", "an agent")
    }
    assert all(one["credentialId"] for one in log)
    assert "private" not in str(log)
    assert token["token"] not in str(log)


async def test_accounts_and_syncs_have_their_names_beside_their_ids(
    client: httpx2.AsyncClient, connection: Connection, user: User
) -> None:
    """As long as they are there; a sync has its account and time. Other subjects have neither."""
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    started_at = (await client.get(f"/api/sync/status/{sync_id}")).json()["startedAt"]
    address = f"{AMAZON}/{connection.connection_id}"
    await client.patch(address, json={"schedule": "0 5 * * *"})
    await client.patch("/api/workspace", json={"name": "A1"})
    told = {one["action"]: (one["account"], one["syncStartedAt"]) for one in await _log(client)}
    csv = await client.get("/api/audit", headers={"accept": "text/csv"})
    await client.post(f"/api/sync/cancel/{sync_id}")
    await client.delete(f"{address}?purge=true")
    gone = {one["account"] for one in await _log(client)}

    assert told == {
        Action.SYNC_STARTED: ("A1 (NA)", started_at),
        Action.SCHEDULE_CHANGED: ("A1 (NA)", None),
        Action.WORKSPACE_RENAMED: (None, None),
    }
    assert f"A1 (NA),{started_at}" in csv.text
    assert gone == {None}


async def test_signing_in_is_told_also_when_it_fails(
    server: Server, database: Database, client: httpx2.AsyncClient, user: User
) -> None:
    """To the owners of the person's workspaces; an address that nobody has to the operator alone."""
    new = {"currentPassword": "", "newPassword": PASSWORD}
    assert (await client.post("/api/me/password", json=new)).status_code == 204
    async with server.client() as browser:
        for email, password in (
            (user.email, "wrong"),
            ("what I typed by mistake", "wrong"),
            (user.email, PASSWORD),
        ):
            answer = await browser.post("/signin", json={"email": email, "password": password})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        await browser.post("/signout", headers={"cookie": cookie})

    told = [(one["action"], one["who"], one["subject"]) for one in reversed(await _log(client))]
    async with database.reading() as conn:
        everything = await list_entries(conn, EntrySelection(), limit=100)

    assert told == [
        (Action.PASSWORD_CHANGED, user.email, user.email),
        (Action.SIGN_IN_FAILED, None, user.email),
        (Action.SIGNED_IN, user.email, user.email),
        (Action.SIGNED_OUT, user.email, user.email),
    ]
    (of_nobody,) = [one for one in everything if one.workspace_id is None]
    assert (of_nobody.action, of_nobody.subject) == (Action.SIGN_IN_FAILED, None)
    assert of_nobody.address == "127.0.0.1"


async def test_what_recoup_does_by_itself_is_told_as_recoups(
    database: Database, client: httpx2.AsyncClient, user: User
) -> None:
    """A schedule or a command on the machine names no person."""
    async with database.writing() as conn:
        await record(conn, Action.SYNC_STARTED, "sync_1", workspace_id=user.user_id)

    (entry,) = await _log(client)

    assert (entry["who"], entry["userId"], entry["address"]) == ("recoup", None, None)


async def test_the_log_is_paged_filtered_and_exported(
    database: Database, client: httpx2.AsyncClient, user: User
) -> None:
    """As any other list: a cursor, half-open times, an action, CSV."""
    async with database.writing() as conn:
        for number in range(5):
            action = Action.EXPORTED if number % 2 else Action.SYNC_STARTED
            await record(conn, action, f"{number}", workspace_id=user.user_id)
    first = (await client.get("/api/audit?limit=2")).json()
    second = (await client.get(f"/api/audit?limit=2&cursor={first['nextCursor']}")).json()
    csv = await client.get("/api/audit", headers={"accept": "text/csv"})

    pages = [one["subject"] for page in (first, second) for one in page["items"]]
    assert pages == ["4", "3", "2", "1"]
    # The export has told of itself by now.
    assert len(await _log(client, action="exported")) == 3
    assert await _log(client, to="2020-01-01T00:00:00Z") == []
    assert csv.text.splitlines()[0].startswith("entryId,at,who,")
    assert len(csv.text.splitlines()) == 6
    assert (await client.get("/api/audit?cursor=x")).status_code == 400


async def test_entries_are_kept_for_twelve_months(database: Database, user: User) -> None:
    """What is older is deleted by the worker's daily upkeep."""
    async with database.writing() as conn:
        for subject in ("old", "young"):
            await record(conn, Action.EXPORTED, subject, workspace_id=user.user_id)
    owner = Database(database.sqlalchemy_url.replace("+psycopg", ""), role=None)
    async with owner.writing() as conn:
        for subject, days in (("old", 367), ("young", 364)):
            await conn.execute(
                update(audit_entry)
                .where(audit_entry.c.subject == subject)
                .values(at=utc_now() - timedelta(days=days))
            )
    await owner.close()
    async with database.writing() as conn:
        forgotten = await forget_old_entries(conn)
        left = (await conn.execute(select(audit_entry.c.subject))).scalars().all()

    assert (forgotten, left) == (1, ["young"])


async def test_only_owners_read_the_log_and_only_their_own(
    server: Server, database: Database, client: httpx2.AsyncClient
) -> None:
    """Another workspace's log is empty to them."""
    await client.get("/api/orders", headers={"accept": "text/csv"})
    other = await new_user(database, "other@example.com")
    async with server.client(other) as stranger:
        assert await _log(stranger) == []

    assert PERMISSIONS["GET", "/api/audit"].role == "owner"


# Writes that the log does not tell of, each with the reason.
UNTOLD = {
    ("PUT", "/api/me/workspace"): "a choice of what one's own session shows",
}


@pytest.mark.parametrize(
    ("method", "path"), [key for key in PERMISSIONS if key[0] != "GET" and key not in UNTOLD]
)
def test_each_write_has_a_word_in_the_log(method: str, path: str) -> None:
    """Whoever adds a route that writes decides what the log says of it."""
    assert TOLD[method, path] in set(Action)


TOLD = {
    ("POST", "/api/sync/start"): Action.SYNC_STARTED,
    ("POST", "/api/sync/force"): Action.SYNC_STARTED,
    ("POST", "/api/sync/cancel/{syncId}"): Action.SYNC_CANCELLED,
    ("PATCH", "/api/recoveries/{claimId}"): Action.CLAIM_CHANGED,
    ("POST", "/api/recoveries/detect"): Action.CLAIMS_DETECTED,
    ("POST", "/api/packs/{packId}/filed"): Action.PACK_FILED,
    ("POST", "/api/proofs"): Action.PROOF_ADDED,
    ("DELETE", "/api/proofs/{proofId}"): Action.PROOF_DELETED,
    ("PUT", "/api/sourcing-costs"): Action.COSTS_CHANGED,
    ("DELETE", "/api/sourcing-costs"): Action.COSTS_CHANGED,
    ("PUT", "/api/sourcing-costs/amazon/refusals"): Action.COSTS_CHANGED,
    ("DELETE", "/api/sourcing-costs/amazon/refusals"): Action.COSTS_CHANGED,
    ("POST", "/api/quarantine/replay"): Action.QUARANTINE_REPLAYED,
    ("POST", "/api/files"): Action.FILE_LOADED,
    ("POST", AMAZON): Action.CONNECTION_MADE,
    ("DELETE", f"{AMAZON}/{{connectionId}}"): Action.CONNECTION_REMOVED,
    ("PATCH", f"{AMAZON}/{{connectionId}}"): Action.SCHEDULE_CHANGED,
    ("POST", "/api/me/password"): Action.PASSWORD_CHANGED,
    ("POST", "/api/me/credentials"): Action.TOKEN_MADE,
    ("DELETE", "/api/me/credentials/{credentialId}"): Action.CREDENTIAL_REVOKED,
    ("POST", "/api/me/invitations"): Action.MEMBER_JOINED,
    ("POST", "/api/me/workspaces"): Action.WORKSPACE_MADE,
    ("PUT", "/api/me/notifications"): Action.MAILS_CHOSEN,
    ("POST", "/api/me/notifications/test"): Action.MAIL_TESTED,
    ("POST", "/api/webhooks"): Action.WEBHOOK_ADDED,
    ("PATCH", "/api/webhooks/{webhookId}"): Action.WEBHOOK_CHANGED,
    ("DELETE", "/api/webhooks/{webhookId}"): Action.WEBHOOK_DELETED,
    ("POST", "/api/webhooks/{webhookId}/secret"): Action.WEBHOOK_SECRET_ROTATED,
    ("POST", "/api/webhooks/{webhookId}/test"): Action.WEBHOOK_TESTED,
    (
        "POST",
        "/api/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
    ): Action.WEBHOOK_REDELIVERED,
    ("PUT", "/api/legal-hold"): Action.LEGAL_HOLD_SET,
    ("PATCH", "/api/workspace"): Action.WORKSPACE_RENAMED,
    ("PATCH", "/api/workspace/members/{userId}"): Action.ROLE_CHANGED,
    ("DELETE", "/api/workspace/members/{userId}"): Action.MEMBER_REMOVED,
    ("POST", "/api/workspace/invitations"): Action.INVITATION_MADE,
    ("DELETE", "/api/workspace/invitations/{invitationId}"): Action.INVITATION_WITHDRAWN,
    ("DELETE", "/api/workspace/credentials/{credentialId}"): Action.CREDENTIAL_REVOKED,
}
