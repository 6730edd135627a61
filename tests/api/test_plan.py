"""What a sync will cost, before it begins and while it runs."""

from __future__ import annotations

from datetime import timedelta

import httpx2

from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.sync.planning.body import PlanRow, plan_body
from recoup.sync.planning.queries import write_plan
from recoup.users.queries import User
from tests.api.test_history import store_syncs

PLAN = "/api/sync/plan"


async def test_the_plan_of_a_first_sync(client: httpx2.AsyncClient, connection: Connection) -> None:
    """Every stream is in it with source, window, calls and reason, and nothing is started."""
    plan = (await client.get(PLAN)).raise_for_status().json()

    orders = next(step for step in plan["steps"] if step["stream"] == "orders")
    assert orders["source"] == "api"
    assert orders["from"] < orders["to"]
    assert orders["calls"] == {"searchOrders": 19}
    assert "assumed" in orders["reason"]
    ledger = [step for step in plan["steps"] if step["stream"] == "ledger"]
    assert len(ledger) >= 12
    assert {step["source"] for step in ledger} == {"report"}
    assert plan["predictedSeconds"] >= max(step["predictedSeconds"] for step in plan["steps"])
    assert (plan["actualSeconds"], plan["revisions"]) == (None, [])
    assert (await client.get("/api/sync/status")).json()["activeSync"] is None


async def test_a_plan_needs_a_connection(client: httpx2.AsyncClient) -> None:
    """Without an Amazon connection there is nothing to plan: 400, as for a start."""
    assert (await client.get(PLAN)).status_code == 400


async def test_another_users_connection_cannot_be_planned(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """An id that is not one's own is answered like one that does not exist."""
    reply = await client.get(PLAN, params={"connectionId": "not-mine"})
    assert reply.status_code == 404


async def test_the_status_shows_the_plan_of_its_sync(
    client: httpx2.AsyncClient, database: Database, user: User, connection: Connection
) -> None:
    """As it was stored, with the seconds it really took once the sync has ended."""
    await store_syncs(database, user, connection, 2)
    status = "/api/sync/status/sync_001"
    before = (await client.get(status)).json()
    ended = (await client.get("/api/sync/history")).json()["syncs"][0]["completedAt"]
    step = {
        "stream": "orders",
        "scope": "",
        "source": "report",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-31T00:00:00Z",
        "calls": {"createReport": 1, "getReportDocument": 1},
        "rows": 12,
        "predictedSeconds": 900.0,
        "actualSeconds": 61.5,
        "givenUp": False,
        "reason": "2 h by API, 15 min by report",
    }
    at = utc_now()
    row = PlanRow(at, 900.0, (step,), ())
    async with database.writing() as conn:
        await write_plan(conn, SyncId("sync_001"), row)
    after = (await client.get(status)).json()

    assert before["plan"] is None
    assert after["plan"]["steps"] == [step]
    assert after["plan"]["predictedSeconds"] == 900.0
    assert ended is not None
    assert plan_body(row, completed_at=at + timedelta(seconds=70)).actual_seconds == 70.0
