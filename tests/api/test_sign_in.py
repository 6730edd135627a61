"""Signing in with a password and with links, and the end of a session."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, update

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.users.links import LinkKind, new_link
from recoup.users.queries import User, list_users
from recoup.users.sign_in import set_password
from recoup.users.tables import credential, sign_in_attempt, sign_in_link
from recoup.users.tokens import Secret
from tests.api.serving import CHEAP_PASSWORDS, Server, serving, token_of

OWN = {"origin": "https://recoup.example"}
PASSWORD = "correct horse battery"
HALF = rb'"\ud800"'
NEW_PERSON = {"email": "Ann@Example.com", "name": "Ann", "password": PASSWORD}


@pytest.fixture
async def visitor(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser on recoup's own page before it has signed in."""
    async with server.client(origin=OWN["origin"]) as client:
        yield client


@pytest.fixture
async def ann(database: Database, user: User) -> User:
    """A user with a password."""
    await set_password(database, CHEAP_PASSWORDS, user.user_id, PASSWORD)
    return user


async def link_of(database: Database, user: User | None = None) -> Secret:
    async with database.writing() as conn:
        return await new_link(conn, None if user is None else user.user_id, now=utc_now())


def cookie_of(answer: httpx2.Response) -> str:
    return answer.headers.get("set-cookie", "")


def session_of(answer: httpx2.Response) -> dict[str, str]:
    """The header with which a browser sends the cookie that it was given."""
    return {"cookie": cookie_of(answer).partition(";")[0]}


async def enter(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await client.post("/signin", json={"email": email, "password": password})


async def test_a_password_signs_in(visitor: httpx2.AsyncClient, ann: User) -> None:
    """The cookie is for this host and TLS only, no script reads it, and the API takes it."""
    answer = await enter(visitor, " Seller@example.com ", PASSWORD)
    account = await visitor.get("/api/me", headers=session_of(answer))

    assert answer.status_code == 204
    assert cookie_of(answer).startswith("__Host-session_token=")
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert part in cookie_of(answer)
    assert "Domain" not in cookie_of(answer)
    assert account.json()["email"] == ann.email


async def test_an_unknown_address_is_refused_like_a_wrong_password(
    visitor: httpx2.AsyncClient, ann: User
) -> None:
    """Nobody learns which addresses have an account: not from words, and not from the lock-out."""
    wrong = [await enter(visitor, "seller@example.com", "not the password") for _ in range(11)]
    unknown = [await enter(visitor, "nobody@example.com", "not the password") for _ in range(11)]

    assert [a.status_code for a in wrong] == [401] * 10 + [429]
    assert [a.status_code for a in unknown] == [401] * 10 + [429]
    assert wrong[0].json() == unknown[0].json()
    assert wrong[10].json() == unknown[10].json()


async def test_ten_failures_lock_an_address_for_a_while(
    visitor: httpx2.AsyncClient, database: Database, ann: User
) -> None:
    """Told with the time to wait, for the right password too, after a restart too; then it opens."""
    for _ in range(10):
        await enter(visitor, "seller@example.com", "not the password")
    locked = await enter(visitor, "seller@example.com", PASSWORD)
    other = await enter(visitor, "other@example.com", "not the password")
    async with database.writing() as conn:
        await conn.execute(update(sign_in_attempt).values(locked_until=utc_now()))
    opened = await enter(visitor, "seller@example.com", PASSWORD)
    async with database.reading() as conn:
        left = (await conn.execute(select(func.count()).select_from(sign_in_attempt))).scalar_one()

    assert (locked.status_code, locked.json()["type"]) == (429, "/problems/locked-out")
    assert 0 < int(locked.headers["retry-after"]) <= 900
    assert "15 minutes" in locked.json()["detail"]
    assert other.status_code == 401
    assert opened.status_code == 204
    assert left == 1  # only that of the other address


async def test_attempts_at_once_are_each_counted(
    visitor: httpx2.AsyncClient, database: Database, ann: User
) -> None:
    """Thirty guesses at the same time are ten guesses and twenty refusals."""
    answers = await asyncio.gather(
        *(enter(visitor, "seller@example.com", f"not the password {n}") for n in range(30))
    )

    statuses = [a.status_code for a in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 20)


async def test_a_right_password_forgets_earlier_failures(
    visitor: httpx2.AsyncClient, ann: User
) -> None:
    """Nobody is locked out by slips of months."""
    for _ in range(3):
        for _ in range(9):
            await enter(visitor, "seller@example.com", "not the password")
        answer = await enter(visitor, "seller@example.com", PASSWORD)

        assert answer.status_code == 204


async def test_signing_out_ends_the_session_everywhere(
    visitor: httpx2.AsyncClient, ann: User
) -> None:
    """A copy of the cookie is refused afterwards; the other session of the person goes on."""
    mine = session_of(await enter(visitor, "seller@example.com", PASSWORD))
    other = session_of(await enter(visitor, "seller@example.com", PASSWORD))
    left = await visitor.post("/signout", headers=mine)
    again = await visitor.post("/signout", headers=mine)

    assert [a.status_code for a in (left, again)] == [204, 204]
    assert "__Host-session_token" in left.headers.get_list("set-cookie")[-1]
    assert (await visitor.get("/api/me", headers=mine)).status_code == 401
    assert (await visitor.get("/api/me", headers=other)).status_code == 200


async def test_the_first_link_makes_its_person_once(
    visitor: httpx2.AsyncClient, database: Database
) -> None:
    """Opening it uses nothing up; the POST makes the user that the person chose, who can sign in."""
    secret = await link_of(database)
    page = await visitor.get("/signin")
    seen = await visitor.post("/signin/link/look", json={"token": secret.text})
    nobody = await visitor.post("/signin/link", json={"token": secret.text})
    answer = await visitor.post("/signin/link", json={"token": secret.text, **NEW_PERSON})
    again = await visitor.post("/signin/link", json={"token": secret.text, **NEW_PERSON})
    account = (await visitor.get("/api/me", headers=session_of(answer))).json()
    later = await enter(visitor, "ann@example.com", PASSWORD)

    assert (page.status_code, seen.json()["kind"]) == (200, LinkKind.FIRST_USER)
    assert [a.status_code for a in (nobody, answer, again, later)] == [409, 204, 401, 204]
    assert (account["email"], account["name"]) == ("ann@example.com", "Ann")
    async with database.reading() as conn:
        assert [one.email for one in await list_users(conn)] == ["ann@example.com"]


async def test_two_who_have_the_first_link_are_one_person(
    visitor: httpx2.AsyncClient, database: Database
) -> None:
    """Of two links used at once, one makes a user and the other is refused."""
    links = [await link_of(database) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            visitor.post(
                "/signin/link",
                json={"token": one.text, **NEW_PERSON, "email": f"p{n}@example.com"},
            )
            for n, one in enumerate(links)
        )
    )

    assert sum(a.status_code == 204 for a in answers) == 1
    async with database.reading() as conn:
        assert len(await list_users(conn)) == 1


async def test_the_first_link_is_void_once_there_is_a_user(
    visitor: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """Who came later is not signed in as somebody else."""
    secret = await link_of(database)
    answer = await visitor.post("/signin/link", json={"token": secret.text, **NEW_PERSON})

    assert answer.status_code == 401


async def test_a_link_ends_after_ten_minutes(
    visitor: httpx2.AsyncClient, database: Database
) -> None:
    """The terminal in which it stands may be read by others later."""
    secret = await link_of(database)
    async with database.reading() as conn:
        ends = (await conn.execute(select(sign_in_link.c.expires_at))).scalar_one()
    async with database.writing() as conn:
        await conn.execute(update(sign_in_link).values(expires_at=utc_now()))
    answer = await visitor.post("/signin/link", json={"token": secret.text, **NEW_PERSON})

    assert timedelta(minutes=9) < ends - utc_now() <= timedelta(minutes=10)
    assert (answer.status_code, cookie_of(answer)) == (401, "")


async def test_a_link_of_a_user_signs_that_user_in_once(
    visitor: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """As `recoup open` makes it: no password is needed, and only the digest is stored."""
    secret = await link_of(database, user)
    async with database.reading() as conn:
        stored = (await conn.execute(select(sign_in_link.c.digest))).scalar_one()
    seen = await visitor.post("/signin/link/look", json={"token": secret.text})
    answers = [await visitor.post("/signin/link", json={"token": secret.text}) for _ in range(2)]
    account = await visitor.get("/api/me", headers=session_of(answers[0]))

    assert (seen.json()["kind"], seen.json()["email"]) == ("user", user.email)
    assert [a.status_code for a in answers] == [204, 401]
    assert account.json()["userId"] == user.user_id
    assert secret.text.encode() not in stored
    assert secret.text not in repr(secret)


async def test_another_site_signs_nobody_in_or_out(
    server: Server, database: Database, ann: User
) -> None:
    """Not with a password, not with a link: its visitors would be somebody of its choice."""
    secret = await link_of(database, ann)
    async with server.client(origin="https://evil.example") as client:
        answers = [
            await enter(client, "seller@example.com", PASSWORD),
            await client.post("/signin/link", json={"token": secret.text}),
            await client.post("/signin/link/look", json={"token": secret.text}),
            await client.post("/signout"),
        ]

    assert [a.status_code for a in answers] == [403] * 4
    assert not any(cookie_of(a) for a in answers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/signin", b'{"email": %s, "password": "x"}'),
        ("/signin", b'{"email": "a@b.c", "password": %s}'),
        ("/signin/link", b'{"token": %s}'),
        ("/signin/link", b'{"token": "x", "name": %s, "password": "x", "email": "a@b.c"}'),
        ("/signin/link/look", b'{"token": %s}'),
    ],
)
@pytest.mark.parametrize("text", [HALF, rb'"\u0000"', rb'"a\udfffb"'])
async def test_text_that_nothing_can_hold_is_invalid_input(
    visitor: httpx2.AsyncClient, path: str, body: bytes, text: bytes
) -> None:
    """Half of a surrogate pair and NUL are 422 in every member, and never a 500."""
    answer = await visitor.post(
        path, content=body % text, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")


async def test_a_password_is_changed_by_its_person(
    server: Server, visitor: httpx2.AsyncClient, ann: User
) -> None:
    """The current one is needed, the new one is long and none of the last; other sessions end."""
    mine = session_of(await enter(visitor, "seller@example.com", PASSWORD))
    other = session_of(await enter(visitor, "seller@example.com", PASSWORD))

    async def change(current: str, new: str) -> tuple[int, str]:
        body = {"currentPassword": current, "newPassword": new}
        answer = await visitor.post("/api/me/password", json=body, headers=mine)
        return answer.status_code, answer.json()["type"] if answer.content else ""

    wrong = await change("not the password", "another good password")
    short = await change(PASSWORD, "short")
    same = await change(PASSWORD, PASSWORD)
    done = await change(PASSWORD, "another good password")

    assert wrong == (401, "/problems/unauthenticated")
    assert short == same == (400, "/problems/weak-password")
    assert done == (204, "")
    assert (await visitor.get("/api/me", headers=mine)).status_code == 200
    assert (await visitor.get("/api/me", headers=other)).status_code == 401
    assert (await enter(visitor, "seller@example.com", PASSWORD)).status_code == 401


async def test_the_last_ten_passwords_are_not_used_again(
    server: Server, client: httpx2.AsyncClient, ann: User
) -> None:
    """The eleventh before may be: that is what Amazon asks for."""
    used = [f"password number {n:02}" for n in range(10)]
    current = PASSWORD
    for new in used:
        body = {"currentPassword": current, "newPassword": new}
        assert (await client.post("/api/me/password", json=body)).status_code == 204
        current = new

    async def again(new: str) -> int:
        body = {"currentPassword": current, "newPassword": new}
        return (await client.post("/api/me/password", json=body)).status_code

    assert [await again(one) for one in (used[0], used[9])] == [400, 400]
    assert await again(PASSWORD) == 204


async def test_secrets_are_stored_as_digests_only(
    visitor: httpx2.AsyncClient, database: Database, ann: User
) -> None:
    """Neither password, session nor token can be read from the tables."""
    answer = await enter(visitor, "seller@example.com", PASSWORD)
    session = session_of(answer)["cookie"].partition("=")[2]
    async with database.reading() as conn:
        rows = (await conn.execute(select(credential))).all()
        dump = str(rows) + str((await conn.execute(select(func.now()))).all())

    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", session)
    assert session not in dump
    assert all(len(row.digest) == 32 for row in rows)


async def test_last_use_is_stored_off_the_path_once_a_minute(
    server: Server, client: httpx2.AsyncClient, database: Database, user: User
) -> None:
    """A request writes nothing itself; requests of the same minute are one write."""

    async def stored() -> object:
        async with database.reading() as conn:
            return (await conn.execute(select(credential.c.last_used_at))).scalar_one()

    await client.get("/api/me")
    before = await stored()
    await server.services.last_uses.store()
    first = await stored()
    await client.get("/api/me")
    await server.services.last_uses.store()
    second = await stored()
    async with database.writing() as conn:
        await conn.execute(update(credential).values(last_used_at=utc_now() - timedelta(minutes=2)))
    await client.get("/api/me")
    await server.services.last_uses.store()
    third = await stored()

    assert (before, first == second) == (None, True)
    assert third > first


async def test_on_http_the_cookie_has_no_host_prefix(
    database: Database, settings: Settings, ann: User
) -> None:
    """A browser refuses __Host- without TLS; both names are read."""
    here = settings.model_copy(update={"public_url": "http://127.0.0.1:8000"})
    async with (
        serving(here, database) as server,
        server.client(origin="http://127.0.0.1:8000") as client,
    ):
        answer = await enter(client, "seller@example.com", PASSWORD)
        token = token_of(ann, here)
        names = ("session_token", "__Host-session_token")
        read = [
            await client.get("/api/me", headers={"cookie": f"{name}={token}"}) for name in names
        ]

    assert cookie_of(answer).startswith("session_token=")
    assert "Secure" not in cookie_of(answer)
    assert [a.status_code for a in read] == [200, 200]
