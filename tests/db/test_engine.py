"""A unit of work may be cancelled while its connection is given back: a service stops, a sync ends."""

from __future__ import annotations

import asyncio
import itertools
import logging

import psycopg
import pytest
from psycopg import waiting
from sqlalchemy import text

from recoup.db.engine import Database, Reader
from recoup.db.single_reads import Statement


async def test_a_cancel_does_not_cut_off_how_a_connection_is_given_back(
    database: Database, caplog: pytest.LogCaptureFixture
):
    """The cancelled task ends as cancelled; the pool keeps its connection, and nothing is logged."""

    async def cancelled_at_its_end() -> None:
        async with database.reading() as conn:
            seen.append(await _backend(conn))
            asyncio.get_running_loop().call_soon(working.cancel)

    seen: list[int] = []
    with caplog.at_level(logging.WARNING):
        working = asyncio.create_task(cancelled_at_its_end())
        await asyncio.wait({working})

    assert working.cancelled()
    assert caplog.messages == []
    async with database.reading() as conn:
        assert [await _backend(conn)] == seen


@pytest.mark.parametrize("is_reader", [True, False])
async def test_a_cancel_at_any_moment_leaves_no_connection_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_reader: bool
):
    """On a busy machine, where the driver lets others run before each step."""
    monkeypatch.setattr(waiting, "MAX_BUSY_TIME", 0)
    unit = database.reading if is_reader else database.writing
    other = database.writing if is_reader else database.reading

    async def work() -> None:
        async with unit() as conn:
            await _backend(conn)

    # Taking the connection is the first thing; later every seventh moment must do.
    for steps in itertools.chain(range(25), itertools.count(25, 7)):
        # The connection that comes next was of the other kind.
        async with other() as conn:
            await _backend(conn)
        working = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait({working})
        assert database._engine.pool.checkedout() == 0, steps
        if not working.cancelled():
            break
    assert steps > 10


async def test_connections_that_the_server_ended_are_replaced_unnoticed(database: Database):
    """After a restart of PostgreSQL no work fails for a connection that lay in a pool meanwhile."""
    me = Statement("select pg_backend_pid() as pid")
    async with database.reading() as conn:
        pooled = await _backend(conn)
    [single] = await database.write_once(me)
    owner = Database(database.sqlalchemy_url.replace("+psycopg", ""), role=None)
    async with owner.writing() as conn:
        for pid in (pooled, single.pid):
            assert (
                await conn.execute(text("select pg_terminate_backend(:pid, 60000)"), {"pid": pid})
            ).scalar_one()
    await owner.close()

    async with database.reading() as conn:
        assert await _backend(conn) != pooled
    assert (await database.write_once(me))[0].pid != single.pid


async def test_a_connection_that_ends_after_the_work_is_no_failure_of_it(
    database: Database, database_url: str
):
    """What was read is good, though the server ended the session before the rollback."""
    async with database.reading() as conn:
        read = await _backend(conn)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", [read])

    async with database.reading() as conn:
        assert await _backend(conn) != read


async def _backend(conn: Reader) -> int:
    return int((await conn.execute(text("select pg_backend_pid()"))).scalar_one())
