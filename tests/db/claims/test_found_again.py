"""What a detection finds again as it was stays as it is, and was confirmed all the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text

from recoup.claims.reading.row import claim_row, select_claims
from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim
from tests.support.claim_rows import World

DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")


async def places(world: World) -> dict[str, Any]:
    """Where the row of each claim lies: another place after each write."""
    found = await world.conn.execute(text("select claim_id, cast(ctid as text) from claim"))
    return {row.claim_id: row.ctid for row in found}


async def judged_on(world: World) -> dict[str, date]:
    """The day by type, as people are told it."""
    rows = await world.conn.execute(select_claims(func.current_date()))
    return {row.type: row.as_of for row in map(claim_row, rows.mappings())}


@pytest.fixture
async def found(world: World) -> World:
    """Two lost units and one that was damaged, found on the first day."""
    await world.history()
    await world.ledger("2026-10-01", -2, "M", unreconciled_quantity=2)
    await world.ledger("2026-10-03", -1, "E", unreconciled_quantity=1)
    await world.cost("3.50")
    await world.detect(DAYS[0])
    return world


async def test_no_claim_is_written_for_a_day_that_passes(found: World) -> None:
    """A detection of 100,000 claims would leave as many dead rows behind, and slow every list."""
    before = await places(found)
    assert set(await judged_on(found)) == {"lost_in_warehouse", "damaged_in_warehouse"}

    await found.detect(DAYS[1])

    assert await places(found) == before
    assert set((await judged_on(found)).values()) == {date.fromisoformat(DAYS[1])}


async def test_only_what_differs_is_written(found: World) -> None:
    """Here the claim of which a unit was found."""
    before = await places(found)
    await found.ledger("2026-10-05", 1, "F", reconciled_quantity=1)

    await found.detect(DAYS[1])

    after = await places(found)
    written = [claim_id for claim_id in before if before[claim_id] != after[claim_id]]
    types = await found.conn.execute(select(claim.c.type).where(claim.c.claim_id.in_(written)))
    assert types.scalars().all() == ["lost_in_warehouse"]
    (lost,) = await found.claims("lost_in_warehouse")
    assert lost["quantity"] == 1


async def test_what_is_not_found_any_more_keeps_its_last_day(found: World) -> None:
    """And gets the newest one when it is found again."""
    await found.detect(DAYS[1])
    await found.conn.execute(text("update ledger set event_type = 'Other' where reason = 'M'"))
    await found.detect(DAYS[2])
    (gone,) = await found.claims("lost_in_warehouse")
    days = await judged_on(found)
    assert not gone["is_found"]
    assert days[ClaimType("lost_in_warehouse")] == date.fromisoformat(DAYS[1])
    assert days[ClaimType("damaged_in_warehouse")] == date.fromisoformat(DAYS[2])

    await found.conn.execute(
        text("update ledger set event_type = 'Adjustments' where reason = 'M'")
    )
    await found.detect(DAYS[2])

    (back,) = await found.claims("lost_in_warehouse")
    assert back["is_found"]
    assert set((await judged_on(found)).values()) == {date.fromisoformat(DAYS[2])}
