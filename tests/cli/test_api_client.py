"""The client that the demo follows its sync with."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from recoup.cli.api_client import ApiClient
from recoup.cli.errors import CommandError
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import StatusBody
from tests.support.scripted_server import BREAK, Reply, ScriptedServer

FEED = "/api/sse/sync-progress/sync_1"


def event(event_id: int, status: SyncStatus, progress: int) -> str:
    body = StatusBody(
        sync_id="sync_1",
        status=status,
        progress=progress,
        message="Reading",
        started_at=datetime(2026, 11, 15, tzinfo=UTC),
        completed_at=None,
        estimated_completion=None,
        orders_processed=0,
        total_orders=None,
        claims_detected=0,
        duration=None,
        error=None,
        connection_id="conn_1",
        attempt=1,
        streams=[],
        notes=[],
    )
    return f"id: {event_id}\ndata: {json.dumps(body.document())}\n\n"


async def test_a_broken_feed_is_taken_up_where_it_broke():
    """Every state is seen once, and the server is told the last id that came."""
    async with ScriptedServer() as server:
        server.script(
            FEED,
            Reply(body=f"retry: 3000\n\n: hello\n\n{event(7, SyncStatus.IN_PROGRESS, 10)}"),
            BREAK,
            Reply(body=event(9, SyncStatus.IN_PROGRESS, 60) + event(10, SyncStatus.COMPLETE, 100)),
        )
        async with ApiClient(server.url, "token") as api:
            states = [state async for state in api.follow("sync_1")]
        requests = server.requests(FEED)

    assert [state.progress for state in states] == [10, 60, 100]
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
