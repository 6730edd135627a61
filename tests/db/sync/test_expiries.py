"""What ends soon is told without anybody's asking."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.jobs.worker import Worker
from recoup.notes.note import NoteCode
from recoup.notes.queries import list_notes
from tests.api.serving import new_connection, new_user
from tests.support.patience import PATIENCE


async def test_a_worker_tells_that_an_authorization_ends(
    database: Database, tmp_path: Path
) -> None:
    """When it starts, and then daily: a seller who never looks is told in the activity."""
    settings = Settings(data_dir=tmp_path, sync_schedule="")
    connection = await new_connection(database, settings, await new_user(database))
    async with database.writing() as conn:
        await conn.execute(
            text("update amazon_connection set authorized_at = now() - interval '310 days'")
        )
    stop = asyncio.Event()
    working = asyncio.create_task(Worker(settings, database).run(stop))
    async with asyncio.timeout(PATIENCE):
        while not (notes := await read_notes(database, connection.connection_id)):
            await asyncio.sleep(0.05)
        stop.set()
        await working

    assert notes == [NoteCode.AUTHORIZATION_EXPIRES]


async def read_notes(database: Database, connection_id: str) -> list[NoteCode]:
    async with database.reading() as conn:
        return [note.code for note in await list_notes(conn, connection_id)]
