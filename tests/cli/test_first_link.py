"""The link that `recoup serve` prints while there is nobody."""

from __future__ import annotations

import asyncio

import pytest

from recoup.cli.first_link import FirstLink
from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.users.links import look
from recoup.users.queries import add_user
from recoup.users.tokens import Secret
from tests.support.patience import PATIENCE


async def test_a_fresh_link_is_printed_as_long_as_there_is_nobody(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """The earlier one has expired by then; with the first user it is over, and nothing ends."""
    stop = asyncio.Event()
    link = FirstLink(database, every_seconds=0.05)
    link.tell("http://127.0.0.1:8000")
    running = asyncio.create_task(link.run(stop))
    said = ""

    async with asyncio.timeout(PATIENCE):
        while said.count("/signin#") < 3:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
    secrets = [line.partition("#")[2] for line in said.splitlines() if "/signin#" in line]
    async with database.reading() as conn:
        seen = {(await look(conn, Secret(one), now=utc_now())).kind for one in secrets}
    async with database.writing() as conn:
        await add_user(conn, "ann@example.com")
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await running
    capsys.readouterr()
    async with asyncio.timeout(PATIENCE):
        await link._offer()  # its next turn, with somebody there

    assert "/signin#" not in capsys.readouterr().out
    assert len(set(secrets)) == len(secrets)
    assert seen == {"first_user"}
