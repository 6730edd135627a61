"""Who may do what: each route under each role and scope, and the choice among workspaces."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from recoup.api.permissions import EVERYTHING, PERMISSIONS, permission_for
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import WorkspaceId, first_workspace_id, new_workspace_id
from recoup.users.queries import User, add_user
from recoup.users.roles import Role, Scope
from recoup.users.workspace_queries import add_member, add_workspace, remove_member, set_role
from tests.api.serving import Server, new_user, store_token
from tests.support.openapi_document import PATHS

READS = {"get", "head"}


OPERATIONS = [(m, p) for p, ms in PATHS.items() for m in ms if p.startswith("/api/")]


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", path)


@asynccontextmanager
async def member(
    server: Server, database: Database, workspace: User, role: Role, scope: Scope = Scope.ADMIN
) -> AsyncIterator[httpx2.AsyncClient]:
    """Another person in the workspace of a user."""
    async with database.writing() as conn:
        email = f"{role}-{scope}@example.com"
        person = await add_user(conn, email, with_workspace=False)
        await add_member(conn, first_workspace_id(workspace.user_id), person.user_id, role)
        await store_token(conn, person, scope=scope)
    async with server.client(person) as client:
        yield client


def test_no_write_is_forgotten_in_the_table() -> None:
    """Each route that writes has an entry of its own, and each entry a route."""
    listed = {(method.lower(), path) for method, path in PERMISSIONS}
    writes = {(method, path) for method, path in OPERATIONS if method not in READS}

    assert writes - listed == set()
    assert listed - set(OPERATIONS) == set()


def test_a_write_that_nobody_listed_needs_everything() -> None:
    """Who adds a route and forgets the table shuts it."""
    assert permission_for("POST", "/api/brand-new") == EVERYTHING
    assert permission_for("DELETE", "/api/sync/status/x") == EVERYTHING


@pytest.mark.parametrize("role", list(Role))
async def test_each_route_refuses_smaller_roles(
    server: Server, database: Database, user: User, connection: Connection, role: Role
) -> None:
    """Of every route of the document: 403 with the role that is needed, or no 403 at all."""
    async with member(server, database, user, role) as client:
        answers = {
            (method, path): await client.request(method, filled(path))
            for method, path in OPERATIONS
            if "/sse/" not in path
        }

    for (method, path), answer in answers.items():
        needs = permission_for(method.upper(), filled(path))
        refused = needs.role is not None and not role.covers(needs.role)
        assert (answer.status_code == 403) == refused, (method, path, answer.text)
        if refused:
            assert answer.json()["type"] == "/problems/role-too-small"
            assert answer.json()["neededRole"] == needs.role
            assert f"role {needs.role}" in answer.json()["detail"]


async def test_a_viewer_changes_nothing_of_the_workspace(
    server: Server, database: Database, user: User, connection: Connection
) -> None:
    """The table itself lets a viewer write only to the viewer's own account."""
    allowed = {
        path
        for method, path in OPERATIONS
        if method not in READS
        and permission_for(method.upper(), filled(path)).role in {None, Role.VIEWER}
    }

    assert {path.split("/")[2] for path in allowed} == {"me"}


@pytest.mark.parametrize("scope", list(Scope))
async def test_each_route_refuses_smaller_scopes(
    server: Server, database: Database, user: User, connection: Connection, scope: Scope
) -> None:
    """An owner's token for reading does not write, and one for syncing manages nobody."""
    async with member(server, database, user, Role.OWNER, scope) as client:
        answers = {
            (method, path): await client.request(method, filled(path))
            for method, path in OPERATIONS
            if "/sse/" not in path
        }

    for (method, path), answer in answers.items():
        needs = permission_for(method.upper(), filled(path))
        assert (answer.status_code == 403) == (not scope.covers(needs.scope)), (method, path)
        if answer.status_code == 403:
            assert answer.json()["neededScope"] == needs.scope


async def test_only_an_owner_purges(
    server: Server, database: Database, user: User, connection: Connection
) -> None:
    """A member disconnects; deleting the data is the owner's."""
    path = f"/api/v1/integrations/amazon/connections/{connection.connection_id}"
    async with member(server, database, user, Role.MEMBER) as client:
        purge = await client.delete(f"{path}?purge=true")
        plain = await client.delete(path)
    async with server.client(user) as client:
        owner = await client.delete(f"{path}?purge=1")

    assert [a.status_code for a in (purge, plain, owner)] == [403, 204, 204]
    assert purge.json()["neededRole"] == "owner"


async def test_a_changed_role_counts_with_the_next_request(
    server: Server, database: Database, user: User, connection: Connection
) -> None:
    """And who was removed sees nothing more, with the same token."""
    workspace_id = first_workspace_id(user.user_id)
    async with member(server, database, user, Role.MEMBER) as client:
        before = await client.post("/api/sync/cancel/x")
        person = (await client.get("/api/me")).json()["userId"]
        async with database.writing() as conn:
            await set_role(conn, workspace_id, person, Role.VIEWER)
        demoted = await client.post("/api/sync/cancel/x")
        async with database.writing() as conn:
            await remove_member(conn, workspace_id, person)
        removed = await client.get("/api/orders")

    assert [a.status_code for a in (before, demoted, removed)] == [404, 403, 404]


async def test_the_last_owner_stays(client: httpx2.AsyncClient, user: User) -> None:
    """A workspace that nobody owns could not be managed by anybody."""
    path = f"/api/workspace/members/{user.user_id}"
    demoted = await client.patch(path, json={"role": "viewer"})
    removed = await client.delete(path)
    kept = await client.patch(path, json={"role": "owner"})

    assert [a.status_code for a in (demoted, removed, kept)] == [409, 409, 204]


@pytest.fixture
async def second(database: Database, user: User) -> WorkspaceId:
    """Another workspace of the user, without data."""
    workspace_id = new_workspace_id()
    async with database.writing() as conn:
        await add_workspace(conn, workspace_id, name="Second", owner=user.user_id)
    return workspace_id


async def test_who_has_one_workspace_names_none(
    client: httpx2.AsyncClient, user: User, connection: Connection
) -> None:
    """And may name it."""
    plain = await client.get("/api/v1/integrations/amazon/status")
    named = await client.get(
        "/api/v1/integrations/amazon/status", headers={"recoup-workspace": user.user_id}
    )

    assert len(plain.json()["connections"]) == 1
    assert plain.json() == named.json()


async def test_who_has_several_workspaces_names_one(
    client: httpx2.AsyncClient, user: User, connection: Connection, second: WorkspaceId
) -> None:
    """Without a name the answer lists them; with one it is about that workspace only."""
    path = "/api/v1/integrations/amazon/status"
    none = await client.get(path)
    first, other = [
        (await client.get(path, headers={"recoup-workspace": one})).json()["connections"]
        for one in (user.user_id, second)
    ]
    account = await client.get("/api/me")

    assert (none.status_code, none.json()["type"]) == (400, "/problems/ambiguous-workspace")
    assert {one["workspaceId"] for one in none.json()["workspaces"]} == {user.user_id, second}
    assert (len(first), other) == (1, [])
    assert account.json()["workspace"] is None


@pytest.mark.parametrize("named", ["", "x", "another", "u' or 1=1", "\u00e9"])
async def test_a_workspace_of_others_does_not_exist(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    named: str,
) -> None:
    """Neither to read nor to write, whoever's it is."""
    stranger = await new_user(database, "stranger@example.com")
    header = {"recoup-workspace": (named.replace("another", stranger.user_id)).encode()}
    answers = [
        await client.get("/api/orders", headers=header),
        await client.post("/api/sync/start", headers=header),
        await client.delete(
            f"/api/v1/integrations/amazon/connections/{connection.connection_id}", headers=header
        ),
    ]

    assert [a.status_code for a in answers] == [404] * 3


async def test_a_token_of_one_workspace_opens_no_other(
    server: Server, client: httpx2.AsyncClient, user: User, second: WorkspaceId
) -> None:
    """As made through the API, for a program of one seller."""
    made = await client.post(
        "/api/me/credentials", json={"scope": "read"}, headers={"recoup-workspace": second}
    )
    bearer = f"Bearer {made.json()['token']}"
    async with server.client(authorization=bearer) as program:
        own = await program.get("/api/me")
        other = await program.get("/api/orders", headers={"recoup-workspace": user.user_id})
        more = await program.post("/api/me/credentials", json={"scope": "admin"})

    assert made.status_code == 201
    assert [one["workspaceId"] for one in own.json()["workspaces"]] == [second]
    assert (other.status_code, more.status_code) == (404, 403)


async def test_a_token_of_one_workspace_does_not_reach_the_person(
    server: Server, client: httpx2.AsyncClient, user: User, second: WorkspaceId
) -> None:
    """A first password would sign in to all workspaces; credentials of others would be ended."""
    made = await client.post(
        "/api/me/credentials", json={"scope": "admin"}, headers={"recoup-workspace": second}
    )
    everything = (await client.get("/api/me/credentials")).json()["credentials"]
    others = next(one["credentialId"] for one in everything if one["workspaceId"] != second)
    async with server.client(authorization=f"Bearer {made.json()['token']}") as program:
        refused = [
            await program.post("/api/me/password", json={"newPassword": "a password of a thief"}),
            await program.post("/api/me/workspaces", json={"name": "mine"}),
            await program.post("/api/me/invitations", json={"token": "x"}),
        ]
        listed = (await program.get("/api/me/credentials")).json()["credentials"]
        foreign = await program.delete(f"/api/me/credentials/{others}")
        own = await program.delete(f"/api/me/credentials/{made.json()['credentialId']}")
    still = await client.get("/api/me")

    assert [a.json()["type"] for a in refused] == ["/problems/confined-token"] * 3
    assert {a.status_code for a in refused} == {403}
    assert [one["credentialId"] for one in listed] == [made.json()["credentialId"]]
    assert (foreign.status_code, own.status_code, still.status_code) == (404, 204, 200)
