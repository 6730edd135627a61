"""`recoup claims detect`: stored for today, shown for a day before."""

from __future__ import annotations

import asyncio
import json

import pytest

from recoup.db.engine import Database
from tests.cli.programs import Recoup
from tests.support.claim_rows import make_world


@pytest.fixture
def seller(database_url: str, recoup: Recoup) -> Recoup:
    """The program on a database with one loss of September 2026."""

    async def store() -> None:
        database = Database(database_url)
        async with database.writing() as conn:
            world = await make_world(conn)
            await world.history()
            await world.ledger("2026-09-01", -1, "M")
        await database.close()

    asyncio.run(store())
    return recoup


def test_a_replay_of_an_earlier_day_is_shown_and_not_stored(seller: Recoup) -> None:
    """The first detection is stored; one as of a day before it leaves everything as it is."""
    stored = json.loads(seller.run("claims", "detect", "--as-of", "2026-11-20", "--json").stdout)
    replayed = json.loads(seller.run("claims", "detect", "--as-of", "2026-08-31", "--json").stdout)
    listed = json.loads(seller.run("claims", "list", "--json").stdout)

    assert (stored["stored"], stored["new"], len(stored["items"])) == (True, 1, 1)
    assert stored["items"][0]["type"] == "lost_in_warehouse"
    assert (replayed["stored"], replayed["items"]) == (False, [])
    assert [one["asOf"] for one in listed["items"]] == ["2026-11-20"]


def test_a_day_that_is_none_is_wrong_usage(seller: Recoup) -> None:
    """Exit status 2 and a line that says what is wanted."""
    done = seller.run("claims", "detect", "--as-of", "yesterday")

    assert done.code == 2
