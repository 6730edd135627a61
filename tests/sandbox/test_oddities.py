"""What is on the wire with each kind of oddity, beside the same world told plainly."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.oddities import ALL, load_oddities, oddity_names, parse_oddities
from recoup.sandbox.oddities._oddity import File, sheet_changes
from recoup.sandbox.oddities.endless_token import TOKEN
from recoup.sandbox.oddities.refused_types import refused_type
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import ReportRequest, document_bytes
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY
from recoup.sandbox.world.seller import SellerWorld
from tests.sandbox.asking import (
    SETTLEMENTS,
    STOCK,
    ask,
    asked,
    content,
    document,
    finished,
)
from tests.sandbox.report_reading import (
    FEES,
    LEDGER,
    LISTINGS,
    MIDNIGHT,
    PARCELS,
    REIMBURSEMENTS,
    REMOVALS,
    RETURNS,
    STORAGE,
    SUMMARY,
    cents,
    new_world,
    request,
)
from tests.sandbox.running import (
    ALL_STOCK,
    FINANCES,
    INVENTORY,
    ORDERS,
    SELLERS,
    US,
    YEAR_AGO,
    Running,
    error_of,
)
from tests.sandbox.test_inbound_rules import BY_DATE, EVERY, SHIPMENTS, YEAR

SEED = 3
QUARTER = MIDNIGHT - 90 * DAY
AUTUMN = {"postedAfter": "2026-06-01T00:00:00Z", "postedBefore": "2026-11-01T00:00:00Z"}


@pytest.fixture(scope="module")
def plain() -> Iterator[Running]:
    """The world as it is."""
    with Running(seed=SEED) as running:
        yield running


@contextmanager
def told(*odd: str, **config: Any) -> Iterator[Running]:
    """The same world, told oddly."""
    with Running(**({"seed": SEED} | config), odd=odd) as running:
        yield running


def file_of(
    name: str,
    *odd: str,
    profile: str = "us",
    pull: int = 0,
    seed: int = SEED,
    since: int = QUARTER,
    **options: str,
) -> bytes:
    """A report of a small world up to its edge, told so oddly."""
    world = new_world(seed, 400, profile)
    asked_for = request(world, since=since, **options)
    return _bytes(name, world, asked_for, odd, pull)


def _bytes(
    name: str, world: SellerWorld, asked_for: ReportRequest, odd: tuple[str, ...], pull: int
) -> bytes:
    kind = all_report_types()[name]
    changes = sheet_changes(load_oddities(odd), File(kind, world, asked_for, pull))
    return b"".join(document_bytes(kind, world, asked_for, changes=changes))


def cells_of(raw: bytes, *, quoted: bool = False) -> list[list[str]]:
    """The lines of a file taken apart at tabs, headings first."""
    text = raw.decode("utf-8" if raw.isascii() or quoted else "cp1252").removeprefix("\ufeff")
    lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    return [[cell[1:-1] for cell in line] for line in lines] if quoted else lines


def rows_of(raw: bytes, *, quoted: bool = False) -> list[dict[str, str]]:
    head, *rows = cells_of(raw, quoted=quoted)
    return [dict(zip(head, row, strict=True)) for row in rows]


def transactions(sandbox: Running) -> list[dict[str, Any]]:
    return sandbox.transactions(**AUTUMN)


def leaves(trees: list[dict[str, Any]]) -> Iterator[tuple[str, Decimal]]:
    """Names and amounts of the leaves of a tree of breakdowns."""
    for one in trees:
        if one.get("breakdowns"):
            yield from leaves(one["breakdowns"])
        else:
            yield one["breakdownType"], one["breakdownAmount"]["currencyAmount"]


# What can be chosen.


def test_an_unknown_kind_is_refused_and_the_kinds_are_listed():
    """The message names all of them, and `all`."""
    with pytest.raises(ValueError, match="odd kind 'short'") as refused:
        SandboxConfig(odd=("short",))

    assert all(name in str(refused.value) for name in (*oddity_names(), ALL))


def test_all_are_all_that_one_account_can_have():
    """An account without FBA has nothing that the other kinds could tell. Hyphens are underscores."""
    assert set(SandboxConfig(odd=(ALL,)).odd) == set(oddity_names()) - {"no_fba"}
    assert parse_oddities(("no-fba", "short_rows")) == ("no_fba", "short_rows")
    assert SandboxConfig().odd == ()


def test_every_kind_says_where_it_was_met():
    """Its file begins with what it does and ends its docstring with a source or a finding."""
    for name in oddity_names():
        (one,) = load_oddities((name,))
        module = __import__(f"recoup.sandbox.oddities.{name}", fromlist=["ODDITY"])
        assert module.ODDITY is one
        assert re.search(r"Source:|Found with", module.__doc__), name


@pytest.mark.parametrize("profile", ["us", "uk", "eu"])
def test_all_kinds_together_can_be_told(profile):
    """Every report of every type can be written with all oddities at once, first and second pull."""
    names = SandboxConfig(odd=(ALL,)).odd
    for name in all_report_types():
        options = {"settlementId": "10000000022"} if name == SETTLEMENTS else {}
        for pull in (0, 1):
            assert file_of(name, *names, profile=profile, pull=pull, **options)


def test_the_truth_is_the_same_with_all_oddities(plain):
    """An oddity changes how the world is told, never what is in it."""
    with told(ALL) as odd:
        assert (
            odd.client.get("/_sandbox/truth").json() == plain.client.get("/_sandbox/truth").json()
        )


# Answers of the API.


def test_shadow_marketplaces_are_listed_and_refused():
    """They take part, their store's name holds the seller id, and calls for them end 400 or 403."""
    with told("shadow_marketplaces") as odd:
        listed = odd.get(SELLERS).json()["payload"]
        shadows = {
            one["marketplace"]["id"]: one
            for one in listed
            if "Shadow" in one["marketplace"]["name"]
        }
        seller_id = odd.world()["sellerId"]
        answers = {
            name: error_of(odd.get(INVENTORY, **(ALL_STOCK | {"granularityId": name})))[0]
            for name in shadows
        }
        report = ask(odd, marketplaceIds=["AHRY1CZE9ZY4H"]).status_code

    assert len(shadows) == 4 < len(listed)
    for one in shadows.values():
        assert one["participation"]["isParticipating"] is True
        assert re.fullmatch(rf"Invoicing_\d+_{seller_id}", one["storeName"])
    assert answers == {
        "AHRY1CZE9ZY4H": 400, "A1MQXOICRS2Z7M": 403, "A3H6HPSLHAK3XG": 400, "A1ZFFQZ3HTUKT9": 403,
    }  # fmt: skip
    assert report == 400


def test_missing_breakdowns_are_null_in_every_item(plain):
    """The tree of the whole transaction stays, and so does every amount."""
    with told("missing_breakdowns") as odd:
        found = transactions(odd)
    same = transactions(plain)

    assert {item["breakdowns"] for one in found for item in one["items"]} == {None}
    assert [one["breakdowns"] for one in found] == [one["breakdowns"] for one in same]
    assert [one["totalAmount"] for one in found] == [one["totalAmount"] for one in same]


def test_unnamed_fees_are_groups_that_add_up(plain):
    """Sales and refunds have names of groups alone, and their sums are those of the world."""
    with told("unnamed_fees") as odd:
        found = transactions(odd)
    names = Counter(
        name
        for one in found
        if one["transactionType"] in {"Shipment", "Refund"}
        for name, _ in leaves(one["breakdowns"])
    )

    assert names.keys() <= {
        "ProductCharges", "AmazonFees", "FBAFees", "PromotionalRebates", "Shipping", "Tax",
    }  # fmt: skip
    assert min(names["ProductCharges"], names["AmazonFees"], names["FBAFees"]) > 0
    for one, same in zip(found, transactions(plain), strict=True):
        assert one["totalAmount"] == same["totalAmount"]
        total = one["totalAmount"]["currencyAmount"]
        assert sum(amount for _, amount in leaves(one["breakdowns"])) == total
        for item in one["items"]:
            parts = sum(amount for _, amount in leaves(item["breakdowns"]))
            assert parts == item["totalAmount"]["currencyAmount"]


def test_null_lists_are_null_in_every_answer():
    """No list is ever empty: of transactions, of stores, of contexts."""
    with told("null_lists") as odd:
        empty = odd.get(FINANCES, postedAfter="2024-01-01", postedBefore="2024-02-01").json()
        stock = odd.get(INVENTORY, **ALL_STOCK).text
        orders = odd.get(ORDERS, createdAfter=YEAR_AGO).text

    assert empty == {"payload": {"nextToken": None, "transactions": None}}
    assert "[]" not in stock + orders
    assert '"stores":null' in stock


def test_an_endless_token_leads_to_itself():
    """Every answer of getInventorySummaries has the same token; what it leads to is empty."""
    with told("endless_token") as odd:
        first = odd.get(INVENTORY, **ALL_STOCK).json()
        then = [odd.get(INVENTORY, nextToken=TOKEN, **ALL_STOCK).json() for _ in range(3)]

    assert first["payload"]["inventorySummaries"]
    assert {one["pagination"]["nextToken"] for one in (first, *then)} == {TOKEN}
    assert all(one["payload"]["inventorySummaries"] == [] for one in then)


def test_a_refused_type_is_quota_exceeded_for_ever():
    """createReport answers 429 for one type, however long one waits; the others can be had."""
    with told("refused_types") as odd:
        name = refused_type(derive_key(SEED))
        answers = []
        for _ in range(3):
            answers.append(error_of(ask(odd, name)))
            odd.control("clock", {"advance": "P1D"})
        other = LEDGER if name != LEDGER else RETURNS

        assert answers == [(429, "QuotaExceeded")] * 3
        assert ask(odd, other).status_code == 202


def test_a_shipment_without_status_comes_by_its_id_alone(plain):
    """One that is being received: not by dates, not by statuses."""

    def ids(sandbox: Running, **asked_for: str) -> dict[str, str | None]:
        page = sandbox.get(SHIPMENTS, **asked_for).json()["payload"]["ShipmentData"]
        return {one["ShipmentId"]: one.get("ShipmentStatus") for one in page}

    by_date = {"ShipmentStatusList": EVERY, **BY_DATE, **YEAR}
    by_status = {"MarketplaceId": US, "QueryType": "SHIPMENT", "ShipmentStatusList": "RECEIVING"}
    receiving = ids(plain, **by_status)
    by_id = by_status | {"ShipmentStatusList": "", "ShipmentIdList": ",".join(receiving)}
    with told("missing_shipment_statuses") as odd:
        assert receiving
        assert not receiving.keys() & ids(odd, **by_date).keys()
        assert ids(odd, **by_status) == {}
        assert ids(odd, **by_id) == dict.fromkeys(receiving)


def test_reimbursements_can_be_adjustments(plain):
    """Type and description change, their items have no breakdowns, the amounts stay."""
    with told("adjustment_reimbursements") as odd:
        found = {one["transactionId"]: one for one in transactions(odd)}
    for same in transactions(plain):
        one = found[same["transactionId"]]
        if same["transactionType"] != "FBAInventoryReimbursement":
            assert one == same
            continue
        assert (one["transactionType"], one["description"]) == (
            "Adjustment",
            "FBAInventoryReimbursement",
        )
        assert one["totalAmount"] == same["totalAmount"]
        assert [item["breakdowns"] for item in one["items"]] == [None]


def test_cancelled_orders_can_have_a_sale_and_a_refund(plain):
    """Two transactions more for each, which add up to nothing; the others are as they were."""
    with told("cancelled_refunds") as odd:
        found = transactions(odd)
        orders = {
            one["orderId"]: one
            for one in odd.orders(createdAfter=YEAR_AGO, includedData="FULFILLMENT")
        }
    before = {one["transactionId"] for one in transactions(plain)}
    more = [one for one in found if one["transactionId"] not in before]
    sums: dict[str, Decimal] = {}
    for one in more:
        order_id = one["relatedIdentifiers"][0]["relatedIdentifierValue"]
        amount = one["totalAmount"]["currencyAmount"]
        sums[order_id] = sums.get(order_id, Decimal(0)) + amount
        assert orders[order_id]["fulfillment"]["fulfillmentStatus"] == "CANCELLED"

    assert len(found) == len(before) + len(more)
    assert len(more) >= 10
    assert len({one["transactionId"] for one in found}) == len(found)
    assert set(sums.values()) == {Decimal(0)}


def test_money_can_have_other_item_ids_than_orders(plain):
    """In the finances of v0 and in settlements; the orders keep theirs."""
    path = "/finances/v0/financialEvents"
    asked_for = {"PostedAfter": "2026-09-01T00:00:00Z", "PostedBefore": "2026-10-01T00:00:00Z"}

    def ids(sandbox: Running) -> set[str]:
        return set(re.findall(r'"OrderItemId":"(\d+)"', sandbox.get(path, **asked_for).text))

    with told("other_item_ids") as odd:
        assert ids(odd)
        assert ids(odd) == {one[::-1] for one in ids(plain)}
    options = {"settlementId": "10000000022"}
    codes = {row["order-item-code"] for row in rows_of(file_of(SETTLEMENTS, **options))}
    turned = rows_of(file_of(SETTLEMENTS, "other_item_ids", **options))

    assert {row["order-item-code"] for row in turned} == {one[::-1] for one in codes}


def test_an_account_without_fba_has_what_the_seller_ships_himself():
    """Stock is refused, reports of FBA have no data, orders and money are the merchant's."""
    with told("no_fba") as odd:
        assert error_of(odd.get(INVENTORY, **ALL_STOCK)) == (400, "InvalidInput")
        orders = odd.orders(createdAfter=YEAR_AGO, includedData="FULFILLMENT")
        money = transactions(odd)
        reports = [asked(odd, name) for name in (LEDGER, RETURNS, STOCK)]
        ends = {finished(odd, one)["processingStatus"] for one in reports}

    assert {one["fulfillment"]["fulfilledBy"] for one in orders} == {"MERCHANT"}
    assert {"AFN"}.isdisjoint(re.findall(r"AFN|MFN", str(money)))
    assert not any("FBA" in one["transactionType"] for one in money)
    assert ends == {"CANCELLED"}


@pytest.mark.parametrize("profile", ["us", "eu"])
def test_a_settlement_without_fba_still_adds_up(profile):
    """Its total is that of the lines that are left."""
    first, *lines = rows_of(
        file_of(SETTLEMENTS, "no_fba", profile=profile, settlementId="10000000022")
    )

    assert lines
    assert "AFN" not in {row["fulfillment-id"] for row in lines}
    assert cents(first["total-amount"]) == sum(cents(row["amount"]) for row in lines)


# What becomes of a report.


def test_a_cancelled_fee_preview_is_never_made():
    """Whenever it is asked for; other reports are made."""
    dates = {"dataStartTime": "2026-11-01T00:00:00Z", "dataEndTime": "2026-11-10T00:00:00Z"}
    with told("cancelled_fee_previews") as odd:
        ends = [
            finished(odd, asked(odd, name, dates=dates))["processingStatus"]
            for name in (FEES, FEES, RETURNS)
        ]

    assert ends == ["CANCELLED", "CANCELLED", "DONE"]


def test_a_partial_file_is_done_and_the_next_one_whole():
    """Whole, 60 % of the rows, whole: by the number of the pull, and the same for the same seed."""
    with told("partial_files") as odd:
        pulls = [content(odd, finished(odd, asked(odd, LEDGER))) for _ in range(4)]
    with told("partial_files") as odd:
        again = [content(odd, finished(odd, asked(odd, LEDGER))) for _ in range(2)]
    counts = [len(one.splitlines()) - 1 for one in pulls]

    assert counts[0] == counts[2]
    assert 0.45 < counts[1] / counts[0] < 0.75
    assert 0.45 < counts[3] / counts[0] < 0.75
    assert again == pulls[:2]
    assert set(pulls[1].splitlines()) < set(pulls[0].splitlines())


def test_the_gzip_flag_lies_in_turn():
    """Plain under a flag, packed without one, packed twice, and right."""
    ways = Counter()
    with told("lying_gzip") as odd:
        for _ in range(4):
            report = finished(odd, asked(odd))
            described = document(odd, report)
            raw, layers = odd.client.get(described["url"]).content, 0
            while raw.startswith(b"\x1f\x8b"):
                raw, layers = gzip.decompress(raw), layers + 1
            assert raw.startswith(b"amazon-order-id")
            ways["compressionAlgorithm" in described, layers] += 1

    assert ways == {(True, 0): 1, (False, 1): 1, (True, 2): 1, (True, 1): 1}


# Files.


def test_short_rows_end_with_their_last_filled_cell():
    """Reimbursements have 16 cells under 18 headings where nothing was taken back."""
    head, *rows = cells_of(file_of(REIMBURSEMENTS, "short_rows"))
    whole = cells_of(file_of(REIMBURSEMENTS))[1:]

    assert {len(row) for row in rows} == {16, 18}
    assert all(row[-1] for row in rows)
    assert [row + [""] * (len(head) - len(row)) for row in rows] == whole


def test_mixed_fee_previews_name_no_store():
    """In Europe a SKU has two more rows in EUR and others in GBP and SEK, in no order."""
    rows = rows_of(file_of(FEES, "mixed_fee_previews", profile="eu"))
    own = rows_of(file_of(FEES, profile="eu"))
    of_sku: dict[str, list[str]] = {}
    for row in rows:
        of_sku.setdefault(row["sku"], []).append(row["currency"])

    assert {tuple(sorted(one)) for one in of_sku.values()} == {("EUR", "EUR", "EUR", "GBP", "SEK")}
    assert len({tuple(one) for one in of_sku.values()}) > 1
    assert all(row in rows for row in own)
    assert "amazon-store" not in rows[0]
    assert file_of(FEES, "mixed_fee_previews") == file_of(FEES)


def test_the_rows_of_two_suppliers_add_up():
    """Column for column the sum of both is the one row of the plain world, and each is balanced."""
    plain_rows = rows_of(file_of(SUMMARY), quoted=True)
    odd_rows = rows_of(file_of(SUMMARY, "supplier_column"), quoted=True)

    def added(rows: list[dict[str, str]]) -> dict[tuple[str, ...], Counter[str]]:
        found: dict[tuple[str, ...], Counter[str]] = {}
        for row in rows:
            names = ("Date", "FNSKU", "Disposition", "Location")
            numbers = {n: int(v) for n, v in row.items() if re.fullmatch(r"-?\d+", v)}
            sums = found.setdefault(tuple(row[name] for name in names), Counter())
            sums.update(numbers)
        return {key: Counter({n: v for n, v in one.items() if v}) for key, one in found.items()}

    assert added(odd_rows) == added(plain_rows)
    assert len(odd_rows) > len(plain_rows)
    assert {row["Supplier"] for row in odd_rows} == {"Amazon", ""}


def test_a_later_pull_moves_the_dates_of_returns():
    """The license plate stays; the first pull is the true one."""
    first = rows_of(file_of(RETURNS, "moved_return_dates"))
    later = rows_of(file_of(RETURNS, "moved_return_dates", pull=1))
    moved = [
        datetime.fromisoformat(b["return-date"]) - datetime.fromisoformat(a["return-date"])
        for a, b in zip(first, later, strict=True)
        if a["return-date"] != b["return-date"]
    ]

    assert file_of(RETURNS, "moved_return_dates") == file_of(RETURNS)
    assert len(moved) > len(first) // 2
    assert max(moved) < timedelta(days=4)
    assert [row["license-plate-number"] for row in first] == [
        row["license-plate-number"] for row in later
    ]


def test_one_column_of_every_type_is_renamed():
    """Another one for another seed; the rows are as they were."""
    for name in all_report_types():
        options = {"settlementId": "10000000022"} if name == SETTLEMENTS else {}
        before, after = file_of(name, **options), file_of(name, "renamed_columns", **options)
        old, new = (raw.split(b"\n", 1) for raw in (before, after))
        changed = set(new[0].split(b"\t")) ^ set(old[0].split(b"\t"))

        assert old[1] == new[1]
        assert len(changed) == 2, name
    headings = {
        file_of(REMOVALS, "renamed_columns", seed=seed).split(b"\n")[0] for seed in range(8)
    }
    assert len(headings) > 3


def test_localized_headings_are_quoted_the_other_way():
    """Half of the types: French, or Chinese with one heading for several columns."""
    changed = {
        name: file_of(name, "localized_headings", seed=seed).split(b"\n")[0]
        for seed in range(4)
        for name in (LEDGER, REIMBURSEMENTS, RETURNS, REMOVALS)
        if file_of(name, "localized_headings", seed=seed) != file_of(name, seed=seed)
    }
    every = b"\n".join(changed.values())

    assert changed
    assert b"vendeur" in every or b"?" in every
    for name, header in changed.items():
        assert (
            header.removeprefix(b"\xef\xbb\xbf").startswith(b'"') != all_report_types()[name].quoted
        )


def test_reports_of_listings_can_be_asked_for_in_english():
    """With the option the headings are the official ones, in every seed."""
    option = {"preferredReportDocumentLocale": "en_US"}
    files = [
        (file_of(LISTINGS, "localized_headings", seed=seed, **option), file_of(LISTINGS, seed=seed))
        for seed in range(4)
    ]

    assert all(one == other for one, other in files)
    assert any(
        file_of(LISTINGS, "localized_headings", seed=seed) != file_of(LISTINGS, seed=seed)
        for seed in range(4)
    )


def test_more_columns_stand_between_the_known_ones():
    """Those that Amazon added, with their names; a reader by position is lost."""
    fees, storage = (cells_of(file_of(name, "more_columns")) for name in (FEES, STORAGE))

    assert {"current-fee-category", "future-fee-category"} < set(fees[0])
    assert {"base_rate", "storage_utilization_ratio"} < set(storage[0])
    assert {len(row) for row in fees} == {len(fees[0])}


def test_headings_can_have_a_space_behind_them():
    """As `service-speed ` has."""
    head = cells_of(file_of(REMOVALS, "spaced_headings"))[0]

    assert "service-speed " in head
    assert [name.strip() for name in head] == cells_of(file_of(REMOVALS))[0]


def test_returns_can_lack_their_status():
    """The column is not there at all."""
    rows = rows_of(file_of(RETURNS, "returns_without_status"))
    same = rows_of(file_of(RETURNS))

    assert rows == [{k: v for k, v in row.items() if k != "status"} for row in same]


@pytest.mark.parametrize("name", [REIMBURSEMENTS, RETURNS, STORAGE])
def test_split_rows_are_two_lines_that_add_up(name):
    """One row of twenty is broken where a tab should be, by CR LF."""
    raw = file_of(name, "split_rows", since=MIDNIGHT - 300 * DAY)
    width = len(cells_of(raw)[0])
    short = [line for line in cells_of(raw) if len(line) < width]

    assert raw.replace(b"\r\n", b"\t") == file_of(name, since=MIDNIGHT - 300 * DAY)
    assert short
    assert b"\r\n" in raw


def test_shifted_rows_have_an_empty_cell_behind_the_carrier():
    """All later cells stand one column too far, in some rows."""
    head, *rows = cells_of(file_of(PARCELS, "shifted_rows", since=MIDNIGHT - 180 * DAY))
    place = head.index("carrier") + 1
    shifted = [row for row in rows if len(row) == len(head) + 1]
    mended = [row[:place] + row[place + 1 :] if row in shifted else row for row in rows]

    assert 0 < len(shifted) < len(rows) // 3
    assert all(row[place] == "" for row in shifted)
    assert mended == cells_of(file_of(PARCELS, since=MIDNIGHT - 180 * DAY))[1:]


def test_lines_can_end_with_cr_lf_and_be_empty():
    """Every tenth line is followed by an empty one."""
    raw = file_of(RETURNS, "crlf_lines")

    assert b"\r\n\r\n" in raw
    assert re.sub(rb"(\r\n)+", b"\n", raw) == file_of(RETURNS)


# Units under other names.


def balances(rows: list[dict[str, str]]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Start and end of the ledger summary by FNSKU and disposition, over all places and months."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for row in rows:
        key = row["FNSKU"], row["Disposition"]
        start, end = found.get(key, (0, 0))
        if row["Date"] == rows[0]["Date"]:
            start += int(row["Starting Warehouse Balance"])
        if row["Date"] == rows[-1]["Date"]:
            end += int(row["Ending Warehouse Balance"])
        found[key] = start, end
    return found


@pytest.mark.parametrize("kind", ["graded_stock", "found_stock", "low_cost_store"])
def test_detail_and_summary_of_the_ledger_still_agree(kind):
    """Per FNSKU and disposition the movements lead from the first balance to the last."""
    since = MIDNIGHT - 120 * DAY
    moved: Counter[tuple[str, str]] = Counter()
    for row in rows_of(file_of(LEDGER, kind, since=since), quoted=True):
        moved[row["FNSKU"], row["Disposition"]] += int(row["Quantity"])
    summary = rows_of(file_of(SUMMARY, kind, since=since), quoted=True)
    summary.sort(key=lambda row: (row["Date"][3:], row["Date"]))

    for row in summary:
        events = [int(row[name]) for name in list(row)[8:18]]
        start, end = (int(row[f"{x} Warehouse Balance"]) for x in ("Starting", "Ending"))
        assert start + sum(events) == end, row
    for key, (start, end) in balances(summary).items():
        assert end - start == moved.pop(key, 0), key
    assert not any(moved.values())


def test_damaged_returns_become_graded_stock():
    """No unit stays damaged by a customer: it goes on under a SKU of Amazon's making."""
    rows = rows_of(file_of(LEDGER, "graded_stock", since=MIDNIGHT - 300 * DAY), quoted=True)
    damaged = [row for row in rows if row["Disposition"] == "CUSTOMER_DAMAGED"]
    graded = [row for row in rows if row["MSKU"].startswith("amzn.gr.")]

    assert sum(int(row["Quantity"]) for row in damaged) == 0
    assert {row["Reason"] for row in damaged} == {"", "Q"}
    assert {row["Event Type"] for row in graded} == {"Receipts", "VendorReturns"}
    assert all(re.fullmatch(r"amzn\.gr\..+-[0-9a-f]{8}-VG", row["MSKU"]) for row in graded)
    assert all(row["FNSKU"].startswith("X0GR") for row in graded)


def test_graded_units_are_counted_in_stock_and_removed_as_such():
    """The sum of all units is the same in the API and in the reports."""

    def stock(*odd: str) -> list[dict[str, Any]]:
        with told(*odd, orders=3000) as sandbox:
            # Twelve days on, before the seller asks for the damaged units.
            sandbox.control("clock", {"advance": "P12D"})
            return sandbox.stock(details="true")

    before, after = stock(), stock("graded_stock")
    used = [row for row in after if row["sellerSku"].startswith("amzn.gr.")]
    assert used
    assert sum(row["totalQuantity"] for row in after) == sum(row["totalQuantity"] for row in before)
    for name in (REMOVALS, PARCELS):
        rows = rows_of(file_of(name, "graded_stock", since=MIDNIGHT - 180 * DAY))
        same = rows_of(file_of(name, since=MIDNIGHT - 180 * DAY))
        units = [sum(int(row["shipped-quantity"]) for row in one) for one in (rows, same)]

        assert units[0] == units[1]
        assert any(row["sku"].startswith("amzn.gr.") for row in rows), name


def test_found_units_are_received_without_a_label(plain):
    """The ledger has them with the shipment's id; the shipment's received quantity lacks them."""
    rows = rows_of(file_of(LEDGER, "found_stock", since=MIDNIGHT - 300 * DAY), quoted=True)
    found = [row for row in rows if row["MSKU"].startswith("Amazon.Found.")]
    booked = [row for row in found if row["Event Type"] == "Receipts"]
    path = "/fba/inbound/v0/shipments/{}/items"

    def received(sandbox: Running) -> int:
        shipments = sandbox.get(SHIPMENTS, ShipmentStatusList=EVERY, **BY_DATE, **YEAR).json()
        return sum(
            item["QuantityReceived"]
            for one in shipments["payload"]["ShipmentData"]
            for item in sandbox.get(path.format(one["ShipmentId"])).json()["payload"]["ItemData"]
        )

    assert booked
    assert all(row["Reference ID"].startswith("FBA") for row in booked)
    assert all(row["MSKU"] == f"Amazon.Found.{row['ASIN']}" for row in found)
    assert sum(int(row["Quantity"]) for row in found) == 0
    with told("found_stock") as odd:
        assert received(odd) < received(plain)


def test_the_low_cost_store_is_a_program_of_its_own():
    """Its rows are beside those of the world: country CN, center XCND, a store's name."""
    rows = rows_of(file_of(LEDGER, "low_cost_store"), quoted=True)
    more = [row for row in rows if row["Store"]]
    same = rows_of(file_of(LEDGER), quoted=True)

    assert [row for row in rows if not row["Store"]] == same
    assert {(row["Country"], row["Fulfillment Center"]) for row in more} == {("CN", "XCND")}
    assert any(row["Reason"] == "M" for row in more)
