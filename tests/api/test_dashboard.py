"""The dashboard's files, and signing in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User, list_users
from recoup.users.sign_in_link import SignInLink
from tests.api.serving import Server, new_user, serving, token_of

OWN = {"origin": "https://recoup.example"}
FOREIGN = {"origin": "https://evil.example"}
SCRIPTS = ("api", "claim", "claims", "costs", "dom", "main", "overview", "signin", "words")


@pytest.fixture
def link() -> SignInLink:
    return SignInLink()


@pytest.fixture
async def visitor(
    settings: Settings, database: Database, link: SignInLink
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser before it has signed in, at a server that printed a link; the cookie is Secure."""
    async with serving(settings, database, sign_in_link=link) as server, server.client() as client:
        yield client


def path_of(link: SignInLink) -> str:
    return link.address("")


def cookie_of(answer: httpx2.Response) -> str:
    return answer.headers.get("set-cookie", "")


async def test_the_page_and_its_files_are_served(server: Server) -> None:
    """Without a sign-in, from the package, with a policy that runs and loads only what is ours."""
    async with server.client() as client:
        page = await client.get("/")
        scripts = [await client.get(f"/static/{name}.js") for name in SCRIPTS]
        style = await client.get("/static/style.css")
        outside = await client.get("/static/%2e%2e/api/app.py")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert all(s.headers["content-type"].startswith("text/javascript") for s in scripts)
    assert style.headers["content-type"].startswith("text/css")
    assert sum(len(file.content) for file in (page, style, *scripts)) < 60_000
    assert outside.status_code == 404


async def test_the_link_signs_the_first_user_in_once(
    visitor: httpx2.AsyncClient, database: Database, link: SignInLink
) -> None:
    """On an empty database it makes a user; the second time it is of no use."""
    first = await visitor.get(path_of(link))
    second = await visitor.get(path_of(link))

    cookie = cookie_of(first)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert part in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    asked = await visitor.get("/api/recoveries", headers={"cookie": f"session_token={token}"})
    assert asked.status_code == 200
    assert second.status_code == 401
    assert not cookie_of(second)
    async with database.reading() as conn:
        assert len(await list_users(conn)) == 1


async def test_the_link_is_of_the_only_user(
    visitor: httpx2.AsyncClient, database: Database, link: SignInLink, user: User
) -> None:
    """Who was added meanwhile is signed in; nobody else is made."""
    answer = await visitor.get(path_of(link))

    async with database.reading() as conn:
        assert [one.user_id for one in await list_users(conn)] == [user.user_id]
    assert answer.status_code == 303


async def test_with_several_users_the_link_is_nobodys(
    visitor: httpx2.AsyncClient, database: Database, link: SignInLink, user: User
) -> None:
    """It could be anybody's."""
    await new_user(database, "second@example.com")

    answer = await visitor.get(path_of(link))

    assert (answer.status_code, cookie_of(answer)) == (401, "")


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%00", "?token=%ED%A0%80"])
async def test_a_wrong_link_uses_nothing_up(
    visitor: httpx2.AsyncClient, link: SignInLink, query: str
) -> None:
    """It is answered with the sign-in page, and the right one still works."""
    wrong = await visitor.get(f"/signin{query}")
    right = await visitor.get(path_of(link))

    assert (wrong.status_code, right.status_code) == (401, 303)


async def test_a_token_signs_in(server: Server, user: User, connection: Connection) -> None:
    """As the command line prints it; the cookie that comes is good for the API."""
    async with server.client() as client:
        body = {"token": token_of(user, server.settings)}
        answer = await client.post("/signin", json=body, headers=OWN)
        token = cookie_of(answer).partition("=")[2].partition(";")[0]
        seen = await client.get(
            "/api/v1/integrations/amazon/status", headers={"cookie": f"session_token={token}"}
        )
        left = await client.post("/signout", headers=OWN)

    assert answer.status_code == 204
    assert len(seen.json()["connections"]) == 1
    assert "Max-Age=0" in cookie_of(left)


async def test_who_may_not_sign_in(server: Server, user: User) -> None:
    """A forged token is of nobody, and another site signs nobody in or out."""
    async with server.client() as client:
        forged = await client.post("/signin", json={"token": "x"}, headers=OWN)
        body = {"token": token_of(user, server.settings)}
        foreign = await client.post("/signin", json=body, headers=FOREIGN)
        out = await client.post("/signout", headers=FOREIGN)

    assert [a.status_code for a in (forged, foreign, out)] == [401, 403, 403]
    assert not any(cookie_of(a) for a in (forged, foreign, out))


def test_a_link_does_not_tell_its_token(link: SignInLink) -> None:
    """Not in a log and not in an error."""
    assert link.address("").partition("=")[2] not in repr(link)
