"""Overview, history and activity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from recoup.clock import parse_rfc3339, utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.connections.schedule import next_scheduled_sync
from recoup.db.engine import Database
from recoup.sync.record.tables import sync_progress
from recoup.users.queries import User
from tests.api.serving import Server, finish, new_connection, new_user, serving

HISTORY = "/api/sync/history"


async def store_syncs(database: Database, user: User, connection: Connection, count: int) -> None:
    """Syncs that started n hours after the year began; every third one failed."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.writing() as conn:
        await conn.execute(
            sync_progress.insert(),
            [
                {
                    "sync_id": f"sync_{n:03}",
                    "workspace_id": user.user_id,
                    "connection_id": connection.connection_id,
                    "trigger": "manual",
                    "status": "failed" if n % 3 == 0 else "complete",
                    "error": "orders: no" if n % 3 == 0 else None,
                    "progress": 100,
                    "message": "",
                    "started_at": begin + timedelta(hours=n),
                    "completed_at": begin + timedelta(hours=n, seconds=90),
                }
                for n in range(count)
            ],
        )


async def test_the_overview_before_the_first_sync(
    client: httpx2.AsyncClient,
) -> None:
    """Without a connection there is nothing, and nothing is scheduled."""
    assert (await client.get("/api/sync/status")).json() == {
        "hasActiveSync": False,
        "activeSync": None,
        "lastSync": None,
        "nextScheduledSync": None,
        "syncs": [],
        "notes": [],
    }


async def test_the_newest_sync_of_each_connection(
    client: httpx2.AsyncClient,
    database: Database,
    server: Server,
    user: User,
    connection: Connection,
) -> None:
    """Running or ended: an account's sync is not hidden by another one's."""
    other = await new_connection(database, server.settings, user, seller="A2")
    ids = []
    for one in (connection, connection, other):
        body = {"connectionId": one.connection_id}
        ids.append((await client.post("/api/sync/start", json=body)).json()["syncId"])
        if len(ids) < 2:
            await finish(database, ids[0])

    syncs = (await client.get("/api/sync/status")).json()["syncs"]

    assert [one["syncId"] for one in syncs] == [ids[2], ids[1]]


async def test_the_overview(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The last sync, the running one and the next night are told, each as a status without plan."""
    first = (await client.post("/api/sync/start")).json()["syncId"]
    await finish(database, first)
    second = (await client.post("/api/sync/start")).json()["syncId"]

    overview = (await client.get("/api/sync/status")).json()

    statuses = [(await client.get(f"/api/sync/status/{one}")).json() for one in (second, first)]
    for status in statuses:
        del status["plan"]
    assert overview["hasActiveSync"] is True
    assert [overview["activeSync"], overview["lastSync"]] == statuses
    upcoming = parse_rfc3339(overview["nextScheduledSync"])
    assert (upcoming.hour, upcoming.minute) == (2, 0)
    assert timedelta(0) < upcoming - utc_now() <= timedelta(days=1)


async def test_no_schedule(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """An empty schedule means no next sync."""
    silent = settings.model_copy(update={"sync_schedule": ""})
    async with serving(silent, database) as server, server.client(user) as client:
        overview = (await client.get("/api/sync/status")).json()

    assert overview["nextScheduledSync"] is None


def test_the_next_sync_is_in_utc() -> None:
    """The cron is read in UTC, and a sync that is due now is not the next one."""
    now = datetime(2026, 11, 15, 2, 0, tzinfo=UTC)

    assert next_scheduled_sync("0 2 * * *", now) == now + timedelta(days=1)


async def test_history_in_pages(
    client: httpx2.AsyncClient, database: Database, user: User, connection: Connection
) -> None:
    """Newest first, in pages that meet; the total counts all."""
    await store_syncs(database, user, connection, 45)
    pages = [(await client.get(f"{HISTORY}?limit=20&offset={n}")).json() for n in (0, 20, 40, 60)]

    ids = [sync["syncId"] for page in pages for sync in page["syncs"]]
    assert ids == [f"sync_{n:03}" for n in reversed(range(45))]
    assert [page["total"] for page in pages] == [45] * 4


async def test_the_history_of_one_connection(
    client: httpx2.AsyncClient,
    database: Database,
    server: Server,
    user: User,
    connection: Connection,
) -> None:
    """Its syncs only, with their total; one of somebody else does not exist."""
    await store_syncs(database, user, connection, 2)
    other = await new_connection(database, server.settings, user, seller="A2")
    body = {"connectionId": other.connection_id}
    sync_id = (await client.post("/api/sync/start", json=body)).json()["syncId"]

    of_other = (await client.get(HISTORY, params=body)).json()
    of_nobody = await client.get(HISTORY, params={"connectionId": "not-mine"})

    assert [one["syncId"] for one in of_other["syncs"]] == [sync_id]
    assert of_other["total"] == 1
    assert of_nobody.status_code == 404


async def test_a_history_entry(
    client: httpx2.AsyncClient, database: Database, user: User, connection: Connection
) -> None:
    """An entry says how long it took; `error` is there where it failed and only there."""
    await store_syncs(database, user, connection, 2)

    complete, failed = (await client.get(HISTORY)).json()["syncs"]

    assert complete == {
        "syncId": "sync_001",
        "connectionId": connection.connection_id,
        "status": "complete",
        "startedAt": "2026-01-01T01:00:00Z",
        "completedAt": "2026-01-01T01:01:30Z",
        "ordersProcessed": 0,
        "claimsDetected": 0,
        "duration": 90,
    }
    assert (failed["status"], failed["error"]) == ("failed", "orders: no")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", [3, 0]),
        ("status=idle", []),
        ("status=&from=&to=", [4, 3, 2, 1, 0]),
        ("from=2026-01-01T02:00:00Z&to=2026-01-01T04:00:00Z", [3, 2]),
        ("from=2026-01-02T00:00:00Z", []),
        ("offset=9223372036854775807", []),
    ],
)
async def test_history_filters(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    connection: Connection,
    query: str,
    expected: list[int],
) -> None:
    """By status and by start, half-open; a field that was left empty filters nothing."""
    await store_syncs(database, user, connection, 5)

    syncs = (await client.get(f"{HISTORY}?{query}")).json()["syncs"]

    assert [sync["syncId"] for sync in syncs] == [f"sync_{n:03}" for n in expected]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "offset=-1", "status=done", "from=yesterday"]
)
async def test_history_bounds(client: httpx2.AsyncClient, query: str) -> None:
    """What is out of bounds is a problem that names the field."""
    answer = await client.get(f"{HISTORY}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"query.{query.split('=', maxsplit=1)[0]}"


async def test_activity(
    client: httpx2.AsyncClient, server: Server, database: Database, connection: Connection
) -> None:
    """What happened is told newest first, as many as asked for, to its user only."""
    first = (await client.post("/api/sync/start")).json()["syncId"]
    await client.post(f"/api/sync/cancel/{first}")
    second = (await client.post("/api/sync/start")).json()["syncId"]
    await finish(database, second, "failed")
    stranger = await new_user(database, "stranger@example.com")

    activities = (await client.get("/api/sync/activity?limit=3")).json()["activities"]
    async with server.client(stranger) as other:
        foreign = (await other.get("/api/sync/activity")).json()

    assert [(a["type"], a["syncId"]) for a in activities] == [
        ("sync_failed", second),
        ("sync_started", second),
        ("sync_cancelled", first),
    ]
    assert all(parse_rfc3339(a["timestamp"]) <= utc_now() for a in activities)
    assert foreign == {"activities": []}
