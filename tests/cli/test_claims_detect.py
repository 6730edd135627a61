"""`recoup claims detect`: stored for today, shown for a day before."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import text

from recoup.db.engine import Database
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import add_note
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


def test_a_rule_that_waits_says_for_what(seller: Recoup, database_url: str) -> None:
    """It is told with the claims, and in the activity once; a replay tells it and keeps nothing."""

    async def hide() -> None:
        database = Database(database_url)
        async with database.writing() as conn:
            connection = await conn.execute(text("select connection_id from amazon_connection"))
            told = Note("returns", NoteCode.NOT_AVAILABLE, "For the test.")
            await add_note(conn, connection.scalar_one(), told)
        await database.close()

    async def count(what: str) -> int:
        database = Database(database_url)
        async with database.reading() as conn:
            found = await conn.execute(text(f"select count(*) from {what}"))
        await database.close()
        return int(found.scalar_one())

    seller.run("claims", "detect", "--as-of", "2026-11-20")
    asyncio.run(hide())
    waits = "stream_note where code = 'rule_waits'"
    activities = "activity where type = 'rule_waits'"

    replayed = json.loads(seller.run("claims", "detect", "--as-of", "2026-08-31", "--json").stdout)
    assert "lost_in_warehouse" in replayed["skipped"]
    assert asyncio.run(count(waits)) == asyncio.run(count(activities)) == 0

    done = seller.run("claims", "detect", "--as-of", "2026-11-21")
    seller.run("claims", "detect", "--as-of", "2026-11-22")
    assert 'Claims "Lost in the warehouse" were not searched: returns are not available' in (
        " ".join((done.stdout + done.stderr).split())
    )
    assert asyncio.run(count(waits)) > 1
    assert asyncio.run(count(activities)) == 1
