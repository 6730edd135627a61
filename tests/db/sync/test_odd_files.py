"""Files as they were seen at Amazon: rows cut short or moved, columns gone, and a part for the whole."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import BrokenDocumentError, ReportFileError
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import list_notes
from recoup.streams._window import Days
from recoup.sync.reading.replay import replay_quarantine
from tests.api.serving import new_connection, new_user
from tests.support.report_files import SEEN_AT, Files, tsv

UNITED_ARAB_EMIRATES = "A2VIGQ35RCS4UG"
GERMANY = "A1PA6795UKMFR9"
PAYMENTS = [
    "approval-date",
    "reimbursement-id",
    "case-id",
    "amazon-order-id",
    "reason",
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "currency-unit",
    "amount-per-unit",
    "amount-total",
    "quantity-reimbursed-cash",
    "quantity-reimbursed-inventory",
    "quantity-reimbursed-total",
    "original-reimbursement-id",
    "original-reimbursement-type",
]
RETURNS = [
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
]
REMOVALS = [
    "request-date",
    "order-id",
    "order-source",
    "order-type",
    "order-status",
    "last-updated-date",
    "sku",
    "fnsku",
    "disposition",
    "requested-quantity",
    "cancelled-quantity",
    "disposed-quantity",
    "shipped-quantity",
    "in-process-quantity",
    "removal-fee",
    "currency",
    "service-speed",
]
PARCELS = [
    "request-date",
    "order-id",
    "shipment-date",
    "sku",
    "fnsku",
    "disposition",
    "shipped-quantity",
    "carrier",
    "tracking-number",
    "removal-order-type",
]
LEDGER = [
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity",
    "Fulfillment Center", "Disposition", "Reason", "Country", "Reconciled Quantity",
    "Unreconciled Quantity",
]  # fmt: skip
FEES = [
    "sku",
    "fnsku",
    "asin",
    "product-group",
    "your-price",
    "longest-side",
    "median-side",
    "shortest-side",
    "length-and-girth",
    "unit-of-dimension",
    "item-package-weight",
    "unit-of-weight",
    "product-size-weight-band",
    "currency",
    "estimated-fee-total",
    "estimated-referral-fee-per-unit",
    "expected-domestic-fulfilment-fee-per-unit",
    "sales-price",
]
SUMMARY = [
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Disposition", "Starting Warehouse Balance",
    "In Transit Between Warehouses", "Receipts", "Customer Shipments", "Customer Returns",
    "Vendor Returns", "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed",
    "Other Events", "Ending Warehouse Balance", "Unknown Events", "Location",
]  # fmt: skip

PAID = [
    "2026-09-20T00:00:00+00:00", "9001", "", "", "Lost_Warehouse", "S1", "X1", "B1", "Mug",
    "NewItem", "USD", "10.00", "10.00", "1", "0", "1", "", "",
]  # fmt: skip
BACK = [
    "2026-07-10T10:00:00+00:00", "111-1", "S1", "B1", "X1", "Mug", "1", "PHX7", "SELLABLE",
    "UNWANTED", "Unit returned to inventory", "LPN1", "",
]  # fmt: skip
REMOVED = [
    "2026-06-01T00:00:00+00:00", "R1", "x", "Return", "Completed", "2026-07-20T00:00:00+00:00",
    "S1", "X1", "Unsellable", "7", "0", "0", "7", "0", "1.00", "USD", "",
]  # fmt: skip
PARCEL = [
    "2026-06-01T00:00:00+00:00", "R1", "2026-06-09T00:00:00+00:00", "S1", "X1", "Unsellable", "7",
    "UPS", "1Z9", "Return",
]  # fmt: skip
MOVED = [
    "09/02/2026", "X1", "B1", "S1", "Mug", "Shipments", "R", "-1", "PHX7", "SELLABLE", "", "US",
    "", "",
]  # fmt: skip
FEE = [
    "S1", "X1", "B1", "Kitchen", "20.00", "30.00", "20.00", "10.00", "90.00", "centimeters",
    "400.00", "grams", "Standard parcel", "EUR", "6.00", "3.00", "3.12", "20.00",
]  # fmt: skip
BALANCE = [
    "09/2026", "X1", "B1", "S1", "Mug", "SELLABLE", "10", "0", "0", "-2", "0", "0", "0", "0", "0",
    "0", "0", "0", "8", "0", "US",
]  # fmt: skip

ALL_DAYS = Days(date(2026, 1, 1), None)
SEPTEMBER = Days(date(2026, 9, 1), date(2026, 9, 30))
JULY = Days(date(2026, 7, 1), date(2026, 7, 31))


@pytest.fixture
async def files(database: Database, tmp_path: Path) -> Files:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return Files(database, connection.connection_id)


def but(header: Sequence[str], row: Sequence[str], **cells: str) -> list[str]:
    """The row with other cells."""
    other = {name.replace("_", "-"): cell for name, cell in cells.items()}
    assert set(other) <= set(header)
    return [other.get(name, cell) for name, cell in zip(header, row, strict=True)]


async def notes(files: Files, code: NoteCode) -> list[Note]:
    async with files.database.reading() as conn:
        return [one for one in await list_notes(conn, files.connection_id) if one.code is code]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    ("name", "header", "row", "missing", "column"),
    [
        ("reimbursements", PAYMENTS, PAID, 2, "quantity_total = 1"),
        ("returns", RETURNS, BACK, 1, "license_plate_number = 'LPN1'"),
        ("returns", RETURNS, BACK, 3, "license_plate_number = ''"),
        ("removals", REMOVALS, REMOVED, 3, "shipped_quantity = 7"),
        ("ledger", LEDGER, MOVED, 2, "quantity = -1 and country = 'US'"),
        ("removal_shipments", PARCELS, PARCEL, 1, "tracking_number = '1Z9'"),
        ("fee_preview", FEES, FEE, 1, "fulfillment_fee = 3.12"),
        ("ledger_summary", SUMMARY, BALANCE, 1, "ending_balance = 8 and location = ''"),
    ],
)
async def test_a_row_without_its_last_cells_is_a_row(
    files: Files,
    name: str,
    header: list[str],
    row: list[str],
    missing: int,
    column: str,
    quoted: bool,
) -> None:
    """Cells that are simply missing at the end are empty, in a quoted file and in any other."""
    got = await files.load(name, tsv(header, row[:-missing], quoted=quoted), days=ALL_DAYS)

    assert (got.loaded, got.quarantined) == (1, 0)
    assert await files.rows(f"select count(*) from {name} where {column}") == [(1,)]


async def test_a_row_without_a_cell_that_it_needs_is_put_aside(files: Files) -> None:
    """A movement that ends before its quantity is not one of nothing."""
    got = await files.load("ledger", tsv(LEDGER, MOVED, MOVED, MOVED[:7]), days=ALL_DAYS)

    assert (got.loaded, got.quarantined) == (2, 1)


async def test_an_empty_cell_too_many_moves_nothing(files: Files) -> None:
    """An extra cell in the middle and an empty one at the end: the width fits, the cells do not."""
    shifted = [*BACK[:6], "", *BACK[6:]]
    parcel = [*PARCEL[:8], "", *PARCEL[8:]]

    back = await files.load("returns", tsv(RETURNS, but(RETURNS, BACK, order_id="111-2"), shifted))
    parcels = await files.load("removal_shipments", tsv(PARCELS, PARCEL, parcel))

    assert (back.loaded, back.quarantined) == (1, 1)
    assert (parcels.loaded, parcels.quarantined) == (1, 1)
    assert await files.rows("select order_id from returns") == [("111-2",)]
    assert await files.rows("select tracking_number from removal_shipments") == [("1Z9",)]


async def test_a_text_with_a_blank_is_no_code(files: Files) -> None:
    """A line as long as the header whose status stands where the license plate should be."""
    shifted = [*BACK[:7], "", *BACK[7:12]]

    got = await files.load("returns", tsv(RETURNS, but(RETURNS, BACK, order_id="2"), shifted))

    assert (got.loaded, got.quarantined) == (1, 1)
    assert await files.rows("select reason from quarantine") == [
        ("license_plate_number is the text of another",)
    ]


async def test_an_empty_cell_at_the_end_is_none(files: Files) -> None:
    """A tab behind the last cell takes no row away, where it can be nothing else."""
    got = await files.load("reimbursements", tsv(PAYMENTS, PAID, [*PAID, ""]))

    assert (got.read, got.quarantined) == (2, 0)


async def test_a_row_in_two_lines_is_one_row(files: Files) -> None:
    """Broken in the middle of its title by a line end, with its neighbours unharmed."""
    others = tsv(RETURNS, *(but(RETURNS, BACK, order_id=f"1-{n}") for n in range(3)))
    whole = "\t".join(but(RETURNS, BACK, product_name="Mug\r\nblue"))

    got = await files.load("returns", f"{others}{whole}\r\n".replace("\n", "\r\n", 1))

    assert (got.read, got.loaded, got.quarantined) == (4, 4, 0)
    assert await files.rows(
        "select product_name, quantity, license_plate_number from returns where order_id = '111-1'"
    ) == [("Mugblue", 1, "LPN1")]


async def test_two_lines_that_make_no_row_are_both_put_aside(files: Files) -> None:
    """Each with its number, and nothing of them is loaded."""
    others = tsv(RETURNS, *(but(RETURNS, BACK, order_id=f"1-{n}") for n in range(5)))
    first, second = "\t".join(BACK[:6]), "\t".join(BACK[8:11])

    got = await files.load("returns", f"{others}{first}\n{second}\n")

    assert (got.loaded, got.quarantined) == (5, 2)
    assert await files.rows("select raw->>'line' from quarantine order by 1") == [("7",), ("8",)]


async def test_a_column_that_is_gone_is_told_until_it_is_back(files: Files) -> None:
    """By our name for it as the subject and Amazon's in the sentence, once in the activity."""
    renamed = ["state" if name == "order-status" else name for name in REMOVALS]

    first = await files.load("removals", tsv(renamed, REMOVED))
    await files.load("removals", tsv(renamed, REMOVED))

    [note] = await notes(files, NoteCode.COLUMN_MISSING)
    assert (note.stream, note.subject) == ("removals", "status")
    assert "'order-status'" in note.message
    assert first.missing_columns == ("status",)
    assert any("'order-status'" in doubt for doubt in first.doubts)
    [unknown] = await notes(files, NoteCode.COLUMNS_UNKNOWN)
    assert "'state'" in unknown.message
    types = await files.rows("select type, count(*) from activity group by 1 order by 1")
    assert types == [("column_missing", 1), ("columns_unknown", 1)]

    await files.load("removals", tsv(REMOVALS, REMOVED))
    assert not await notes(files, NoteCode.COLUMN_MISSING)
    assert not await notes(files, NoteCode.COLUMNS_UNKNOWN)


async def test_a_column_that_varies_is_missed_only_where_it_was(files: Files) -> None:
    """Files without a store are no news; after one with a store they are."""
    plain = tsv(LEDGER, MOVED)
    assert (await files.load("ledger", plain, days=ALL_DAYS)).missing_columns == ()

    await files.load("ledger", tsv([*LEDGER, "Store"], [*MOVED, "US"]), days=ALL_DAYS)
    got = await files.load("ledger", plain, days=ALL_DAYS)

    assert got.missing_columns == ("store",)


async def test_a_column_that_a_marketplace_never_had_is_not_missed(files: Files) -> None:
    """Returns of the Emirates have no status; those of the United States without one are told."""
    at = RETURNS.index("status")
    content = tsv([*RETURNS[:at], *RETURNS[at + 1 :]], [*BACK[:at], *BACK[at + 1 :]])

    there = await files.load("returns", content, marketplace_id=UNITED_ARAB_EMIRATES)
    here = await files.load("returns", content)

    assert (there.missing_columns, here.missing_columns) == ((), ("status",))


async def test_known_columns_that_are_not_wanted_are_no_news(files: Files) -> None:
    """What customers write is left out and not told as new."""
    await files.load("returns", tsv(RETURNS, BACK))

    assert await notes(files, NoteCode.COLUMNS_UNKNOWN) == []


async def test_a_header_in_another_language_is_refused_with_its_words(files: Files) -> None:
    """Where a handful of headings is the same by chance, too."""
    header = ["sku", "asin", "Lagerkennung", "Titel", "Preis", "Laenge", "Breite", "Waehrung"]

    with pytest.raises(ReportFileError, match="Lagerkennung"):
        await files.load(
            "fee_preview", tsv(header, ["S1", "B1", "X1", "Mug", "1", "2", "3", "EUR"])
        )
    with pytest.raises(ReportFileError, match="numero"):
        await files.load("returns", tsv(["data", "numero", "sku"], ["2026-07-10", "1", "S1"]))


async def test_long_term_storage_of_before_2023_is_refused(files: Files) -> None:
    """Its amounts stand under headings of their own: a row without any would be none."""
    header = [
        "snapshot-date", "sku", "fnsku", "asin", "product-name", "condition",
        "qty-charged-12-mo-long-term-storage-fee", "per-unit-volume", "currency",
        "12-mo-long-terms-storage-fee", "volume-unit", "country",
    ]  # fmt: skip
    row = [
        "2022-03-15",
        "S1",
        "X1",
        "B1",
        "Mug",
        "NEW",
        "2",
        "0.1",
        "USD",
        "5.00",
        "cubic feet",
        "US",
    ]

    with pytest.raises(ReportFileError, match="amount-charged"):
        await files.load("long_term_storage_fees", tsv(header, row))


async def test_rows_in_quarantine_are_told_until_they_are_read(files: Files) -> None:
    """How many and why; a later file of their days that has them right takes the note away."""
    bad = but(RETURNS, BACK, quantity="many")
    content = tsv(RETURNS, but(RETURNS, BACK, order_id="111-2"), bad)

    await files.load("returns", content, days=JULY)

    [note] = await notes(files, NoteCode.ROWS_QUARANTINED)
    assert note.message.startswith("1 row of Amazon's data")
    assert "whole number (1)" in note.message
    await files.load("returns", content.replace("many", "1"), days=JULY)
    assert await notes(files, NoteCode.ROWS_QUARANTINED) == []


async def test_rows_in_quarantine_of_other_days_stay(files: Files) -> None:
    """A file that does not tell their day proves nothing about them."""
    await files.load("returns", tsv(RETURNS, but(RETURNS, BACK, quantity="many")), days=JULY)

    later = but(RETURNS, BACK, return_date="2026-09-10T00:00:00+00:00", order_id="2")
    await files.load("returns", tsv(RETURNS, later), days=SEPTEMBER)

    assert len(await notes(files, NoteCode.ROWS_QUARANTINED)) == 1


async def test_a_replay_takes_the_note_away(files: Files) -> None:
    """Once nothing is left that cannot be read."""
    await files.load("returns", tsv(RETURNS, but(RETURNS, BACK, quantity="many")))
    async with files.database.writing() as conn:
        await conn.execute(text('update quarantine set raw = raw || \'{"quantity": "1"}\''))
        user = (await conn.execute(text("select workspace_id from amazon_connection"))).scalar_one()

    done = await replay_quarantine(files.database, user, files.connection_id, now=SEEN_AT)

    assert done.loaded == 1
    assert await notes(files, NoteCode.ROWS_QUARANTINED) == []


def movements(count: int) -> list[list[str]]:
    return [[f"09/{n % 28 + 1:02}/2026", f"X{n}", *MOVED[2:]] for n in range(count)]


async def test_a_ledger_with_a_fifth_less_is_not_believed_at_once(files: Files) -> None:
    """What is stored stays and is told; the whole file again is loaded, and the note goes."""
    rows = movements(200)
    await files.load("ledger", tsv(LEDGER, *rows), days=ALL_DAYS)

    part = await files.load("ledger", tsv(LEDGER, *rows[:150]), days=ALL_DAYS)

    assert (part.kept_older, part.shrunk, part.loaded) == (True, True, 0)
    [note] = await notes(files, NoteCode.FILE_SHRUNK)
    assert "150 rows, but there were 200" in note.message
    assert await files.rows("select count(*) from ledger") == [(200,)]
    whole = await files.load("ledger", tsv(LEDGER, *rows), days=ALL_DAYS)
    assert not whole.shrunk
    assert await notes(files, NoteCode.FILE_SHRUNK) == []


async def test_a_second_file_that_tells_the_same_is_believed(files: Files) -> None:
    """It replaces what was stored, and the note goes and does not come back."""
    rows = movements(200)
    await files.load("ledger", tsv(LEDGER, *rows), days=ALL_DAYS)
    await files.load("ledger", tsv(LEDGER, *rows[:150]), days=ALL_DAYS)

    again = await files.load("ledger", tsv(LEDGER, *rows[:149]), days=ALL_DAYS)

    assert not again.shrunk
    assert await notes(files, NoteCode.FILE_SHRUNK) == []
    assert await files.rows("select count(*) from ledger") == [(149,)]
    third = await files.load("ledger", tsv(LEDGER, *rows[:149]), days=ALL_DAYS)
    assert (third.loaded, third.shrunk) == (0, False)


async def test_a_full_day_with_a_fifth_less_is_kept(files: Files) -> None:
    """Alone, where the others are whole; a second file that tells it so is believed."""
    day = [["09/05/2026", f"D{n}", *MOVED[2:]] for n in range(30)]
    rest = [["09/06/2026", f"E{n}", *MOVED[2:]] for n in range(400)]
    await files.load("ledger", tsv(LEDGER, *day, *rest), days=ALL_DAYS)
    less = tsv(LEDGER, *day[:20], *rest, ["09/07/2026", "N", *MOVED[2:]])

    first = await files.load("ledger", less, days=ALL_DAYS)

    assert first.shrunk
    assert first.loaded == 1, "the new day is loaded"
    count = "select count(*) from ledger where event_on = '2026-09-05'"
    assert await files.rows(count) == [(30,)]
    second = await files.load("ledger", less, days=ALL_DAYS)
    assert not second.shrunk
    assert await files.rows(count) == [(20,)]


@pytest.mark.parametrize(
    ("name", "header", "row", "number"),
    [("returns", RETURNS, BACK, "order-id"), ("removal_shipments", PARCELS, PARCEL, "order-id")],
)
async def test_a_report_by_key_that_tells_less_is_told(
    files: Files, name: str, header: list[str], row: list[str], number: str
) -> None:
    """Nothing goes, new rows are loaded, and rules hear of the hole; so does an empty file."""
    days = JULY if name == "returns" else Days(date(2026, 5, 20), date(2026, 6, 20))
    at = header.index(number)
    rows = [[*row[:at], f"N{n}", *row[at + 1 :]] for n in range(40)]
    await files.load(name, tsv(header, *rows), days=days)

    part = await files.load(name, tsv(header, *rows[:20]), days=days)

    assert part.shrunk
    assert not part.kept_older
    assert len(await notes(files, NoteCode.FILE_SHRUNK)) == 1
    assert not (await files.load(name, tsv(header, *rows), days=days)).shrunk
    assert (await files.load(name, tsv(header), days=days)).shrunk
    assert (await files.load(name, "", days=days)).shrunk, "a second empty one is not believed"
    assert not (await files.load(name, tsv(header), days=days)).shrunk, "a third one is"
    assert await files.rows(f"select count(*) from {name}") == [(40,)]


async def test_a_handful_of_rows_may_vary(files: Files) -> None:
    """Four of five are no alarm."""
    rows = [but(RETURNS, BACK, order_id=f"1-{n}") for n in range(5)]
    await files.load("returns", tsv(RETURNS, *rows), days=JULY)

    assert not (await files.load("returns", tsv(RETURNS, *rows[1:]), days=JULY)).shrunk


async def test_files_that_tell_less_each_time_differently_are_not_believed(files: Files) -> None:
    """And of one that was believed, still less is doubted anew."""
    rows = movements(200)

    async def doubts(count: int) -> bool:
        content = tsv(LEDGER, *rows[:count])
        return (await files.load("ledger", content, days=ALL_DAYS)).shrunk

    assert [await doubts(n) for n in (200, 150, 100, 60, 61)] == [False, True, True, True, False]
    assert [await doubts(n) for n in (61, 20)] == [False, True]


async def test_every_store_of_a_european_fee_preview_is_kept(files: Files) -> None:
    """Rows of one SKU that differ in currency or in amount; the file in another order is the same."""
    fees = [("EUR", "3.12"), ("EUR", "4.55"), ("GBP", "2.70"), ("SEK", "38.00")]
    rows = [
        but(FEES, FEE, currency=currency, expected_domestic_fulfilment_fee_per_unit=fee)
        for currency, fee in fees
    ]

    first = await files.load("fee_preview", tsv(FEES, *rows), marketplace_id=GERMANY)
    again = await files.load("fee_preview", tsv(FEES, *rows[::-1]), marketplace_id=GERMANY)

    assert (first.loaded, again.loaded, again.unchanged) == (4, 0, 4)
    stored = "select currency, fulfillment_fee::text from fee_preview order by 1, 2"
    assert await files.rows(stored) == fees
    assert len(await files.rows("select from fee_preview_history")) == 4
    await files.load("fee_preview", tsv(FEES, *rows[:1]), marketplace_id=GERMANY)
    assert await files.rows(stored) == fees[:1], "a snapshot tells all there is of a SKU"


async def test_a_balance_is_kept_by_supplier(files: Files) -> None:
    """Rows that differ in the supplier only are all kept; divided anew, they take the old one's place."""
    await files.load("ledger_summary", tsv(SUMMARY, BALANCE), days=SEPTEMBER)
    header = [*SUMMARY, "Supplier"]

    got = await files.load(
        "ledger_summary", tsv(header, [*BALANCE, "A"], [*BALANCE, "B"]), days=SEPTEMBER
    )

    assert got.loaded == 2
    assert await files.rows("select supplier, starting_balance from ledger_summary order by 1") == [
        ("A", 10),
        ("B", 10),
    ]


async def test_a_unit_that_is_told_with_another_date_is_one(files: Files) -> None:
    """By its license plate in its order, whichever windows the dates are in; in two orders it is two."""
    await files.load("returns", tsv(RETURNS, BACK, but(RETURNS, BACK, order_id="111-2")))

    later = but(RETURNS, BACK, return_date="2026-07-14T10:00:00+00:00")
    await files.load("returns", tsv(RETURNS, later))

    assert await files.rows("select order_id, returned_at::date from returns order by 1") == [
        ("111-1", date(2026, 7, 14)),
        ("111-2", date(2026, 7, 10)),
    ]


async def test_a_unit_without_a_plate_is_one_within_the_days_of_a_file(files: Files) -> None:
    """A date that moved replaces it; the same event of another month is another unit."""
    bare = but(RETURNS, BACK, license_plate_number="")
    june = but(RETURNS, bare, return_date="2026-06-02T00:00:00+00:00")
    await files.load("returns", tsv(RETURNS, bare, june))

    moved = but(RETURNS, bare, return_date="2026-07-14T00:00:00+00:00")
    await files.load("returns", tsv(RETURNS, moved), days=JULY)

    assert await files.rows("select returned_at::date from returns order by 1") == [
        (date(2026, 6, 2),),
        (date(2026, 7, 14),),
    ]


async def test_a_file_with_a_part_takes_no_unit_away(files: Files) -> None:
    """Of two units of one order only one is told again, and nothing new: both stay."""
    bare = but(RETURNS, BACK, license_plate_number="")
    other = but(RETURNS, bare, return_date="2026-07-20T00:00:00+00:00")
    await files.load("returns", tsv(RETURNS, bare, other), days=JULY)

    await files.load("returns", tsv(RETURNS, bare), days=JULY)

    assert await files.rows("select count(*) from returns") == [(2,)]


async def test_a_payment_whose_case_is_named_later_is_one(files: Files) -> None:
    """Two rows of it would be twice the money."""
    await files.load("reimbursements", tsv(PAYMENTS, PAID), days=SEPTEMBER)

    await files.load(
        "reimbursements", tsv(PAYMENTS, but(PAYMENTS, PAID, case_id="77")), days=SEPTEMBER
    )

    assert await files.rows("select case_id from reimbursements") == [("77",)]


async def test_a_parcel_whose_number_is_told_later_is_one(files: Files) -> None:
    """The tracking number is a part of the key and comes after the parcel."""
    await files.load("removal_shipments", tsv(PARCELS, but(PARCELS, PARCEL, tracking_number="")))

    await files.load("removal_shipments", tsv(PARCELS, PARCEL))

    assert await files.rows("select tracking_number from removal_shipments") == [("1Z9",)]


async def test_rows_of_one_key_that_differ_are_told(files: Files) -> None:
    """Where one of them must go; where the next file has each once, no longer."""
    rows = [REMOVED, but(REMOVALS, REMOVED, shipped_quantity="3")]

    got = await files.load("removals", tsv(REMOVALS, *rows))

    assert got.doubts
    assert len(await notes(files, NoteCode.DATA_DOUBTED)) == 1
    assert not (await files.load("removals", tsv(REMOVALS, REMOVED))).doubts
    assert await notes(files, NoteCode.DATA_DOUBTED) == []


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize("told", [False, True])
async def test_a_file_is_unpacked_as_its_bytes_say(files: Files, layers: int, told: bool) -> None:
    """Whatever is told of its compression, and where it is compressed twice."""
    content = tsv(RETURNS, BACK).encode()
    for _ in range(layers):
        content = gzip.compress(content)
    content = content + b"\x00" * 16 if layers == 1 else content

    assert (await files.load("returns", content, is_told=told)).loaded == 1


async def test_a_file_that_is_packed_without_end_is_refused(files: Files) -> None:
    """Nothing is gained by unpacking it further."""
    content = tsv(RETURNS, BACK).encode()
    for _ in range(6):
        content = gzip.compress(content)

    with pytest.raises(BrokenDocumentError):
        await files.load("returns", content)


async def test_old_forms_of_days_and_amounts_are_read(files: Files) -> None:
    """A month with a slash, a time with dots and a zone, a comma before the cents."""
    settlement = [
        "settlement-id",
        "settlement-start-date",
        "total-amount",
        "currency",
        "amount",
        "posted-date",
    ]
    start = "14.03.2023 07:49:55 UTC"
    await files.load("ledger_summary", tsv(SUMMARY, but(SUMMARY, BALANCE, Date="04/2023")))
    await files.load(
        "settlements",
        tsv(
            settlement, ["7", start, "1141,18", "EUR", "", ""], ["7", "", "", "", "1141,18", start]
        ),
    )

    assert await files.rows("select month_on from ledger_summary") == [(date(2023, 4, 1),)]
    assert await files.rows(
        "select (started_at at time zone 'UTC')::text, total_amount::text, is_balanced from settlements"
    ) == [("2023-03-14 07:49:55", "1141.18", True)]


async def test_headings_may_end_with_a_blank(files: Files) -> None:
    """`service-speed ` is the column of that name."""
    header = [f"{name} " if name == "service-speed" else name for name in REMOVALS]

    await files.load("removals", tsv(header, but(REMOVALS, REMOVED, service_speed="Standard")))

    assert await files.rows("select service_speed from removals") == [("Standard",)]
