"""Files that would cost much, or whose values are absurd: a clear end, and nothing of it stored whole."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import ReportFileError
from recoup.spapi.ceilings import (
    FILE_COLUMNS,
    HEADING_CHARACTERS,
    RAW_CHARACTERS,
    RAW_ROW_CHARACTERS,
    STRAY_LINES,
)
from recoup.streams._stream import Request
from recoup.streams.transactions import STREAM
from recoup.sync.loading.page import parse_page, put_aside
from recoup.sync.loading.staging_queries import RAW
from recoup.sync.reading.replay import replay_quarantine
from tests.api.serving import new_connection, new_user
from tests.db.sync.test_load_report import RETURNS, returned
from tests.support.report_files import SEEN_AT, Files, tsv


@pytest.fixture
async def files(database: Database, tmp_path: Path) -> Files:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return Files(database, connection.connection_id)


async def test_a_file_of_blank_lines_is_refused(files: Files) -> None:
    """A kilobyte that unpacks to a million blank lines is read to the ceiling, and no further."""
    bomb = gzip.compress(tsv(RETURNS, returned()).encode() + b"\n" * 1_000_000)

    with pytest.raises(ReportFileError, match=f"More than {STRAY_LINES} lines"):
        await files.load("returns", bomb)
    assert await files.rows("select count(*) from returns") == [(0,)]


async def test_many_blank_lines_take_no_square(files: Files) -> None:
    """Lines that are no rows are taken out in one pass, not by one pass for some of them each."""
    content = tsv(RETURNS, returned()) + "\n" * (STRAY_LINES - 1)
    passes = []

    @event.listens_for(files.database._engine.sync_engine, "after_cursor_execute")
    def count(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if f"delete from {RAW}" in statement:
            passes.append(cursor.rowcount)

    loaded = await files.load("returns", content)

    assert (loaded.read, loaded.loaded) == (1, 1)
    assert passes == [STRAY_LINES - 1]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ([*RETURNS, *(f"c{n}" for n in range(FILE_COLUMNS))], "columns, more than"),
        ([*RETURNS, "x" * (HEADING_CHARACTERS + 1)], "a heading of 201 characters"),
    ],
)
async def test_a_header_beyond_measure_is_refused(
    files: Files, header: list[str], why: str
) -> None:
    """PostgreSQL would refuse the table, which was told as an error of recoup's own."""
    with pytest.raises(ReportFileError, match=why):
        await files.load("returns", tsv(header))


async def test_data_in_place_of_a_header_is_not_repeated(files: Files) -> None:
    """A file without a header begins with a row, which may be about people."""
    with pytest.raises(ReportFileError) as caught:
        await files.load("returns", tsv(["jane@example.com", "+1 555 0100", "sku"]))
    assert "jane" not in str(caught.value)
    assert "555" not in str(caught.value)
    assert "***, ***, sku" in str(caught.value)


async def test_a_long_value_in_quarantine_is_cut_and_its_length_told(files: Files) -> None:
    """The row that is shown is short; it is not tried again, as what is missing is unknown."""
    long = returned(sku="S9", title="é" * 300_000, quantity="many")
    other = returned(sku="S9", title="é" * 300_000 + "!", quantity="many")

    loaded = await files.load("returns", tsv(RETURNS, long, other))

    assert loaded.quarantined == 2
    kept = await files.rows("select raw->>'product-name' from quarantine order by 1")
    assert sorted(str(row[0])[RAW_CHARACTERS:] for row in kept) == [
        "... (cut: 300000 characters)",
        "... (cut: 300001 characters)",
    ]
    async with files.database.writing() as conn:
        await conn.execute(
            text("update quarantine set raw = jsonb_set(raw, '{quantity}', '\"1\"')")
        )
    assert (await _replay(files)).loaded == 0


async def _replay(files: Files) -> Any:
    [[workspace_id]] = await files.rows("select workspace_id from amazon_connection")
    return await replay_quarantine(files.database, workspace_id, None, now=SEEN_AT)


def transaction(**changes: Any) -> dict[str, Any]:
    """A transaction that can be read, but for its changes."""
    return {
        "transactionId": "T1",
        "transactionType": "Shipment",
        "postedDate": "2026-11-01T00:00:00Z",
        "totalAmount": {"currencyAmount": 1, "currencyCode": "USD"},
    } | changes


REQUEST = Request(("ATVPDKIKX0DER",), None, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"postedDate": "0001-01-01T00:00:00+14:00"}, "postedDate is not a time"),
        ({"postedDate": "0001-01-01T00:00:00Z"}, "postedDate is in the year 1"),
        ({"postedDate": "9999-12-31T23:59:59-12:00"}, "postedDate is not a time"),
        ({"postedDate": "9999-12-31T00:00:00Z"}, "postedDate is in the year 9999"),
        ({"postedDate": 10**10}, "postedDate is missing"),
        ({"postedDate": "10000000000"}, "postedDate is not a time"),
        ({"postedDate": "Jane"}, "postedDate is not a time"),
        ({"totalAmount": {"amount": "1e99999999", "currencyCode": "USD"}}, "no believable amount"),
        ({"totalAmount": {"amount": "9" * 5000, "currencyCode": "USD"}}, "no believable amount"),
        ({"totalAmount": {"amount": 10**60, "currencyCode": "USD"}}, "no believable amount"),
        ({"transactionType": {"buyer": "Jane"}}, "transactionType is missing"),
        ({"items": "Jane"}, "items is not a list"),
    ],
)
def test_an_absurd_value_spoils_its_own_item_only(change: dict[str, Any], reason: str) -> None:
    """Times of no calendar, amounts that no memory holds: quarantine, in short words without it."""
    batch = parse_page(
        STREAM, STREAM.api, REQUEST, [transaction(**change), transaction(transactionId="T2")]
    )

    assert [row.row["transaction_id"] for row in batch.rows] == ["T2"]
    [item] = batch.unreadable
    assert reason in item.reason
    assert "Jane" not in item.reason
    assert len(item.raw) < RAW_ROW_CHARACTERS


async def test_a_long_item_in_quarantine_is_cut_and_stays_its_own(files: Files) -> None:
    """Two items that differ behind the cut are two; their lengths are told."""
    items = [
        transaction(description="x" * 100_000 + end, transactionType=None) for end in ("a", "b")
    ]
    wide = transaction(
        transactionType=None,
        breakdowns=[{"breakdownType": f"b{n}"} for n in range(10_000)],
    )
    batch = parse_page(STREAM, STREAM.api, REQUEST, [*items, wide])
    async with files.database.writing() as conn:
        await put_aside(
            conn, STREAM, batch, connection_id=files.connection_id, sync_id="s", source="x"
        )

    kept = await files.rows("select length(raw::text), raw from quarantine order by 1")
    assert len(kept) == 3
    assert all(int(str(row[0])) < RAW_ROW_CHARACTERS for row in kept)
    assert str(kept[0][1]).startswith("{'row': '... (cut: ")
    assert str(kept[1][1]).count("... (cut: 100001 characters)") == 1
    assert (await _replay(files)).loaded == 0


@pytest.mark.parametrize(
    "charset", ["undefined", "punycode", "unicode_escape", "utf-7", "hex", "x" * 300, "rot13"]
)
async def test_an_odd_charset_is_not_tried(files: Files, charset: str) -> None:
    """Python has codecs that refuse everything, read escapes, or take the square of the length."""
    content = tsv(RETURNS, returned(title="Café \\u0041"))

    loaded = await files.load("returns", content, content_type=f"text/plain; charset={charset}")

    assert loaded.charset == "utf-8"
    assert await files.rows("select product_name from returns") == [("Café \\u0041",)]


@pytest.mark.parametrize("cell", ["1e99999999", "1e131071", "9" * 100_000, "NaN", "Infinity"])
async def test_a_number_that_is_no_quantity_is_put_aside(files: Files, cell: str) -> None:
    """In a file too; the other rows load."""
    loaded = await files.load("returns", tsv(RETURNS, returned(), returned("S2", quantity=cell)))

    assert (loaded.loaded, loaded.quarantined) == (1, 1)


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "10000000000", "99999-01-01", "infinity", "epoch"]
)
async def test_an_absurd_day_is_put_aside(files: Files, day: str) -> None:
    """The same of times in files."""
    loaded = await files.load(
        "returns", tsv(RETURNS, returned(), returned("S2", **{"return-date": day}))
    )

    assert (loaded.loaded, loaded.quarantined) == (1, 1)
