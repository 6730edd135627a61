"""The files of all report types: their columns, formats and encodings, and that they never waver."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

import recoup.sandbox
from recoup.sandbox.report_jobs.rules import find_fatal_reason
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import Cadence, document_bytes, encoding_of
from recoup.sandbox.world.instants import DAY, Instant, to_instant, to_offset_text
from recoup.sandbox.world.profile import PROFILES
from tests.sandbox.report_reading import (
    FEES,
    LEDGER,
    LISTINGS,
    MIDNIGHT,
    PARCELS,
    PLANNING,
    REIMBURSEMENTS,
    REMOVALS,
    RETURNS,
    SETTLEMENT,
    SHIPPED,
    START,
    STORAGE,
    SUMMARY,
    UNSUPPRESSED,
    WHOLE,
    content,
    edges,
    new_world,
    read,
    request,
    worlds,
)

NAMES = sorted(all_report_types())
TYPES = st.sampled_from(NAMES)
ASKED = {"settlementId": "10000000022"}
# Their rows lie at one moment each; the others tell a state, or whole days or months.
BY_MOMENT = (RETURNS, REIMBURSEMENTS, SHIPPED, WHOLE)


@pytest.fixture(scope="module", params=sorted(PROFILES))
def world(request):
    """A seller with 2,000 orders in each marketplace."""
    return new_world(11, 2000, request.param)


def test_all_types_exist():
    """Every report that the sandbox promises has its file."""
    assert set(NAMES) == {
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
        "GET_FBA_MYI_ALL_INVENTORY_DATA",
        "GET_AFN_INVENTORY_DATA",
        "GET_LEDGER_DETAIL_VIEW_DATA",
        "GET_LEDGER_SUMMARY_VIEW_DATA",
        "GET_FBA_REIMBURSEMENTS_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
        "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
        "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
        "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
        "GET_FBA_STORAGE_FEE_CHARGES_DATA",
        "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
        "GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA",
        "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
        "GET_MERCHANT_LISTINGS_ALL_DATA",
        "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
        "GET_FBA_INVENTORY_PLANNING_DATA",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_year_has_rows_of_every_type(world, name):
    """No file is empty, every row has as many cells as the header, and none holds a line break."""
    kind = all_report_types()[name]
    text = content(name, world, request(world, **ASKED)).decode(encoding_of(kind, world.profile))
    lines = text.removesuffix("\n").split("\n")

    assert len(lines) > 1
    assert "\r" not in text
    assert {line.count("\t") for line in lines} == {len(kind.header_for(world.profile)) - 1}


@given(worlds, edges, TYPES, st.integers(0, 300), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_the_same_question_has_the_same_bytes(world, edge, name, first, days):
    """A window's file does not depend on what was asked before, nor on which process asks."""
    asked = request(
        world, since=START + first * DAY, until=START + (first + days) * DAY, edge=edge, **ASKED
    )
    again = new_world(0, 0).__class__(world.key, world.start, world.orders_per_span, world.profile)
    for other in ("GET_AFN_INVENTORY_DATA", LEDGER):
        content(other, again, request(again, edge=Instant(edge - 9 * DAY)))

    assert content(name, world, asked) == content(name, again, asked)


@given(worlds, edges, st.sampled_from(BY_MOMENT), st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_windows_share_the_rows_out(world, edge, name, days):
    """However a year is cut in two, each row is in exactly one part."""
    cut = START - 40 * DAY + days * DAY
    whole = Counter(map(str, read(name, world, edge=edge)))
    parts = Counter(map(str, read(name, world, until=cut, edge=edge)))
    parts.update(map(str, read(name, world, since=cut, edge=edge)))

    assert parts == whole


@given(worlds, st.integers(0, 350), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_ledger_days_are_the_same_in_any_window(world, first, days):
    """A day of the ledger has the same rows whether it is asked for alone or with a year."""
    day = world.profile.local_day(START) + first
    begins, ends = world.profile.midnight(day), world.profile.midnight(day + days)
    year = read(LEDGER, world)
    part = read(LEDGER, world, since=begins, until=ends)
    dates = {row["Date"] for row in part}

    assert [row for row in year if row["Date"] in dates] == part


@pytest.mark.parametrize("name", [n for n in NAMES if all_report_types()[n].lines is not None])
def test_the_fast_way_writes_the_same(world, name):
    """Where a type writes lines by itself, they are its rows."""
    kind = all_report_types()[name]
    asked = request(world)
    rows = ["\t".join(cells) for cells in kind.rows(world, asked)]
    lines = [line.decode("cp1252") for line in kind.lines(world, asked)]

    assert [f"{row}\n" for row in rows] == lines


def test_orders_are_those_of_the_api(world):
    """The order reports tell what the order stories tell: ids, times, status, units and money."""
    rows = Counter(
        (row["amazon-order-id"], row["order-status"], row["purchase-date"], row["sku"],
         int(row["quantity"]), row["item-price"], row["item-tax"])
        for row in read(WHOLE, world)
    )  # fmt: skip
    told = Counter()
    for index in range(world.orders.count(MIDNIGHT)):
        story = world.orders.story(index)
        status = story.dates.status(MIDNIGHT)
        created = f"{story_time(story.dates.created)}+00:00"
        for line in story.lines:
            pending = status == "PENDING"
            money = ("", "") if pending else (str(line.principal), str(line.tax))
            key = (story.order_id, status.title(), created, line.product.sku, line.quantity, *money)
            told[key] += 1

    assert rows == told


def story_time(moment):
    return (timedelta(seconds=moment) + EPOCH).isoformat()


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the offset is written by hand


def test_orders_of_the_last_hours_show_no_price():
    """A pending order has a row without currency and amounts."""
    world = new_world(5, 60_000)
    rows = read(WHOLE, world, since=MIDNIGHT - DAY)
    pending = [row for row in rows if row["order-status"] == "Pending"]

    assert pending
    assert {(row["currency"], row["item-price"], row["item-tax"]) for row in pending} == {
        ("", "", "")
    }


def test_each_marketplace_writes_its_own_way():
    """Amounts, dates and time zones are those seen in real files of the marketplace."""
    us, uk, eu = (new_world(2, 2000, name) for name in ("us", "uk", "eu"))
    money = {
        world.profile.name: read(SETTLEMENT, world, **ASKED)[0]["total-amount"]
        for world in (us, uk, eu)
    }
    posted = {
        world.profile.name: read(SETTLEMENT, world, **ASKED)[1]["posted-date"]
        for world in (us, uk, eu)
    }

    assert re.fullmatch(r"\d+\.\d\d", money["us"])
    assert re.fullmatch(r"\d+\.\d\d", money["uk"])
    assert re.fullmatch(r"\d+,\d\d", money["eu"])
    assert re.fullmatch(r"\d\d/\d\d/\d\d", posted["us"])
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", posted["eu"])
    assert "," in read(REIMBURSEMENTS, eu)[0]["amount-per-unit"]
    for world, zone in ((us, "-0700"), (uk, "+0000"), (eu, "+0100")):
        row = read(LEDGER, world)[0]
        assert re.fullmatch(r"\d\d/\d\d/\d{4}", row["Date"])
        assert row["Date and Time"].endswith(f"T00:00:00{zone}")
    assert "amazon-store" in read(FEES, us)[0]
    assert "expected-domestic-fulfilment-fee-per-unit" in read(FEES, eu)[0]
    assert {row["Country"] for row in read(LEDGER, eu)} == {"DE", "PL"}
    currencies = {row["currency-unit"] for row in read(REIMBURSEMENTS, uk)}
    assert currencies == {"GBP"}


def test_encodings_and_quotes_are_those_of_real_files(world):
    """Order files are in the code page, the ledger in UTF-8 with every cell quoted."""
    orders = content(WHOLE, world, request(world))
    ledger = content(LEDGER, world, request(world))
    head = ledger.decode("utf-8-sig").split("\n")[0].split("\t")

    assert "Café".encode("cp1252") in orders
    assert "\u2013".encode("cp1252") in orders
    assert b'10" wide' in orders
    assert "Café".encode() in ledger
    assert ledger.startswith(b"\xef\xbb\xbf") == (world.profile.name == "us")
    assert all(cell.startswith('"') and cell.endswith('"') for cell in head)
    assert b'10"" wide' in ledger


def test_equal_ledger_rows_occur():
    """True duplicates are a fact of real ledgers, so the sandbox has some."""
    rows = Counter(map(str, read(LEDGER, new_world(1, 20_000), since=MIDNIGHT - 60 * DAY)))

    assert max(rows.values()) > 1


def test_reports_without_data_have_a_header_alone(world):
    """Before the world began there is nothing but the header."""
    for name in NAMES:
        kind = all_report_types()[name]
        if kind.cadence is Cadence.AUTOMATIC or not kind.needs_dates or name == FEES:
            continue
        before = request(world, since=START - 300 * DAY, until=START - 200 * DAY)
        assert list(kind.rows(world, before)) == []
        assert b"".join(document_bytes(kind, world, before)).count(b"\n") == 1


def test_the_ledger_narrows_by_event(world):
    """The option eventType leaves only rows of that event."""
    every = Counter(row["Event Type"] for row in read(LEDGER, world))

    assert len(every) == 6
    for event, number in every.items():
        rows = read(LEDGER, world, eventType=event)
        assert {row["Event Type"] for row in rows} == {event}
        assert len(rows) == number


def test_the_summary_can_be_split_by_center_and_period(world):
    """Locations are countries or centers; months are the default, days and weeks can be had."""
    since = MIDNIGHT - 40 * DAY
    countries = {row["Location"] for row in read(SUMMARY, world, since=since)}
    centers = {
        row["Location"] for row in read(SUMMARY, world, since=since, aggregateByLocation="FC")
    }
    days = {
        row["Date"] for row in read(SUMMARY, world, since=since, aggregatedByTimePeriod="DAILY")
    }

    assert countries == set(world.profile.warehouses.values())
    assert centers == set(world.profile.warehouses)
    assert len(days) in {40, 41}
    assert len({row["Date"] for row in read(SUMMARY, world, since=since)}) in {2, 3}


def test_storage_comes_when_the_month_is_published(world):
    """A month's fees appear on the tenth of the next month, not before."""
    months = {row["month_of_charge"] for row in read(STORAGE, world)}

    assert max(months) == "2024-08"
    assert len(months) == 10


def test_storage_of_more_than_a_month_loses_rows(world):
    """Two months in one request have fewer rows than one by one, and nothing says so."""
    june, july, august = (MIDNIGHT - days * DAY for days in (111, 81, 51))
    alone = (
        read(STORAGE, world, since=june, until=july),
        read(STORAGE, world, since=july, until=august),
    )
    together = read(STORAGE, world, since=june, until=august)
    rows = {tuple(row.values()) for one in alone for row in one}

    assert {tuple(row.values()) for row in together} < rows


def test_removal_orders_are_found_by_their_last_update(world):
    """The window selects by the last update, and a young order is still pending."""
    rows = read(REMOVALS, world, since=MIDNIGHT - 25 * DAY)

    assert {row["order-status"] for row in rows} >= {"Completed"}
    for row in rows:
        assert row["last-updated-date"] >= "2024-09-09"


def test_parcels_are_selected_by_the_request_of_their_order(world):
    """A window holds the orders requested in it, and all that has left of them since."""
    since, until = MIDNIGHT - 60 * DAY, MIDNIGHT - 30 * DAY
    soon = read(PARCELS, world, since=since, until=until, edge=until)
    later = read(PARCELS, world, since=since, until=until, edge=MIDNIGHT)
    first, last = (to_offset_text(moment) for moment in (since, until))

    assert len(later) > len(soon) > 0
    assert all(first <= row["request-date"] < last for row in later)
    assert any(row["shipment-date"] >= last for row in later)
    assert {tuple(row.values()) for row in soon} <= {tuple(row.values()) for row in later}


def test_a_window_of_parcels_longer_than_six_months_is_refused():
    """184 days are the most."""
    kind = all_report_types()[PARCELS]
    now = datetime(2026, 11, 15, tzinfo=UTC)

    def reason(days: int) -> str | None:
        since = to_instant(now - timedelta(days=days))
        return find_fatal_reason(kind, since, to_instant(now), now)

    assert reason(184) is None
    assert "184 days" in (reason(185) or "")


def test_the_three_reports_of_stock_agree(world):
    """Listings, stock and planning have the same SKUs, and the same units where both count them."""
    managed = {row["sku"]: row for row in read(UNSUPPRESSED, world)}
    planned = {row["sku"]: row for row in read(PLANNING, world)}
    listed = {row["seller-sku"]: row for row in read(LISTINGS, world)}

    assert managed.keys() == planned.keys() == listed.keys() == {p.sku for p in world.products}
    for sku, row in planned.items():
        assert row["available"] == managed[sku]["afn-fulfillable-quantity"]
        ages = sum(int(units) for name, units in row.items() if name.startswith("inv-age-"))
        assert ages == int(row["available"])
        assert listed[sku]["asin1"] == managed[sku]["asin"] == row["asin"]


def test_nothing_outside_the_sandbox_knows_the_truth():
    """No module of recoup but the sandbox's own mentions the planted truth."""
    sandbox = Path(recoup.sandbox.__file__).parent
    package = sandbox.parent
    found = [
        path
        for path in package.rglob("*.py")
        if sandbox not in path.parents and "sandbox.truth" in path.read_text()
    ]

    assert found == []
