"""Pages of other origins: those of RECOUP_ALLOWED_ORIGINS use the API in a browser, all others do not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from recoup.config import Settings, load_settings
from recoup.db.engine import Database
from recoup.errors import ConfigurationError
from recoup.users.queries import User
from tests.api.serving import Server, serving, token_of

FRIEND, EVIL = "https://app.example.com", "https://evil.example"


@pytest.fixture
async def open_server(settings: Settings, database: Database) -> AsyncIterator[Server]:
    allowing = settings.model_copy(update={"allowed_origins": FRIEND})
    async with serving(allowing, database) as server:
        yield server


@pytest.fixture
async def page(open_server: Server, user: User) -> AsyncIterator[httpx2.AsyncClient]:
    """A page of the allowed origin in a browser that is signed in."""
    cookie = f"session_token={token_of(user, open_server.settings)}"
    async with open_server.client(cookie=cookie, origin=FRIEND) as client:
        yield client


async def test_an_allowed_page_reads_with_the_session(page: httpx2.AsyncClient) -> None:
    """The answer names the one origin, takes the cookie and shows Retry-After."""
    answer = await page.get("/api/me")

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


async def test_an_allowed_page_writes_with_the_session(page: httpx2.AsyncClient) -> None:
    """The origin check lets it pass; a page of another origin stays shut out."""
    write = {"json": {"name": "Another name"}}

    assert (await page.patch("/api/workspace", **write)).status_code == 204
    foreign = await page.patch("/api/workspace", **write, headers={"origin": EVIL})
    nowhere = await page.patch("/api/workspace", **write, headers={"origin": "null"})
    assert (foreign.status_code, nowhere.status_code) == (403, 403)
    assert foreign.json()["type"] == "/problems/foreign-origin"


async def test_an_allowed_page_reads_a_refusal_and_a_stream(
    open_server: Server, page: httpx2.AsyncClient
) -> None:
    """Without these headers a browser hides why something failed, and events altogether."""
    async with open_server.client(origin=FRIEND) as nobody:
        refused = await nobody.get("/api/me")
    async with page.stream("GET", "/api/sse/status") as stream:
        told = stream.headers

    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == FRIEND
    assert told["content-type"].startswith("text/event-stream")
    assert told["access-control-allow-origin"] == FRIEND


async def test_a_preflight_is_answered_without_a_session(open_server: Server) -> None:
    """A browser sends none, and asks again only after the time that is named."""
    asked = {
        "origin": FRIEND,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization, idempotency-key",
    }
    async with open_server.client(**asked) as browser:
        answer = await browser.options("/api/sourcing-costs")
        foreign = await browser.options("/api/sourcing-costs", headers={"origin": EVIL})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "PUT" in answer.headers["access-control-allow-methods"]
    for name in ("Authorization", "Idempotency-Key", "Last-Event-ID", "Recoup-Workspace"):
        assert name in answer.headers["access-control-allow-headers"]
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not {one for one in foreign.headers if one.startswith("access-control")}
    assert "Origin" in foreign.headers["vary"]


async def test_without_the_setting_no_page_is_allowed(server: Server, user: User) -> None:
    """Nothing about other origins is answered at all."""
    async with server.client(user, origin=FRIEND) as client:
        answer = await client.get("/api/me")

    assert not {one for one in answer.headers if one.startswith("access-control")}


@pytest.mark.parametrize(
    "value", ["*", "https://*.example.com", "null", "app.example.com", "https://a.example/page"]
)
def test_what_is_no_exact_origin_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that names the setting: a wildcard would share sessions with every page."""
    monkeypatch.setenv("RECOUP_ALLOWED_ORIGINS", value)

    with pytest.raises(ConfigurationError, match=r"RECOUP_ALLOWED_ORIGINS: .*origins"):
        load_settings()


def test_an_origin_is_compared_as_browsers_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the usual port and in lower case; several are separated by commas."""
    monkeypatch.setenv(
        "RECOUP_ALLOWED_ORIGINS", "https://App.example.com:443, http://localhost:5173"
    )

    assert load_settings().allowed_origins == "https://app.example.com,http://localhost:5173"
