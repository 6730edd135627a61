"""The answers of Amazon's consent page: which one counts. tests/browser walks the whole way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from recoup.api.consent import begin_consent
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import UserId, first_workspace_id
from recoup.spapi.endpoints import Environment, Region
from recoup.users.queries import User, add_user
from recoup.users.roles import Role, Scope
from recoup.users.token_queries import add_token
from recoup.users.workspace_queries import add_member, set_role
from tests.api.serving import Server, new_user, serving
from tests.api.test_roles import member
from tests.sandbox.running import Running

START = "/api/v1/integrations/amazon/auth/start"
CALLBACK = "/api/v1/integrations/amazon/auth/callback"
STATUS = "/api/v1/integrations/amazon/status"


async def begin(client: httpx2.AsyncClient, **parameters: Any) -> tuple[str, str]:
    """The address of Amazon's page, and the cookie of the browser that began."""
    answer = await client.get(START, params={"environment": "local"} | parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert parse_qs(urlsplit(body["authorizationUrl"]).query)["state"] == [body["state"]]
    return body["authorizationUrl"], answer.headers["set-cookie"].split(";")[0]


def approve(sandbox: Running, address: str) -> dict[str, str]:
    """What Amazon's page sends back with the browser."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    form = asked | {"decision": "approve"}
    answer = sandbox.client.post(urlsplit(address).path, data=form, follow_redirects=False)
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"https://recoup.example{CALLBACK}"
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def test_a_browser_without_a_session_is_known_by_its_cookie(
    server: Server, client: httpx2.AsyncClient, sandbox: Running
) -> None:
    """A frontend of one's own may begin with a bearer token, which no browser brings back."""
    address, cookie = await begin(client)
    answer = approve(sandbox, address)
    async with server.client(cookie=cookie) as browser:
        done = await browser.get(CALLBACK, params=answer)

    assert done.status_code == 303, done.text
    assert done.headers["location"].startswith("/#/accounts?connected=conn_")
    assert done.headers["referrer-policy"] == "no-referrer"
    (connected,) = (await client.get(STATUS)).json()["connections"]
    assert connected["sellingPartnerId"] == answer["selling_partner_id"]


async def test_a_link_of_the_command_line_counts_where_its_user_is_signed_in(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    sandbox: Running,
    user: User,
    connection: Connection,
) -> None:
    """No cookie of its beginning is there: another person's session proves nothing."""
    begun = await begin_consent(
        database,
        server.services.access,
        user_id=user.user_id,
        workspace_id=connection.workspace_id,
        public_url="https://recoup.example",
        environment=Environment.LOCAL,
        region=Region.NA,
        country="US",
        is_draft=False,
    )
    answer = approve(sandbox, begun.authorization_url)
    other = await new_user(database, "other@example.com")
    async with server.client(other) as stranger:
        refused = await stranger.get(CALLBACK, params=answer)
    done = await client.get(CALLBACK, params=answer)

    assert (refused.status_code, done.status_code) == (400, 303)


async def test_of_many_answers_at_once_one_counts(
    client: httpx2.AsyncClient, sandbox: Running
) -> None:
    """The database decides which: the others are told that it was used."""
    answer = approve(sandbox, (await begin(client))[0])
    answers = await asyncio.gather(*(client.get(CALLBACK, params=answer) for _ in range(5)))

    assert sorted(one.status_code for one in answers) == [303, 400, 400, 400, 400]
    refused = [one.json() for one in answers if one.status_code == 400]
    assert {one["type"] for one in refused} == {"/problems/not-authorized-by-amazon"}
    assert all("used before" in one["detail"] for one in refused)


async def test_a_stranger_learns_nothing_and_uses_nothing_up(
    server: Server, client: httpx2.AsyncClient, database: Database, sandbox: Running
) -> None:
    """Without the cookie and the session, or with somebody else's, the answer stays open."""
    address, cookie = await begin(client)
    answer = approve(sandbox, address)
    other = await new_user(database, "other@example.com")
    nobody, forged, foreign = (
        server.client(),
        server.client(cookie="amazon_consent=forged"),
        server.client(other, cookie=cookie),
    )
    answers = []
    for browser in (nobody, forged, foreign):
        async with browser:
            answers.append(await browser.get(CALLBACK, params=answer))
    done = await client.get(CALLBACK, params=answer)

    assert [one.status_code for one in answers] == [401, 400, 400]
    assert answers[1].json() == answers[2].json()
    assert "does not know this answer" in answers[1].json()["detail"]
    assert done.status_code == 303


async def test_who_may_not_connect_any_more_cannot_finish(
    server: Server, database: Database, sandbox: Running, user: User
) -> None:
    """A role that was taken away, on the way to Amazon's page, counts; so does the scope of a token.

    The answer stays open, and counts once the person is a member again.
    """
    workspace_id = first_workspace_id(user.user_id)
    async with member(server, database, user, Role.MEMBER) as guest:
        address, cookie = await begin(guest)
        answer = approve(sandbox, address)
        guest_id = UserId((await guest.get("/api/me")).json()["userId"])
        async with database.writing() as conn:
            await set_role(conn, workspace_id, guest_id, Role.VIEWER)
        as_viewer = await guest.get(CALLBACK, params=answer)
        async with server.client(cookie=cookie) as browser:
            by_cookie = await browser.get(CALLBACK, params=answer)
        async with database.writing() as conn:
            await set_role(conn, workspace_id, guest_id, Role.MEMBER)
            key = server.settings.keys[0]
            read = await add_token(
                conn, guest_id, key=key, scope=Scope.READ, expires_at=utc_now() + timedelta(days=1)
            )
            other = await add_user(conn, "other@example.com")
            await add_member(conn, first_workspace_id(other.user_id), guest_id, Role.MEMBER)
            elsewhere = await add_token(
                conn,
                guest_id,
                key=key,
                scope=Scope.ADMIN,
                workspace_id=first_workspace_id(other.user_id),
                expires_at=utc_now() + timedelta(days=1),
            )
        tokens = [one.text for one in (read, elsewhere)]
        async with server.client() as program:
            small = [
                await program.get(
                    CALLBACK, params=answer, headers={"authorization": f"Bearer {one}"}
                )
                for one in tokens
            ]
        done = await guest.get(CALLBACK, params=answer)

    assert [one.status_code for one in (as_viewer, by_cookie, *small)] == [403, 403, 403, 404]
    assert "needs the role member" in as_viewer.json()["detail"]
    assert done.status_code == 303


async def test_the_log_names_who_began_where_nobody_is_signed_in(
    server: Server, client: httpx2.AsyncClient, sandbox: Running, user: User
) -> None:
    """The cookie of the beginning is that person's."""
    address, cookie = await begin(client)
    async with server.client(cookie=cookie) as browser:
        await browser.get(CALLBACK, params=approve(sandbox, address))
    (made,) = [
        entry
        for entry in (await client.get("/api/audit")).json()["items"]
        if entry["action"] == "connection_made"
    ]

    assert (made["who"], made["userId"]) == (user.email, user.user_id)
    assert made["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "wrong"}, "does not know"),
        ({"state": ""}, "does not know"),
        ({"error": "access_denied"}, "answered with no"),
        ({"spapi_oauth_code": ""}, "without an authorization"),
        ({"spapi_oauth_code": "forged"}, "did not accept the authorization code"),
        ({"selling_partner_id": "A1\n"}, "did not name the seller"),
    ],
)
async def test_an_answer_that_is_no_yes_connects_nobody(
    client: httpx2.AsyncClient, sandbox: Running, changes: dict[str, str], says: str
) -> None:
    """A program gets 400 as a problem, a browser the same words as a page that leads on."""
    answer = approve(sandbox, (await begin(client))[0]) | changes
    refused = await client.get(CALLBACK, params=answer)
    shown = await client.get(CALLBACK, params=answer, headers={"accept": "text/html,*/*;q=0.8"})

    assert (refused.status_code, shown.status_code) == (400, 400)
    assert says in refused.json()["detail"]
    assert shown.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert 'href="/#/accounts"' in shown.text
    assert (await client.get(STATUS)).json()["connections"] == []


async def test_secrets_are_kept_as_hashes_and_for_a_while(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Neither the state nor the cookie is in the table, which does not grow without end."""
    begun = [await begin(client) for _ in range(22)]
    state = parse_qs(urlsplit(begun[-1][0]).query)["state"][0]
    cookie = begun[-1][1].partition("=")[2]
    async with database.reading() as conn:
        rows = (await conn.execute(text("select c::text from amazon_consent c"))).scalars().all()
        lifetime = await conn.execute(
            text("select distinct extract(epoch from expires_at - created_at) from amazon_consent")
        )
        assert lifetime.scalars().all() == [600]

    assert len(rows) == 20
    assert not [row for row in rows if state in row or cookie in row]


async def test_the_cookie_goes_back_to_one_place_only(client: httpx2.AsyncClient) -> None:
    """Scripts cannot read it, and nothing but the way back receives it."""
    answer = await client.get(START, params={"environment": "local"})
    attributes = answer.headers["set-cookie"].split("; ")[1:]

    assert set(attributes) == {
        "HttpOnly",
        "Max-Age=600",
        f"Path={CALLBACK}",
        "SameSite=lax",
        "Secure",
    }


@pytest.mark.parametrize(
    ("parameters", "host", "version"),
    [
        ({}, "sellercentral.amazon.com", None),
        ({"region": "EU", "marketplaceId": "A1C3SOZRARQ6R3"}, "sellercentral.amazon.pl", None),
        ({"region": "FE", "draft": True}, "sellercentral.amazon.co.jp", ["beta"]),
    ],
)
async def test_the_way_to_amazons_page(
    settings: Settings,
    database: Database,
    user: User,
    parameters: dict[str, Any],
    host: str,
    version: list[str] | None,
) -> None:
    """The seller's own Seller Central, with our application and the address that was registered."""
    ours = settings.model_copy(
        update={
            "lwa_client_id": "amzn1.ours",
            "lwa_client_secret": SecretStr("ours"),
            "application_id": "amzn1.sellerapps.app.ours",
        }
    )
    async with serving(ours, database) as server, server.client(user) as client:
        address, _ = await begin(client, environment="production", **parameters)
    query = parse_qs(urlsplit(address).query)

    assert address.startswith(f"https://{host}/apps/authorize/consent?")
    assert query["application_id"] == ["amzn1.sellerapps.app.ours"]
    assert query["redirect_uri"] == [f"https://recoup.example{CALLBACK}"]
    assert query.get("version") == version


async def test_what_is_not_set_up_is_said_before_anything_is_sent(
    settings: Settings, database: Database, user: User
) -> None:
    """No client, or no id of the application for the page: 400, which names the setting."""
    ours = {"lwa_client_id": "amzn1.ours", "lwa_client_secret": SecretStr("ours")}
    answers = []
    for update in ({}, ours):
        changed = settings.model_copy(update=update)
        async with serving(changed, database) as server, server.client(user) as client:
            answers.append(await client.get(START, params={"environment": "production"}))
            environments = (await client.get("/api/v1/integrations/amazon/environments")).json()

    assert [one.json()["type"] for one in answers] == ["/problems/environment-unavailable"] * 2
    assert "RECOUP_LWA_CLIENT_ID" in answers[0].json()["detail"]
    assert "RECOUP_APPLICATION_ID" in answers[1].json()["detail"]
    found = {
        one["environment"]: (one["isReady"], one["hasConsentPage"])
        for one in environments["environments"]
    }
    assert found == {
        "local": (True, True),
        "sandbox": (True, False),
        "production": (True, False),
    }


async def test_a_marketplace_of_another_region_is_no_way_to_the_page(
    client: httpx2.AsyncClient,
) -> None:
    """Its Seller Central could not authorize the region that was asked for."""
    asked = {"environment": "local", "region": "NA", "marketplaceId": "A1C3SOZRARQ6R3"}
    answer = await client.get(START, params=asked)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")
