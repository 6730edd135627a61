"""Sessions that sleep in the middle of a statement are ended, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest
from sqlalchemy import text

from recoup.db import sleepers
from recoup.db.engine import ASLEEP_SECONDS, Database
from recoup.db.sleepers import Sleepers
from tests.support.asleep import asleep
from tests.support.patience import PATIENCE

_LOCK = "lock table returns in exclusive mode"
_WRITE = text("lock table returns in row exclusive mode")
# Longer than the buffers of a socket, so that the server has got it only when it has read it.
_PIECE = b"x" * 4_000_000 + b"\n"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits at all has waited for long."""
    monkeypatch.setattr(sleepers, "_WAITED_SECONDS", 0)


class Looks:
    """Looks of a worker, and the time between them."""

    def __init__(self, database: Database) -> None:
        self._now = 0.0
        self._sleepers = Sleepers(database, clock=lambda: self._now)

    async def look(self, *, after: float = 0) -> int:
        self._now += after
        return await self._sleepers.end()


@pytest.fixture
def looks(database: Database) -> Looks:
    return Looks(database)


async def test_a_sleeper_loses_its_locks(database: Database, database_url: str, looks: Looks):
    with asleep(database_url, locked="returns") as pid:
        async with _somebody_waits(database) as writing:
            assert await looks.look() == 0
            assert await looks.look(after=ASLEEP_SECONDS - 1) == 0
            assert await looks.look(after=1) == 1
            await writing

    assert not await _is_connected(database, pid)
    assert await looks.look(after=ASLEEP_SECONDS) == 0, "nobody waits any more"


async def test_a_sleeper_that_holds_up_nobody_stays(
    database: Database, database_url: str, looks: Looks
):
    with asleep(database_url, locked="returns") as pid:
        assert await looks.look() == 0
        assert await looks.look(after=ASLEEP_SECONDS) == 0
        assert await _is_connected(database, pid)


async def test_a_program_of_somebody_else_stays(
    database: Database, database_url: str, looks: Looks
):
    """What is not recoup's is the operator's: recoup waits for it, and says so after 20 s."""
    with asleep(database_url, locked="returns", name="psql") as pid:
        async with _somebody_waits(database):
            assert await looks.look() == 0
            assert await looks.look(after=ASLEEP_SECONDS) == 0
            assert await _is_connected(database, pid)


async def test_a_long_statement_stays(database: Database, database_url: str, looks: Looks):
    with _holder(database_url) as holder:
        holder.pgconn.send_query(b"select pg_sleep(600)")
        async with _somebody_waits(database):
            assert await looks.look() == 0
            assert await looks.look(after=ASLEEP_SECONDS) == 0
            assert await _is_connected(database, holder.info.backend_pid)
        holder.cancel_safe()


async def test_a_copy_that_goes_on_stays(database: Database, database_url: str, looks: Looks):
    """A file is read while it is copied: the server waits for the next piece most of the time."""
    with _holder(database_url) as holder:
        holder.execute("create temp table piece (value text)")
        with holder.cursor().copy("copy piece from stdin") as copy:
            async with _somebody_waits(database):
                for _ in range(3):
                    copy.write(_PIECE)
                    await _until(lambda: _waits_for_its_program(database, holder))
                    assert await looks.look(after=ASLEEP_SECONDS) == 0
                assert await _is_connected(database, holder.info.backend_pid)


async def test_a_copy_that_sleeps_is_ended(database: Database, database_url: str, looks: Looks):
    with _holder(database_url) as holder:
        holder.execute("create temp table piece (value text)")
        holder.pgconn.exec_(b"copy piece from stdin")
        async with _somebody_waits(database) as writing:
            await _until(lambda: _waits_for_its_program(database, holder))
            assert await looks.look() == 0
            assert await looks.look(after=ASLEEP_SECONDS) == 1
            await writing


@contextmanager
def _holder(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A program of recoup's that has a lock."""
    with psycopg.connect(url, application_name="recoup 0.0.1") as conn:
        conn.execute(_LOCK)
        try:
            yield conn
        finally:
            conn.close()


@asynccontextmanager
async def _somebody_waits(database: Database) -> AsyncIterator[asyncio.Task[None]]:
    writing = asyncio.create_task(_write(database))
    try:
        await _until(lambda: _finds(database, "select pid from pg_locks where not granted"))
        yield writing
    finally:
        writing.cancel()
        await asyncio.wait({writing})


async def _write(database: Database) -> None:
    async with database.writing() as conn:
        await conn.execute(_WRITE)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.01)  # polling, with the deadline above


async def _waits_for_its_program(
    database: Database, holder: psycopg.Connection[tuple[object, ...]]
) -> bool:
    return await _finds(
        database,
        f"select pid from pg_stat_activity where pid = {holder.info.backend_pid} "
        "and state = 'active' and wait_event = 'ClientRead'",
        as_the_account=True,
    )


async def _is_connected(database: Database, pid: int) -> bool:
    return await _finds(database, f"select pid from pg_stat_activity where pid = {pid}")


async def _finds(database: Database, sql: str, *, as_the_account: bool = False) -> bool:
    async with database.reading() as conn:
        if as_the_account:
            await conn.execute(text("set local role none"))
        return (await conn.execute(text(sql))).first() is not None
