"""Syncs in states that a test needs, in the tables and told to all who follow."""

from __future__ import annotations

from datetime import datetime, timedelta

from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.sync.planning.body import PlanRow
from recoup.sync.planning.queries import write_plan
from recoup.sync.record.announce import announce
from recoup.sync.record.tables import quarantine, sync_progress, sync_stream
from tests.api.serving import progress
from tests.browser.shop import Seat

REASON = "Amazon refuses getOrders for want of a role. Add the role Orders in Seller Central"


async def set_stream(database: Database, sync_id: str, name: str, **values: object) -> None:
    """How a kind of data goes, told to all who follow."""
    s = sync_stream.c
    async with database.writing() as conn:
        await conn.execute(
            sync_stream.update().where(s.sync_id == sync_id, s.name == name).values(**values)
        )
        await announce(conn, SyncId(sync_id), milestone=True)


def step(*, done: bool) -> dict[str, object]:
    return {
        "stream": "orders",
        "scope": "",
        "source": "report",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-31T00:00:00Z",
        "calls": {"createReport": 1, "getReport": 3},
        "rows": 12,
        "predictedSeconds": 900.0,
        "actualSeconds": 61.5 if done else None,
        "givenUp": False,
        "reason": "2 h by API, 15 min by report",
    }


async def store_past(
    seat: Seat, connection: Connection, states: list[str], first: datetime
) -> list[str]:
    """Syncs of earlier days, the last one the newest."""
    rows = [
        {
            "sync_id": f"sync_{connection.connection_id}_{n}",
            "workspace_id": connection.workspace_id,
            "connection_id": connection.connection_id,
            "trigger": "schedule",
            "status": status,
            "error": f"orders: {REASON}" if status == "failed" else None,
            "progress": 100,
            "message": "",
            "orders_processed": n,
            "started_at": first + timedelta(days=n),
            "completed_at": first + timedelta(days=n, minutes=2, seconds=5),
        }
        for n, status in enumerate(states)
    ]
    async with seat.database.writing() as conn:
        await conn.execute(sync_progress.insert(), rows)
        await conn.execute(
            sync_stream.insert(),
            [
                {
                    "sync_id": row["sync_id"],
                    "name": name,
                    "status": row["status"],
                    "error": REASON if row["status"] == "failed" else None,
                }
                for row in rows
                for name in ("orders", "returns")
            ],
        )
    return [str(row["sync_id"]) for row in rows]


async def set_running(database: Database, sync_id: str) -> None:
    """In the middle, with a plan, and waiting for Amazon."""
    async with database.writing() as conn:
        steps = (step(done=True), step(done=False))
        await write_plan(conn, SyncId(sync_id), PlanRow(utc_now(), 900.0, steps, ()))
        await conn.execute(
            sync_progress.update()
            .where(sync_progress.c.sync_id == sync_id)
            .values(estimated_completion=utc_now() + timedelta(minutes=10))
        )
    await progress(database, sync_id, 41, "Processing orders ... 1 of 2 processed")
    await set_stream(
        database,
        sync_id,
        "orders",
        status="in_progress",
        rows=1247,
        rows_read=1250,
        rows_quarantined=3,
        expected_rows=2500,
        waiting_until=utc_now() + timedelta(minutes=3),
    )


async def store_quarantined(database: Database, connection: Connection, count: int) -> None:
    """Orders that no version will ever read."""
    rows = [
        {
            "connection_id": connection.connection_id,
            "stream": "orders",
            "sync_id": "sync_gone",
            "reason": f"orderId: no id {n}",
            "raw": {"orderId": n, "total": "12.30"},
            "raw_digest": str(n),
            "source": "searchOrders request-1",
        }
        for n in range(count)
    ]
    async with database.writing() as conn:
        await conn.execute(quarantine.insert(), rows)
