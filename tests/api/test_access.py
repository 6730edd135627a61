"""Who may call what, and how a refusal looks."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from recoup.cli.keys import _end_credentials, _rotate_file
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import CredentialId
from recoup.sync.record.purge_queries import delete_user
from recoup.users.caller import CredentialKind
from recoup.users.credential_queries import NewCredential, add_credential, revoke_credential
from recoup.users.queries import User
from recoup.users.tables import credential
from recoup.users.tokens import new_secret, sign
from tests.api.serving import Server, serving, token_of
from tests.support.away import away

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


async def _status_with(server: Server, token: str) -> int:
    async with server.client(authorization=f"Bearer {token}") as client:
        return (await client.get("/api/sync/status")).status_code


async def _token(
    server: Server, database: Database, user: User, *, ends_in: timedelta, key: str | None = None
) -> tuple[str, CredentialId]:
    """A stored token and its id."""
    secret, expires_at = new_secret(), utc_now() + ends_in
    signed_with = key or server.settings.keys[0]
    new = NewCredential(CredentialKind.TOKEN, expires_at=expires_at, key=signed_with)
    async with database.writing() as conn:
        credential_id = await add_credential(conn, user.user_id, secret, new)
    return sign(secret, user.user_id, signed_with, expires_at=expires_at), credential_id


async def test_a_token_ends_with_its_time(server: Server, database: Database, user: User) -> None:
    """By the time in it and by that of its row: neither outlives the other."""
    old, _ = await _token(server, database, user, ends_in=-timedelta(minutes=1))
    ended, credential_id = await _token(server, database, user, ends_in=timedelta(days=1))
    before = await _status_with(server, ended)
    async with database.writing() as conn:
        await conn.execute(
            update(credential)
            .where(credential.c.credential_id == credential_id)
            .values(expires_at=utc_now())
        )

    assert before == 200
    assert [await _status_with(server, one) for one in (old, ended)] == [401, 401]


async def test_a_token_that_is_revoked_or_of_nobody(
    server: Server, database: Database, user: User
) -> None:
    """A signature is not enough: the row must be there, and its user."""
    revoked, credential_id = await _token(server, database, user, ends_in=timedelta(days=1))
    orphan, _ = await _token(server, database, user, ends_in=timedelta(days=1))
    unknown = sign(
        new_secret(),
        user.user_id,
        server.settings.keys[0],
        expires_at=utc_now() + timedelta(days=1),
    )
    async with database.writing() as conn:
        await revoke_credential(conn, credential_id)
    refused = [await _status_with(server, one) for one in (revoked, unknown)]
    async with database.writing() as conn:
        await delete_user(conn, user.user_id)

    assert [*refused, await _status_with(server, orphan)] == [401] * 3


async def test_only_the_first_key_verifies(database: Database, tmp_path: Path, user: User) -> None:
    """A token that an older key signed is refused: it may be why the key was replaced."""
    first, older = "f" * 32, "o" * 32
    settings = Settings(data_dir=tmp_path, secret_keys=SecretStr(f"{first},{older}"))
    async with serving(settings, database) as server:
        new, _ = await _token(server, database, user, ends_in=timedelta(days=1))
        old, _ = await _token(server, database, user, ends_in=timedelta(days=1), key=older)

        assert [await _status_with(server, one) for one in (new, old)] == [200, 401]


async def test_a_running_server_follows_a_rotation(
    database: Database, database_url: str, tmp_path: Path, user: User
) -> None:
    """It is not restarted: what the old key signed has ended, also what was used a moment ago, and
    whoever gets a new token comes in.
    """
    settings = Settings(data_dir=tmp_path)
    async with serving(settings, database) as server:
        old, _ = await _token(server, database, user, ends_in=timedelta(days=1))
        before = await _status_with(server, old)
        await _rotate_file(settings, database_url)
        new, _ = await _token(server, database, user, ends_in=timedelta(days=1))

        assert [before, await _status_with(server, new)] == [200, 200]
        assert await _status_with(server, old) == 401


async def test_lists_leave_out_what_a_rotation_has_ended(
    database: Database, database_url: str, tmp_path: Path, user: User
) -> None:
    """Own ones and those of the workspace's people, without a restart. What has no mark of its key,
    from an earlier version, ends too.
    """
    settings = Settings(data_dir=tmp_path)
    lists = ("/api/me/credentials", "/api/workspace/credentials")

    async def listed(server: Server, token: str) -> list[set[str]]:
        async with server.client(authorization=f"Bearer {token}") as client:
            bodies = [(await client.get(path)).json()["credentials"] for path in lists]
        return [{one["credentialId"] for one in body} for body in bodies]

    async with serving(settings, database) as server:
        old, old_id = await _token(server, database, user, ends_in=timedelta(days=1))
        before = await listed(server, old)
        await _rotate_file(settings, database_url)
        new, new_id = await _token(server, database, user, ends_in=timedelta(days=1))
        between = await listed(server, new)
        ended = await _end_credentials(settings, database_url)
        after = await listed(server, new)

    unmarked = before[0] - {old_id}
    assert len(unmarked) == 1
    assert between == [{new_id} | unmarked] * 2
    assert {one.credential_id for one in ended} == {old_id} | unmarked
    assert after == [{new_id}] * 2


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


async def test_a_database_that_is_away_is_a_503(
    server: Server,
    user: User,
    postgres: EmbeddedServer,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller is told that it is not their fault and when to try again. Where the database is and
    what it is called is told to the log alone, whoever asks.
    """
    paths = ["/api/sync/status", "/api/overview", "/api/me", "/readyz"]
    async with server.client(user) as client, server.client() as stranger:
        with away(postgres, database_url):
            answers = [await client.get(path) for path in paths]
            answers.append(await stranger.get("/readyz"))

    assert [one.status_code for one in answers] == [503] * len(answers)
    assert {one.json()["type"] for one in answers} == {
        "/problems/database-unavailable",
        "/problems/not-ready",
    }
    assert {one.headers["retry-after"] for one in answers} == {"5"}
    address = urlsplit(database_url)
    secrets = [address.path[1:], address.username, "socket", "FATAL"]
    assert [(one.url, word) for one in answers for word in secrets if word in one.text] == []
    assert address.path[1:] in caplog.text


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


async def test_every_answer_carries_the_headers_that_protect_it(
    server: Server, client: httpx2.AsyncClient
) -> None:
    """Data, pages, files, refusals and bugs; only the page's own files may be kept by a browser."""

    async def broken() -> None:
        raise RuntimeError

    server.app.add_api_route("/api/broken", broken)
    paths = ("/api/orders", "/api/nothing", "/api/broken", "/", "/signin", "/healthz", "/nothing")
    answers = [await client.get(path) for path in paths]
    file = await client.get("/static/main.js")
    async with server.client() as stranger:
        answers.append(await stranger.get("/api/orders"))
        answers.append(await stranger.get("/api/orders", headers={"host": "evil.example"}))

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.url
    assert file.headers["cache-control"] == "no-cache"
    for answer in (*answers, file):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_without_tls_no_browser_is_told_to_insist_on_it(
    database: Database, settings: Settings
) -> None:
    """A host on a network without TLS would be out of reach for a year."""
    here = settings.model_copy(update={"public_url": "http://127.0.0.1:8000"})
    async with serving(here, database) as server, server.client() as client:
        answer = await client.get("/")

    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("recoup.example", 401),
        ("RECOUP.example:443", 401),
        ("127.0.0.1:8000", 401),
        ("localhost", 401),
        ("[::1]:8000", 401),
        ("evil.example", 421),
        ("recoup.example.evil.example", 421),
        ("recoup.example@evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
        ("", 421),
        ("[bad", 421),
        ("recoup.example:port", 421),
        ("recoup.example/x", 421),
    ],
)
async def test_a_request_for_another_host_is_refused(
    server: Server, host: str, status: int
) -> None:
    """A name of another site that leads here (DNS rebinding) reaches nothing; monitoring does."""
    async with server.client() as client:
        answer = await client.get("/api/orders", headers={"host": host})
        alive = await client.get("/healthz", headers={"host": host})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert alive.status_code == 200
