"""Starting, cancelling and watching, with the API and the workers as processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.acceptance.stack import Stack


def test_start_answers_without_waiting_for_the_sync(stack: Stack) -> None:
    """Without a worker nothing is read from Amazon: at most an access token was fetched."""
    url = stack.api()
    calls = _calls(stack)
    with stack.http(url) as http:
        reply = http.post("/api/sync/start")
        status = http.get(f"/api/sync/status/{reply.json()['syncId']}").json()

    assert reply.status_code == 200
    assert _calls(stack) <= calls + 1
    assert status["status"] == "in_progress"


def test_of_fifty_starts_at_two_replicas_one_wins(stack: Stack) -> None:
    """One 200, 49 times 409 that name it: the database decides, not the process."""
    replicas = [stack.api(), stack.api()]
    clients = [stack.http(url) for url in replicas]
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda n: clients[n % 2].post("/api/sync/start"), range(50)))
    for client in clients:
        client.close()

    winners = [r.json()["syncId"] for r in replies if r.status_code == 200]
    refused = [r.json()["syncId"] for r in replies if r.status_code == 409]
    assert len(winners) == 1
    assert refused == winners * 49
    assert stack.scalar("select count(*) from sync_progress") == 1


@pytest.mark.parametrize("fault", ["stall:1", "429:1"])
def test_cancel_stops_the_worker_at_once(stack: Stack, fault: str) -> None:
    """Also while an answer does not come, or Amazon's limit makes it wait for minutes."""
    url = stack.api()
    worker = stack.worker()
    sync_id = stack.start_sync()
    stack.until(lambda: stack.scalar("select sum(rows) from sync_stream") > 0, "rows arrive")
    httpx2.post(stack.sandbox_url + "/_sandbox/faults", json={"faults": [fault]})
    stack.until(lambda: _faults_given(stack) > 0, "the worker waits")

    with stack.http(url) as http:
        reply = http.post(f"/api/sync/cancel/{sync_id}")
        assert stack.status() == "cancelled", "true when the call has returned"
        again = http.post(f"/api/sync/cancel/{sync_id}")
    # What it waited for takes minutes.
    stack.until(
        lambda: any("sync_cancelled" in line for line in worker.errors),
        "the worker stops",
        within=60,
    )

    assert (reply.status_code, again.status_code) == (200, 409)
    assert reply.json() == {"ok": True, "message": "Sync cancelled successfully"}
    httpx2.post(stack.sandbox_url + "/_sandbox/faults", json={"faults": []})
    calls = _calls(stack)
    with stack.http(url) as http:
        assert http.post("/api/sync/start").status_code == 200, "nothing is stuck"
    stack.finish()
    assert _calls(stack) > calls


def _calls(stack: Stack) -> int:
    calls = httpx2.get(stack.sandbox_url + "/_sandbox/calls").json()
    return sum(one["calls"] for one in calls.values())


def _faults_given(stack: Stack) -> int:
    calls = httpx2.get(stack.sandbox_url + "/_sandbox/calls").json()
    return sum(sum(one["faults"].values()) for one in calls.values())


def test_a_sync_is_watched_to_its_end_over_sockets(stack: Stack) -> None:
    """The stream tells 0 to 100 in order with ascending ids, closes, and then answers 204."""
    url = stack.api()
    sync_id = stack.start_sync()
    path = f"/api/sse/sync-progress/{sync_id}"
    ids: list[int] = []
    told: list[dict[str, object]] = []
    with stack.http(url) as http, http.stream("GET", path) as stream:
        stack.worker()
        for line in stream.iter_lines():
            if line.startswith("id: "):
                ids.append(int(line[4:]))
            if line.startswith("data: "):
                told.append(json.loads(line[6:]))
    with stack.http(url) as http:
        after = http.get(path, headers={"last-event-id": str(ids[-1])})
        status = http.get(f"/api/sync/status/{sync_id}").json()

    del status["plan"]  # told to whoever asks, not with each event
    progress = [body["progress"] for body in told]
    assert ids == sorted(set(ids))
    assert progress == sorted(progress)
    assert {10, 30, 60, 90, 100} <= set(progress)
    assert told[-1] == status
    assert after.status_code == 204
