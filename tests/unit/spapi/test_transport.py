"""The HTTP client: what it must not do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recoup.errors import UnavailableError
from recoup.spapi.transport import exchange, new_http_client
from tests.support.scripted_server import SILENCE, Reply

pytestmark = pytest.mark.anyio


async def test_a_cookie_of_one_seller_never_travels_with_another(http, server):
    """Sellers share the client, so what Amazon sets is forgotten."""
    server.script("/", Reply(headers={"set-cookie": "session-id=1; Path=/"}), Reply())
    for _ in range(2):
        await http.get(f"{server.url}/")

    assert "cookie" not in server.received[1].headers


async def test_a_redirect_is_not_followed(http, server):
    """A token goes to the configured host and nowhere else."""
    server.script("/", Reply(307, headers={"location": f"{server.url}/elsewhere"}))
    response = await http.get(f"{server.url}/")

    assert response.status_code == 307
    assert [request.path for request in server.received] == ["/"]


async def test_the_local_sandbox_is_reached_without_the_proxy(server, monkeypatch):
    """A company's proxy in the environment does not stand between recoup and this machine."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.script("/", Reply(204))
    async with new_http_client() as client:
        response = await client.get(f"{server.url}/")

    assert response.status_code == 204


async def test_a_request_has_an_end_however_slow_its_answer(http, server):
    """The whole of a request is bounded, not only the pause between two bytes."""
    server.script("/", SILENCE)
    with pytest.raises(UnavailableError, match="in time"):
        await exchange(
            http, "GET", f"{server.url}/", operation="x", within=timedelta(milliseconds=50)
        )


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nobody.invalid/"])
async def test_a_host_that_does_not_answer_is_unavailable(http, url):
    """A refused connection, or a name that no server knows for now, is waited out like a 503."""
    with pytest.raises(UnavailableError, match="ConnectError"):
        await exchange(http, "GET", url, operation="x", within=timedelta(seconds=30))
