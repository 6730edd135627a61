"""Payments taken back and payments too low (docs/rules.md#reimbursement_reversed, docs/rules.md#reimbursement_underpaid)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.db.engine import Database
from tests.support.claim_rows import UK, US, World, make_world
from tests.support.order_rows import Orders

REVERSED, UNDERPAID = "reimbursement_reversed", "reimbursement_underpaid"
LOST = "lost_in_warehouse"


@pytest.fixture
async def world(world: World) -> World:
    """A ledger of most of a year."""
    await world.history()
    return world


async def _types(world: World, as_of: str = "2026-11-23") -> list[str]:
    return [row["type"] for row in await world.detect(as_of)]


async def _suppressed(world: World) -> str:
    [candidate] = await world.candidates(REVERSED)
    return str(candidate["suppressed"])


# reimbursement_reversed


async def test_a_reversal_that_gave_the_unit_back_is_right(world: World) -> None:
    """Paid cash 1, reversal -1/+1/0 -> nothing."""
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original, cash=-1, inventory=1)

    assert await _types(world) == []
    assert await world.candidates(REVERSED) == []


async def test_a_reversal_without_a_unit_is_a_claim(world: World) -> None:
    """Paid cash 1, reversal -1/0/-1: a claim, fileable at once."""
    original = await world.payment("2026-09-20", per_unit="12.34")
    reversal = await world.reversal("2026-10-20", original, per_unit="12.34")

    [one] = await world.detect()

    assert one["type"] == REVERSED
    assert one["key"]["reimbursementId"] == reversal
    assert (one["amount"], one["currency"], one["quantity"]) == (Decimal("12.34"), "USD", 1)
    assert (str(one["fileable_from"]), str(one["deadline"])) == ("2026-10-20", "2026-12-18")
    assert one["confidence"] == Decimal("0.6")


async def test_a_wrong_reversal_does_not_reopen_the_loss(world: World) -> None:
    """The unit is in one claim, that of the reversal."""
    await world.ledger("2026-09-01", -1, "M")
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original)

    assert await _types(world) == [REVERSED]
    [candidate] = await world.candidates(LOST)
    assert candidate["settled"][0]["by"] == "reversed_payment"


@pytest.mark.parametrize(
    ("found", "is_right"),
    [("2026-08-21", True), ("2026-08-20", False), ("2026-11-19", True), ("2026-11-20", False)],
)
async def test_a_find_makes_a_reversal_right(world: World, found: str, is_right: bool) -> None:
    """N or F from 60 days before to 30 days after the reversal, not used otherwise."""
    await world.ledger("2026-06-01", -1, "M")
    original = await world.payment("2026-07-01")
    await world.reversal("2026-10-20", original)
    await world.ledger(found, 1, "F")

    assert await _types(world) == ([] if is_right else [REVERSED])


async def test_a_find_that_ended_another_loss_makes_no_reversal_right(world: World) -> None:
    """Not already used."""
    await world.ledger("2026-09-01", -1, "M")
    original = await world.payment("2026-09-20")
    await world.ledger("2026-10-01", -1, "M")
    await world.ledger("2026-10-10", 1, "F")
    await world.reversal("2026-10-20", original)

    assert await _types(world) == [REVERSED]


async def test_a_unit_that_shows_up_later_withdraws_the_claim(world: World) -> None:
    """Withdrawn if the unit shows up later."""
    await world.ledger("2026-09-01", -1, "M")
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original)
    await world.detect("2026-10-25")
    await world.ledger("2026-11-02", 1, "F")

    assert await _types(world) == []
    [one] = await world.claims(REVERSED)
    assert one["status"] == "withdrawn"
    assert "found on 2026-11-02" in one["status_why"]


async def test_a_loss_paid_twice_may_be_corrected(world: World) -> None:
    """If the original was positive twice for one event, the reversal is legitimate."""
    await world.ledger("2026-09-01", -1, "M")
    first = await world.payment("2026-09-10")
    second = await world.payment("2026-09-14")
    for original in (first, second):
        world_claims = await _after_reversal(world, original)
        assert world_claims == []
        assert "paid twice" in await _suppressed(world)


async def _after_reversal(world: World, original: str) -> list[str]:
    """The claims when only this payment was taken back."""
    await world.conn.execute(
        text("delete from reimbursements where original_reimbursement_id is not null")
    )
    await world.reversal("2026-10-20", original)
    return await _types(world)


async def test_a_payment_for_a_found_unit_may_be_taken_back(world: World) -> None:
    """The unit was found before it was paid; nothing was owed."""
    await world.ledger("2026-09-01", -1, "M")
    await world.ledger("2026-09-10", 1, "F")
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original)

    assert await _types(world) == []


async def test_a_reversal_whose_original_is_not_loaded_is_no_claim(world: World) -> None:
    """Shown as "original not loaded", never as a claim."""
    await world.reversal("2026-10-20", "R-unknown")

    assert await _types(world) == []
    assert "not loaded" in await _suppressed(world)


@pytest.mark.parametrize("kind", ["Lost_Warehouse", None])
async def test_a_reversal_of_an_unknown_payment_takes_no_excuse_from_another(
    world: World, kind: str | None
) -> None:
    """The unit came back, which makes one reversal right; what the other was for is not known."""
    original = await world.payment("2026-08-20", reason="CustomerReturn", order_id="111-1")
    await world.reversal(
        "2026-10-15", "R-unknown", order_id="111-1", original_reimbursement_type=kind
    )
    await world.reversal("2026-10-20", original)
    await world.add(
        "returns",
        order_id="111-1",
        sku="SKU-1",
        fnsku="X001",
        returned_at="2026-10-10",
        quantity=1,
    )

    assert await _types(world) == []


@pytest.mark.parametrize("returned", [True, False])
async def test_a_return_makes_the_reversal_of_an_order_right(world: World, returned: bool) -> None:
    """Original type CustomerReturn, and the returns report shows the unit."""
    original = await world.payment("2026-08-20", reason="CustomerReturn", order_id="111-1")
    await world.reversal("2026-10-20", original, original_reimbursement_type="CustomerReturn")
    if returned:
        await world.add(
            "returns",
            order_id="111-1",
            sku="SKU-1",
            fnsku="X001",
            returned_at="2026-10-10",
            quantity=1,
        )

    assert await _types(world) == ([] if returned else [REVERSED])


async def test_two_units_taken_back_and_one_given_is_one_unit(world: World) -> None:
    """The total counts; the money is that of the units that are missing."""
    original = await world.payment("2026-09-20", cash=2)
    await world.reversal("2026-10-20", original, cash=-2, inventory=1)

    [one] = await world.detect()

    assert (one["quantity"], one["amount"]) == (1, Decimal(10))


async def test_a_later_payment_of_unknown_purpose_makes_it_a_case_for_review(world: World) -> None:
    """A possible payment counts for reversals too."""
    original = await world.payment("2026-09-20")
    await world.reversal("2026-10-20", original)
    await world.payment("2026-11-01", reason="GeneralAdjustment")

    [one] = await world.detect()

    assert one["confidence"] < Decimal("0.5")


# reimbursement_underpaid


async def test_a_payment_below_the_cost_is_a_claim(world: World) -> None:
    """(cost - paid) x cash units, 60 days from the approval."""
    await world.cost("10.00")
    await world.ledger("2026-09-20", -2, "M")
    number = await world.payment("2026-10-01", cash=2, per_unit="4.00")

    [one] = await world.detect()

    assert (one["type"], one["key"]["reimbursementId"]) == (UNDERPAID, number)
    assert (one["quantity"], one["amount"]) == (2, Decimal(12))
    assert str(one["deadline"]) == "2026-11-29"
    assert one["confidence"] == Decimal("0.5")


async def test_the_cost_that_amazon_approved_counts_before_the_sellers(world: World) -> None:
    """By that it pays: below it is a firm claim, and above it none, whatever the seller has entered."""
    await world.cost("12.00")
    approved = {"fnsku": "X001", "currency": world.currency, "source": "SELLER"}
    await world.add("approved_cost", **approved, approved_on="2026-01-01", cost=Decimal("10.00"))
    await world.ledger("2026-09-20", -1, "M")
    await world.payment("2026-10-01", per_unit="4.00")
    [one] = await world.detect()
    assert (one["amount"], one["confidence"]) == (Decimal(6), Decimal("0.85"))
    assert one["amount_basis"].startswith("cost that Amazon approved")
    await world.payment("2026-10-02", per_unit="10.00")
    assert len(await world.detect()) == 1


async def test_a_cost_that_amazon_approved_later_proves_nothing(world: World) -> None:
    """Its date is that from which it pays by it: before, the seller's own counts."""
    await world.cost("10.00")
    approved = {"fnsku": "X001", "currency": world.currency, "source": "SELLER"}
    await world.add("approved_cost", **approved, approved_on="2026-10-15", cost=Decimal("30.00"))
    await world.ledger("2026-09-20", -1, "M")
    await world.payment("2026-10-01", per_unit="4.00")
    [one] = await world.detect()
    assert (one["amount"], one["confidence"]) == (Decimal(6), Decimal("0.5"))


@pytest.mark.parametrize(("per_unit", "is_claim"), [("9.50", False), ("9.49", True)])
async def test_five_percent_are_tolerated(world: World, per_unit: str, is_claim: bool) -> None:
    """Below 95 % of the value."""
    await world.cost("10.00")
    await world.payment("2026-10-01", per_unit=per_unit)

    assert bool(await _types(world)) == is_claim


async def test_the_cost_of_the_day_of_the_loss_counts(world: World) -> None:
    """Valid at the event, not at the payment."""
    await world.cost("4.00", since="2026-01-01")
    await world.cost("10.00", since="2026-09-25")
    await world.ledger("2026-09-20", -1, "M")
    await world.payment("2026-10-01", per_unit="4.00")

    assert await _types(world) == []


@pytest.mark.parametrize(
    "innocent",
    [
        {"cash": 0, "inventory": 1},
        {"currency": "CAD"},
        {"reason": "GeneralAdjustment"},
        {"approved_at": "2025-03-20"},
    ],
)
async def test_what_is_not_paid_at_cost_is_no_claim(world: World, innocent: dict[str, Any]) -> None:
    """Cash of before-order families since 2025-03-31, compared in one currency."""
    await world.cost("10.00")
    day = innocent.pop("approved_at", "2026-10-01")
    await world.payment(day, **{"per_unit": "4.00"} | innocent)

    assert UNDERPAID not in await _types(world)


async def test_a_cost_above_the_cap_is_owed_up_to_the_cap(world: World) -> None:
    """5,000 USD per unit is not too little."""
    await world.cost("9000")
    await world.payment("2026-10-01", per_unit="5000")

    assert await _types(world) == []


async def test_a_payment_that_was_raised_is_compared_with_all_of_it(world: World) -> None:
    """Money added later to the same payment is part of it."""
    await world.cost("10.00")
    original = await world.payment("2026-10-01", per_unit="5.00")
    await world.payment("2026-10-09", per_unit="5.00", original_reimbursement_id=original)

    assert await _types(world) == []


async def test_a_payment_that_was_taken_back_is_not_underpaid(world: World) -> None:
    """One unit, one claim: the reversal is the claim."""
    await world.cost("10.00")
    original = await world.payment("2026-10-01", per_unit="5.00")
    await world.reversal("2026-10-20", original, per_unit="5.00")

    assert await _types(world) == [REVERSED]


async def test_the_days_of_a_payment_are_the_marketplaces(database: Database) -> None:
    """The approval at 23:30 UTC is of the next day in a British summer."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,))
        await world.history()
        await world.cost("10.00")
        await world.payment(
            "2026-09-01", per_unit="4.00", approved_at=datetime(2026, 9, 1, 23, 30, tzinfo=UTC)
        )

        [one] = await world.detect()

    assert (str(one["event_on"]), str(one["deadline"])) == ("2026-09-02", "2026-10-31")


@pytest.mark.parametrize(
    ("refunded", "paid", "returned", "reversed_units", "owed"),
    [
        pytest.param(2, (2,), "2026-10-05", (2,), 1, id="one of two came back"),
        pytest.param(2, (1,), "2026-08-10", (1,), 1, id="it came back before the other was paid"),
        pytest.param(3, (3,), "2026-10-05", (1, 1), 1, id="one return excuses one reversal"),
        pytest.param(1, (1, 1), None, (1,), 0, id="one refund was paid twice"),
    ],
)
async def test_reversals_of_an_order_are_judged_by_units(
    world: World,
    refunded: int,
    paid: tuple[int, ...],
    returned: str | None,
    reversed_units: tuple[int, ...],
    owed: int,
) -> None:
    """Units are counted, not orders; an order of three."""
    orders = Orders(world)
    await orders.sold("111-1", units=3)
    await orders.refunded("111-1", "2026-08-01", units=refunded)
    for number, units in enumerate(paid):
        original = await orders.paid("111-1", f"2026-10-0{1 + number}", cash=units)
    if returned:
        await orders.returned("111-1", returned, detailed_disposition="DEFECTIVE")
    for number, units in enumerate(reversed_units):
        await world.reversal(
            f"2026-10-1{number}",
            original,
            cash=-units,
            order_id="111-1",
            original_reimbursement_type="CustomerReturn",
            per_unit="17.00",
        )

    claims = [row for row in await world.detect() if row["type"] == REVERSED]

    assert sum(row["quantity"] for row in claims) == owed


@pytest.mark.parametrize("refunded_later", [False, True])
async def test_a_unit_that_came_back_after_it_was_paid_excuses_the_reversal(
    world: World, refunded_later: bool
) -> None:
    """The returns report shows the unit later; the other unit of the order is a missing return.

    What came back of a refund that is younger than the payment is not the unit that was paid.
    """
    orders = Orders(world)
    await orders.sold("111-1", units=2)
    await orders.refunded("111-1", "2026-08-01")
    await orders.refunded("111-1", "2026-10-04" if refunded_later else "2026-08-01")
    original = await orders.paid("111-1", "2026-10-02")
    await orders.returned("111-1", "2026-10-08", detailed_disposition="DEFECTIVE")
    await world.reversal(
        "2026-10-12",
        original,
        order_id="111-1",
        original_reimbursement_type="CustomerReturn",
        per_unit="17.00",
    )

    claims = [(row["type"], row["quantity"]) for row in await world.detect()]

    assert claims == [(REVERSED if refunded_later else "customer_return_missing", 1)]


@pytest.mark.parametrize("values", [{"per_unit": "0"}, {"currency": None}])
async def test_a_reversal_that_tells_no_amount_has_no_value(
    world: World, values: dict[str, Any]
) -> None:
    """An odd row is shown without a value, and stops no other claim."""
    await world.ledger("2026-08-01", -1)
    original = await world.payment("2026-08-20")
    await world.reversal("2026-10-20", original, **values)

    [one] = [row for row in await world.detect() if row["type"] == REVERSED]

    assert one["amount"] is None
    assert one["amount_missing"]


async def test_what_was_paid_again_is_not_taken_back(world: World) -> None:
    """The sum over a payment and all rows that name it."""
    await world.ledger("2026-08-01", -1)
    original = await world.payment("2026-08-20")
    await world.reversal("2026-10-20", original)
    await world.payment("2026-11-05", original_reimbursement_id=original)

    assert await _types(world) == []


async def _file_underpaid(world: World) -> str:
    """A unit worth 10.00 paid with 4.00, and the claim of it filed; gives the payment's number."""
    await world.cost("10.00")
    await world.ledger("2026-09-01", -1, "M")
    number = await world.payment("2026-10-01", per_unit="4.00")
    await world.detect()
    await world.filed(UNDERPAID)
    return number


async def test_what_a_case_brings_is_added_to_the_payment_it_is_about(world: World) -> None:
    """A top-up names the case only; it is neither underpaid nor another unit's."""
    await _file_underpaid(world)
    await world.ledger("2026-10-05", -1, "M")
    await world.payment("2026-11-01", per_unit="6.00", case_id="4711")

    assert await world.states(UNDERPAID) == [("approved", Decimal(6))]
    [settled] = list(await world.candidates(UNDERPAID))
    assert settled["settled"][0]["reference"]["case_id"] == "4711"
    assert (await world.candidates(LOST))[1]["quantity"] == 1


async def test_what_a_case_brought_and_lost_again_is_owed_again(world: World) -> None:
    """The reversal of a top-up opens the claim of the payment, and is none of its own."""
    await _file_underpaid(world)
    added = await world.payment("2026-11-01", per_unit="6.00", case_id="4711")
    await world.detect()
    await world.reversal("2026-11-10", added, per_unit="6.00")

    assert await world.states(UNDERPAID) == [("filed", Decimal(6))]
    assert REVERSED not in await _types(world)


async def test_a_case_that_brought_too_little_stays_filed_with_the_rest(world: World) -> None:
    """A claim that is paid in part stays, however often it is looked at."""
    await _file_underpaid(world)
    await world.payment("2026-11-01", per_unit="2.50", case_id="4711")

    assert await world.states(UNDERPAID) == [("filed", Decimal("3.50"))]


@pytest.mark.parametrize(
    "row", [{"case_id": "4711", "cash": 0, "amount_total": Decimal(6)}, {"case_id": "4711"}]
)
async def test_a_correction_keeps_the_case_that_it_names(world: World, row: dict[str, Any]) -> None:
    """The money is part of the payment that it corrects, and approves the claim of its case."""
    number = await _file_underpaid(world)
    await world.payment(
        "2026-11-01", **{"per_unit": "6.00", "original_reimbursement_id": number} | row
    )

    assert await world.states(UNDERPAID) == [("approved", Decimal(6))]


async def test_two_lines_of_a_payment_share_what_was_added(world: World) -> None:
    """The money of a payment is that of all its lines for the product."""
    await world.cost("10.00")
    await world.payment("2026-10-01", per_unit="4.00", number="R1")
    await world.payment("2026-10-01", per_unit="4.00", number="R1", occurrence=2)
    await world.payment("2026-11-01", per_unit="12.00", original_reimbursement_id="R1")

    assert await _types(world) == []


async def _costs_that_rose(world: World) -> None:
    await world.cost("4.00", since="2026-01-01")
    await world.cost("10.00", since="2026-09-25")


async def test_the_cost_of_the_day_of_delivery_counts_for_a_shipment(world: World) -> None:
    """Units were lost when the shipment arrived, not when they were paid."""
    await _costs_that_rose(world)
    await world.add("shipments", shipment_id="FBA1", marketplace_id=US, status="CLOSED")
    await world.add(
        "shipment_items",
        shipment_id="FBA1",
        sku="SKU-1",
        fnsku="X001",
        quantity_shipped=5,
        quantity_received=4,
    )
    await world.ledger("2026-06-01", 4, "", event_type="Receipts", reference_id="FBA1")
    await world.payment("2026-11-01", reason="Lost_Inbound", per_unit="4.00")

    assert await _types(world) == []


async def test_the_cost_of_the_day_of_the_parcel_counts_for_a_removal(world: World) -> None:
    """A removed unit was lost after its parcel was made."""
    await _costs_that_rose(world)
    await world.removal("2026-09-10", order_type="Return", order_id="RO1")
    await world.add(
        "removal_shipments",
        order_id="RO1",
        shipped_at="2026-09-15",
        sku="SKU-1",
        fnsku="X001",
        tracking_number="1Z1",
        shipped_quantity=1,
        removal_order_type="Return",
    )
    await world.payment("2026-11-01", reason="Removal_Order_Lost", per_unit="4.00")

    assert UNDERPAID not in await _types(world)


@pytest.mark.parametrize(
    ("reason", "since", "is_claim"),
    [
        ("Lost_Warehouse", "2026-06-03", True),
        ("Lost_Warehouse", "2026-06-04", False),
        ("Lost_Inbound", "2025-10-01", True),
        ("Lost_Inbound", "2025-10-02", False),
    ],
)
async def test_a_payment_for_no_loss_that_is_known_takes_the_lowest_cost(
    world: World, reason: str, since: str, is_claim: bool
) -> None:
    """Its loss may be of any day of 120, or of a year; the reading that claims less."""
    await world.cost("4.00", since="2025-01-01")
    await world.cost("10.00", since=since)
    await world.payment("2026-10-01", reason=reason, per_unit="4.00")

    assert bool(await _types(world)) == is_claim


@pytest.mark.parametrize(("share", "is_claim"), [("1", True), ("0.4", False)])
async def test_a_payment_for_a_part_of_the_price_is_not_too_little(
    world: World, share: str, is_claim: bool
) -> None:
    """Of a price concession Amazon owes no more than the concession."""
    orders = Orders(world)
    await orders.sold("111-1")
    await orders.refunded("111-1", "2026-08-01", share=share)
    await orders.paid("111-1", "2026-10-01", per_unit="10.00")

    assert (UNDERPAID in await _types(world)) == is_claim


@pytest.mark.parametrize(
    ("later", "confidence"),
    [
        pytest.param({"reason": "GeneralAdjustment"}, "0.3", id="of unknown purpose"),
        pytest.param({"cash": 0, "amount_total": Decimal(4)}, "0.3", id="for no further unit"),
        pytest.param({"reason": "Fee_Correction", "cash": 0, "amount_total": 4}, "0.5", id="a fee"),
        pytest.param({"reason": "GeneralAdjustment", "fnsku": "X002"}, "0.5", id="another product"),
        pytest.param({"reason": "GeneralAdjustment", "order_id": "111-1"}, "0.5", id="of an order"),
    ],
)
async def test_later_money_that_may_be_the_difference_makes_it_a_case_for_review(
    world: World, later: dict[str, Any], confidence: str
) -> None:
    """The claim stays, says so, and drops below 0.5."""
    await world.history()
    await world.cost("10.00")
    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-10-01", per_unit="6.00")
    await world.payment("2026-10-20", **{"per_unit": "4.00", "case_id": "555"} | later)

    [claim] = [row for row in await world.detect() if row["type"] == "reimbursement_underpaid"]

    assert claim["confidence"] == Decimal(confidence)
