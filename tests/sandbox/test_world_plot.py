"""What is planted: enough of it, at the right ages, and found in the files that its rule reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import pytest

from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.truth import traps, truth
from recoup.sandbox.world.cases import KINDS, LONGEST_AFTER, LONGEST_BEFORE
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.seller import SellerWorld
from tests.sandbox.report_reading import (
    COMPLAINTS,
    FEES,
    LEDGER,
    MIDNIGHT,
    PARCELS,
    REIMBURSEMENTS,
    REMOVALS,
    REPLACED,
    RETURNS,
    START,
    STORAGE,
    cents,
    new_world,
    read,
)


@pytest.fixture(scope="module", params=["us", "uk", "eu"])
def world(request):
    """A seller with 2,000 orders in each marketplace."""
    return new_world(7, 2000, request.param)


@pytest.fixture(scope="module")
def planted(world):
    """The truth of that world."""
    return truth(world)


@pytest.fixture(scope="module")
def ledger(world):
    """Its whole stock ledger."""
    return read(LEDGER, world)


@pytest.fixture(scope="module")
def paid(world):
    """Its whole reimbursements report."""
    return read(REIMBURSEMENTS, world)


@pytest.fixture(scope="module")
def money(world):
    """Its transactions by order id and kind, without those that belong to no order."""
    found = defaultdict(list)
    for one in world.iter_transactions(MIDNIGHT):
        if one.story is not None:
            found[one.story.order_id, one.entry.kind.value].append(one)
    return found


def of_type(planted, name, group="claims"):
    return [one for one in planted[group] if one["type"] == name]


def day_of(text):
    """The ledger's date."""
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - the ledger's days have no zone


def test_every_type_is_planted_at_every_age(planted):
    """At least three claims of each type, in every state of the window, and three times as many traps."""
    claims = Counter(one["type"] for one in planted["claims"])
    innocents = Counter(one["type"] for one in planted["innocents"])

    assert set(claims) == {kind.value for kind in KINDS}
    assert len(claims) == 17
    assert min(claims.values()) >= 3
    assert all(innocents[name] >= 3 * claims[name] for name in claims)
    for name, those in traps().items():
        assert {one["trap"] for one in of_type(planted, name, "innocents")} == set(those)
        states = {one["windowState"] for one in of_type(planted, name)}
        # These have no waiting time: nothing is too early for them.
        at_once = {"reimbursement_reversed", "reimbursement_underpaid", "inbound_fee_wrong"}
        at_once |= {"fulfillment_fee_overcharge", "storage_fee_overcharge"}
        assert states >= ({"open", "expired"} if name in at_once else {"wait", "open", "expired"})


def test_some_claims_are_near_their_deadline(planted):
    """Of each type but the monthly one, a claim ends within two weeks."""
    today = date.fromisoformat(planted["asOf"])
    soon = {
        one["type"]
        for one in planted["claims"]
        if 0 <= (date.fromisoformat(one["deadline"]) - today).days <= 16
    }

    assert soon >= {kind.value for kind in KINDS} - {"storage_fee_overcharge"}


def test_a_bigger_world_has_more_plants():
    """The number of planted claims grows with the orders, and an empty world has none."""
    sizes = [len(truth(new_world(1, orders))["claims"]) for orders in (0, 400, 2000, 60_000)]

    assert sizes[0] == 0
    assert sorted(set(sizes)) == sizes


def test_time_brings_new_plants():
    """After a move of the clock there are more of them, and the earlier ones are still told."""
    world = new_world(3, 2000)
    before, after = truth(world), truth(world, Instant(MIDNIGHT + 120 * DAY))
    keys = [{str(one["key"]) for one in told["claims"]} for told in (before, after)]

    assert keys[0] < keys[1]
    assert {one["windowState"] for one in after["claims"]} == {"wait", "open", "expired"}


def fifo_open(losses, settlements):
    """Units still open per loss; a settlement settles the oldest open losses up to a week later."""
    left = {number: units for number, (_, units) in enumerate(losses)}
    for day, settled in sorted(settlements):
        units = settled
        for number, (lost_on, _) in enumerate(losses):
            used = min(units, left[number]) if lost_on <= day + timedelta(days=7) else 0
            left[number] -= used
            units -= used
    return [(day, left[n]) for n, (day, _) in enumerate(losses) if left[n]]


def open_losses(ledger, paid, losses, finds, reasons):
    """What a careful reader of ledger and reimbursements would say is still owed for lost or damaged units."""
    events, settled = defaultdict(list), defaultdict(list)
    for row in sorted(ledger, key=lambda row: day_of(row["Date"])):
        if row["Reason"] in losses and int(row["Quantity"]) < 0:
            events[row["FNSKU"]].append((day_of(row["Date"]), -int(row["Quantity"])))
        if row["Reason"] in finds:
            settled[row["FNSKU"]].append((day_of(row["Date"]), int(row["Quantity"])))
    for row in paid:
        if row["reason"] in reasons and not row["amazon-order-id"]:
            # A unit given in kind shows in the ledger as found, so only cash counts here.
            day = date.fromisoformat(row["approval-date"][:10])
            settled[row["fnsku"]].append((day, int(row["quantity-reimbursed-cash"])))
    return {
        (fnsku, day.isoformat(), units)
        for fnsku, those in events.items()
        for day, units in fifo_open(those, settled[fnsku])
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("profile", ["us", "eu"])
def test_losses_and_damages_are_exactly_those_planted(seed, profile):
    """First in, first out over ledger and payments leaves the planted claims, no more and no less."""
    world = new_world(seed, 2000, profile)
    planted, ledger, paid = truth(world), read(LEDGER, world), read(REIMBURSEMENTS, world)
    lost = open_losses(ledger, paid, {"M", "5"}, {"F", "N"}, {"Lost_Warehouse"})
    damaged = {
        found
        for found in open_losses(ledger, paid, {"E"}, set(), {"Damaged_Warehouse"})
        if not any(
            row["Reason"] == "Q" and row["FNSKU"] == found[0] and row["Disposition"] != "SELLABLE"
            for row in ledger
        )
    }

    for found, name in ((lost, "lost_in_warehouse"), (damaged, "damaged_in_warehouse")):
        assert found == {
            (one["key"]["fnsku"], one["eventDate"], one["quantity"])
            for one in of_type(planted, name)
        }


def test_amazon_shows_the_open_units_of_a_loss(planted, ledger):
    """A planted loss has the claim's units as unreconciled; all other adjustments have none."""
    claimed = {
        (one["key"]["fnsku"], one["eventDate"])
        for name in ("lost_in_warehouse", "damaged_in_warehouse", "disposed_without_permission")
        for one in of_type(planted, name)
    }
    shown = {
        (row["FNSKU"], day_of(row["Date"]).isoformat())
        for row in ledger
        if row["Unreconciled Quantity"] not in {"", "0"}
    }

    assert shown == claimed


def test_both_legs_of_a_change_of_state_are_there(ledger):
    """Each minus leg has its plus leg: same day, product and center, close reference ids."""
    minus = [row for row in ledger if row["Reason"] in {"E", "Q"}]
    plus = [row for row in ledger if row["Reason"] == "P"]

    assert len(minus) == len(plus) > 0
    for row in minus:
        assert any(
            abs(int(row["Reference ID"]) - int(one["Reference ID"])) in range(1, 100)
            and int(one["Quantity"]) == -int(row["Quantity"])
            and all(row[name] == one[name] for name in ("Date", "FNSKU", "Fulfillment Center"))
            for one in plus
        )


def test_missing_returns_are_exactly_those_planted(world, planted, paid, money):
    """Refunded in full by Amazon's own order, neither returned nor paid: the planted ones after the window opens."""
    back = Counter(row["order-id"] for row in read(RETURNS, world))
    settled = Counter()
    for row in paid:
        settled[row["amazon-order-id"]] += int(row["quantity-reimbursed-total"])
    today = date.fromisoformat(planted["asOf"])
    found = set()
    for (order_id, kind), those in money.items():
        if kind != "Refund" or not those[0].story.by_amazon:
            continue
        units = min(
            sum(one.items[0].quantity for one in those if refunded_share(one) >= 0.9),
            max(line.quantity for line in those[0].story.lines),
        )
        since = world.profile.local_date(those[0].entry.posted)
        old = today - since >= timedelta(days=world.profile.returns_open + 4)
        if old and units > back[order_id] + settled[order_id]:
            found.add(order_id)
    expected = {
        one["key"]["orderId"]
        for one in of_type(planted, "customer_return_missing")
        if today - date.fromisoformat(one["eventDate"])
        >= timedelta(days=world.profile.returns_open + 4)
    }

    assert found == expected
    assert expected


def refunded_share(one):
    """The part of the units' price that a refund pays back."""
    item = one.items[0]
    line = next(x for x in one.story.lines if x.product == item.product)
    principal = -item.leaves["Sales", "ProductCharges", "OurPricePrincipal"]
    return principal / (line.unit_price * item.quantity)


def test_returns_that_never_reach_the_stock_are_visible(world, planted, ledger):
    """A planted one has a return row with stock again, and no ledger row near it."""
    returns = {row["order-id"]: row for row in read(RETURNS, world)}
    sku_to_fnsku = {product.sku: product.fnsku for product in world.products}
    for one in of_type(planted, "return_not_restocked"):
        row = returns.get(one["key"]["orderId"])
        if row is None:  # refunded, not yet back
            assert one["windowState"] == "wait"
            continue
        assert (row["detailed-disposition"], row["status"]) == (
            "SELLABLE", "Unit returned to inventory",
        )  # fmt: skip
        assert row["fnsku"] == sku_to_fnsku[one["key"]["sku"]]
        came = date.fromisoformat(row["return-date"][:10])
        near = [
            ledger_row
            for ledger_row in ledger
            if ledger_row["Event Type"] == "CustomerReturns"
            and ledger_row["FNSKU"] == row["fnsku"]
            and ledger_row["Fulfillment Center"] == row["fulfillment-center-id"]
            and abs((day_of(ledger_row["Date"]) - came).days) <= 3
        ]
        recorded = [
            other
            for other in returns.values()
            if other["fnsku"] == row["fnsku"]
            and other["fulfillment-center-id"] == row["fulfillment-center-id"]
            and abs((date.fromisoformat(other["return-date"][:10]) - came).days) <= 3
        ]
        assert len(near) < len(recorded)


def test_returns_damaged_by_amazon_are_visible(world, planted, paid):
    """A planted one is back in a state that Amazon answers for, and not paid."""
    returns = {row["order-id"]: row for row in read(RETURNS, world)}
    settled = {row["amazon-order-id"] for row in paid}
    for one in of_type(planted, "return_damaged_by_amazon"):
        order_id = one["key"]["orderId"]
        row = returns.get(order_id)
        if row is None:
            assert one["windowState"] == "wait"
            continue
        assert row["detailed-disposition"] in {"CARRIER_DAMAGED", "WAREHOUSE_DAMAGED"}
        assert row["status"] != "Reimbursed"
        assert order_id not in settled


def test_refunds_that_go_over_are_visible(planted, money):
    """A planted one pays back more than was charged; its amount is the excess."""
    for one in of_type(planted, "refund_overpaid"):
        refunds = money[one["key"]["orderId"], "Refund"]
        back = -sum(
            amount for each in refunds for path, amount in each.leaves.items() if path[0] == "Sales"
        )
        charged = refunds[0].story.lines[0].total

        assert abs(cents(one["amount"]) - int((back - charged) * 100)) <= 1
        assert back > charged


def test_kept_commissions_are_exactly_those_planted(planted, money):
    """Refunds in full without a commission given back are the planted ones."""
    found = {
        order_id
        for (order_id, kind), those in money.items()
        if kind == "Refund"
        for one in those
        if ("Expenses", "AmazonFees", "Commission") not in one.leaves
    }

    assert found == {one["key"]["orderId"] for one in of_type(planted, "refund_fee_not_credited")}


def test_fee_overcharges_are_exactly_those_planted(world, planted, paid, money):
    """A fulfillment fee per unit above the preview, not given back, is a planted one."""
    column = "expected-fulfillment-fee-per-unit"
    if world.profile.metric:
        column = "expected-domestic-fulfilment-fee-per-unit"
    preview = {row["sku"]: cents(row[column]) for row in read(FEES, world)}
    given_back = {row["amazon-order-id"] for row in paid if row["reason"] == "Fee_Correction"}
    fee = ("Expenses", "AmazonFees", "FBAFees", "FBAPerUnitFulfillmentFee")
    found = {
        (order_id, item.product.sku)
        for (order_id, kind), those in money.items()
        if kind == "Shipment" and order_id not in given_back
        for item in those[0].items
        if -item.leaves.get(fee, 0) * 100 / item.quantity > preview[item.product.sku] + 2
    }

    assert found == {
        (one["key"]["orderId"], one["key"]["sku"])
        for one in of_type(planted, "fulfillment_fee_overcharge")
    }


def test_inbound_shortages_are_exactly_those_planted(world, planted, paid):
    """A closed shipment that lacks units nobody paid for is a planted one."""
    settled = {row["fnsku"] for row in paid if row["reason"] == "Lost_Inbound"}
    found = {}
    for shipment in world.inbound_shipments(MIDNIGHT):
        for item in shipment.items:
            product = world.products[item.product]
            lacking = item.shipped - item.received(MIDNIGHT)
            if shipment.status(MIDNIGHT) == "CLOSED" and lacking and product.fnsku not in settled:
                found[shipment.confirmation_id, product.sku] = lacking
    expected = {
        (one["key"]["shipmentId"], one["key"]["sku"]): one["quantity"]
        for one in of_type(planted, "inbound_shortage")
        if one["windowState"] != "wait"
    }

    assert found == expected


def test_damage_on_the_way_in_is_visible(planted, ledger):
    """A planted one has a receipt in a state the carrier answers for."""
    rows = {
        (row["Reference ID"], row["FNSKU"]): row
        for row in ledger
        if row["Event Type"] == "Receipts" and row["Disposition"] == "CARRIER_DAMAGED"
    }
    for one in of_type(planted, "inbound_damage"):
        row = rows[one["key"]["shipmentId"], one["key"]["fnsku"]]
        assert int(row["Quantity"]) == one["quantity"]


def test_the_first_receipt_dates_an_inbound_claim(planted, ledger):
    """No API tells when a shipment was delivered, so the day the clock starts has a receipt."""
    days = defaultdict(list)
    for row in ledger:
        if row["Event Type"] == "Receipts":
            days[row["Reference ID"]].append(_ledger_day(row["Date"]).isoformat())
    claims = of_type(planted, "inbound_shortage") + of_type(planted, "inbound_damage")

    assert claims
    for one in claims:
        assert min(days[one["key"]["shipmentId"]]) == one["eventDate"]


def _ledger_day(text):
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def test_surcharges_for_age_are_for_units_that_are_old(world, ledger):
    """First in, first out, what was received within 181 days of the snapshot is not charged."""
    rows = read("GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA", world)

    assert rows
    for row in rows:
        snapshot = date.fromisoformat(row["snapshot-date"][:10])
        product = next(p for p in world.products if p.fnsku == row["fnsku"])
        moment = world.profile.midnight((snapshot - date(1970, 1, 1)).days)
        balance = world.stock.balance(moment).sellable
        young = sum(
            int(one["Quantity"])
            for one in ledger
            if one["FNSKU"] == row["fnsku"]
            and one["Country"] == row["country"]
            and one["Event Type"] == "Receipts"
            and int(one["Quantity"]) > 0
            and 0 < (snapshot - _ledger_day(one["Date"])).days < 181
        )
        units = sum(
            balance[3 * product.index + slot]
            for slot, center in enumerate(product.centers)
            if world.profile.warehouses[center] == row["country"]
        )

        assert int(row["qty-charged"]) <= units - young


def test_wrong_inbound_fees_are_exactly_those_planted(world, planted):
    """A fee for a problem of more units than were lacking is a planted one."""
    found = {
        row["fba-shipment-id"]
        for row in read(COMPLAINTS, world)
        if cents(row["fee-total"])
        and int(row["problem-quantity"])
        > int(row["expected-quantity"]) - int(row["received-quantity"])
    }

    assert found == {one["key"]["shipmentId"] for one in of_type(planted, "inbound_fee_wrong")}


def test_removals_are_visible(world, planted):
    """A lost parcel has a shipment row; an order that does not add up is a planted one."""
    parcels = {(row["order-id"], row["sku"]): row for row in read(PARCELS, world)}
    for one in of_type(planted, "removal_lost"):
        row = parcels[one["key"]["removalOrderId"], one["key"]["sku"]]
        assert row["removal-order-type"] == "Return"
        assert row["shipment-date"][:10] == one["eventDate"]
    wrong = {
        row["order-id"]
        for row in read(REMOVALS, world)
        if row["order-status"] == "Completed"
        and int(row["requested-quantity"])
        != sum(
            int(row[f"{name}-quantity"])
            for name in ("cancelled", "disposed", "shipped", "in-process")
        )
    }
    assert wrong == {
        one["key"]["removalOrderId"] for one in of_type(planted, "removal_discrepancy")
    }


def test_disposals_without_an_order_are_exactly_those_planted(world, planted, ledger):
    """Sellable units destroyed without the seller's order are the planted ones."""
    ordered = {row["fnsku"] for row in read(REMOVALS, world) if row["order-type"] == "Disposal"}
    found = {
        (row["FNSKU"], day_of(row["Date"]).isoformat())
        for row in ledger
        if row["Reason"] == "D" and row["Disposition"] == "SELLABLE" and row["FNSKU"] not in ordered
    }

    assert found == {
        (one["key"]["fnsku"], one["eventDate"])
        for one in of_type(planted, "disposed_without_permission")
    }


def test_wrong_reversals_are_exactly_those_planted(planted, paid, ledger):
    """Cash taken back, no unit given, none found near, and not paid twice: the planted ones."""
    found = set()
    for row in paid:
        if int(row["quantity-reimbursed-total"]) >= 0:
            continue
        day = date.fromisoformat(row["approval-date"][:10])
        units = [
            one
            for one in ledger
            if one["Reason"] in {"F", "N"}
            and one["FNSKU"] == row["fnsku"]
            and -60 <= (day_of(one["Date"]) - day).days <= 30
        ]
        twice = [
            one
            for one in paid
            if one["fnsku"] == row["fnsku"]
            and one["reason"] == "Lost_Warehouse"
            and 30 <= (day - date.fromisoformat(one["approval-date"][:10])).days <= 50
        ]
        if not units and len(twice) == 1:
            found.add(row["reimbursement-id"])

    assert found == {
        one["key"]["reimbursementId"] for one in of_type(planted, "reimbursement_reversed")
    }


def test_payments_below_cost_are_exactly_those_planted(planted, paid):
    """Payments more than 5 % below the seller's cost, of losses before an order, are the planted ones."""
    cost = {one["fnsku"]: cents(one["cost"]) for one in planted["sourcingCosts"]}
    found = {
        row["reimbursement-id"]
        for row in paid
        if not row["amazon-order-id"]
        and int(row["quantity-reimbursed-cash"]) > 0
        and cents(row["amount-per-unit"]) < cost[row["fnsku"]] * 0.95
    }

    assert found == {
        one["key"]["reimbursementId"] for one in of_type(planted, "reimbursement_underpaid")
    }


def test_storage_overcharges_are_visible(world, planted):
    """A planted month has a volume or a quantity far above the same product's other figures."""
    rows = defaultdict(list)
    # A month at a time: a longer request loses rows.
    months = range(MIDNIGHT - 400 * DAY, MIDNIGHT, 20 * DAY)
    told = (read(STORAGE, world, since=at, until=min(at + 20 * DAY, MIDNIGHT)) for at in months)
    for row in {tuple(row.values()): row for month in told for row in month}.values():
        rows[row["fnsku"], row["month_of_charge"]].append(row)
    for one in of_type(planted, "storage_fee_overcharge"):
        product = next(p for p in world.products if p.fnsku == one["key"]["fnsku"])
        found = rows[product.fnsku, one["key"]["month"]]
        volume = 1.0
        for side in product.sides:
            volume *= side / 100
        volume /= 10**6 if world.profile.metric else 1728
        year, month = map(int, one["key"]["month"].split("-"))
        first = (date(year, month, 1) - date(1970, 1, 1)).days
        balance = world.stock.balance(world.profile.midnight(first)).sellable
        on_hand = sum(float(row["average_quantity_on_hand"]) for row in found)
        start = sum(balance[3 * product.index : 3 * product.index + 3])
        too_big = any(float(row["item_volume"]) > 1.2 * volume for row in found)

        assert too_big or on_hand > 1.2 * start


def test_replacements_name_their_order(world):
    """A replacement is for an order of the world and has an order id of its own."""
    rows = read(REPLACED, world)

    assert rows
    for row in rows:
        assert world.orders.find_index(row["original-amazon-order-id"], MIDNIGHT) is not None
        assert world.orders.find_index(row["replacement-amazon-order-id"], MIDNIGHT) is None


def test_nothing_of_a_case_lies_outside_its_bounds(world):
    """Whatever a case adds is found by a search around its anchor, and after the world began."""

    for case in world.cast.cases(0):
        script = world.scripts.of(case)
        moments = [one.at for one in (*script.movements, *script.returned, *script.replacements)]
        moments += [one.approved for one in script.payments]
        moments += [one.requested_at for one in script.removals]
        moments += [one.completed_at for one in script.removals]
        moments += [one.created_at for one in script.inbound]
        for moment in moments:
            assert case.anchor - LONGEST_BEFORE < moment < case.anchor + LONGEST_AFTER
            assert moment >= START


def test_parcels_leave_weeks_after_their_order_was_requested(world):
    """Some within three weeks, some later: a window of requests is not complete when it ends."""
    waits = [
        date.fromisoformat(row["shipment-date"][:10]) - date.fromisoformat(row["request-date"][:10])
        for row in read(PARCELS, world)
    ]

    assert min(waits).days < 21 < max(waits).days < 40


def test_only_what_is_named_is_planted():
    """Each claim once, in its phase, those of a type on one day; no look-alikes, now and later."""
    named = ["lost_in_warehouse"] * 3 + ["refund_overpaid:near", "inbound_shortage:early"]
    wanted = SandboxConfig(claims=tuple(named)).wanted_claims
    world = SellerWorld(derive_key(7), START, 600, wanted=wanted)

    found = truth(world)
    later = truth(world, Instant(MIDNIGHT + 400 * DAY))

    assert Counter(one["type"] for one in found["claims"]) == Counter(
        one.partition(":")[0] for one in named
    )
    assert found["innocents"] == later["innocents"] == []
    assert len(later["claims"]) == len(named)
    state = {one["type"]: one["windowState"] for one in found["claims"]}
    assert state == {
        "lost_in_warehouse": "open",
        "refund_overpaid": "open",
        "inbound_shortage": "wait",
    }
    lost = [one for one in found["claims"] if one["type"] == "lost_in_warehouse"]
    assert len({one["eventDate"] for one in lost}) == 1
    assert len({one["key"]["fnsku"] for one in lost}) == 3


@pytest.mark.parametrize("text", ["", "lost", "lost_in_warehouse:soon", ":open"])
def test_what_is_no_claim_is_explained_in_one_line(text):
    """The message names the types and the phases."""
    with pytest.raises(ValueError, match=r"^claim '.*lost_in_warehouse.*expired") as refused:
        SandboxConfig(claims=(text,))

    assert "\n" not in str(refused.value)
