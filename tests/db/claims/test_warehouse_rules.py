"""Lost, damaged and disposed of (docs/rules.md#lost_in_warehouse, docs/rules.md#damaged_in_warehouse,
docs/rules.md#disposed_without_permission).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.tables import claim
from recoup.db.engine import Database
from tests.support.claim_rows import CA, DE, UK, US, World, make_world

LOST, DAMAGED, DISPOSED = (
    "lost_in_warehouse",
    "damaged_in_warehouse",
    "disposed_without_permission",
)


@pytest.fixture
async def world(world: World) -> World:
    """A ledger of most of a year."""
    await world.history()
    return world


async def _open(world: World, as_of: str = "2026-11-23") -> list[tuple[str, str, int]]:
    """Type, day and open units of the claims about stock that are shown."""
    rows = await world.detect(as_of)
    return [
        (row["type"], row["key"]["date"], row["quantity"]) for row in rows if "date" in row["key"]
    ]


async def _only(world: World, as_of: str = "2026-11-23") -> dict[str, Any]:
    [one] = await world.detect(as_of)
    return one


def _parts(one: dict[str, Any]) -> list[str]:
    return [part["part"] for part in one["confidence_parts"]]


async def test_found_in_another_center_is_no_claim(world: World) -> None:
    """M -1, then F +1 in another FC after 12 days -> no claim."""
    await world.ledger("2026-09-01", -1, "M", fulfillment_center="PHL7")
    await world.ledger("2026-09-13", 1, "F", fulfillment_center="DTM2")

    assert await _open(world) == []


async def test_units_found_and_paid_are_taken_off(world: World) -> None:
    """M -3, F +1, Lost_Warehouse total 1 -> open 1."""
    await world.ledger("2026-09-01", -3, "M")
    await world.ledger("2026-09-10", 1, "F")
    await world.payment("2026-09-20", reason="Lost_Warehouse")

    assert await _open(world) == [(LOST, "2026-09-01", 1)]
    [candidate] = await world.candidates(LOST)
    assert [part["by"] for part in candidate["settled"]] == ["find", "payment"]


async def test_a_damage_pair_without_payment_is_a_claim(world: World) -> None:
    """E -1 / P +1 without a payment is a claim."""
    await world.ledger("2026-09-01", -1, "E")
    await world.ledger("2026-09-01", 1, "P", disposition="WAREHOUSE_DAMAGED")

    one = await _only(world)

    assert (one["type"], one["quantity"], one["confidence"]) == (DAMAGED, 1, Decimal("0.85"))
    assert one["evidence"]["notes"] == []


async def test_a_plain_change_of_disposition_is_nothing(world: World) -> None:
    """Q -1 / P +1 -> nothing."""
    await world.ledger("2026-09-01", -1, "Q")
    await world.ledger("2026-09-01", 1, "P", disposition="CUSTOMER_DAMAGED")

    assert await _open(world) == []
    assert await world.candidates() == []


async def test_identical_rows_are_two_units(world: World) -> None:
    """Two identical ledger rows are real, and one claim of two units."""
    for _ in range(2):
        await world.ledger("2026-09-01", -1, "M", reference_id="13895071006")

    assert await _open(world) == [(LOST, "2026-09-01", 2)]


async def test_a_unit_paid_found_and_kept_is_no_new_loss(world: World) -> None:
    """M -1, Lost paid, F +1, O -1 -> nothing."""
    await world.ledger("2026-08-01", -1, "M")
    await world.payment("2026-08-20")
    await world.ledger("2026-09-10", 1, "F")
    await world.ledger("2026-09-11", -1, "O")

    assert await _open(world) == []


async def test_what_amazon_keeps_after_paying_ends_no_other_loss(world: World) -> None:
    """F +1 then O -1 of a paid unit is the counterpart of the payment, not a find."""
    await world.ledger("2026-08-01", -1, "M")
    await world.payment("2026-08-20")
    await world.ledger("2026-09-08", -1, "M")
    await world.ledger("2026-09-10", 1, "F")
    await world.ledger("2026-09-17", -1, "O")

    assert await _open(world) == [(LOST, "2026-09-08", 1)]


# Lost units and allocation


@pytest.mark.parametrize("code", ["M", "5"])
async def test_both_codes_of_a_loss_count(world: World, code: str) -> None:
    """M and 5 are misplaced units."""
    await world.ledger("2026-09-01", -2, code)

    assert await _open(world) == [(LOST, "2026-09-01", 2)]


@pytest.mark.parametrize("code", ["F", "N"])
async def test_both_codes_of_a_find_count(world: World, code: str) -> None:
    """F and N are found units."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-10-01", 1, code)

    assert await _open(world) == []


@pytest.mark.parametrize(("day", "open_units"), [("2026-08-25", []), ("2026-08-24", [1])])
async def test_a_find_reaches_back_seven_days(
    world: World, day: str, open_units: list[int]
) -> None:
    """A find may be booked up to seven days before its loss, and no earlier."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger(day, 1, "F")

    assert [units for _, _, units in await _open(world)] == open_units


async def test_a_find_ends_the_oldest_loss(world: World) -> None:
    """Oldest loss first."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-05", -1, "M")
    await world.ledger("2026-09-20", 1, "F")

    assert await _open(world) == [(LOST, "2026-09-05", 1)]


async def test_a_find_ends_no_loss_that_is_paid_already(world: World) -> None:
    """A find after the payment of the first loss is the second one's."""
    await world.ledger("2026-07-01", -1, "M")
    await world.payment("2026-07-20")
    await world.ledger("2026-09-05", -1, "M")
    await world.ledger("2026-09-12", 1, "F")

    assert await _open(world) == []


async def test_a_find_in_another_country_ends_no_loss(database: Database) -> None:
    """Same FNSKU and country; the find elsewhere is told and costs confidence."""
    async with database.writing() as conn:
        world = await make_world(conn, (US, CA))
        await world.history()
        await world.ledger("2026-09-01", -1, "M", country="US")
        await world.ledger("2026-09-10", 1, "F", country="CA")

        one = await _only(world)

    assert "unmatched find" in _parts(one)
    assert one["confidence"] == Decimal("0.4")


@pytest.mark.parametrize(
    ("approved", "is_open"),
    [("2026-08-25", False), ("2026-08-24", True), ("2026-12-30", False), ("2026-12-31", True)],
)
async def test_a_payment_counts_from_seven_days_before_to_120_after(
    world: World, approved: str, is_open: bool
) -> None:
    """Approval from event - 7 days to event + 120 days."""
    await world.ledger("2027-03-01", -1, "", fnsku="XHISTORY", event_type="Shipments")
    await world.ledger("2026-09-01", -1, "M")
    await world.payment(approved)

    assert bool(await _open(world, "2027-03-02")) == is_open


async def test_a_payment_is_split_over_events(world: World) -> None:
    """One row of two units pays two losses, and both pairs are kept."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-05", -1, "M")
    await world.payment("2026-09-20", cash=2)

    assert await _open(world) == []
    assert [row["units"] for row in await world.allocations(LOST)] == [1, 1]


async def test_a_payment_settles_no_more_than_it_paid(world: World) -> None:
    """Units are counted, not rows."""
    await world.ledger("2026-09-01", -5, "M")
    await world.payment("2026-09-20", cash=2)

    assert await _open(world) == [(LOST, "2026-09-01", 3)]


@pytest.mark.parametrize("reason", ["Damaged_Warehouse", "Lost_Inbound", "CustomerReturn"])
async def test_a_payment_of_another_family_settles_no_loss(world: World, reason: str) -> None:
    """Families do not pay for each other."""
    await world.ledger("2026-09-01", -1, "M")
    order = {"order_id": "111-1"} if reason == "CustomerReturn" else {}
    await world.payment("2026-09-20", reason=reason, **order)

    assert await _open(world) == [(LOST, "2026-09-01", 1)]


async def test_a_payment_in_another_currency_settles_no_loss(world: World) -> None:
    """Same currency and country region; pulled once for all."""
    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-09-20", currency="CAD")

    assert await _open(world) == [(LOST, "2026-09-01", 1)]


async def test_a_payment_in_euro_settles_a_loss_anywhere_in_the_union(database: Database) -> None:
    """European stores share stock: a loss in Poland is paid to a German seller in euro."""
    async with database.writing() as conn:
        world = await make_world(conn, (DE,))
        await world.history()
        await world.ledger("2026-09-01", -1, "M", country="PL")
        await world.payment("2026-09-20")

        assert await _open(world) == []


@pytest.mark.parametrize("fnsku", ["", "X001-old"])
async def test_a_payment_is_known_by_its_sku_too(world: World, fnsku: str) -> None:
    """An MSKU can have had several FNSKUs."""
    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-09-20", fnsku=fnsku)

    assert await _open(world) == []


async def test_a_payment_with_a_unit_settles_and_its_unit_is_no_second_find(world: World) -> None:
    """Paid with a unit, which comes as N; another loss stays open."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-05", -1, "M")
    await world.payment("2026-09-20", cash=0, inventory=1)
    await world.ledger("2026-09-21", 1, "N")

    assert await _open(world) == [(LOST, "2026-09-05", 1)]


async def test_a_payment_for_our_case_is_for_its_claim(world: World) -> None:
    """The case comes before the oldest loss, whatever the days."""
    await world.ledger("2026-03-01", -1, "M")
    await world.ledger("2026-09-05", -1, "M")
    await world.detect("2026-11-01")
    await world.conn.execute(
        claim.update()
        .where(claim.c.key["date"].astext == "2026-09-05")
        .values(status="filed", case_id="77", status_by="u1", filed_at=text("now()"))
    )
    await world.payment("2026-11-10", case_id="77")

    await world.detect()

    states = {row["key"]["date"]: row["status"] for row in await world.claims(LOST)}
    assert states == {"2026-03-01": "detected", "2026-09-05": "approved"}


async def test_a_case_that_paid_a_part_has_not_paid_the_rest(world: World) -> None:
    """Units that are paid for the case pay no others of it at the next detection."""
    await world.ledger("2026-09-05", -3, "M")
    await world.cost("2.00")
    await world.detect("2026-11-01")
    await world.filed(LOST)
    await world.payment("2026-11-10", cash=2, case_id="4711")

    assert await world.states(LOST) == [("filed", Decimal("2.00"))]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("lost", "reconciled", "unreconciled", "found", "quantity", "confidence"),
    [
        (3, 0, 3, 0, 3, "0.9"),
        (3, 1, 2, 1, 2, "0.9"),
        (3, 2, 1, 1, 1, "0.7"),
        (3, 0, 3, 1, 2, "0.7"),
    ],
)
async def test_the_smaller_number_of_ours_and_amazons_is_claimed(
    world: World,
    sign: int,
    lost: int,
    reconciled: int,
    unreconciled: int,
    found: int,
    quantity: int,
    confidence: str,
) -> None:
    """Unreconciled in either sign; 0.9 when both agree, 0.7 when they differ."""
    await world.ledger(
        "2026-09-01",
        -lost,
        "M",
        reconciled_quantity=sign * reconciled,
        unreconciled_quantity=sign * unreconciled,
    )
    if found:
        await world.ledger("2026-09-10", found, "F")

    one = await _only(world)

    assert (one["quantity"], one["confidence"]) == (quantity, Decimal(confidence))


async def test_without_amazons_word_the_pairing_stands_alone(world: World) -> None:
    """0.6 where the column is missing."""
    await world.ledger("2026-09-01", -1, "M")

    assert (await _only(world))["confidence"] == Decimal("0.6")


async def test_what_amazon_calls_reconciled_is_no_claim(world: World) -> None:
    """Min(unreconciled, pairing) is nothing, and the candidate says why."""
    await world.ledger("2026-09-01", -1, "M", reconciled_quantity=1, unreconciled_quantity=0)

    assert await _open(world) == []
    [candidate] = await world.candidates(LOST)
    assert candidate["settled"][0]["by"] == "reconciled"


async def test_unreconciled_without_open_units_is_for_review_only(world: World) -> None:
    """Unreconciled > 0 with nothing open by pairing is listed and not claimed."""
    await world.ledger("2026-09-01", -1, "M", reconciled_quantity=0, unreconciled_quantity=1)
    await world.ledger("2026-09-10", 1, "F")

    assert await _open(world) == []
    [candidate] = await world.candidates(LOST)
    assert "review" in candidate["reason"]


async def test_amazons_own_pairing_is_followed(world: World) -> None:
    """Of two losses and one find, the one that Amazon calls unreconciled is open."""
    await world.ledger("2026-09-01", -1, "M", reconciled_quantity=0, unreconciled_quantity=1)
    await world.ledger("2026-09-05", -1, "M", reconciled_quantity=1, unreconciled_quantity=0)
    await world.ledger("2026-09-20", 1, "F")

    one = await _only(world)

    assert (one["key"]["date"], one["confidence"]) == ("2026-09-01", Decimal("0.9"))


@pytest.mark.parametrize(
    ("code", "quantity", "day", "is_shown"),
    [
        ("O", -1, "2026-09-03", False),
        ("3", 1, "2026-08-30", False),
        ("4", -1, "2026-09-04", False),
        ("O", -1, "2026-09-05", True),
        ("O", -2, "2026-09-01", True),
    ],
)
async def test_a_correction_of_equal_quantity_explains_a_loss(
    world: World, code: str, quantity: int, day: str, is_shown: bool
) -> None:
    """An unexplained 3, 4 or O row of equal quantity within 3 days."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger(day, quantity, code)

    assert bool(await _open(world)) == is_shown
    if not is_shown:
        [candidate] = await world.candidates(LOST)
        assert "correction" in candidate["suppressed"]


async def test_a_transfer_between_fnskus_of_one_asin_explains_itself(world: World) -> None:
    """4 on one FNSKU and 3 on another of the ASIN say nothing about a loss."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-02", -1, "4")
    await world.ledger("2026-09-02", 1, "3", fnsku="X002")

    assert await _open(world) == [(LOST, "2026-09-01", 1)]


async def test_units_that_amazon_looks_for_wait(world: World) -> None:
    """Researching units wait day by day, but not beyond day 45."""
    await world.ledger("2026-09-20", -1, "M")
    await world.ledger("2026-10-20", -1, "M")
    await world.add(
        "inventory_history",
        marketplace_id=US,
        sku="SKU-1",
        fnsku="X001",
        condition="NewItem",
        seen_at="2026-11-20",
        researching_quantity=1,
    )

    rows = await world.detect()

    assert [str(row["fileable_from"]) for row in rows] == ["2026-11-04", "2026-11-24"]


async def test_the_first_month_of_the_ledger_is_for_pairing_only(world: World) -> None:
    """History starts mid-story: no claims from the first 30 days."""
    await world.ledger("2026-01-30", -1, "M", fnsku="X008")
    await world.ledger("2026-01-31", -1, "M", fnsku="X009")

    assert await _open(world) == [(LOST, "2026-01-31", 1)]
    assert "history incomplete" in (await world.candidates(LOST))[0]["suppressed"]


async def test_nothing_is_claimed_beyond_the_last_complete_day(database: Database) -> None:
    """Missing dates: a busy ledger without a day is complete until the day before."""
    async with database.writing() as conn:
        world = await make_world(conn)
        await conn.execute(
            text(
                "insert into ledger (connection_id, event_on, source_line, fnsku, event_type, quantity, source) "
                "select :id, day::date, line, 'XBUSY', 'Shipments', -1, 'test' from "
                "generate_series(date '2026-06-01', date '2026-11-22', interval '1 day') day, "
                "generate_series(1, 25) line where day <> date '2026-11-01'"
            ),
            {"id": world.connection_id},
        )
        await world.ledger("2026-10-20", -1, "M", source_line=1000)
        await world.ledger("2026-11-05", -1, "M", source_line=1000)

        assert await _open(world) == [(LOST, "2026-10-20", 1)]
        assert "until 2026-10-31" in (await world.candidates(LOST))[1]["suppressed"]


async def test_a_possible_payment_takes_a_claim_below_one_half(world: World) -> None:
    """The claim stays, says so, and is for a person to look at."""
    await world.ledger("2026-09-01", -1, "M", reconciled_quantity=0, unreconciled_quantity=1)
    await world.payment("2026-09-20", reason="GeneralAdjustment")

    one = await _only(world)

    assert one["confidence"] < Decimal("0.5")
    assert "possible payment" in _parts(one)


@pytest.mark.parametrize("asin", ["B001", None])
@pytest.mark.parametrize(("lost_on", "confidence"), [("2026-03-15", "0.4"), ("2026-09-01", "0.5")])
async def test_a_manufacturer_barcode_costs_confidence(
    world: World, lost_on: str, confidence: str, asin: str | None
) -> None:
    """Commingled stock, FNSKU = ASIN; less since sellers' stock is kept apart.

    Where no ASIN is told, an FNSKU that is no label of Amazon's is one.
    """
    await world.ledger(lost_on, -1, "M", fnsku="B001", asin=asin)

    assert (await _only(world))["confidence"] == Decimal(confidence)


@pytest.mark.parametrize(
    "state", ["CUSTOMER_DAMAGED", "DEFECTIVE", "EXPIRED", "CARRIER_DAMAGED", "WAREHOUSE_DAMAGED"]
)
async def test_a_loss_of_unsellable_stock_is_for_review_only(world: World, state: str) -> None:
    """Nothing is owed for defects and customers' damage; also where Amazon agrees on the loss."""
    await world.ledger(
        "2026-09-01",
        -1,
        "M",
        disposition=state,
        reconciled_quantity=0,
        unreconciled_quantity=1,
    )

    one = await _only(world)

    assert (one["type"], one["confidence"]) == (LOST, Decimal("0.35"))
    assert one["key"]["disposition"] == state
    assert _parts(one) == ["not sellable"]


async def test_a_loss_that_tells_no_state_is_read_as_sellable(world: World) -> None:
    """Rows with and without a disposition are one loss of a day."""
    await world.ledger("2026-09-01", -1, "M", disposition="")
    await world.ledger("2026-09-01", -1, "M")

    one = await _only(world)

    assert (one["quantity"], one["confidence"]) == (2, Decimal("0.6"))


async def test_transfers_between_centers_are_no_loss(world: World) -> None:
    """Legs of a transfer can be weeks apart."""
    await world.ledger("2026-09-01", -4, "", event_type="WhseTransfers")

    assert await _open(world) == []


async def test_two_countries_on_one_day_are_two_claims_in_their_own_stores(
    database: Database,
) -> None:
    """Rules are per country, never across currencies; each has its own store and deadline."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK, DE))
        await world.history()
        await world.ledger("2026-09-01", -1, "M", country="GB")
        await world.ledger("2026-09-01", -2, "M", country="DE")

        rows = await world.detect()

    assert {row["marketplace_id"]: row["quantity"] for row in rows} == {UK: 1, DE: 2}


# Control totals


async def test_balances_that_do_not_add_up_suppress_the_fnsku(world: World) -> None:
    """Start and movements are not the end -> data problem, said so."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-01", -1, "M", fnsku="X002")
    await world.monthly(
        month_on="2026-09-01",
        fnsku="X001",
        starting_balance=10,
        lost=-1,
        ending_balance=8,
    )

    rows = await world.detect()

    assert [row["fnsku"] for row in rows] == ["X002"]
    [suppressed] = [c for c in await world.candidates(LOST) if c["fnsku"] == "X001"]
    assert "2026-09" in suppressed["suppressed"]


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ({"found": None}, "does not state how many units were found"),
        ({"receipts": None, "ending_balance": 8}, "has empty cells"),
    ],
)
async def test_an_empty_cell_is_no_proof_that_balances_agree(
    world: World, unknown: dict[str, Any], why: str
) -> None:
    """What is not told may be the find, or the unit that is missing in the sum: that is said."""
    await world.history()
    await world.ledger("2026-09-01", -1, "M")
    told = {"starting_balance": 10, "lost": -1, "ending_balance": 9}
    await world.monthly(month_on="2026-09-01", fnsku="X001", **told | unknown)

    assert await _open(world) == []
    [suppressed] = await world.candidates(LOST)
    assert why in suppressed["suppressed"]


async def test_a_find_that_the_ledger_lacks_suppresses_the_fnsku(world: World) -> None:
    """The summary is the control total of the ledger."""
    await world.ledger("2026-09-01", -1, "M")
    await world.monthly(
        month_on="2026-09-01",
        fnsku="X001",
        starting_balance=10,
        lost=-1,
        found=1,
        ending_balance=10,
    )

    assert await _open(world) == []


async def test_balances_that_add_up_change_nothing(world: World) -> None:
    """The innocent case: the summary agrees with the ledger."""
    await world.ledger("2026-09-01", -1, "M")
    await world.monthly(
        month_on="2026-09-01",
        fnsku="X001",
        starting_balance=10,
        in_transit=3,
        lost=-1,
        ending_balance=9,
    )

    assert await _open(world) == [(LOST, "2026-09-01", 1)]


# damaged_in_warehouse


@pytest.mark.parametrize(
    ("code", "confidence"),
    [("E", "0.85"), ("6", "0.7"), ("7", "0.35"), ("H", "0.35"), ("K", "0.35"), ("U", "0.35")],
)
async def test_each_code_of_a_damage_has_its_weight(
    world: World, code: str, confidence: str
) -> None:
    """E and 6 are strong, the others are listed with a low confidence."""
    await world.ledger("2026-09-01", -1, code)

    one = await _only(world)

    assert (one["type"], one["confidence"]) == (DAMAGED, Decimal(confidence))
    assert "missing" in one["evidence"]["notes"][0]


@pytest.mark.parametrize("state", ["CUSTOMER_DAMAGED", "DEFECTIVE", "EXPIRED"])
async def test_a_damage_of_unsellable_stock_is_weak(world: World, state: str) -> None:
    """E is of sellable units; of others it is listed with a low confidence."""
    await world.ledger("2026-09-01", -1, "E", disposition=state)

    assert (await _only(world))["confidence"] == Decimal("0.35")


async def test_a_paid_damage_is_no_claim(world: World) -> None:
    """The innocent case: family DAMAGED pays."""
    await world.ledger("2026-09-01", -1, "E")
    await world.payment("2026-09-20", reason="Damaged_Warehouse")

    assert await _open(world) == []


async def test_finds_and_payments_of_losses_do_not_offset_a_damage(world: World) -> None:
    """Only R family DAMAGED; F and N do not offset."""
    await world.ledger("2026-09-01", -1, "E")
    await world.ledger("2026-09-10", 1, "F")
    await world.payment("2026-09-20", reason="Lost_Warehouse")

    assert await _open(world) == [(DAMAGED, "2026-09-01", 1)]


async def test_a_payment_is_for_the_strong_damage_first(world: World) -> None:
    """What is often not payable does not take the payment of what is."""
    await world.ledger("2026-09-01", -1, "H")
    await world.ledger("2026-09-05", -1, "E")
    await world.payment("2026-09-20", reason="Damaged_Warehouse")

    assert await _open(world) == [(DAMAGED, "2026-09-01", 1)]


async def test_a_unit_made_sellable_again_is_no_claim(world: World) -> None:
    """Q out of WAREHOUSE_DAMAGED and P to SELLABLE undo the damage."""
    await world.ledger("2026-09-01", -1, "E")
    await world.ledger("2026-09-01", 1, "P", disposition="WAREHOUSE_DAMAGED")
    await world.ledger("2026-09-15", -1, "Q", disposition="WAREHOUSE_DAMAHED")
    await world.ledger("2026-09-15", 1, "P", disposition="SELLABLE")

    assert await _open(world) == []


async def test_a_customers_damage_made_sellable_undoes_nothing(world: World) -> None:
    """The minus leg shows that another unit became sellable."""
    await world.ledger("2026-09-01", -1, "E")
    await world.ledger("2026-09-15", -1, "Q", disposition="CUSTOMER_DAMAGED")
    await world.ledger("2026-09-15", 1, "P", disposition="SELLABLE")

    assert await _open(world) == [(DAMAGED, "2026-09-01", 1)]


async def test_missing_and_damaged_at_once_is_one_claim_for_review(world: World) -> None:
    """Same FNSKU, FC, day and quantity -> damaged, marked for review."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-01", -1, "E")

    one = await _only(world)

    assert one["type"] == DAMAGED
    assert one["confidence"] < Decimal("0.5")


# disposed_without_permission


async def test_sellable_stock_destroyed_without_order_is_a_claim(world: World) -> None:
    """D on SELLABLE and no disposal order; fileable after a week."""
    await world.ledger("2026-11-01", -2, "D")

    one = await _only(world)

    assert (one["type"], one["quantity"], one["confidence"]) == (DISPOSED, 2, Decimal("0.7"))
    assert (str(one["fileable_from"]), str(one["deadline"])) == ("2026-11-08", "2026-12-30")


@pytest.mark.parametrize(
    ("requested", "is_open"),
    [("2026-09-17", False), ("2026-09-16", True), ("2026-11-08", False), ("2026-11-09", True)],
)
async def test_a_disposal_order_is_a_permission(
    world: World, requested: str, is_open: bool
) -> None:
    """Requested 45 days before to 7 days after, whatever the disposition."""
    await world.ledger("2026-11-01", -1, "D")
    await world.removal(requested, disposition="Unsellable")

    assert bool(await _open(world)) == is_open


async def test_an_order_for_fewer_units_leaves_the_rest(world: World) -> None:
    """Quantities are subtracted, cancelled ones were not ordered."""
    await world.ledger("2026-11-01", -5, "D")
    await world.removal("2026-10-20", requested=4, cancelled_quantity=1, disposed_quantity=3)

    assert await _open(world) == [(DISPOSED, "2026-11-01", 2)]


async def test_an_order_for_sellable_stock_is_that_of_the_sellable_units(world: World) -> None:
    """Defective units that were destroyed some days earlier do not use the order up."""
    await world.ledger("2026-10-04", -2, "D", disposition="DEFECTIVE")
    await world.ledger("2026-10-20", -1, "D")
    await world.removal("2026-10-11", disposition="Sellable", requested=1, disposed_quantity=1)

    assert await _open(world) == []


async def test_a_return_order_is_no_permission_to_destroy(world: World) -> None:
    """Only what an order disposed of is taken off; the rest is of another type."""
    await world.ledger("2026-11-01", -2, "D")
    await world.removal("2026-10-20", order_type="Return", requested=5, disposed_quantity=1)

    assert (DISPOSED, "2026-11-01", 1) in await _open(world)


async def test_sellable_units_leave_by_no_removal_order(world: World) -> None:
    """VendorReturns of sellable stock without any removal order, less sure than a disposal."""
    await world.ledger("2026-11-01", -2, "", event_type="VendorReturns")

    found = await _only(world)

    assert (found["type"], found["quantity"]) == (DISPOSED, 2)
    assert found["confidence"] == Decimal("0.5")
    assert "code VendorReturns" in found["reason"]


@pytest.mark.parametrize(
    ("disposition", "requested_on"), [("SELLABLE", "2026-06-20"), ("DEFECTIVE", None)]
)
async def test_vendor_returns_that_explain_themselves(
    world: World, disposition: str, requested_on: str | None
) -> None:
    """A removal order of the product, however long it took; stock that cannot be sold."""
    await world.ledger("2026-11-01", -2, "", event_type="VendorReturns", disposition=disposition)
    if requested_on:
        await world.removal(requested_on, order_type="Return", requested=2, shipped_quantity=2)

    assert (DISPOSED, "2026-11-01", 2) not in await _open(world)


@pytest.mark.parametrize("disposition", ["CUSTOMER_DAMAGED", "DEFECTIVE", "EXPIRED"])
async def test_unsellable_stock_may_be_disposed_of(world: World, disposition: str) -> None:
    """Customer-damaged, defective and expired stock is no claim."""
    await world.ledger("2026-11-01", -1, "D", disposition=disposition)

    assert await _open(world) == []


async def test_damaged_stock_destroyed_is_one_event_with_its_damage(world: World) -> None:
    """Disposed after payment is normal; unpaid it is the damage that is claimed, once."""
    await world.ledger("2026-09-01", -1, "E")
    await world.ledger("2026-10-01", -1, "D", disposition="WAREHOUSE_DAMAGED")

    unpaid = await _open(world)
    await world.payment("2026-09-20", reason="Damaged_Warehouse")

    assert unpaid == [(DAMAGED, "2026-09-01", 1)]
    assert await _open(world) == []


async def test_damaged_stock_without_known_damage_is_a_weak_claim(world: World) -> None:
    """0.3 for what is not sellable."""
    await world.ledger("2026-11-01", -1, "D", disposition="WAREHOUSE_DAMAGED")

    assert (await _only(world))["confidence"] == Decimal("0.3")


@pytest.mark.parametrize(
    ("day", "names", "is_noted"),
    [
        ("2026-09-01", {"fnsku": "X001"}, True),
        ("2026-09-01", {"sku": "SKU-1"}, True),
        ("2026-09-01", {"fnsku": "X900", "sku": "SKU-900"}, False),
        ("2025-12-20", {"fnsku": "X001"}, False),
    ],
)
async def test_a_unit_with_an_inbound_problem_carries_a_note(
    world: World, day: str, names: dict[str, str], *, is_noted: bool
) -> None:
    """Since 2026 Amazon pays no unit in the US that came unprepped or mislabelled."""
    await world.history("2025-01-01")
    await world.ledger(day, -1, "M")
    row = {"shipment_id": "FBA9", "problem_type": "Label missing", "reported_at": "2026-02-01"}
    await world.add("inbound_noncompliance", **row | names)

    [claim] = await world.detect()

    notes = [note for note in claim["evidence"]["notes"] if "inbound problems" in note]
    assert bool(notes) == is_noted


@pytest.mark.parametrize(("seen", "researching"), [("2026-11-20", 3), ("2026-09-10", None)])
async def test_amazon_looks_for_a_unit_for_60_days_at_most(
    world: World, seen: str, researching: int | None
) -> None:
    """What was being looked for longer ago is over, and holds nothing up."""
    await world.history()
    await world.ledger("2026-10-20", -1, "M")
    await world.add(
        "inventory_history",
        marketplace_id=world.marketplace_id,
        sku="SKU-1",
        fnsku="X001",
        condition="New",
        seen_at=seen,
        researching_quantity=3,
    )

    [claim] = await world.detect()

    assert claim["evidence"]["numbers"]["researching"] == researching
