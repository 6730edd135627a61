"""Files of reports into tables: encodings, quoting, broken lines, keys, days."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import BrokenDocumentError, ReportFileError
from recoup.streams._window import Days
from tests.api.serving import new_connection, new_user
from tests.support.as_owner import run_as_owner
from tests.support.report_files import Files, tsv

JP = "A1VC38T7YXB528"
RETURNS = [
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity",
    "fulfillment-center-id", "detailed-disposition", "reason", "status", "license-plate-number",
    "customer-comments",
]  # fmt: skip
LEDGER = [
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity",
    "Fulfillment Center", "Disposition", "Reason", "Country", "Reconciled Quantity",
    "Unreconciled Quantity",
]  # fmt: skip
STORAGE = [
    "month_of_charge", "fnsku", "fulfillment_center", "country_code", "weight", "storage_rate",
    "currency", "estimated_monthly_storage_fee",
]  # fmt: skip
ALL_DAYS = Days(date(2026, 1, 1), None)


@pytest.fixture
async def files(database: Database, tmp_path: Path) -> Files:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return Files(database, connection.connection_id)


def returned(sku: str = "S1", title: str = "Mug", quantity: str = "1", **cells: str) -> list[str]:
    row = dict(zip(RETURNS, [
        "2026-11-01T10:00:00-07:00", "111-1", sku, "B1", "X1", title, quantity, "PHX7", "SELLABLE",
        "UNWANTED", "Unit returned", "LPN1", "I, Jane, did not like it",
    ], strict=True))  # fmt: skip
    return list({**row, **cells}.values())


def moved(day: str = "11/02/2026", fnsku: str = "X1", quantity: str = "-1") -> list[str]:
    return [
        day, fnsku, "B1", "S1", 'A 15" "screen"', "Adjustments", "12", quantity, "PHX7", "SELLABLE",
        "M", "US", "", "1",
    ]  # fmt: skip


async def titles(files: Files) -> list[object]:
    return [row[0] for row in await files.rows("select product_name from returns order by sku")]


@pytest.mark.parametrize(
    ("encoding", "content_type", "marketplace_id", "title", "charset"),
    [
        ("utf-8", "text/plain; charset=UTF-8", "US", "Tasse für Kaffee ☕", "utf-8"),
        ("utf-8-sig", None, "US", "Tasse für Kaffee ☕", "utf-8"),
        ("cp1252", "text/plain;charset=Cp1252", "US", "Café “large” - 5 €", "cp1252"),
        ("cp1252", "text/plain; charset=ISO-8859-1", "US", "Café “large” - 5 €", "cp1252"),
        ("cp1252", "text/plain; charset=ISO-8859-1", "US", "Ã©, also UTF-8", "cp1252"),
        ("cp1252", None, "US", "Café “large” - 5 €", "cp1252"),
        ("cp1252", "text/plain; charset=UTF-8", "US", "Café", "cp1252"),
        ("cp1252", "text/plain; charset=nonsense", "US", "Café", "cp1252"),
        ("cp932", "text/plain;charset=Windows-31J", JP, "カップ", "cp932"),
        ("cp932", None, JP, "マグカップ", "cp932"),
        ("utf-16", "text/plain; charset=UTF-16", "US", "Café", "utf-16"),
        ("utf-8-sig", "text/plain; charset=ISO-8859-1", "US", "Café", "utf-8"),
        ("utf-8", "text/plain; charset=base64", "US", "Café", "utf-8"),
        ("utf-8", "text/plain; charset=idna", "US", "Café", "utf-8"),
    ],
)
async def test_titles_arrive_in_whatever_encoding_they_are_sent(
    files: Files,
    encoding: str,
    content_type: str | None,
    marketplace_id: str,
    title: str,
    charset: str,
) -> None:
    """The header's charset, then UTF-8, then the old ones; what was used is told."""
    content = tsv(RETURNS, returned(title=title)).encode(encoding)

    loaded = await files.load(
        "returns", content, content_type=content_type, marketplace_id=marketplace_id
    )

    assert await titles(files) == [title]
    assert (loaded.read, loaded.loaded, loaded.charset) == (1, 1, charset)


@pytest.mark.parametrize("content_type", [None, "text/plain; charset=ISO-8859-1"])
async def test_bytes_of_no_encoding_lose_a_letter_and_not_the_row(
    files: Files, content_type: str | None
) -> None:
    """A byte that nothing can read, and a NUL, become the sign for an unknown letter."""
    content = tsv(RETURNS, returned(title="é\x81b\x00c")).encode("latin-1")

    await files.load("returns", content, content_type=content_type)

    assert await titles(files) == ["é\ufffdb\ufffdc"]


@pytest.mark.parametrize("compressed", [True, False])
async def test_a_file_of_many_pieces_is_whole(files: Files, *, compressed: bool) -> None:
    """Letters and lines that lie across the pieces in which a file is read stay as they are."""
    rows = [returned(sku=f"S{n}", title="é" * (n % 7) + "x" * (n % 13)) for n in range(20_000)]

    loaded = await files.load("returns", tsv(RETURNS, *rows), compressed=compressed)

    assert (loaded.read, loaded.loaded) == (20_000, 20_000)
    [found] = await files.rows(
        "select sum(length(product_name)), min(source_line), max(source_line) from returns"
    )
    assert found == (sum(n % 7 + n % 13 for n in range(20_000)), 2, 20_001)


async def test_a_file_that_breaks_off_is_not_loaded(files: Files) -> None:
    """A compressed file without its end raises, and nothing of it is stored."""
    content = gzip.compress(tsv(RETURNS, returned()).encode())[:-12]

    with pytest.raises(BrokenDocumentError):
        await files.load("returns", content)
    assert await titles(files) == []


async def test_a_lone_quote_is_a_letter_unless_the_header_is_quoted(files: Files) -> None:
    """Titles hold inch marks; a file with a quoted header is read as CSV, line breaks included."""
    await files.load("returns", tsv(RETURNS, returned(title='15" screen\\x'), returned(sku="S2")))
    assert await titles(files) == ['15" screen\\x', "Mug"]

    broken = moved()
    broken[4] = 'two\nlines, a tab\tand a "quote"'
    loaded = await files.load(
        "ledger", tsv(LEDGER, moved(), broken, moved(), quoted=True), days=ALL_DAYS
    )
    assert loaded.loaded == 3
    found = await files.rows("select source_line, product_name from ledger order by 1")
    assert found == [
        (2, 'A 15" "screen"'),
        (3, 'two\nlines, a tab\tand a "quote"'),
        (4, 'A 15" "screen"'),
    ]


async def test_lines_that_do_not_fit_go_to_quarantine_and_the_others_load(files: Files) -> None:
    """Ragged lines, whatever their number says of each other; blank lines are no rows."""
    lines = tsv(RETURNS, returned(), returned(sku="S2"), returned(sku="S3")).splitlines()
    comment_with_a_tab = lines[2] + "\tmore"
    the_rest_of_a_comment = "signed Jane"
    content = "\n".join(
        [lines[0], comment_with_a_tab, lines[1], "", the_rest_of_a_comment, lines[3]]
    )

    loaded = await files.load("returns", content)

    assert (loaded.read, loaded.loaded, loaded.quarantined, loaded.unchanged) == (4, 2, 2, 0)
    assert await files.rows("select sku, source_line from returns order by 1") == [
        ("S1", 3),
        ("S3", 6),
    ]
    kept = await files.rows("select reason, raw from quarantine order by raw->>'line'")
    # Which cell is one too many is not known, and comments are about people: no cell is kept.
    assert kept == [
        ("the line has 14 cells, the header has 13", {"line": 2, "cells": 14}),
        ("the line has 1 cells, the header has 13", {"line": 5, "cells": 1}),
    ]


async def test_one_cell_too_many_and_one_too_few_are_both_found(files: Files) -> None:
    """Lines whose faults cancel out in a count are found when PostgreSQL refuses the file."""
    lines = tsv(RETURNS, *(returned(sku=f"S{n}") for n in range(4))).splitlines()
    lines[1] += "\tx"
    lines[2] = lines[2].partition("\t")[2]

    loaded = await files.load("returns", "\n".join(lines))

    assert (loaded.read, loaded.loaded, loaded.quarantined) == (4, 2, 2)


async def test_values_that_cannot_be_read_go_to_quarantine_with_the_column(files: Files) -> None:
    """The row is kept as an object of the file's own headers, without what the stream leaves out."""
    bad = [returned(sku="S2", quantity="many"), returned(**{"order-id": "--"})]
    content = tsv(RETURNS, returned(), *bad, returned(**{"return-date": "yesterday"}))

    loaded = await files.load("returns", content)

    assert (loaded.read, loaded.loaded, loaded.quarantined) == (4, 1, 3)
    kept = await files.rows(
        "select reason, raw->>'sku', raw ? 'customer-comments' from quarantine order by 1"
    )
    assert kept == [
        ("order_id is missing", "S1", False),
        ("quantity is not a whole number", "S2", False),
        ("returned_at is not a time", "S1", False),
    ]
    again = await files.load("returns", content)
    assert (again.loaded, again.unchanged, again.quarantined) == (0, 1, 3)
    assert len(await files.rows("select from quarantine")) == 3, "the same row is kept once"


async def test_dashes_are_no_value(files: Files) -> None:
    """`--` stands for nothing, in a number too."""
    await files.load(
        "returns", tsv(RETURNS, returned(title="--", quantity="--"), returned(sku="S2"))
    )

    assert await files.rows("select product_name, quantity from returns order by sku") == [
        (None, None),
        ("Mug", 1),
    ]


async def test_fixture_14_a_fee_preview_without_fees(files: Files) -> None:
    """A product that Amazon has not measured has no fee, and is no bad row."""
    header = ["sku", "currency", "longest-side", "estimated-fee-total", "product-size-tier"]
    done = await files.load("fee_preview", tsv(header, ["S1", "USD", "--", "--", "--"]))

    assert (done.loaded, done.quarantined) == (1, 0)
    assert await files.rows("select longest_side, fee_total, size_tier from fee_preview") == [
        (None, None, None)
    ]


async def test_fixture_13_a_settlement_with_commas(files: Files) -> None:
    """`1.234,56` is the same money in the total and in a line."""
    header = ["settlement-id", "total-amount", "currency", "amount", "sku"]
    summary, line = ["7", "1.234,56", "EUR", "", ""], ["7", "", "", "1.234,56", "S1"]
    await files.load("settlements", tsv(header, summary, line))

    assert await files.rows("select total_amount, lines_total, is_balanced from settlements") == [
        (Decimal("1234.56"), Decimal("1234.56"), True)
    ]


@pytest.mark.parametrize(
    ("fee", "weight", "amount", "grams"),
    [
        ("1.234,50", "0,250", "1234.50", "0.250"),
        ("1,234.50", "0.25", "1234.50", "0.25"),
        ("95,00", "1,5", "95.00", "1.5"),
        ("12.50", "1,250", "12.50", "1250"),
        ("12.345", "3", "12.345", "3"),
        ("1,250", "0.5", "1250", "0.5"),
        ("1.250", "0,5", "1250", "0.5"),
        ("12.5", "0,25", "12.5", "0.25"),
        ("1,23,456.50", "1", "123456.50", "1"),
    ],
)
async def test_the_decimal_sign_is_that_of_the_file(
    files: Files, fee: str, weight: str, amount: str, grams: str
) -> None:
    """European files have commas; which it is, is decided for the whole file."""
    row = [
        "2026-10",
        "X1",
        "PHX7",
        "US",
        weight,
        "0,00" if fee.endswith(",00") else "1",
        "EUR",
        fee,
    ]

    await files.load("storage_fees", tsv(STORAGE, row))

    found = await files.rows("select monthly_storage_fee, weight from storage_fees")
    assert found == [(Decimal(amount), Decimal(grams))]


def stored(month: str, fee: str, currency: str, rate: str = "") -> list[str]:
    return [month, "X1", "PHX7", "US", "1", rate, currency, fee]


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPY", "1250"), ("USD", "1250"), ("EUR", "1.250"), ("", None)],
)
async def test_a_comma_that_may_be_either_is_that_of_the_currency(
    files: Files, currency: str, amount: str | None
) -> None:
    """A column of nothing but `1,250`: Japan has no decimals, Germany has a comma. A currency that
    is not known makes no guess.
    """
    loaded = await files.load(
        "storage_fees",
        tsv(STORAGE, stored("2026-09", "1,250", currency), stored("2026-10", "2,300", currency)),
    )

    found = await files.rows("select monthly_storage_fee from storage_fees order by month_on")
    if amount is None:
        assert loaded.quarantined == 2
    else:
        assert found[0] == (Decimal(amount),)


async def test_a_row_without_currency_has_that_of_its_file(files: Files) -> None:
    """Settlements name it once."""
    await files.load(
        "storage_fees",
        tsv(STORAGE, stored("2026-09", "1,250", "JPY"), stored("2026-10", "2,300", "")),
    )

    found = await files.rows("select monthly_storage_fee from storage_fees order by month_on")
    assert found == [(Decimal(1250),), (Decimal(2300),)]


async def test_whole_numbers_have_no_decimals(files: Files) -> None:
    """Whichever sign stands between their thousands."""
    await files.load(
        "returns",
        tsv(RETURNS, returned(quantity="1,250"), returned(sku="S2", quantity="3")),
    )
    await files.load("returns", tsv(RETURNS, returned(sku="S3", quantity="1.250")))

    found = await files.rows("select quantity from returns order by sku")
    assert found == [(1250,), (3,), (1250,)]


async def test_each_column_has_its_own_sign(files: Files) -> None:
    """A weight with a point beside a fee with a comma; what is not of its column's form is refused."""
    rows = [
        ["2026-08", "X1", "PHX7", "DE", "0.25", "1", "EUR", "12,50"],
        ["2026-09", "X1", "PHX7", "DE", "1.5", "1", "EUR", "1,250"],
        ["2026-10", "X1", "PHX7", "DE", "12,5", "1", "EUR", "1"],
    ]

    await files.load("storage_fees", tsv(STORAGE, *rows))

    found = await files.rows(
        "select weight, monthly_storage_fee from storage_fees order by month_on"
    )
    assert found == [
        (Decimal("0.25"), Decimal("12.50")),
        (Decimal("1.5"), Decimal("1.250")),
        (Decimal("12.5"), Decimal(1)),
    ]


@pytest.mark.parametrize("amount", ["(12.50)", "1E+3", "12.50-", "$12.50", "1,2,3", "Infinity"])
async def test_an_amount_in_no_known_form_is_put_aside(files: Files, amount: str) -> None:
    """It is not guessed, and keeps no other from being loaded."""
    loaded = await files.load(
        "storage_fees", tsv(STORAGE, stored("2026-09", amount, "USD"), stored("2026-10", "1", ""))
    )

    assert (loaded.loaded, loaded.quarantined) == (1, 1)


async def test_an_amount_that_is_no_number_is_refused(files: Files) -> None:
    """`NaN` is a number to PostgreSQL, and no money."""
    row = ["2026-10", "X1", "PHX7", "US", "1", "1", "USD", "NaN"]

    loaded = await files.load("storage_fees", tsv(STORAGE, row))

    assert loaded.quarantined == 1
    assert await files.rows("select reason from quarantine") == [
        ("monthly_storage_fee is not an amount",)
    ]


@pytest.mark.parametrize("month", ["10/2026", "2026-10", "2026-10-01", "10/01/2026", "01.10.2026"])
async def test_months_and_days_are_read_in_every_form(files: Files, month: str) -> None:
    """A month is its first day."""
    await files.load(
        "storage_fees", tsv(STORAGE, [month, "X1", "PHX7", "US", "1", "1", "USD", "1"])
    )

    assert await files.rows("select month_on from storage_fees") == [(date(2026, 10, 1),)]


async def test_a_text_too_long_for_an_index_goes_to_quarantine(files: Files) -> None:
    """PostgreSQL refuses such an entry, and everything else with it."""
    long = "".join(chr(0x4E00 + n) for n in range(1000))

    loaded = await files.load("returns", tsv(RETURNS, returned(), returned(sku=long)))
    moves = await files.load("ledger", tsv(LEDGER, moved(), moved(fnsku=long)), days=ALL_DAYS)

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
    assert (moves.loaded, moves.quarantined) == (1, 1)
    assert await files.rows("select reason from quarantine order by 1") == [
        ("fnsku is longer than 400 bytes",),
        ("sku is longer than 400 bytes",),
    ]


async def test_every_line_that_does_not_fit_is_kept_once(files: Files) -> None:
    """However many there are, so that there is a row to show for each that is counted."""
    lines = tsv(RETURNS, *(returned(sku=f"S{n}") for n in range(4000))).splitlines()
    content = "\n".join(
        line + "\tmore" if n % 3 == 1 else line for n, line in enumerate([*lines, lines[1]])
    )

    first = await files.load("returns", content)
    again = await files.load("returns", content)

    assert (first.read, first.loaded, first.quarantined) == (4001, 2667, 1334)
    assert (again.loaded, again.unchanged, again.quarantined) == (0, 2667, 1334)
    [kept] = await files.rows("select count(*), count(distinct raw->>'line') from quarantine")
    assert kept == (1334, 1334)


async def test_equal_rows_that_cannot_be_read_are_several(files: Files) -> None:
    """Each is counted, so each is kept; the file again adds none."""
    content = tsv(RETURNS, returned(quantity="x"), returned(quantity="x"), returned())

    for _ in range(2):
        loaded = await files.load("returns", content)
        assert loaded.quarantined == 2
        assert await files.rows("select occurrence from quarantine order by 1") == [(1,), (2,)]
    assert await files.rows("select occurrence from returns") == [(3,)], "as in the file"


async def _lose_rows(files: Files, table: str, condition: str) -> None:
    """As a mistake in a loader would."""
    async with files.database.writing() as conn:
        await run_as_owner(
            conn,
            "create function lose_row() returns trigger language plpgsql as "
            f"$$ begin if {condition} then return null; end if; return new; end $$",
            f"create trigger loses before insert on {table} "
            "for each row execute function lose_row()",
        )


ORDER = [
    "amazon-order-id", "purchase-date", "last-updated-date", "order-status", "sales-channel", "sku",
    "quantity", "currency", "item-price",
]  # fmt: skip
SETTLEMENT = [
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount",
    "currency", "transaction-type", "order-id", "amount-type", "amount-description", "amount",
    "posted-date", "sku", "quantity-purchased",
]  # fmt: skip
INVENTORY = ["sku", "fnsku", "condition", "afn-total-quantity"]


def ordered(order_id: str, sku: str) -> list[str]:
    day = "2026-11-01T00:00:00+00:00"
    return [order_id, day, day, "Shipped", "Amazon.com", sku, "1", "USD", "10.00"]


def settled(total: str, *amounts: str) -> list[list[str]]:
    head = ["7", "01.11.2026", "15.11.2026", "17.11.2026", total, "EUR", *[""] * 8]
    line = ["7", "", "", "", "", "", "Order", "111-1", "ItemPrice", "Principal"]
    return [head, *([*line, amount, "02.11.2026", "S1", "1"] for amount in amounts)]


@pytest.mark.parametrize(
    ("name", "table", "condition", "content"),
    [
        ("returns", "returns", "new.sku = 'S2'", tsv(RETURNS, returned(), returned(sku="S2"))),
        ("ledger", "ledger", "new.fnsku = 'X2'", tsv(LEDGER, moved(), moved(fnsku="X2"))),
        (
            "orders",
            "orders",
            "new.order_id = '2'",
            tsv(ORDER, ordered("1", "S1"), ordered("2", "S2")),
        ),
        (
            "orders",
            "order_items",
            "new.sku = 'S2'",
            tsv(ORDER, ordered("1", "S1"), ordered("1", "S2")),
        ),
        (
            "settlements",
            "settlement_lines",
            "new.amount = 2",
            tsv(SETTLEMENT, *settled("3,00", "1,00", "2,00")),
        ),
        (
            "inventory",
            "inventory",
            "new.sku = 'S2'",
            tsv(INVENTORY, ["S1", "X1", "New", "1"], ["S2", "X2", "New", "1"]),
        ),
    ],
)
async def test_a_file_that_loses_a_row_fails(
    files: Files, name: str, table: str, condition: str, content: str
) -> None:
    """What was read is loaded, unchanged or in quarantine, in every way to load, or nothing is."""
    await _lose_rows(files, table, condition)

    with pytest.raises(ReportFileError, match="Nothing of the file was kept"):
        await files.load(name, content, days=ALL_DAYS)

    assert await files.rows(f"select from {table}") == []


@pytest.mark.parametrize(
    ("name", "content", "counts"),
    [
        (
            "orders",
            tsv(ORDER, ordered("1", "S1"), ordered("1", "S2"), ordered("2", "S1")),
            [(2, 1), (0, 3)],
        ),
        ("settlements", tsv(SETTLEMENT, *settled("3,00", "1,00", "2,00")), [(1, 2), (0, 3)]),
        (
            "inventory",
            tsv(INVENTORY, ["S1", "X1", "New", "1"], ["S1", "X1", "New", "2"]),
            [(1, 1), (0, 2)],
        ),
    ],
)
async def test_lines_that_become_one_row_are_accounted_for(
    files: Files, name: str, content: str, counts: list[tuple[int, int]]
) -> None:
    """An order has several lines: one is loaded with it, the others are parts of what is loaded."""
    for expected in counts:
        loaded = await files.load(name, content)
        assert (loaded.loaded, loaded.unchanged) == expected


async def test_a_settlement_that_does_not_add_up_is_told(files: Files) -> None:
    """Once, in the seller's activity, with both sums; one that does is not."""
    content = tsv(SETTLEMENT, *settled("1.234,00", "1.000,00", "230,00"))

    first, again = (
        await files.load("settlements", content),
        await files.load("settlements", content),
    )
    await files.load("settlements", tsv(SETTLEMENT, *settled("3,00", "1,00", "2,00")))

    [doubt] = first.doubts
    assert doubt.startswith("Settlement 7 does not add up: its total is 1234.00 EUR, its 2 lines")
    assert "make 1230.00" in doubt
    assert again.doubts == ()
    assert await files.rows("select type, message from activity") == [
        (
            "data_doubted",
            first.doubts[0],
        )
    ]


async def test_equal_rows_of_a_file_are_numbered_and_a_repeat_changes_nothing(files: Files) -> None:
    """The same unit returned twice makes two rows, however often the file comes."""
    content = tsv(RETURNS, returned(), returned(), returned(sku="S2"))

    first, second = await files.load("returns", content), await files.load("returns", content)

    assert (first.loaded, second.loaded, second.unchanged) == (3, 0, 3)
    assert await files.rows("select sku, occurrence from returns order by 1, 2") == [
        ("S1", 1),
        ("S1", 2),
        ("S2", 1),
    ]


async def test_of_two_versions_of_a_row_the_newer_one_stays(files: Files) -> None:
    """Removal orders come in any order, also twice in a file; their own time decides."""
    header = [
        "request-date",
        "order-id",
        "sku",
        "fnsku",
        "disposition",
        "order-status",
        "last-updated-date",
    ]

    def removal(status: str, day: int) -> list[str]:
        return [
            "2026-10-01T00:00:00+00:00",
            "R1",
            "S1",
            "X1",
            "Sellable",
            status,
            f"2026-11-{day:02}T00:00:00+00:00",
        ]

    await files.load("removals", tsv(header, removal("Processing", 3), removal("Pending", 2)))
    assert await files.rows("select status from removals") == [("Processing",)]
    older = await files.load("removals", tsv(header, removal("Pending", 1)))
    newer = await files.load("removals", tsv(header, removal("Completed", 4)))

    assert (older.loaded, newer.loaded) == (0, 1)
    assert await files.rows("select status from removals") == [("Completed",)]


async def test_a_missing_column_fails_and_names_it(files: Files) -> None:
    """A file without a column that must be there is not loaded as if it were empty."""
    header = [name for name in RETURNS if name != "order-id"]

    with pytest.raises(ReportFileError, match="no column order-id"):
        await files.load("returns", tsv(header, returned()[:1] + returned()[2:]))


async def test_columns_that_nobody_knows_are_named(files: Files) -> None:
    """New columns do not disturb; they are told by name, so that somebody may want them."""
    loaded = await files.load("returns", tsv([*RETURNS, "mood"], [*returned(), "sad"]))

    assert loaded.loaded == 1
    assert loaded.unknown_columns == ("customer-comments", "mood")


@pytest.mark.parametrize("content", ["\n", " \t\n\r\n\n"])
async def test_blank_lines_above_the_header_are_no_file(files: Files, content: str) -> None:
    """A file that begins with one is not taken for an empty one."""
    loaded = await files.load("returns", content + tsv(RETURNS, returned()))

    assert loaded.loaded == 1


@pytest.mark.parametrize("content", ["", "\n", tsv(RETURNS)])
async def test_an_empty_file_changes_nothing(files: Files, content: str) -> None:
    """A header alone, or nothing at all, deletes no row."""
    await files.load("returns", tsv(RETURNS, returned()))

    loaded = await files.load("returns", content)

    assert (loaded.read, loaded.loaded) == (0, 0)
    assert len(await titles(files)) == 1


async def test_days_are_replaced_whole_and_equal_rows_are_legal(files: Files) -> None:
    """A day of the file takes the place of the stored one; a day it does not have stays."""
    await files.load(
        "ledger", tsv(LEDGER, moved(), moved(), moved(day="11/03/2026"), quoted=True), days=ALL_DAYS
    )

    again = await files.load(
        "ledger", tsv(LEDGER, moved(), moved(), moved(quantity="-2")), days=ALL_DAYS
    )

    assert (again.read, again.loaded) == (3, 3)
    found = await files.rows(
        "select event_on::text, array_agg(quantity order by quantity) from ledger group by 1 order by 1"
    )
    assert found == [("2026-11-02", [-2, -1, -1]), ("2026-11-03", [-1])]
    same = await files.load(
        "ledger", tsv(LEDGER, moved(quantity="-2"), moved(), moved()), days=ALL_DAYS
    )
    assert (same.loaded, same.unchanged) == (0, 3), (
        "the same rows in another order are the same day"
    )


async def test_a_file_of_an_outage_keeps_what_is_stored(files: Files) -> None:
    """With less than half of the rows that are stored for its time a file replaces nothing."""
    rows = [moved(fnsku=f"X{n}") for n in range(5)]
    await files.load("ledger", tsv(LEDGER, *rows), days=ALL_DAYS)

    few = await files.load("ledger", tsv(LEDGER, *rows[:2]), days=ALL_DAYS)
    none = await files.load("ledger", tsv(LEDGER), days=ALL_DAYS)

    assert (few.loaded, few.unchanged, few.kept_older) == (0, 2, True)
    assert none.read == 0
    assert await files.rows("select count(*) from ledger") == [(5,)]


async def test_days_at_the_edge_of_a_window_are_left_to_their_own_report(
    files: Files,
) -> None:
    """A day of which the window holds a part only does not replace the whole one."""
    await files.load("ledger", tsv(LEDGER, moved(), moved()), days=ALL_DAYS)

    edge = await files.load(
        "ledger",
        tsv(LEDGER, moved(), moved(day="11/03/2026")),
        days=Days(date(2026, 11, 3), date(2026, 11, 20)),
    )

    assert (edge.read, edge.loaded, edge.unchanged) == (2, 1, 1)
    assert await files.rows(
        "select event_on::text, count(*) from ledger group by 1 order by 1"
    ) == [
        ("2026-11-02", 2),
        ("2026-11-03", 1),
    ]


async def test_a_bad_row_of_a_day_does_not_keep_the_day_away(files: Files) -> None:
    """The others of the day load, and a repeat changes nothing."""
    content = tsv(LEDGER, moved(), moved(quantity="x"), moved(day=""))

    first = await files.load("ledger", content, days=ALL_DAYS)
    second = await files.load("ledger", content, days=ALL_DAYS)

    assert (first.loaded, first.quarantined) == (1, 2)
    assert (second.loaded, second.unchanged, second.quarantined) == (0, 1, 2)


async def test_what_a_file_does_not_tell_keeps_what_is_stored(files: Files) -> None:
    """Columns differ by marketplace; one that is absent erases nothing."""
    await files.load("returns", tsv(RETURNS, returned()))
    header = [name for name in RETURNS if name != "reason"]
    row = [
        cell for name, cell in zip(RETURNS, returned(title="Cup"), strict=True) if name != "reason"
    ]

    await files.load("returns", tsv(header, row))

    assert await files.rows("select product_name, reason from returns") == [("Cup", "UNWANTED")]


async def test_earlier_values_are_kept_in_the_history(files: Files) -> None:
    """Fees are told for today only: a change of what is tracked adds a row of our own."""
    header = [
        "sku",
        "fnsku",
        "currency",
        "expected-fulfillment-fee-per-unit",
        "amazon-store",
        "product-name",
    ]

    async def see(fee: str) -> None:
        await files.load("fee_preview", tsv(header, ["S1", "X1", "USD", fee, "US", "Mug"]))

    for fee in ("3.22", "3.22", "3.56"):
        await see(fee)

    found = await files.rows("select fulfillment_fee from fee_preview_history order by seen_at")
    assert found == [(Decimal("3.22"),), (Decimal("3.56"),)]


def _movements(day: str, count: int, title: str = "Mug") -> list[list[str]]:
    return [
        f"{day}|X{n}|B1|S1|{title}|Adjustments|R|-1|PHX7|SELLABLE|E|US|0|0".split("|")
        for n in range(count)
    ]


async def test_dates_do_not_depend_on_the_servers_style(database: Database, files: Files) -> None:
    """A server that was made in Germany writes and reads the day first."""
    async with database.writing() as conn:
        name = (await conn.execute(text("select current_database()"))).scalar_one()
        await run_as_owner(conn, f"alter database {name} set datestyle = 'ISO, DMY'")
    await database.close()

    await files.load(
        "ledger", tsv(LEDGER, *_movements("03/04/2026", 1), quoted=True), days=ALL_DAYS
    )

    assert await files.rows("select event_on from ledger") == [(date(2026, 3, 4),)]


async def test_a_full_day_that_shrinks_is_not_believed(files: Files) -> None:
    """Also when the whole file has most of its rows."""
    first, second = _movements("03/04/2026", 100), _movements("03/05/2026", 100)
    await files.load("ledger", tsv(LEDGER, *first, *second, quoted=True), days=ALL_DAYS)

    await files.load("ledger", tsv(LEDGER, *first, *second[:1], quoted=True), days=ALL_DAYS)

    assert await files.rows("select count(*) from ledger") == [(200,)]


async def test_an_inch_in_a_quoted_title_does_not_stop_the_file(files: Files) -> None:
    """A quote that stands by itself is a letter; what fits the header is loaded."""
    inch = _movements("03/04/2026", 1, title='3" mug')
    content = tsv(LEDGER, *_movements("03/03/2026", 2), *inch, quoted=True)

    await files.load("ledger", content.replace('3"" mug', '3" mug'), days=ALL_DAYS)

    assert await files.rows("select count(*) from ledger") == [(3,)]


@pytest.mark.parametrize("count", [1, 2])
async def test_lone_quotes_that_pair_by_chance_are_letters(files: Files, count: int) -> None:
    """Two inch marks in lines of their own swallow nothing, and stay in the titles."""
    rows = [
        [*moved(fnsku=f"X{n}")[:4], 'a 3"" mug' if n in (2, 2 + count) else "Mug", *moved()[5:]]
        for n in range(6)
    ]
    content = tsv(LEDGER, *rows, quoted=True).replace('""""', '"')

    loaded = await files.load("ledger", content, days=ALL_DAYS)

    assert (loaded.read, loaded.loaded, loaded.quarantined) == (6, 6, 0)
    found = await files.rows("select fnsku, product_name from ledger where product_name <> 'Mug'")
    assert sorted(found) == [("X2", 'a 3" mug'), (f"X{2 + count}", 'a 3" mug')]


@pytest.mark.parametrize("title", ['a 15" screen', '"screen', 'screen 15"'])
async def test_cells_without_quotes_below_a_quoted_header(files: Files, title: str) -> None:
    """Only the header is quoted: a quote in the lines is a letter wherever it stands."""
    header = tsv(LEDGER, quoted=True)
    rows = [moved(fnsku="X1"), moved(fnsku="X2"), moved(fnsku="X3"), moved(fnsku="X4")]
    for row in rows[1::2]:
        row[4] = title
    for row in rows[::2]:
        row[4] = "Mug"

    loaded = await files.load(
        "ledger", header + tsv(LEDGER, *rows).partition("\n")[2], days=ALL_DAYS
    )

    assert (loaded.loaded, loaded.quarantined) == (4, 0)
    found = await files.rows("select product_name from ledger order by fnsku")
    assert found == [("Mug",), (title,), ("Mug",), (title,)]


async def test_a_title_with_lines_lies_across_pieces(files: Files) -> None:
    """What goes on in the next piece is not judged before it is there."""
    rows = [moved(fnsku=f"X{n}") for n in range(9000)]
    for n, row in enumerate(rows):
        row[4] = f'{"x" * (n % 97)}\nof "two" lines' if n % 2 else '3" in a line'
    content = tsv(LEDGER, *rows, quoted=True).replace('"3"" in a line"', '"3" in a line"', 1)

    loaded = await files.load("ledger", content, days=ALL_DAYS)

    assert (loaded.read, loaded.loaded, loaded.quarantined) == (9000, 9000, 0)
    [found] = await files.rows(
        "select count(*) filter (where product_name = '3\" in a line'), "
        "count(*) filter (where product_name like '%of \"two\" lines') from ledger"
    )
    assert found == (4500, 4500)


async def test_a_header_that_comes_twice_is_read_once(files: Files) -> None:
    """The first of two columns of a name counts."""
    loaded = await files.load("returns", tsv([*RETURNS, "sku"], [*returned(), "S9"]))

    assert loaded.loaded == 1
    assert await files.rows("select sku from returns") == [("S1",)]


@pytest.mark.parametrize("cut", [10, 200, 4000])
async def test_a_compressed_file_that_breaks_off_anywhere_is_not_loaded(
    files: Files, cut: int
) -> None:
    """Also one that nobody has said is compressed."""
    rows = [returned(sku=f"S{n * 7919 % 10007}") for n in range(3000)]
    content = gzip.compress(tsv(RETURNS, *rows).encode())[:-cut]

    with pytest.raises(BrokenDocumentError):
        await files.load("returns", content)
    assert await titles(files) == []


@pytest.mark.parametrize(
    "day", ["20261-11-01", "11/01/20261", "0044-03-15 BC", "infinity", "0026-11-01", "13/13/2026"]
)
async def test_a_day_that_no_calendar_has_is_put_aside(files: Files, day: str) -> None:
    """PostgreSQL knows the year 20261, and a reader of its rows would not."""
    loaded = await files.load(
        "returns", tsv(RETURNS, returned(**{"return-date": day}), returned(sku="S2"))
    )

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
    assert await files.rows("select count(returned_at) from returns") == [(1,)]


async def test_a_day_may_stand_in_front_of_its_month(files: Files) -> None:
    """A column that has a 14th, and no month 14, is day first in all its rows."""
    days = ["14/03/2026 10:00:00 UTC", "05/03/2026 10:00:00 UTC"]
    rows = [returned(sku=day, **{"return-date": day}) for day in days]

    await files.load("returns", tsv(RETURNS, *rows))

    found = await files.rows("select returned_at::date from returns order by 1")
    assert found == [(date(2026, 3, 5),), (date(2026, 3, 14),)]


async def test_an_amount_without_end_is_put_aside(files: Files) -> None:
    """A number of a hundred thousand digits is no money."""
    rows = [stored("2026-09", "9" * 200_000, "USD"), stored("2026-10", "1", "USD")]

    loaded = await files.load("storage_fees", tsv(STORAGE, *rows))

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
