"""What a server says that cannot answer now: when to come again, and to a browser's stream so that it does."""

from __future__ import annotations

import re

import httpx2
import pytest
from starlette.responses import Response

from recoup.api.come_again import ComeAgain
from recoup.api.problems import KINDS
from recoup.db.embedded import EmbeddedServer
from recoup.users.queries import User
from tests.api.serving import Server
from tests.support.away import away

AS_A_BROWSER = {"accept": "text/event-stream"}
STREAMS = ["/api/sse/status", "/api/sse/sync-progress/sync_1"]


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_that_cannot_begin_asks_a_browser_to_come_again(
    server: Server, user: User, postgres: EmbeddedServer, database_url: str, path: str
) -> None:
    """A browser gives up for good at any status but 200. The metrics count what it really was."""
    async with server.client(user) as client:
        with away(postgres, database_url):
            stream = await client.get(path, headers=AS_A_BROWSER)
            problem = await client.get(path)
        metrics = (await client.get("/metrics")).text

    assert (stream.status_code, stream.text) == (200, "retry: 5000\n\n")
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store"
    assert "retry-after" not in stream.headers
    assert (problem.status_code, problem.headers["retry-after"]) == (503, "5")
    assert re.findall(r'requests_total\{.*status="503"\} (\S+)', metrics) == ["2.0"]


async def test_a_stream_is_refused_for_other_reasons_as_before(server: Server) -> None:
    """Who is not signed in need not come again."""
    async with server.client() as client:
        answer = await client.get(STREAMS[0], headers=AS_A_BROWSER)

    assert answer.status_code == 401


@pytest.mark.parametrize("passes", [True, False])
async def test_what_time_does_not_heal_is_told_to_a_browser_too(passes: bool) -> None:
    """It would come again for ever, and nobody would learn of the wrong setting."""
    wait = {"retry-after": "5"} if passes else {}
    problem = ComeAgain(Response("wrong setting", status_code=503, headers=wait))

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(problem), base_url="http://recoup.test"
    ) as client:
        answer = await client.get(STREAMS[0], headers=AS_A_BROWSER)

    assert (answer.status_code, answer.text) == (
        (200, "retry: 5000\n\n") if passes else (503, "wrong setting")
    )


def test_every_503_that_passes_says_when_to_come_again() -> None:
    """A program that waits as it is told needs no rule of its own."""
    silent = {
        kind.slug for kind in KINDS.values() if kind.status == 503 and kind.retry_after is None
    }

    assert silent == {"misconfigured"}
