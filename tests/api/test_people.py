"""The people of a workspace: invitations, their tokens, and switching between workspaces."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
from sqlalchemy import select, update

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.ids import WorkspaceId, first_workspace_id
from recoup.users.queries import User, add_user
from recoup.users.roles import Role, Scope
from recoup.users.sign_in import set_password
from recoup.users.tables import invitation
from recoup.users.token_queries import MOST_TOKENS, add_token
from recoup.users.workspace_queries import MOST_OWNED, add_member, add_workspace
from tests.api.serving import CHEAP_PASSWORDS, Server, new_user
from tests.api.test_sign_in import OWN, PASSWORD, session_of

BOB = {"name": "Bob", "password": PASSWORD}


async def invite(client: httpx2.AsyncClient, role: str = "viewer", email: str = "Bob@x.org") -> str:
    """The secret of the link."""
    answer = await client.post("/api/workspace/invitations", json={"email": email, "role": role})
    assert answer.status_code == 201
    link = answer.json()["link"]
    assert link.startswith("https://recoup.example/signin#")
    return link.partition("#")[2]


async def test_an_invited_person_joins_with_a_role(
    server: Server, client: httpx2.AsyncClient, user: User
) -> None:
    """Name and password are chosen; the person sees this workspace and no word of it."""
    token = await invite(client, "member")
    async with server.client(**OWN) as visitor:
        seen = await visitor.post("/signin/link/look", json={"token": token})
        joined = await visitor.post("/signin/link", json={"token": token, **BOB})
        again = await visitor.post("/signin/link", json={"token": token, **BOB})
        account = (await visitor.get("/api/me", headers=session_of(joined))).json()
    members = (await client.get("/api/workspace/members")).json()["members"]

    assert (seen.json()["kind"], seen.json()["role"]) == ("invitation", "member")
    assert (seen.json()["email"], seen.json()["hasAccount"]) == ("bob@x.org", False)
    assert (joined.status_code, again.status_code) == (204, 401)
    assert [(one["workspaceId"], one["role"]) for one in account["workspaces"]] == [
        (user.user_id, "member")
    ]
    assert [(one["email"], one["role"]) for one in members] == [
        ("seller@example.com", "owner"),
        ("bob@x.org", "member"),
    ]


async def test_an_invitation_used_twice_at_once_is_one_person(
    server: Server, client: httpx2.AsyncClient
) -> None:
    """The address is one person's, and the link works once."""
    token = await invite(client)
    async with server.client(**OWN) as visitor:
        answers = await asyncio.gather(
            *(visitor.post("/signin/link", json={"token": token, **BOB}) for _ in range(4))
        )
    members = (await client.get("/api/workspace/members")).json()["members"]

    assert sum(a.status_code == 204 for a in answers) == 1
    assert {a.status_code for a in answers} <= {204, 401, 409}
    assert len(members) == 2


async def test_an_invitation_ends(
    server: Server, client: httpx2.AsyncClient, database: Database
) -> None:
    """After seven days, when it is withdrawn, and when a newer one of the address replaces it."""
    late, replaced = await invite(client, email="late@x.org"), await invite(client)
    withdrawn = await invite(client)
    (listed, *_) = (await client.get("/api/workspace/invitations")).json()["invitations"]
    async with database.reading() as conn:
        ends = list((await conn.execute(select(invitation.c.expires_at))).scalars())
    async with database.writing() as conn:
        of_late = update(invitation).where(invitation.c.email == "late@x.org")
        await conn.execute(of_late.values(expires_at=utc_now()))
    gone = await client.delete(f"/api/workspace/invitations/{listed['invitationId']}")
    async with server.client(**OWN) as visitor:
        answers = [
            await visitor.post("/signin/link", json={"token": one, **BOB})
            for one in (late, replaced, withdrawn)
        ]

    assert all(timedelta(days=6, hours=23) < at - utc_now() <= timedelta(days=7) for at in ends)
    assert listed["email"] == "bob@x.org"
    assert gone.status_code == 204
    assert [a.status_code for a in answers] == [401] * 3
    assert (await client.get("/api/workspace/invitations")).json() == {"invitations": []}


async def test_who_has_an_account_joins_with_it(
    server: Server, client: httpx2.AsyncClient, database: Database
) -> None:
    """The link alone does not sign in to an account that exists, and it is for that account only."""
    bob = await new_user(database, "bob@x.org")
    eve = await new_user(database, "eve@x.org")
    token = await invite(client, "member")
    async with server.client(**OWN) as visitor:
        seen = await visitor.post("/signin/link/look", json={"token": token})
        taken = await visitor.post("/signin/link", json={"token": token, **BOB})
    async with server.client(eve) as hers:
        other = await hers.post("/api/me/invitations", json={"token": token})
    async with server.client(bob) as his:
        joined = await his.post("/api/me/invitations", json={"token": token})
        again = await his.post("/api/me/invitations", json={"token": token})
        account = (await his.get("/api/me")).json()

    assert seen.json()["hasAccount"]
    assert [a.status_code for a in (taken, other, joined, again)] == [409, 409, 200, 401]
    assert {one["role"] for one in account["workspaces"]} == {"owner", "member"}


async def test_one_person_owns_so_many_workspaces_and_no_more(
    client: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """Also with requests at the same time. What was not made by the person itself counts if it is
    owned, and does not if it is not.
    """
    async with database.writing() as conn:
        for number in range(MOST_OWNED - 2):
            await add_workspace(
                conn, WorkspaceId(f"w{number}"), name=f"{number}", owner=user.user_id
            )
        other = await add_user(conn, "other@x.org")
        theirs = first_workspace_id(other.user_id)
        await add_member(conn, theirs, user.user_id, Role.MEMBER)
    answers = await asyncio.gather(
        *(client.post("/api/me/workspaces", json={"name": "One more"}) for _ in range(4))
    )
    account = (await client.get("/api/me")).json()

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    refused = next(one for one in answers if one.status_code == 409)
    assert "One person can own at most 200 workspaces: connect several" in refused.json()["detail"]
    assert len(account["workspaces"]) == MOST_OWNED + 1


async def test_one_person_has_so_many_tokens_and_no_more(
    client: httpx2.AsyncClient, database: Database, user: User, server: Server
) -> None:
    """Also with requests at the same time. Those that are revoked, over, or of another key do not
    count.
    """
    key, now = server.settings.keys[0], utc_now()
    over = [(key, now - timedelta(days=1)), ("another-key", now + timedelta(days=1))]
    # The one that the client comes with is the last.
    usable = [(key, now + timedelta(days=1))] * (MOST_TOKENS - 2)
    async with database.writing() as conn:
        for one, ends_at in [*over, *usable]:
            await add_token(conn, user.user_id, key=one, scope=Scope.READ, expires_at=ends_at)
    answers = await asyncio.gather(*(client.post("/api/me/credentials", json={}) for _ in range(4)))
    made = next(one for one in answers if one.status_code == 201).json()
    refused = next(one for one in answers if one.status_code == 409).json()
    await client.delete(f"/api/me/credentials/{made['credentialId']}")
    again = await client.post("/api/me/credentials", json={})

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert "One person can have at most 200 tokens: revoke those" in refused["detail"]
    assert again.status_code == 201


async def test_a_session_keeps_the_chosen_workspace(
    server: Server, client: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """A browser of a person of several workspaces chooses once; a token cannot."""
    bob = await new_user(database, "bob@x.org")
    async with database.writing() as conn:
        await add_member(conn, first_workspace_id(user.user_id), bob.user_id, Role.VIEWER)
    await set_password(database, CHEAP_PASSWORDS, bob.user_id, PASSWORD)
    choice = {"workspaceId": user.user_id}
    async with server.client(**OWN) as visitor:
        entered = await visitor.post("/signin", json={"email": "bob@x.org", "password": PASSWORD})
        session = session_of(entered)
        before = await visitor.get("/api/orders", headers=session)
        chosen = await visitor.put("/api/me/workspace", json=choice, headers=session)
        after = await visitor.get("/api/orders", headers=session)
        written = await visitor.post("/api/sync/start", headers=session)
        stranger = await visitor.put(
            "/api/me/workspace", json={"workspaceId": "x"}, headers=session
        )
    async with server.client(bob) as program:
        by_token = await program.put("/api/me/workspace", json=choice)

    statuses = [a.status_code for a in (before, chosen, after, written, stranger, by_token)]
    assert statuses == [400, 200, 200, 403, 404, 409]
    assert chosen.json()["workspace"]["role"] == "viewer"


async def test_own_tokens_are_listed_and_ended(
    server: Server, client: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """Without their text; nobody ends another's."""
    made = (await client.post("/api/me/credentials", json={"label": "reports"})).json()
    listed = (await client.get("/api/me/credentials")).json()["credentials"]
    eve = await new_user(database, "eve@x.org")
    path = f"/api/me/credentials/{made['credentialId']}"
    async with server.client(eve) as hers:
        foreign = await hers.delete(path)
    async with server.client(authorization=f"Bearer {made['token']}") as program:
        before = await program.get("/api/orders")
        ended = await client.delete(path)
        after = await program.get("/api/orders")

    assert [(one["label"], one["scope"], one["isCurrent"]) for one in listed] == [
        ("reports", "read", False),
        (None, "admin", True),
    ]
    assert made["token"] not in str(listed)
    assert [a.status_code for a in (foreign, before, ended, after)] == [404, 200, 204, 401]


async def test_an_owner_ends_tokens_of_the_workspace(
    server: Server, client: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """Of a person who belongs to other workspaces too, only those for this one."""
    bob = await new_user(database, "bob@x.org")
    async with database.writing() as conn:
        await add_member(conn, first_workspace_id(user.user_id), bob.user_id, Role.MEMBER)
    async with server.client(bob) as his:
        here = {"recoup-workspace": user.user_id}
        made = (await his.post("/api/me/credentials", json={}, headers=here)).json()
        of_all = (await his.get("/api/me/credentials")).json()["credentials"]
        listed = (await client.get("/api/workspace/credentials")).json()["credentials"]
        ended = [
            await client.delete(f"/api/workspace/credentials/{one['credentialId']}")
            for one in of_all
        ]
        still = await his.get("/api/me")

    shown = [one["credentialId"] for one in listed if one["email"] == "bob@x.org"]
    assert shown == [made["credentialId"]]
    assert [a.status_code for a in ended] == [204, 404]
    assert still.status_code == 200
