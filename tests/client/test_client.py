"""The client of the API: each promise for the blocking and for the asynchronous one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from recoup.client import (
    ApiBusyError,
    ApiConflictError,
    ApiForbiddenError,
    ApiNotFoundError,
    ApiUnauthenticatedError,
    ApiUnreachableError,
    AsyncClient,
    Client,
)
from recoup.client._feeds import Feed
from tests.client.told import FEED, event, example, page_of_claims
from tests.support.scripted_server import BREAK, Reply, ScriptedServer

Call = Callable[..., Any]
SOON = {"retry-after": "0"}


async def _collected(found: Any) -> Any:
    """What a call of the asynchronous client comes to: an iterator becomes a list."""
    if hasattr(found, "__aiter__"):
        return [one async for one in found]
    return await found


async def call_asynchronous(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
    async with AsyncClient(url, "token", patience_seconds=5) as api:
        return await _collected(getattr(api, name)(*args, **kwargs))


async def call_blocking(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """In a thread: the scripted server runs in this one."""

    def work() -> Any:
        with Client(url, "token", patience_seconds=5) as api:
            found = getattr(api, name)(*args, **kwargs)
            return list(found) if hasattr(found, "__next__") else found

    return await asyncio.to_thread(work)


@pytest.fixture(params=[call_asynchronous, call_blocking], ids=["asynchronous", "blocking"])
def call(request: pytest.FixtureRequest) -> Call:
    """Calls a method of either client."""
    found: Call = request.param
    return found


async def test_a_broken_feed_is_resumed_where_it_broke(call: Call) -> None:
    """Every state is seen once, and the server is told the last id that came."""
    async with ScriptedServer() as server:
        server.script(
            FEED,
            Reply(body=f"retry: 3000\n\n: hello\n\n{event(7, 'in_progress', 10)}"),
            BREAK,
            Reply(body=event(9, "in_progress", 60) + event(10, "complete", 100)),
        )
        states = await call(server.url, "watch", "sync_1")
        requests = server.requests(FEED)

    assert [state.progress for state in states] == [10, 60, 100]
    assert [request.headers.get("last-event-id") for request in requests] == [None, "7", "7"]
    assert {request.headers["authorization"] for request in requests} == {"Bearer token"}


async def test_a_busy_server_is_asked_for_the_feed_again(call: Call) -> None:
    """429 says when; the place is kept."""
    async with ScriptedServer() as server:
        server.script(
            FEED,
            Reply(body=event(7, "in_progress", 10)),
            Reply(429, {"detail": "Too many"}, headers=SOON),
            Reply(body=event(8, "failed", 100)),
        )
        states = await call(server.url, "watch", "sync_1")
        requests = server.requests(FEED)

    assert [state.status for state in states] == ["in_progress", "failed"]
    assert requests[-1].headers["last-event-id"] == "7"


def test_a_feed_that_brought_nothing_is_asked_for_again_when_it_said() -> None:
    """Its server was without a database, say; one that brought an event is asked for at once."""
    feed = Feed("/api/sse/status")
    for line in ("retry: 5000", ""):
        feed.take(line)
    assert feed.wait_after(None) == 5

    assert feed.headers
    for line in ("retry: 5000", "", "id: 1", "data: {}", ""):
        feed.take(line)
    assert feed.wait_after(None) < 5


async def test_a_feed_that_has_ended_ends(call: Call) -> None:
    """204 means that nothing more will come."""
    async with ScriptedServer() as server:
        server.script(FEED, Reply(204))

        assert await call(server.url, "watch", "sync_1") == []


async def test_a_feed_that_is_refused_says_why(call: Call) -> None:
    """A sync of another workspace is not waited for."""
    async with ScriptedServer() as server:
        server.script(FEED, Reply(404, {"detail": "No such sync."}))

        with pytest.raises(ApiNotFoundError, match=r"No such sync\."):
            await call(server.url, "watch", "sync_1")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_wait_is_asked_again(status: int, call: Call) -> None:
    """After its own time, and with the same question."""
    async with ScriptedServer() as server:
        server.script(
            "/api/recoveries",
            Reply(status, {"detail": "Wait"}, headers=SOON),
            Reply(body=page_of_claims("c1")),
        )
        claims = await call(server.url, "claims", owed=True)
        requests = server.requests("/api/recoveries")

    assert [claim.claim_id for claim in claims] == ["c1"]
    assert [request.query for request in requests] == [{"owed": ["true"]}] * 2


async def test_a_server_that_asks_for_too_much_patience_is_an_error(call: Call) -> None:
    """The error says how long it would be."""
    async with ScriptedServer() as server:
        headers = {"retry-after": "900"}
        server.script("/api/coverage", Reply(429, {"detail": "Locked"}, headers=headers))

        with pytest.raises(ApiBusyError) as caught:
            await call(server.url, "coverage")

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 900


async def test_a_start_that_broke_is_repeated_with_its_key(call: Call) -> None:
    """One key for all attempts: the API starts one sync."""
    async with ScriptedServer() as server:
        server.script("/api/sync/start", BREAK, Reply(body=example("StartedBody")))
        sync_id = await call(server.url, "start", "conn_1")
        requests = server.requests("/api/sync/start")

    assert sync_id == example("StartedBody")["syncId"]
    assert len({request.headers["idempotency-key"] for request in requests}) == 1
    assert json.loads(requests[0].body) == {"connectionId": "conn_1"}


async def test_a_decision_is_never_made_twice(call: Call) -> None:
    """Whether it arrived is not known, so it is not sent again."""
    async with ScriptedServer() as server:
        server.script("/api/recoveries/c1", BREAK)

        with pytest.raises(ApiUnreachableError):
            await call(server.url, "decide", "c1", status="filed", case_id="42")
        sent = server.requests("/api/recoveries/c1")

    assert [json.loads(one.body) for one in sent] == [{"status": "filed", "caseId": "42"}]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ApiUnauthenticatedError),
        (403, ApiForbiddenError),
        (404, ApiNotFoundError),
        (409, ApiConflictError),
    ],
)
async def test_a_refusal_has_the_class_and_the_members_of_its_problem(
    status: int, error: type[Exception], call: Call
) -> None:
    """Programs decide by class and type, people read the detail."""
    problem = {"type": "/problems/x", "title": "X", "status": status, "detail": "Why.", "more": 1}
    async with ScriptedServer() as server:
        server.script("/api/recoveries/c1", Reply(status, problem))

        with pytest.raises(error, match=r"Why\.") as caught:
            await call(server.url, "claim", "c1")

    refused: Any = caught.value
    assert (refused.status, refused.type, refused.members) == (status, "/problems/x", {"more": 1})


async def test_all_pages_are_one_iterator(call: Call) -> None:
    """The cursor of each page leads to the next."""
    async with ScriptedServer() as server:
        server.script(
            "/api/recoveries",
            Reply(body=page_of_claims("c1", "c2", cursor="next")),
            Reply(body=page_of_claims("c3")),
        )
        claims = await call(server.url, "claims", min_confidence=0.5)
        requests = server.requests("/api/recoveries")

    assert [claim.claim_id for claim in claims] == ["c1", "c2", "c3"]
    assert requests[1].query == {"cursor": ["next"], "minConfidence": ["0.5"]}


async def test_a_newer_server_is_understood(call: Call) -> None:
    """Unknown fields stay, unknown words are words."""
    told = {**example("ClaimDetail"), "stage": "ready", "status": "pondered"}
    async with ScriptedServer() as server:
        server.script("/api/recoveries/c1", Reply(body=told))
        claim = await call(server.url, "claim", "c1")

    assert claim.status == "pondered"
    assert claim.document()["stage"] == "ready"


async def test_an_unknown_list_is_refused_at_once(call: Call) -> None:
    """A slip of the pen costs no call."""
    async with ScriptedServer() as server:
        with pytest.raises(ValueError, match="There is no list order"):
            await call(server.url, "rows", "order")
