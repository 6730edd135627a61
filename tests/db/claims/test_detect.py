"""Detection around the rules: windows, values, and what becomes of a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update

from recoup.claims.detection.detect import Detection, detect
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value
from recoup.claims.tables import claim, claim_history
from recoup.db.engine import Database
from tests.support.claim_rows import DE, TODAY, UK, US, World, make_world

# Every lost unit, less what its FNSKU was paid: as little of a rule as shows the engine.
RULE = Rule(
    type=ClaimType.LOST_IN_WAREHOUSE,
    title="Lost",
    source="test",
    reads={"ledger": ("fnsku",)},
    window=PolicyWindow.FC_LOST,
    value=Value.SOURCING_COST,
    version=1,
    sql="""
    select jsonb_build_object('fnsku', l.fnsku, 'date', l.event_on) as key,
        c.marketplace_id, l.msku as sku, l.fnsku, l.asin, null as order_id,
        -l.quantity as units, -l.quantity - coalesce(p.units, 0) as quantity,
        case when p.units is null then jsonb_build_array() else jsonb_build_array(jsonb_build_object(
            'by', 'payment', 'reference', p.reference, 'units', p.units, 'why', 'paid')) end as settled,
        l.event_on, l.event_on as clock_on, l.event_on + 30 as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        jsonb_build_array(jsonb_build_object('part', 'base', 'change', 0.9, 'why', 'test')) as confidence_parts,
        case when l.store = 'doubtful' then 'doubtful data' end as suppressed,
        'lost' as reason, jsonb_build_object('rows', jsonb_build_array()) as evidence
    from ledger l
    left join detect_country c on c.country = l.country
    left join (
        select fnsku, sum(made_whole_units)::integer as units, jsonb_agg(reference) as reference
        from detect_payment where made_whole_units > 0 group by fnsku
    ) p on p.fnsku = l.fnsku
    where l.connection_id = :connection_id and l.reason = 'M' and l.event_on <= :as_of
    """,
)


async def _detect(world: World, as_of: str = TODAY, rule: Rule = RULE, **values: Any) -> Detection:
    return await detect(
        world.conn, world.connection_id, date.fromisoformat(as_of), rules=[rule], **values
    )


async def _claim(world: World) -> dict[str, Any]:
    [one] = await world.claims()
    return one


async def _set(world: World, **values: Any) -> None:
    """What a person does to the only claim."""
    await world.conn.execute(update(claim).values(status_by="u1", **values))


async def _history(world: World) -> list[tuple[str | None, str]]:
    rows = await world.conn.execute(select(claim_history).order_by(claim_history.c.entry_id))
    return [(row.from_status, row.to_status) for row in rows]


async def test_the_last_safe_day_is_the_one_before_the_window_ends(world: World) -> None:
    """Clock plus 60 days is outside; before day 30 recoup waits (docs/decisions.md#waiting-before-filing)."""
    await world.ledger("2026-10-01", -1)

    await _detect(world)

    one = await _claim(world)
    assert (one["fileable_from"], one["deadline"]) == (date(2026, 10, 31), date(2026, 11, 29))
    assert one["window_note"] is None


@pytest.mark.parametrize(
    ("marketplace", "window", "clock", "fileable", "deadline"),
    [
        (US, PolicyWindow.CUSTOMER_RETURN, "2026-09-01", "2026-10-31", "2026-12-29"),
        (UK, PolicyWindow.CUSTOMER_RETURN, "2026-09-01", "2026-10-16", "2026-12-14"),
        (DE, PolicyWindow.CUSTOMER_RETURN, "2026-09-01", "2026-10-16", "2026-12-14"),
        (US, PolicyWindow.INBOUND, "2026-03-03", "2026-04-02", "2026-12-02"),
        (UK, PolicyWindow.INBOUND, "2026-03-03", "2026-04-02", "2026-09-02"),
        (US, PolicyWindow.INBOUND, "2026-05-31", "2026-06-30", "2027-02-27"),
    ],
)
async def test_the_same_data_has_the_dates_of_its_marketplace(
    database: Database,
    marketplace: str,
    window: PolicyWindow,
    clock: str,
    fileable: str,
    deadline: str,
) -> None:
    """Days and months alike end a day early."""
    async with database.writing() as conn:
        world = await make_world(conn, (marketplace,))
        await world.ledger(clock, -1)

        await _detect(world, rule=replace(RULE, window=window))

        one = await _claim(world)
    assert str(one["fileable_from"]) == fileable
    assert str(one["deadline"]) == deadline


@pytest.mark.parametrize("country", ["AU", "ZZ"])
async def test_an_unknown_window_has_no_deadline_but_a_warning(world: World, country: str) -> None:
    """Nothing is invented and nothing expires; the strictest day is told."""
    await world.ledger("2025-06-01", -1, country=country)

    await _detect(world)

    one = await _claim(world)
    assert (one["fileable_from"], one["deadline"]) == (None, None)
    assert (
        "not known for this marketplace, check Seller Central".replace(",", ":")
        in (one["window_note"])
    )
    assert "60 days" in one["window_note"]
    assert "2025-07-30" in one["window_note"]


async def test_a_window_that_is_not_confirmed_says_so(world: World) -> None:
    """Canada is assumed to be as the United States."""
    await world.ledger("2026-10-01", -1, country="CA")

    await _detect(world)

    one = await _claim(world)
    assert one["deadline"] == date(2026, 11, 29)
    assert "not confirmed" in one["window_note"]


async def test_a_unit_is_worth_what_it_cost_on_that_day(world: World) -> None:
    """The sourcing cost valid on the day of the event, times the units."""
    await world.cost("4.00", since="2026-01-01")
    await world.cost("5.50", since="2026-10-01")
    await world.ledger("2026-10-01", -3)

    await _detect(world)

    one = await _claim(world)
    assert (one["amount"], one["currency"]) == (Decimal("16.50"), "USD")
    assert one["amount_basis"] == (
        "3 x 5.50 USD, sourcing cost of FNSKU X001 valid from 2026-10-01"
    )


async def test_a_cost_of_the_fnsku_is_closer_than_one_of_the_sku(world: World) -> None:
    """One value per unit: that of the FNSKU where both are entered."""
    await world.cost("4.00", sku="SKU-1")
    await world.cost("5.00")
    await world.ledger("2026-10-01", -1)

    await _detect(world)

    assert (await _claim(world))["amount"] == 5


async def test_no_unit_is_worth_more_than_the_cap(world: World) -> None:
    """5,000 USD per unit."""
    await world.cost("7000")
    await world.ledger("2026-10-01", -2)

    await _detect(world)

    one = await _claim(world)
    assert one["amount"] == 10000
    assert "capped at 5000" in one["amount_basis"]


async def test_an_unknown_value_is_null_and_says_what_to_do(world: World) -> None:
    """Past payments are shown beside it and are not the amount."""
    for per_unit, cash, inventory in (
        ("8.00", 1, 0),
        ("9.00", 1, 0),
        ("1.00", 0, 1),
        ("20.00", 1, 0),
    ):
        await world.payment("2026-05-01", per_unit=per_unit, cash=cash, inventory=inventory)
    await world.ledger("2026-10-01", -9)

    await _detect(world)

    one = await _claim(world)
    assert (one["amount"], one["currency"]) == (None, None)
    assert "sourcing cost" in one["amount_missing"]
    assert one["evidence"]["numbers"]["median_paid_per_unit"] == {
        "amount": "9.00",
        "currency": "USD",
        "payments": 3,
    }


async def test_before_the_change_of_value_no_cost_is_claimed(world: World) -> None:
    """Until 2025-03-30 Amazon paid an estimate of the sale price."""
    await world.cost("4.00", since="2024-01-01")
    await world.ledger("2025-03-30", -1)

    await _detect(world)

    one = await _claim(world)
    assert one["amount"] is None
    assert "2025-03-31" in one["amount_missing"]


async def test_detection_twice_is_detection_once(world: World) -> None:
    """A repeat finds nothing new, changes no claim and adds no history."""
    await world.ledger("2026-10-01", -1)

    first = await _detect(world)
    before = await _claim(world)
    second = await _detect(world)

    assert (first.stored.new, second.stored.new) == (1, 0)
    assert await _claim(world) == before
    assert await _history(world) == [(None, "detected")]


async def test_a_claim_belongs_to_the_sync_that_found_it(world: World) -> None:
    """Later syncs confirm it; the first one is named."""
    await world.ledger("2026-10-01", -1)

    await _detect(world, sync_id="sync_1")
    await _detect(world, sync_id="sync_2")

    assert (await _claim(world))["sync_id"] == "sync_1"


async def test_a_payment_withdraws_a_claim_and_a_reversal_reopens_it(world: World) -> None:
    """What recoup said it may take back, with the reason; what is open again is shown again."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    original = await world.payment("2026-11-01")
    await _detect(world)
    paid = await _claim(world)
    await world.reversal("2026-11-10", original)
    await _detect(world)

    assert (paid["status"], paid["status_why"]) == ("withdrawn", "Settled: paid")
    assert (await _claim(world))["status"] == "detected"
    assert await _history(world) == [
        (None, "detected"),
        ("detected", "withdrawn"),
        ("withdrawn", "detected"),
    ]


async def test_a_payment_approves_a_filed_claim(world: World) -> None:
    """A claim that a person filed and Amazon paid was approved, not withdrawn."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    await _set(world, status="filed", filed_at=text("now()"))
    await world.payment("2026-11-01")

    await _detect(world)

    assert (await _claim(world))["status"] == "approved"


async def test_a_payment_for_the_case_approves_the_claim_of_the_case(world: World) -> None:
    """Our own case comes first, whatever product the payment names."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    await _set(world, status="filed", case_id="123", filed_at=text("now()"))
    await world.payment("2026-11-01", case_id="123", fnsku="XOTHER", sku="SKU-9")

    await _detect(world)
    await _detect(world)

    assert (await _claim(world))["status"] == "approved"


@pytest.mark.parametrize("status", ["dismissed", "rejected", "approved"])
async def test_what_a_person_set_stays(world: World, status: str) -> None:
    """Neither finding the event again nor losing sight of it changes a person's word."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    await _set(world, status=status, note="mine")
    await _detect(world)
    seen = await _claim(world)
    await world.payment("2026-11-01")
    await _detect(world)

    for one in (seen, await _claim(world)):
        assert (one["status"], one["status_by"], one["note"]) == (status, "u1", "mine")


async def test_a_filed_claim_that_is_partly_paid_stays_filed_with_the_rest(world: World) -> None:
    """The units that are open change, and the history says so."""
    await world.ledger("2026-10-01", -3)
    await _detect(world)
    await _set(world, status="filed", filed_at=text("now()"))
    await world.payment("2026-11-01", cash=1)

    await _detect(world)

    one = await _claim(world)
    assert (one["status"], one["quantity"]) == ("filed", 2)
    [_, entry] = (
        await world.conn.execute(select(claim_history).order_by(claim_history.c.entry_id))
    ).all()
    assert entry.changes["quantity"] == [3, 2]


async def test_a_doubtful_event_is_no_claim_and_says_why(world: World) -> None:
    """Suppressed candidates are kept with the reason; a claim that was shown is withdrawn."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    await world.conn.execute(text("update ledger set store = 'doubtful'"))

    await _detect(world)

    [candidate] = await world.candidates()
    assert candidate["suppressed"] == "doubtful data"
    one = await _claim(world)
    assert (one["status"], one["status_why"]) == ("withdrawn", "No longer a claim: doubtful data")


async def test_a_rule_whose_data_was_not_read_is_not_run(world: World) -> None:
    """A stream that failed neither makes nor withdraws a claim."""
    await world.ledger("2026-10-01", -1)
    await _detect(world)
    await world.conn.execute(text("delete from ledger"))

    detection = await _detect(world, unread={"ledger"})

    assert detection.skipped == (RULE,)
    assert (await _claim(world))["status"] == "detected"
    assert len(await world.candidates()) == 1


async def test_what_settled_an_event_is_stored_row_by_row(world: World) -> None:
    """Each pair of event and payment is a row, rewritten by each detection."""
    await world.ledger("2026-10-01", -2)
    await world.payment("2026-11-01")

    for _ in range(2):
        await _detect(world)

    [row] = await world.allocations()
    assert (row["by"], row["units"], row["key"]["fnsku"]) == ("payment", 1, "X001")
