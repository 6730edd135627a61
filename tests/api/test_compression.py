"""Long answers are compressed, but never a stream of events or an answer that hands out a secret."""

from __future__ import annotations

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from recoup.api.compression import Compression
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import store_claims
from tests.api.serving import Server, progress, reading

LIST = "/api/recoveries"
GZIP = {"accept-encoding": "gzip"}


async def encoding(client: httpx2.AsyncClient, path: str, **options: object) -> str | None:
    """How the body came over the wire."""
    answer = await client.get(path, headers=GZIP, **options)  # type: ignore[arg-type] # of httpx
    answer.raise_for_status()
    return answer.headers.get("content-encoding")


async def test_a_long_answer_is_compressed(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """JSON, a spreadsheet and the files of the page; the same bytes as without."""
    await store_claims(database, connection.connection_id, range(50))

    for path, accept in (
        (LIST, "application/json"),
        (LIST, "text/csv"),
        ("/static/main.js", "*/*"),
    ):
        plain = await client.get(path, headers={"accept-encoding": "identity", "accept": accept})
        packed = await client.get(path, headers={**GZIP, "accept": accept})
        assert packed.headers["content-encoding"] == "gzip", path
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert "Accept-Encoding" in plain.headers["vary"]
        assert packed.num_bytes_downloaded < len(plain.content) / 2


async def test_a_kept_status_is_compressed_once(
    client: httpx2.AsyncClient, server: Server, connection: Connection
) -> None:
    """The same bytes as without, also for whoever asks again."""
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    path = f"/api/sync/status/{sync_id}"

    packed = [await client.get(path, headers=GZIP) for _ in range(2)]
    plain = await client.get(path, headers={"accept-encoding": "identity"})

    assert {one.headers["content-encoding"] for one in packed} == {"gzip"}
    assert {one.content for one in packed} == {plain.content}
    assert {one.headers["vary"] for one in (*packed, plain)} == {"Accept-Encoding"}


async def test_a_short_answer_is_not(client: httpx2.AsyncClient) -> None:
    """It would hardly be shorter."""
    assert await encoding(client, "/healthz") is None


async def test_events_are_never_compressed(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Each arrives by itself and at once."""
    sync_id = (await client.post("/api/sync/start")).json()["syncId"]
    client.headers.update(GZIP)
    async with reading(client, "/api/sse/status") as reader:
        assert "content-encoding" not in reader.response.headers
        assert await reader.next() is not None
        await progress(database, sync_id, 55, "long " * 1000)
        told = await reader.next()
        assert told is not None
        assert told[1]["sync"]["progress"] == 55


@pytest.mark.parametrize("label", ["short", "l" * 100])
async def test_no_answer_with_a_secret_is_compressed(
    client: httpx2.AsyncClient, server: Server, user: User, label: str
) -> None:
    """Its length would tell how much of the secret repeats what the request says (BREACH)."""
    client.headers.update(GZIP)
    token = await client.post(
        "/api/me/credentials", json={"scope": "read", "days": 1, "label": label}
    )
    link = await client.post(
        "/api/workspace/invitations", json={"email": f"{label}@example.com", "role": "member"}
    )
    begun = await client.get(
        "/api/v1/integrations/amazon/auth/start",
        params={"region": "NA", "environment": "local"},
    )

    for answer in (token, link, begun):
        assert answer.is_success
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "encoded"),
    [
        ("GET", "/api/recoveries", "gzip"),
        ("POST", "/api/me/credentials", None),
        ("GET", "/api/v1/integrations/amazon/auth/start", None),
        ("GET", "/api/sse/status", None),
    ],
)
async def test_which_answers_may_be_compressed(method: str, path: str, encoded: str | None) -> None:
    """However long they are."""
    app = Compression(PlainTextResponse("word " * 1000))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://recoup") as client:
        answer = await client.request(method, path, headers=GZIP)

    assert answer.headers.get("content-encoding") == encoded


async def test_an_answer_that_depends_on_the_client_says_so() -> None:
    """So that no cache gives one client's form to another."""
    app = Compression(PlainTextResponse("word " * 1000))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://recoup") as client:
        plain = await client.get("/api/recoveries", headers={"accept-encoding": "identity"})
        compressed = await client.get("/api/recoveries", headers=GZIP)

    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == compressed.headers["vary"] == "Accept-Encoding"
    assert plain.text == compressed.text
