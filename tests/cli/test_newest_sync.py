"""Which sync a command means where none is named."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.record.tables import sync_progress
from tests.api.serving import new_connection, new_user
from tests.cli.programs import Recoup

NEWER = 101
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


async def _store(
    database: Database, user: WorkspaceId, seller: ConnectionId, numbers: range
) -> None:
    rows = [
        {
            "sync_id": f"sync_{number:03}",
            "workspace_id": user,
            "connection_id": seller,
            "trigger": "manual",
            "status": "complete",
            "progress": 100,
            "message": "Done",
            "started_at": BEGIN + timedelta(hours=number),
            "completed_at": BEGIN + timedelta(hours=number, minutes=1),
        }
        for number in numbers
    ]
    async with database.writing() as conn:
        await conn.execute(sync_progress.insert(), rows)


def test_the_newest_sync_of_a_connection(recoup: Recoup, database_url: str, tmp_path: Path):
    """However many syncs of another seller are newer; without a connection the newest of all."""

    async def store() -> tuple[ConnectionId, ConnectionId]:
        database = Database(database_url)
        settings = Settings(data_dir=tmp_path)
        user = await new_user(database)
        quiet = (await new_connection(database, settings, user, seller="A1")).connection_id
        busy = (await new_connection(database, settings, user, seller="A2")).connection_id
        await _store(database, user.user_id, quiet, range(2))
        await _store(database, user.user_id, busy, range(2, 2 + NEWER))
        await database.close()
        return quiet, busy

    quiet, busy = asyncio.run(store())

    found = {
        name: recoup.run("sync", "status", "--json", *options)
        for name, options in {
            "quiet": ("--connection", quiet),
            "busy": ("--connection", busy),
            "any": (),
            "none": ("--connection", "conn_of_nobody"),
        }.items()
    }

    assert json.loads(found["quiet"].stdout)["syncId"] == "sync_001"
    assert json.loads(found["busy"].stdout)["syncId"] == f"sync_{1 + NEWER:03}"
    assert json.loads(found["any"].stdout)["syncId"] == f"sync_{1 + NEWER:03}"
    assert found["none"].outcome == (
        1,
        "recoup: There are no syncs yet; start one with `recoup sync start`.\n",
    )
