"""A unit of work may be cancelled while its connection is given back: a service stops, a sync ends."""

from __future__ import annotations

import asyncio
import logging

import pytest
from sqlalchemy import text

from recoup.db.engine import Database, Reader


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


async def _backend(conn: Reader) -> int:
    return int((await conn.execute(text("select pg_backend_pid()"))).scalar_one())
