"""A standby refuses LISTEN and every write with 25006 until it is promoted: nothing of recoup ends by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import psycopg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from recoup.db.engine import Database
from recoup.db.listen import Notification, listen
from recoup.errors import DatabaseUnreachableError
from tests.support.failover import Failover, running_failover
from tests.support.patience import PATIENCE


@pytest.fixture
def failover() -> Iterator[Failover]:
    with running_failover() as failover:
        yield failover


async def heard(notifications: AsyncIterator[Notification], channel: str) -> Notification:
    """The next one of the channel; empty: of a new connection, or none for long."""
    async with asyncio.timeout(PATIENCE):
        async for one in notifications:
            if one.channel == channel:
                return one
    raise AssertionError("listen ended")


async def test_listen_comes_back_from_a_standby(failover: Failover):
    """It is refused for as long as the server is a standby, and hears again once it is promoted."""
    async with aclosing(listen(failover.url, ["news"])) as notifications:
        await heard(notifications, "")
        with capture_logs() as logs:
            await asyncio.to_thread(failover.demote)
            coming = asyncio.create_task(heard(notifications, "news"))
            async with asyncio.timeout(PATIENCE):
                while not any(line.get("reason") == "25006" for line in logs):
                    assert not coming.done(), coming
                    await asyncio.wait({coming}, timeout=0.05)
        await asyncio.to_thread(failover.promote)

        async with asyncio.timeout(PATIENCE):
            while not coming.done():
                await asyncio.to_thread(_tell, failover.url)
                await asyncio.wait({coming}, timeout=0.1)
    assert coming.result().channel == "news"


async def test_a_standby_is_no_bug(failover: Failover):
    """A write is told as a database that cannot be used now, a read is served, and a write that
    somebody tries as a reader stays the bug that it is.
    """
    failover.demote()
    database = Database(failover.url, role=None)
    try:
        with pytest.raises(DatabaseUnreachableError, match="read-only"):
            async with database.writing() as conn:
                await conn.execute(text("create table probe (thing int)"))
        async with database.reading() as conn:
            assert (await conn.execute(text("select 1"))).scalar_one() == 1
        # On the connection that has read, too.
        with pytest.raises(DatabaseUnreachableError, match="read-only"):
            async with database.writing() as conn:
                await conn.execute(text("create table probe (thing int)"))
        failover.promote()
        async with database.writing() as conn:
            await conn.execute(text("create table probe (thing int)"))
        with pytest.raises(Exception, match="read-only") as bug:
            async with database.reading() as conn:
                await conn.execute(text("insert into probe values (1)"))
        assert not isinstance(bug.value, DatabaseUnreachableError)
    finally:
        await database.close()


def _tell(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("notify news")
