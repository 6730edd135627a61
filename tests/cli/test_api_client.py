"""The client that the demo follows its sync with."""

from __future__ import annotations

import json

import pytest

from recoup.cli.api_client import ApiClient
from recoup.cli.errors import CommandError
from tests.support.scripted_server import BREAK, Reply, ScriptedServer

FEED = "/api/sse/sync-progress/sync_1"


def event(event_id: int, status: str, progress: int) -> str:
    return f"id: {event_id}\ndata: {json.dumps({'status': status, 'progress': progress})}\n\n"


async def test_a_broken_feed_is_taken_up_where_it_broke():
    """Every state is seen once, and the server is told the last id that came."""
    async with ScriptedServer() as server:
        server.script(
            FEED,
            Reply(body=f"retry: 3000\n\n: hello\n\n{event(7, 'in_progress', 10)}"),
            BREAK,
            Reply(body=event(9, "in_progress", 60) + event(10, "complete", 100)),
        )
        async with ApiClient(server.url, "token") as api:
            states = [state async for state in api.follow("sync_1")]
        requests = server.requests(FEED)

    assert [state["progress"] for state in states] == [10, 60, 100]
    assert [request.headers.get("last-event-id") for request in requests] == [None, "7", "7"]
    assert {request.headers["authorization"] for request in requests} == {"Bearer token"}


async def test_a_refusal_says_what_the_problem_document_says():
    """The detail of RFC 9457 is what the person reads."""
    async with ScriptedServer() as server:
        problem = {"title": "Bad Request", "detail": "No Amazon connection."}
        server.script("/api/sync/start", Reply(400, problem))
        async with ApiClient(server.url, "token") as api:
            with pytest.raises(CommandError, match=r"\(400\): No Amazon connection\."):
                await api.start_sync("conn_1")
