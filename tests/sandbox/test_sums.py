"""One world: for any seed, size, marketplace and moment, the sources agree with one another."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings, strategies as st

from recoup.sandbox.reports.settlement import settled, settlements
from recoup.sandbox.world.instants import DAY, to_instant
from recoup.sandbox.world.ledger import EntryKind
from tests.sandbox.report_reading import (
    LEDGER,
    REIMBURSEMENTS,
    REMOVALS,
    REPLACED,
    RETURNS,
    SETTLEMENT,
    SHIPPED,
    START,
    SUMMARY,
    WHOLE,
    cents,
    edges,
    read,
    worlds,
)

MOVES = (
    "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns",
    "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed", "Other Events",
    "Unknown Events",
)  # fmt: skip
some = settings(max_examples=25, deadline=None)
few = settings(max_examples=8, deadline=None)


def units(rows, column, *keys):
    """The sum of a column by the others."""
    sums = Counter()
    for row in rows:
        sums[tuple(row[key] for key in keys)] += int(row[column])
    return {key: number for key, number in sums.items() if number}


@given(worlds, edges)
@some
def test_what_was_sold_left_the_warehouse(world, edge):
    """Units shipped in the orders, in the shipments and in the ledger are the same, per product."""
    ordered = [
        row
        for row in read(WHOLE, world, edge=edge)
        if row["fulfillment-channel"] == "Amazon" and row["order-status"] == "Shipped"
    ]
    fnsku = {product.sku: product.fnsku for product in world.products}
    shipped = units(read(SHIPPED, world, edge=edge), "quantity-shipped", "sku")
    replaced = units(read(REPLACED, world, edge=edge), "quantity", "sku")
    left = Counter()
    for row in read(LEDGER, world, edge=edge, eventType="Shipments"):
        left[row["FNSKU"]] -= int(row["Quantity"])
    expected = Counter({fnsku[sku]: number for (sku,), number in shipped.items()})
    expected.update({fnsku[sku]: number for (sku,), number in replaced.items()})

    assert units(ordered, "quantity", "sku") == shipped
    assert left == expected


@given(worlds, edges)
@some
def test_every_refunded_unit_came_back_or_is_accounted_for(world, edge):
    """Refunds are returns and units that stayed away; those of ordinary buyers get paid."""
    returned = units(read(RETURNS, world, edge=edge), "quantity", "order-id")
    paid = units(
        read(REIMBURSEMENTS, world, edge=edge), "quantity-reimbursed-total", "amazon-order-id"
    )
    latest = (world.profile.returns_open + 5) * DAY
    for _, entry in world.ledger.iter_entries(START, edge, edge):
        if entry.kind is not EntryKind.REFUND or entry.posted > edge - latest:
            continue
        story = world.orders.story(entry.index)
        if world.orders.find_role(entry.index) is None and story.by_amazon:
            key = (story.order_id,)
            assert returned.get(key, 0) + paid.get(key, 0) == story.refund.quantity


@given(worlds, edges)
@some
def test_each_return_with_stock_is_in_the_ledger(world, edge):
    """The ledger counts every returned unit once, in its state, but for those planted as missing."""
    kept_out = {
        unit.lpn
        for script in world.scripts.around(START, edge)
        for unit in script.returned
        if unit.restocked != unit.at
    }
    rows = [
        row
        for row in read(RETURNS, world, edge=edge)
        if row["license-plate-number"] not in kept_out
    ]
    counted = units(
        read(LEDGER, world, edge=edge, eventType="CustomerReturns"),
        "Quantity",
        "FNSKU",
        "Disposition",
    )
    late = Counter(
        (world.products[unit.product].fnsku, unit.disposition)
        for script in world.scripts.around(START, edge)
        for unit in script.returned
        if unit.restocked not in {None, unit.at} and unit.restocked < edge
    )

    assert Counter(units(rows, "quantity", "fnsku", "detailed-disposition")) + late == counted


@given(worlds, edges)
@some
def test_receipts_are_what_was_shipped_less_the_shortage(world, edge):
    """Per inbound shipment, the ledger's receipts are the received units; closed ones lack only what was planted."""
    booked = units(
        read(LEDGER, world, edge=edge, eventType="Receipts"), "Quantity", "Reference ID", "FNSKU"
    )
    short = {
        script.fact.key["shipmentId"]: script.fact.quantity
        for case in world.cast.around(START, edge)
        for script in (world.scripts.of(case),)
        if case.claim_type.value == "inbound_shortage"
        or (case.claim_type.value, case.trap) == ("inbound_fee_wrong", "justified")
        if case.trap != "received_later"
    }
    expected = {}
    for shipment in world.inbound_shipments(edge):
        for item in shipment.items:
            received = item.received(edge)
            key = (shipment.confirmation_id, world.products[item.product].fnsku)
            if received:
                expected[key] = received
            if shipment.status(edge) == "CLOSED":
                assert item.shipped - received == short.get(shipment.confirmation_id, 0)

    assert booked == expected


@given(worlds, edges, st.sampled_from(["COUNTRY", "FC"]))
@some
def test_opening_and_movements_are_closing(world, edge, place):
    """Per product, place, state and day: opening plus movements is closing, and the next opening."""
    rows = read(
        SUMMARY, world, since=edge - 45 * DAY, edge=edge,
        aggregateByLocation=place, aggregatedByTimePeriod="DAILY",
    )  # fmt: skip
    closing = {}
    days = list(dict.fromkeys(row["Date"] for row in rows))
    for row in rows:
        key = (row["FNSKU"], row["Disposition"], row["Location"])
        start, end = int(row["Starting Warehouse Balance"]), int(row["Ending Warehouse Balance"])
        assert start + sum(int(row[column]) for column in MOVES) == end
        assert end >= 0
        number = days.index(row["Date"])
        if (key, number - 1) in closing:
            assert start == closing[key, number - 1]
        elif number:
            assert start == 0
        closing[key, number] = end


@given(worlds, edges)
@some
def test_the_ledger_summary_is_the_sum_of_its_detail(world, edge):
    """Both ledger reports of the same days move the same units, event by event."""
    since = edge - 70 * DAY
    detail = read(LEDGER, world, since=since, edge=edge)
    summary = read(SUMMARY, world, since=since, edge=edge, aggregatedByTimePeriod="WEEKLY")
    moved = Counter()
    for row in detail:
        moved[row["FNSKU"], row["Disposition"], row["Country"]] += int(row["Quantity"])
    told = Counter()
    for row in summary:
        for column in MOVES:
            told[row["FNSKU"], row["Disposition"], row["Location"]] += int(row[column])
    by_event = {
        "Shipments": "Customer Shipments",
        "CustomerReturns": "Customer Returns",
        "Receipts": "Receipts",
        "VendorReturns": "Vendor Returns",
        "WhseTransfers": "Warehouse Transfer In/Out",
    }

    assert {k: n for k, n in moved.items() if n} == {k: n for k, n in told.items() if n}
    for event, column in by_event.items():
        assert sum(int(row["Quantity"]) for row in detail if row["Event Type"] == event) == sum(
            int(row[column]) for row in summary
        )


@given(worlds, edges)
@some
def test_the_inventory_is_the_ledgers_closing_balance(world, edge):
    """What the inventory API shows in the warehouses is what the ledger ends with."""
    rows = read(SUMMARY, world, since=edge - 3 * DAY, edge=edge, aggregatedByTimePeriod="MONTHLY")
    last = rows[-1]["Date"] if rows else ""
    closing = units(
        [row for row in rows if row["Date"] == last], "Ending Warehouse Balance", "FNSKU"
    )
    shown = {
        (row.product.fnsku,): row.in_warehouse for row in world.stock_rows(edge) if row.in_warehouse
    }

    assert shown == closing
    assert all(row.fulfillable >= 0 and row.last_updated <= edge for row in world.stock_rows(edge))


@given(worlds, edges)
@some
def test_the_reimbursements_are_the_transactions(world, edge):
    """Report and transactions pay the same money per product, in number and in amount."""
    reported = Counter()
    for row in read(REIMBURSEMENTS, world, edge=edge):
        assert int(row["quantity-reimbursed-total"]) == int(row["quantity-reimbursed-cash"]) + int(
            row["quantity-reimbursed-inventory"]
        )
        if int(row["quantity-reimbursed-cash"]):
            reported[row["sku"], cents(row["amount-total"])] += 1
    booked = Counter(
        (one.items[0].product.sku, int(one.total * 100))
        for one in world.iter_transactions(edge)
        if one.entry.kind in {EntryKind.REIMBURSEMENT, EntryKind.REVERSAL}
    )

    assert reported == booked


@given(worlds, st.integers(0, 24))
@some
def test_a_settlement_adds_up(world, number):
    """The rows of a settlement sum to its total, which is that of the transactions of its time."""
    one = next(one for n, one in enumerate(settlements(world)) if n == number)
    head, *rows = read(SETTLEMENT, world, settlementId=one.settlement_id)
    total = cents(head["total-amount"])

    assert sum(cents(row["amount"]) for row in rows) == total
    assert total == sum(int(each.total * 100) for each in settled(world, number))
    assert {row["settlement-id"] for row in (head, *rows)} == {one.settlement_id}


@given(worlds)
@few
def test_the_settlements_share_the_transactions_out(world):
    """Every released transaction is in exactly one settlement."""
    found = Counter()
    for number, one in enumerate(settlements(world)):
        if to_instant(one.since) >= START + 400 * DAY:
            break
        found.update(each.entry for each in settled(world, number))
    edge = START + 370 * DAY
    expected = {
        entry
        for _, entry in world.ledger.iter_entries(START, edge, edge)
        if entry.counted < START + 390 * DAY
    }

    assert set(found.values()) == {1}
    assert expected <= set(found)


@given(worlds, edges)
@some
def test_what_was_removed_left_the_ledger(world, edge):
    """Units that removal orders shipped or destroyed are the ledger's, by order."""
    left = defaultdict(int)
    for row in read(LEDGER, world, edge=edge, eventType="VendorReturns"):
        left[row["Reference ID"]] -= int(row["Quantity"])
    orders = read(REMOVALS, world, since=START - 60 * DAY, edge=edge)
    by_ledger = {
        row["order-id"]: int(row["shipped-quantity"]) + int(row["disposed-quantity"])
        for row in orders
    }
    by_adjustment = {
        script.removals[0].removal_id
        for case in world.cast.around(START, edge)
        for script in (world.scripts.of(case),)
        if case.trap == "ordered_by_seller"
    }

    for order_id, count in by_ledger.items():
        if order_id not in by_adjustment:
            assert left.get(order_id, 0) == count
