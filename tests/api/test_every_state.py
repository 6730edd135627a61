"""Every state that something can have is told over HTTP, SSE, the command line and the page."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from recoup.claims.lifecycle import Standing, Status, WindowState
from recoup.config import Settings
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.notes.note import NoteCode
from recoup.spapi.endpoints import Environment
from recoup.sync.record.states import OF_A_SYNC, StreamStatus, SyncStatus
from recoup.users.queries import User
from tests.api.every_row import CASES, Everything, store_everything
from tests.api.serving import reading
from tests.cli.programs import Recoup
from tests.support.page_words import page_words

REASONS = {
    StreamStatus.FAILED: "because failed",
    StreamStatus.UNAVAILABLE: "because unavailable",
}


@pytest.fixture
async def everything(database: Database, settings: Settings, user: User) -> Everything:
    return await store_everything(database, settings, user)


@pytest.fixture
async def program(everything: Everything, database_url: str) -> Recoup:
    """The command line on the same database."""
    return Recoup({"RECOUP_DATABASE_URL": database_url, "RECOUP_SECRET_KEYS": "k" * 32})


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """A status without what only the status of one sync has."""
    return {name: value for name, value in body.items() if name != "plan"}


def check_status(body: dict[str, Any], environment: Environment, status: SyncStatus) -> None:
    """The states are the stored ones, the page has words for each, and reasons are where they belong."""
    words = page_words()
    told = {stream["status"] for stream in body["streams"]}
    assert body["status"] == status
    if status is SyncStatus.CANCELLED:
        assert told == set(StreamStatus) - {StreamStatus.PENDING, StreamStatus.IN_PROGRESS}
    else:
        assert told == set(StreamStatus)
    assert body["status"] in words["sync"]
    assert told <= set(words["stream"])
    for stream in body["streams"]:
        assert stream["reason"] == REASONS.get(stream["status"])
        assert stream["error"] == (stream["reason"] if stream["status"] == "failed" else None)
        waits = status is SyncStatus.IN_PROGRESS and stream["status"] == "in_progress"
        assert (stream["waitingUntil"] is not None) is waits
    notes = body["notes"]
    assert {note["code"] for note in notes} == set(NoteCode) <= set(words["note"])
    assert all({"code", "message", "since"} <= set(note) for note in notes)
    own = [note for stream in body["streams"] for note in stream["notes"]]
    assert {note["stream"] for note in own} == {"returns"}


async def test_each_state_of_a_sync_over_http_and_sse(
    client: httpx2.AsyncClient, everything: Everything
) -> None:
    """In each environment the status answers 200, and the event stream tells the same."""
    for (environment, status), sync_id in everything.syncs.items():
        answer = await client.get(f"/api/sync/status/{sync_id}")
        assert answer.status_code == 200, answer.text
        check_status(answer.json(), environment, status)
        async with reading(client, f"/api/sse/sync-progress/{sync_id}") as reader:
            event = await reader.next()
        assert event is not None
        told = {"status": event[1]["status"], "streams": event[1]["streams"]}
        assert told == {name: answer.json()[name] for name in told}


async def test_each_state_in_overview_and_history(
    client: httpx2.AsyncClient, everything: Everything
) -> None:
    """The running one and the last one are whole statuses; the history lists all, by state too."""
    overview = (await client.get("/api/sync/status")).json()
    history = (await client.get("/api/sync/history?limit=100")).json()
    running = [
        sync_id for (_, status), sync_id in everything.syncs.items() if status == "in_progress"
    ]
    single = (await client.get(f"/api/sync/status/{running[-1]}")).json()

    assert overview["activeSync"] == shown(single)
    assert overview["lastSync"]["status"] in OF_A_SYNC
    assert {note["code"] for note in overview["notes"]} == set(NoteCode)
    assert {sync["status"] for sync in history["syncs"]} == set(OF_A_SYNC)
    assert history["total"] == len(CASES)
    for status in SyncStatus:
        found = (await client.get(f"/api/sync/history?status={status}")).json()
        wanted = 0 if status is SyncStatus.IDLE else len(Environment)
        assert found["total"] == wanted


async def test_each_state_of_a_connection(
    client: httpx2.AsyncClient, everything: Everything
) -> None:
    """Each environment and each state is listed, and the page has words for them."""
    body = (await client.get("/api/v1/integrations/amazon/status")).json()

    assert {one["status"] for one in body["connections"]} == set(ConnectionStatus)
    assert {one["environment"] for one in body["connections"]} == set(Environment)
    assert set(page_words()["connection"]) == set(ConnectionStatus)


async def test_each_state_of_a_claim(client: httpx2.AsyncClient, everything: Everything) -> None:
    """Each status, window and standing is listed, filtered by and shown with its evidence."""
    items = (await client.get("/api/recoveries?limit=500")).json()["items"]
    words = page_words()

    assert {item["status"] for item in items} == set(Status) == set(words["claim"])
    assert {item["windowState"] for item in items} == set(WindowState) == set(words["window"])
    for standing in Standing:
        page = (await client.get(f"/api/recoveries?standing={standing}&limit=500")).json()
        assert page["totals"]["byStanding"][0]["standing"] == standing
        detail = await client.get(f"/api/recoveries/{page['items'][0]['claimId']}")
        assert detail.status_code == 200


async def test_each_state_on_the_command_line(program: Recoup, everything: Everything) -> None:
    """`recoup sync status`, `watch` and `history` say the state of the sync and of each stream, each
    cause once, and what to look at.
    """
    for (_, status), sync_id in everything.syncs.items():
        done = program.run("sync", "status", sync_id)
        lines = done.stdout.splitlines()
        assert done.code == 0, done
        assert lines[0].startswith(f"{sync_id}  {status}  ")
        table = "\n".join(lines[1:])
        for state in StreamStatus:
            is_told = state.value.replace("_", " ") in table
            unfinished = state in {StreamStatus.PENDING, StreamStatus.IN_PROGRESS}
            assert is_told is not (unfinished and status is SyncStatus.CANCELLED), (status, state)
        assert table.count("because unavailable") == 1
        assert f"{len(NoteCode)} things to look at:" in lines
    history = program.run("sync", "history")
    assert all(status in history.stdout for status in OF_A_SYNC)


async def test_the_end_of_a_watched_sync(program: Recoup, everything: Everything) -> None:
    """`watch` ends with causes and notes, and with an exit status that says how the sync ended."""
    for status in set(OF_A_SYNC) - {SyncStatus.IN_PROGRESS}:
        done = program.run("sync", "watch", everything.syncs[Environment.SANDBOX, status])
        assert done.code == (0 if status is SyncStatus.COMPLETE else 1), done
        assert done.stdout.count("because unavailable") == 1
        assert f"{len(NoteCode)} things to look at:" in done.stdout.splitlines()


async def test_claims_on_the_command_line(program: Recoup, everything: Everything) -> None:
    """Each standing can be listed, what the summary counts is what is listed, waiting rules are named."""
    whole = program.run("claims", "list", "--limit", "1")
    totals = json.loads(program.run("claims", "list", "--limit", "1", "--json").stdout)["totals"]
    owed = json.loads(program.run("claims", "list", "--owed", "--limit", "10000", "--json").stdout)

    counted = {one["standing"]: one["claimCount"] for one in totals["byStanding"]}
    assert set(counted) == set(Standing)
    assert sum(counted.values()) == totals["claimCount"]
    assert len(owed["items"]) == counted["owed"] == totals["owed"]["claimCount"]
    assert f"{counted['owed']} claims are owed:" in whole.stdout
    assert "A sentence about rule_waits." in whole.stdout
    for standing in set(Standing) - {Standing.OWED}:
        assert f"(--standing {standing})" in whole.stdout
    thin = json.loads(
        program.run("claims", "list", "--standing", "toReview", "--limit", "10000", "--json").stdout
    )
    assert len(thin["items"]) == counted["toReview"]
