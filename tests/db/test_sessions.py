"""Sessions that sleep in the middle of a statement are ended, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text

from recoup.db import sessions
from recoup.db.engine import Database
from recoup.db.sessions import end_sleepers
from tests.support.asleep import asleep
from tests.support.patience import PATIENCE

_WRITE = text("lock table returns in row exclusive mode")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits at all waits for long."""
    monkeypatch.setattr(sessions, "ASLEEP_SECONDS", 0)


async def test_a_sleeper_loses_its_locks(database: Database, database_url: str):
    with asleep(database_url, locked="returns") as pid:
        writing = asyncio.create_task(_write(database))
        await _somebody_waits(database)

        assert await end_sleepers(database) == 1
        await writing

    assert not await _is_connected(database, pid)
    assert await end_sleepers(database) == 0, "nobody waits any more"


async def test_a_sleeper_that_holds_up_nobody_stays(database: Database, database_url: str):
    with asleep(database_url, locked="returns") as pid:
        assert await end_sleepers(database) == 0
        assert await _is_connected(database, pid)


async def test_a_program_of_somebody_else_stays(database: Database, database_url: str):
    """What is not recoup's is the operator's: recoup may wait for it, and says so after 20 s."""
    with asleep(database_url, locked="returns", name="psql") as pid:
        writing = asyncio.create_task(_write(database))
        await _somebody_waits(database)

        assert await end_sleepers(database) == 0
        assert await _is_connected(database, pid)
        writing.cancel()
        await asyncio.wait({writing})


async def test_a_program_that_works_stays(database: Database, database_url: str):
    with _at_work(database_url) as holder:
        writing = asyncio.create_task(_write(database))
        await _somebody_waits(database)

        assert await end_sleepers(database) == 0
        assert await _is_connected(database, holder.info.backend_pid)
        holder.cancel_safe()
        await writing


@contextmanager
def _at_work(url: str) -> Iterator[psycopg.Connection]:
    """Holds a lock in a statement that goes on, for the program waits and sends nothing."""
    with psycopg.connect(url, application_name="recoup 0.0.1") as conn:
        conn.execute("lock table returns in exclusive mode")
        conn.pgconn.send_query(b"select pg_sleep(600)")
        yield conn
        conn.close()


async def _write(database: Database) -> None:
    async with database.writing() as conn:
        await conn.execute(_WRITE)


async def _somebody_waits(database: Database) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await _finds(database, "select pid from pg_locks where not granted"):
            await asyncio.sleep(0.01)  # polling, with the deadline above


async def _is_connected(database: Database, pid: int) -> bool:
    return await _finds(database, f"select pid from pg_stat_activity where pid = {pid}")


async def _finds(database: Database, sql: str) -> bool:
    async with database.reading() as conn:
        return (await conn.execute(text(sql))).first() is not None
