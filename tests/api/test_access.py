"""Who may call what, and how a refusal looks."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx2
import pytest

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import UserId
from recoup.users.queries import User
from recoup.users.tokens import issue_token
from tests.api.serving import Server, serving, token_of

OWN = "https://recoup.example"


async def test_every_route_below_api_needs_a_user(server: Server) -> None:
    """Without a token each one answers 401 as a problem and says how to sign in."""
    async with server.client() as client:
        document = (await client.get("/api/openapi.json")).json()
        operations = [(m, p) for p, ms in document["paths"].items() for m in ms if p[:5] == "/api/"]
        answers = [
            await client.request(method, re.sub(r"\{\w+\}", "x", path))
            for method, path in operations
        ]

    assert len(answers) > 10
    assert {a.status_code for a in answers} == {401}
    assert {a.headers["content-type"] for a in answers} == {"application/problem+json"}
    assert {a.headers["www-authenticate"] for a in answers} == {'Bearer realm="recoup"'}


async def test_an_unknown_path_below_api_needs_a_user_too(server: Server) -> None:
    """A stranger does not learn which routes there are."""
    async with server.client() as client:
        answer = await client.get("/api/nothing")

    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "Bearer", "ey.\u00ff.x", "a b"])
async def test_a_token_that_is_none(server: Server, token: str) -> None:
    """Whatever stands where a token should, the answer is 401."""
    headers = [(b"authorization", f"Bearer {token}".encode("latin-1"))]
    async with server.client() as client:
        answer = await client.get("/api/sync/status", headers=headers)

    assert answer.status_code == 401


async def test_an_expired_token(server: Server, user: User) -> None:
    """A token ends with its lifetime."""
    old = issue_token(
        user.user_id, server.settings.keys, now=utc_now() - timedelta(days=2), lifetime=timedelta(1)
    )
    async with server.client(authorization=f"Bearer {old}") as client:
        answer = await client.get("/api/sync/status")

    assert answer.status_code == 401


async def test_a_token_of_nobody(server: Server) -> None:
    """A signed token of a user who is gone is refused."""
    token = issue_token(UserId("ugone"), server.settings.keys, now=utc_now())
    async with server.client(authorization=f"Bearer {token}") as client:
        answer = await client.get("/api/sync/status")

    assert answer.status_code == 401


async def test_the_cookie_signs_in(server: Server, user: User) -> None:
    """The session cookie reads, and writes when the page is recoup's own."""
    cookie = f"session_token={token_of(user, server.settings)}"
    async with server.client(cookie=cookie) as client:
        read = await client.get("/api/sync/status")
        write = await client.post("/api/sync/start", headers={"origin": OWN})
        referred = await client.post("/api/sync/start", headers={"referer": f"{OWN}/page?q=1"})

    assert read.status_code == 200
    # 400 for want of a connection: the request got past the guard.
    assert [write.json()["type"], referred.json()["type"]] == ["/problems/no-connection"] * 2


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://recoup.example"},
        {"origin": "https://recoup.example:444"},
        {"origin": "https://recoup.example.evil.example"},
        {"referer": "https://evil.example/?https://recoup.example"},
        {"origin": "https://[bad"},
    ],
)
async def test_a_foreign_page_cannot_write_with_the_cookie(
    server: Server, user: User, headers: dict[str, str]
) -> None:
    """The browser sends the cookie along; the origin gives it away."""
    cookie = f"session_token={token_of(user, server.settings)}"
    async with server.client(cookie=cookie) as client:
        answer = await client.post("/api/sync/start", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/foreign-origin")


async def test_a_bearer_token_writes_from_anywhere(server: Server, user: User) -> None:
    """No browser adds an Authorization header by itself, so its origin says nothing."""
    async with server.client(user, origin="https://other.example") as client:
        answer = await client.post("/api/sync/start")

    assert answer.json()["type"] == "/problems/no-connection"


async def test_what_the_framework_refuses_is_a_problem_too(client: httpx2.AsyncClient) -> None:
    """Unknown path, wrong method, broken JSON and a body too large have the one shape."""
    big = b'{"connectionId":"' + b"x" * 100_000 + b'"}'
    as_json = {"content-type": "application/json"}
    answers = [
        await client.get("/nothing"),
        await client.put("/api/sync/start"),
        await client.post("/api/sync/start", content=b"{", headers=as_json),
        await client.post("/api/sync/start", content=b"\xff", headers=as_json),
        await client.post("/api/sync/start", content=b"[" * 50_000, headers=as_json),
        await client.post("/api/sync/start", content=big, headers=as_json),
    ]

    assert [a.status_code for a in answers] == [404, 405, 422, 400, 400, 413]
    assert {a.headers["content-type"] for a in answers} == {"application/problem+json"}
    for answer in answers:
        body = answer.json()
        assert body["status"] == answer.status_code
        assert body["type"]
        assert body["title"]
        assert body["detail"]


async def test_text_that_cannot_be_stored_is_refused(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """NUL and half a surrogate pair are bad input, wherever they stand."""
    as_json = {"content-type": "application/json"}
    answers = [
        await client.get("/api/sync/status/a%00b"),
        await client.post("/api/sync/cancel/%00"),
        await client.get("/api/orders?sku=%00"),
        await client.get("/api/fees?orderId=x%00"),
        await client.get("/api/inventory?connectionId=%00"),
        await client.get("/api/sse/sync-progress/%00"),
        await client.delete("/api/v1/integrations/amazon/connections/%00"),
        await client.post(
            "/api/sync/start", content=rb'{"connectionId": "\u0000"}', headers=as_json
        ),
        await client.post(
            "/api/sync/start", content=rb'{"connectionId": "\ud800"}', headers=as_json
        ),
        await client.get("/api/transactions?limit=99999999999999999999999"),
        await client.get("/api/sync/history?offset=9223372036854775808"),
        await client.get("/api/sync/history?from=0001-01-01T00:00:00%2B05:00"),
        await client.get("/api/sync/history?from=2026-01-01"),
        await client.get("/api/sync/history?from=2026-02-30T00:00:00Z"),
    ]

    assert [a.status_code for a in answers] == [422] * len(answers)
    assert {a.json()["type"] for a in answers} == {"/problems/invalid-input"}


async def test_a_database_that_is_away_is_a_503(server: Server, user: User) -> None:
    """The caller is told that it is not their fault, and no connection string."""
    nowhere = Database("postgresql://somebody:hidden@127.0.0.1:9/none")
    object.__setattr__(server.services, "database", nowhere)
    async with server.client(user) as client:
        answer = await client.get("/api/sync/status")
    await nowhere.close()

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-unavailable")
    assert "hidden" not in answer.text


async def test_a_bug_is_a_500_that_tells_nothing(
    server: Server, client: httpx2.AsyncClient
) -> None:
    """An unknown exception is logged and answered without a word of what it said."""

    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    server.app.add_api_route("/api/broken", broken)
    answer = await client.get("/api/broken")

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert "hunter2" not in answer.text


async def test_a_port_in_use_is_the_callers_error(
    server: Server, settings: Settings, database: Database
) -> None:
    """The address belongs to somebody else: OSError, not the end of the process."""
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with serving(settings, database, port=port):
            pass
