"""The CSV of claims, which PostgreSQL works out, beside the body of a claim, which defines it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import islice

import pytest

from recoup.api.body_csv import cells_of
from recoup.api.csv_text import csv_lines
from recoup.api.paging import all_csv
from recoup.api.recoveries import SHEET, sheet_rows
from recoup.claims.bodies.claim import claim_body
from recoup.claims.reading.cells import CellReader
from recoup.claims.reading.claims import list_claims
from recoup.claims.reading.selection import ClaimSelection
from recoup.claims.reading.sort import ClaimOrder, Sort
from recoup.claims.stages import STEPS_IN_WORDS
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import TODAY
from tests.api.odd_claims import combinations, oddities, store

MOST = 10_000


async def both(database: Database, connection: Connection, now: datetime) -> tuple[bytes, bytes]:
    """The file, and what it must be: the header and the cells of each claim's body."""
    selection = ClaimSelection(connection.workspace_id, now)
    async with database.reading() as conn:
        rows = await list_claims(conn, selection, ClaimOrder(Sort.DEADLINE, now), limit=MOST)
    wanted = csv_lines([SHEET.header, *(cells_of(claim_body(row)) for row in rows)])
    return await all_csv(database, sheet_rows(selection, Sort.DEADLINE), SHEET), wanted


@pytest.mark.parametrize("hour", [0, 12, 23])
async def test_the_cells_say_what_the_body_says(
    database: Database, connection: Connection, hour: int
) -> None:
    """In each stage, window and wait, whatever the day is in the marketplace."""
    count = await store(database, connection, combinations())

    file, wanted = await both(database, connection, datetime.combine(TODAY, time(hour, 30), UTC))

    assert file.splitlines() == wanted.splitlines()
    assert len(file.splitlines()) == count + 1
    assert not [words for words in STEPS_IN_WORDS.values() if words.encode() not in file]


async def test_odd_values_are_written_as_ever(database: Database, connection: Connection) -> None:
    """Quotes, line breaks, formulas, trailing zeros, microseconds and nothing at all."""
    count = await store(database, connection, oddities())

    file, wanted = await both(database, connection, datetime.combine(TODAY, time(12), UTC))

    assert file == wanted
    assert len(wanted) > 100 * count


@pytest.mark.parametrize("sort", Sort)
async def test_each_claim_is_in_it_once(
    database: Database, connection: Connection, sort: Sort
) -> None:
    """In the order of the list, wherever a read ends and whichever claims are asked for together."""
    await store(database, connection, ({**one} for one in islice(combinations(), 0, None, 131)))
    now = datetime.combine(TODAY, time(12), UTC)
    selection, order = ClaimSelection(connection.workspace_id, now), ClaimOrder(sort, now)
    reader = CellReader(selection, order, ["claimId"], ids_per_read=7)

    found, after = [], None
    async with database.reading() as conn:
        wanted = [row.claim_id for row in await list_claims(conn, selection, order, limit=MOST)]
        while rows := await reader.read(conn, 3, after):
            found += [row[0] for row in rows]
            after = tuple(rows[-1][1:])

    assert len(wanted) > 40
    assert found == wanted
