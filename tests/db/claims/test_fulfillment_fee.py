"""fulfillment_fee_overcharge (docs/rules.md#fulfillment_fee_overcharge)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from recoup.claims.rule import ClaimType
from recoup.db.engine import Database
from tests.support.claim_rows import COUNTRIES, DE, UK, US, World, make_world

FEE = ClaimType.FULFILLMENT_FEE_OVERCHARGE.value
FRANCE = "A13V1IB3VIYZZH"


async def preview(
    world: World, fee: str, *, seen: str | None = "2026-01-05", **values: Any
) -> None:
    """The fee preview of SKU-1; `seen`: when our history first held it."""
    row = {
        "sku": "SKU-1",
        "store": "US",
        "fnsku": "X001",
        "longest_side": Decimal(10),
        "median_side": Decimal(5),
        "shortest_side": Decimal(2),
        "unit_of_dimension": "inches",
        "item_weight": Decimal(1),
        "unit_of_weight": "pounds",
        "size_tier": "Small",
        "currency": world.currency,
        "fulfillment_fee": Decimal(fee),
    } | values
    if seen is None:
        await world.add("fee_preview", **row)
    else:
        await world.add("fee_preview_history", seen_at=seen, **row)


async def charge(
    world: World,
    fee: str,
    day: str = "2026-11-01",
    *,
    order: str = "111-1",
    units: int = 1,
    sku: str | None = "SKU-1",
    leaf: str = "FBAPerUnitFulfillmentFee",
    number: str | None = None,
    **values: Any,
) -> None:
    """A transaction with the fee of one line; a fee is negative, a correction positive."""
    number = number or f"T-{order}-{sku}-{day}-{fee}"
    await world.add(
        "transactions",
        **{
            "transaction_id": number,
            "type": "Shipment",
            "posted_at": day,
            "total_amount": -Decimal(fee),
            "currency": world.currency,
            "marketplace_id": world.marketplace_id,
            "order_id": order,
            "is_reimbursement": False,
            "related_identifiers": {},
            "breakdowns": {},
        }
        | values,
    )
    await leaf_of(world, number, day, fee, order=order, units=units, sku=sku, leaf=leaf)


async def leaf_of(
    world: World,
    number: str,
    day: str,
    fee: str,
    *,
    order: str = "111-1",
    units: int = 1,
    sku: str | None = "SKU-1",
    leaf: str = "FBAPerUnitFulfillmentFee",
) -> None:
    await world.add(
        "fees",
        transaction_id=number,
        line=f"items.0/{leaf}",
        posted_at=day,
        order_id=order,
        sku=sku,
        quantity=units,
        path=f"Expenses/{leaf}",
        type=leaf.rsplit("/", 1)[-1],
        category="fulfillment_fee",
        amount=-Decimal(fee),
        currency=world.currency,
    )


async def overcharges(world: World, as_of: str = "2026-11-23") -> list[dict[str, Any]]:
    return [one for one in await world.detect(as_of) if one["type"] == FEE]


async def test_charges_above_the_preview_are_one_claim_per_sku(world: World) -> None:
    """The sum of the charges, each listed, the deadline of the oldest."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01", order="111-1")
    await charge(world, "7.50", "2026-11-03", order="111-2", units=2)

    [claim] = await overcharges(world)

    assert claim["key"] == {"sku": "SKU-1", "marketplaceId": US, "cause": "above_preview"}
    assert (claim["quantity"], claim["amount"]) == (3, Decimal("2.00"))
    assert claim["deadline"] == date(2027, 1, 29)
    assert float(claim["confidence"]) == 0.4
    charges = [row for row in claim["evidence"]["rows"] if row["table"] == "fees"]
    assert [row["orderId"] for row in charges] == ["111-1", "111-2"]


async def test_several_units_of_an_order_are_several_fees(world: World) -> None:
    """The fee is per unit; three units for three fees are no overcharge."""
    await preview(world, "3.00")
    await charge(world, "9.00", units=3)

    assert await overcharges(world) == []


async def test_two_cents_are_rounding(world: World) -> None:
    """More than 0.02 above the preview."""
    await preview(world, "3.00")
    await charge(world, "3.02")

    assert await overcharges(world) == []


@pytest.mark.parametrize(
    ("fee", "day", "is_claimed"),
    [
        ("3.105", "2026-11-01", False),
        ("3.12", "2026-11-01", False),
        ("3.13", "2026-11-01", True),
        ("3.50", "2026-11-01", True),
    ],
)
async def test_what_the_surcharge_explains_is_no_overcharge(
    world: World, fee: str, day: str, *, is_claimed: bool
) -> None:
    """3.5 % since 2026-04-17 in the US, as rows of the policy; above it there is a note."""
    await preview(world, "3.00")
    await charge(world, fee, day)

    found = await overcharges(world)

    assert bool(found) == is_claimed
    assert all(any("3.5 %" in note for note in one["evidence"]["notes"]) for one in found)


@pytest.mark.parametrize(
    ("home", "store", "day", "as_of"),
    [(UK, "UK", "2026-11-01", "2026-11-23"), (US, "US", "2026-03-20", "2026-04-10")],
)
async def test_before_the_surcharge_and_elsewhere_nothing_explains_it(
    database: Database, home: str, store: str, day: str, as_of: str
) -> None:
    """The row of the policy has a day and countries."""
    async with database.writing() as conn:
        world = await make_world(conn, (home,))
        await preview(world, "3.00", store=store, seen="2026-02-01")
        await charge(world, "3.10", day)

        [claim] = await overcharges(world, as_of)

    assert claim["amount"] == Decimal("0.10")


async def test_a_charge_of_before_a_fee_card_is_not_held_against_a_preview_of_after(
    world: World,
) -> None:
    """A new card on 2026-01-15 made new fees of the old measures."""
    await preview(world, "3.00", seen="2026-01-20")
    await charge(world, "3.50", "2026-01-10")

    assert await overcharges(world, "2026-02-10") == []


@pytest.mark.parametrize("order", ["S01-1234567-1234567", "S02-7654321-7654321"])
async def test_orders_of_other_channels_have_rates_of_their_own(world: World, order: str) -> None:
    """Their ids tell, also where the order is not loaded."""
    await preview(world, "3.00")
    await charge(world, "7.00", order=order)

    assert await overcharges(world) == []


@pytest.mark.parametrize(
    "values", [{"fnsku": "", "sku": ""}, {"amount_total": None, "amount_per_unit": None}]
)
async def test_a_correction_that_does_not_tell_all_may_be_for_the_charge(
    world: World, values: dict[str, Any]
) -> None:
    """Without a product, or without its money, it may be for any charge of its currency."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01")
    await world.payment("2026-11-10", reason="Fee_Correction", per_unit="0.50", **values)

    assert await overcharges(world) == []


async def test_a_charge_that_was_given_back_is_no_claim(world: World) -> None:
    """Corrections are netted, and `explain` shows them."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01")
    await charge(world, "-0.50", "2026-11-10")

    assert await overcharges(world) == []
    [candidate] = await world.candidates(FEE)
    assert candidate["settled"][0]["by"] == "correction"


async def test_a_fee_correction_among_the_reimbursements_comes_off(world: World) -> None:
    """Money of reason Fee_Correction for the SKU settles what it covers."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01", order="111-1")
    await charge(world, "3.75", "2026-11-02", order="111-2")
    await world.payment("2026-11-10", reason="Fee_Correction", per_unit="0.50")

    [claim] = await overcharges(world)

    assert claim["amount"] == Decimal("0.75")


async def test_only_charges_inside_the_window_count(world: World) -> None:
    """A charge of 90 days ago has left the claim, the next one gives the deadline."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-08-25", order="111-1")
    await charge(world, "3.50", "2026-08-26", order="111-2")
    await charge(world, "3.50", "2026-11-01", order="111-3")

    [claim] = await overcharges(world)

    assert claim["quantity"] == 2
    assert claim["deadline"] == date(2026, 11, 23)


async def test_an_expired_claim_stays_expired(world: World) -> None:
    """After its window the newest charge stands for the claim, which is not open again."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-07-01", order="111-1")
    await charge(world, "3.50", "2026-07-02", order="111-2")

    [claim] = await overcharges(world)

    assert (claim["quantity"], claim["deadline"]) == (1, date(2026, 9, 29))


async def test_a_charge_is_compared_with_the_preview_of_its_day(world: World) -> None:
    """What is cheaper today was not a month ago."""
    await preview(world, "3.50", seen="2026-06-01")
    await preview(world, "3.00", seen="2026-11-10")
    await charge(world, "3.50", "2026-11-01")

    assert await overcharges(world) == []


async def test_a_first_sync_has_only_the_preview_of_today(world: World) -> None:
    """It is said, and the confidence stays "manual"."""
    await preview(world, "3.00", seen=None)
    await charge(world, "3.50", "2026-11-01")

    [claim] = await overcharges(world)

    assert float(claim["confidence"]) < 0.5
    assert any("not known" in note for note in claim["evidence"]["notes"])


async def test_a_size_that_amazon_changed_is_a_cause_of_its_own(world: World) -> None:
    """New measures, a higher fee, charges as the new preview: 0.5, against the old fee."""
    await preview(world, "3.00", seen="2026-06-01")
    await preview(world, "4.00", seen="2026-10-01", longest_side=Decimal(14), size_tier="Large")
    await charge(world, "3.00", "2026-09-20", order="111-1")
    await charge(world, "4.00", "2026-11-01", order="111-2")

    [claim] = await overcharges(world)

    assert claim["key"]["cause"] == "size_changed"
    assert (claim["quantity"], claim["amount"]) == (1, Decimal("1.00"))
    assert float(claim["confidence"]) == 0.5


async def test_a_higher_fee_for_the_same_size_is_a_rate_and_no_claim(world: World) -> None:
    """Without a change of the measures a new preview is a new rate card."""
    await preview(world, "3.00", seen="2026-06-01")
    await preview(world, "4.00", seen="2026-10-01")
    await charge(world, "4.00", "2026-11-01")

    assert await overcharges(world) == []


async def test_a_new_fee_that_the_preview_shows_days_later_is_no_claim(world: World) -> None:
    """Previews are 72 hours old; one that comes within a week was valid already."""
    await preview(world, "3.00", seen="2026-06-01")
    await preview(world, "4.00", seen="2026-11-03")
    await charge(world, "4.00", "2026-11-01")

    assert await overcharges(world) == []


@pytest.mark.parametrize(
    ("skus", "above", "is_season"),
    [
        pytest.param(6, 6, True, id="all of many"),
        pytest.param(2, 2, True, id="both of two"),
        pytest.param(4, 3, False, id="not all of few"),
        pytest.param(8, 4, False, id="four of eight"),
        pytest.param(1, 1, False, id="one alone tells nothing"),
    ],
)
async def test_a_surcharge_of_the_season_is_no_wrong_measure(
    world: World, skus: int, above: int, is_season: bool
) -> None:
    """A week in which most SKUs cost more than their preview has another cause."""
    for number in range(skus):
        await preview(world, "3.00", sku=f"SKU-{number}")
        fee = "3.30" if number < above else "3.00"
        await charge(world, fee, order=f"111-{number}", sku=f"SKU-{number}")

    assert (await overcharges(world) == []) == is_season


async def test_a_rate_that_changes_with_a_size_is_no_wrong_measure(world: World) -> None:
    """Another SKU's fee rose that day and its size did not; two SKUs are enough."""
    for sku, side in (("SKU-1", 14), ("SKU-2", 10)):
        await preview(world, "3.00", sku=sku, seen="2026-06-01")
        await preview(world, "4.00", sku=sku, seen="2026-10-01", longest_side=Decimal(side))
    await charge(world, "4.00", "2026-11-01")

    assert await overcharges(world) == []


async def test_one_sku_among_many_is_a_wrong_measure(world: World) -> None:
    """The others show that the rate is the same."""
    for number in range(6):
        await preview(world, "3.00", sku=f"SKU-{number}")
        fee = "3.30" if number == 1 else "3.00"
        await charge(world, fee, order=f"111-{number}", sku=f"SKU-{number}")

    [claim] = await overcharges(world)

    assert claim["sku"] == "SKU-1"


@pytest.mark.parametrize("channel", ["Non-Amazon US", "NON_AMAZON"])
async def test_orders_of_other_channels_have_other_fees(world: World, channel: str) -> None:
    """Multi-channel orders are not compared; the orders report writes them in its own way."""
    await preview(world, "3.00")
    await charge(world, "6.00")
    await world.add(
        "orders",
        order_id="111-1",
        sales_channel=channel,
        created_at="2026-10-30",
        last_updated_at="2026-11-01",
        item_count=1,
        units_ordered=1,
    )

    assert await overcharges(world) == []


async def test_a_sale_served_from_another_country_has_another_fee(database: Database) -> None:
    """The European network fee; the ledger tells from where the units left."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,))
        await preview(world, "3.00", store="")
        await charge(world, "6.00")
        await world.ledger("2026-11-01", -1, "", event_type="Shipments", country="DE")

        assert await overcharges(world) == []


async def test_european_fees_are_compared_without_their_tax(database: Database) -> None:
    """Fees of the EU have a base and a tax; a preview is without tax."""
    async with database.writing() as conn:
        world = await make_world(conn, (UK,))
        await preview(world, "3.00", store="")
        await charge(world, "3.00", leaf="FBAPerUnitFulfillmentFee/Base", number="T1")
        await leaf_of(world, "T1", "2026-11-01", "0.60", leaf="FBAPerUnitFulfillmentFee/Tax")

        assert await overcharges(world) == []


async def test_a_european_preview_counts_for_the_first_store_of_its_currency(
    database: Database,
) -> None:
    """The EU file names no store, and the domestic fees of the euro stores differ."""
    async with database.writing() as conn:
        world = await make_world(conn, (DE, FRANCE))
        await preview(world, "3.00", store="")
        await charge(world, "3.50", order="111-1")
        await charge(world, "3.50", order="111-2", marketplace_id=FRANCE)

        [claim] = await overcharges(world)
        events = await world.candidates(FEE)

    assert claim["marketplace_id"] == DE
    assert float(claim["confidence"]) == 0.3
    assert {one["marketplace_id"] for one in events if one["suppressed"]} == {FRANCE}


async def test_currencies_are_not_compared(world: World) -> None:
    """A preview in another currency says nothing of a charge."""
    await preview(world, "3.00", currency="CAD", store="CA")
    await charge(world, "3.50")

    assert await overcharges(world) == []


@pytest.mark.parametrize(
    ("deferred", "release"),
    [
        ({}, {"DEFERRED_TRANSACTION_ID": "D1"}),
        ({"RELEASE_TRANSACTION_ID": "R1"}, {}),
        ({"DEFERRED_TRANSACTION_ID": "R1"}, {}),
        ({"RELEASE_TRANSACTION_ID": "R1"}, {"DEFERRED_TRANSACTION_ID": "D1"}),
    ],
)
async def test_a_deferred_charge_and_its_release_are_one_charge(
    world: World, deferred: dict[str, str], release: dict[str, str]
) -> None:
    """Whichever names the other, the fee was charged once, on the first day."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01", number="D1", related_identifiers=deferred)
    await charge(world, "3.50", "2026-11-08", number="R1", related_identifiers=release)

    [claim] = await overcharges(world)

    assert (claim["quantity"], claim["amount"]) == (1, Decimal("0.50"))
    assert claim["deadline"] == date(2027, 1, 29)


async def test_what_is_given_back_without_a_sku_is_given_back(world: World) -> None:
    """A correction of the whole order; a transaction's own tree names no product."""
    await preview(world, "3.00")
    await charge(world, "3.50", "2026-11-01")
    await charge(world, "-0.50", "2026-11-10", sku=None)

    assert await overcharges(world) == []


@pytest.mark.parametrize("home", [US, UK])
async def test_a_charge_is_fileable_at_once_for_ninety_days(database: Database, home: str) -> None:
    """Fee_dimension is 0 to 90 days in the United States and in Europe."""
    async with database.writing() as conn:
        world = await make_world(conn, (home,))
        await preview(world, "3.00", store=COUNTRIES[home][0] if home == US else "")
        await charge(world, "3.50", "2026-11-01")

        [claim] = await overcharges(world)

    assert claim["fileable_from"] == date(2026, 11, 1)
    assert claim["deadline"] == date(2027, 1, 29)


@pytest.mark.parametrize("reason", ["Fee_Correction", "GeneralAdjustment"])
async def test_a_case_about_fees_is_settled_by_money(world: World, reason: str) -> None:
    """Forty units are paid by one row, and what is taken back is open again."""
    await preview(world, "3.00")
    await charge(world, "140.00", units=40)
    await overcharges(world)
    await world.filed(FEE)
    payment = {"reason": reason, "case_id": "4711", "per_unit": "20.00"}
    number = await world.payment("2026-11-10", **payment)

    paid = await world.states(FEE)
    await world.reversal("2026-11-15", number, per_unit="20.00")
    taken_back = await world.states(FEE)

    assert (paid, taken_back) == ([("approved", Decimal(20))], [("filed", Decimal(20))])


@pytest.mark.parametrize("case_id", ["4711", ""])
async def test_new_charges_are_not_paid_by_an_old_payment(world: World, case_id: str) -> None:
    """One claim per charge; what is paid before a charge is not for it."""
    await preview(world, "3.00")
    await charge(world, "4.00", "2026-10-01", order="111-1")
    await charge(world, "3.25", "2026-11-20", order="111-2")
    await overcharges(world, "2026-10-10")
    if case_id:
        await world.filed(FEE, case_id, "2026-10-10")
    await world.payment("2026-11-01", reason="Fee_Correction", case_id=case_id, per_unit="1.50")

    [claim] = await overcharges(world)

    assert claim["amount"] == Decimal("0.25")


@pytest.mark.parametrize("first", ["2026-06-01", "2026-10-01"])
async def test_charges_after_a_paid_case_are_to_be_filed(world: World, first: str) -> None:
    """The claim of a product goes on; what was never filed is not shown as filed."""
    await preview(world, "3.00")
    await charge(world, "4.00", first, order="111-1")
    await overcharges(world, first)
    await world.filed(FEE, day=first)
    await world.payment("2026-11-01", reason="Fee_Correction", case_id="4711", per_unit="1.00")
    await overcharges(world, "2026-11-02")
    await charge(world, "6.50", "2026-11-20", order="111-2", units=2)

    assert await world.states(FEE) == [("detected", Decimal("0.50"))]
    [claim] = await world.claims(FEE)
    assert (claim["quantity"], claim["event_on"]) == (2, date(2026, 11, 20))


async def test_charges_that_a_case_did_not_reach_stay_filed(world: World) -> None:
    """The oldest are paid first, and the rest has its own last day."""
    await preview(world, "3.00")
    await charge(world, "4.00", "2026-10-01", order="111-1")
    await charge(world, "4.00", "2026-10-05", order="111-2")
    await overcharges(world, "2026-10-10")
    await world.filed(FEE, day="2026-10-10")
    await world.payment("2026-11-01", reason="Fee_Correction", case_id="4711", per_unit="1.00")

    assert await world.states(FEE) == [("filed", Decimal(1))]
    [claim] = await world.claims(FEE)
    assert (claim["quantity"], claim["deadline"]) == (1, date(2027, 1, 2))


async def test_two_claims_of_one_case_share_its_money(world: World) -> None:
    """The oldest first, and nothing is used twice."""
    for number in (1, 2):
        await preview(world, "3.00", sku=f"SKU-{number}")
        await charge(world, "4.00", f"2026-11-0{number}", order=f"1-{number}", sku=f"SKU-{number}")
    await overcharges(world)
    await world.filed(FEE)
    await world.payment(
        "2026-11-10", reason="Fee_Correction", case_id="4711", per_unit="1.00", sku=""
    )

    assert await world.states(FEE) == [("approved", Decimal(1)), ("filed", Decimal(1))]


@pytest.mark.parametrize(
    ("told", "left"),
    [
        pytest.param(["settlement"], [Decimal("0.75")], id="in a settlement"),
        pytest.param(["finances"], [Decimal("0.75")], id="in a transaction"),
        pytest.param(
            ["settlement", "finances", "report"], [Decimal("0.75")], id="everywhere, once"
        ),
        pytest.param(
            ["settlement", "settlement", "report"], [Decimal("0.25")], id="twice in a settlement"
        ),
    ],
)
async def test_a_fee_correction_may_be_told_elsewhere(
    world: World, told: list[str], left: list[Decimal]
) -> None:
    """Codes of settlements and transactions that mean a fee correction, the same once."""
    await preview(world, "3.00")
    await charge(world, "4.25", "2026-11-01")
    for number, source in enumerate(told):
        if source == "report":
            await world.payment("2026-11-10", reason="Fee_Correction", per_unit="0.50")
        elif source == "finances":
            await world.add(
                "fees",
                transaction_id="A1",
                line="transaction/0",
                posted_at="2026-11-09",
                path="Adjustments/Incorrect_Fees_Items",
                type="Incorrect_Fees_Items",
                category="other",
                sku="SKU-1",
                currency="USD",
                amount=Decimal("0.50"),
            )
        else:
            await world.add(
                "settlement_lines",
                settlement_id="S1",
                line=number,
                posted_at="2026-11-08",
                amount_description="WEIGHT_AND_DIMENSIONS_CHANGE",
                sku="SKU-1",
                currency="USD",
                amount=Decimal("0.50"),
                transaction_type="other",
            )

    assert [claim["amount"] for claim in await overcharges(world)] == left
