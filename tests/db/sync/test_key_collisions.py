"""Rows of one file that share a key and differ are never lost without a word, whatever the report."""

from __future__ import annotations

from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.sandbox.reports import all_report_types
from recoup.streams import all_streams
from recoup.streams._report import Field, FieldKind, Report, Statements, normal_header
from recoup.streams._stream import Stream
from recoup.streams._window import Days
from tests.api.serving import new_connection, new_user
from tests.sandbox.report_reading import new_world, request
from tests.support.report_files import Files, tsv

STREAMS = {one.name: one for one in all_streams() if one.report is not None}
ALL_DAYS = Days(date(2000, 1, 1), None)
_SETTLEMENT = "10000000003"


@pytest.fixture
async def files(database: Database, tmp_path: Path) -> Files:
    user = await new_user(database)
    connection = await new_connection(database, Settings(data_dir=tmp_path), user)
    return Files(database, connection.connection_id)


def first_row(report: Report) -> dict[str, str]:
    """A row that the sandbox makes, and, where its file has no such column, an item's id."""
    kind, world = all_report_types()[report.report_type], new_world(7, 400)
    options = {**report.options, **({"settlementId": _SETTLEMENT} if report.discovered else {})}
    # The first row of a settlement is its summary.
    rows = islice(kind.rows(world, request(world, **options)), int(report.discovered), None)
    row = dict(zip(kind.header_for(world.profile), next(rows), strict=True))
    return row | ({"order-item-id": "12345678901234"} if "order-status" in row else {})


def other_value(one: Field, cell: str) -> str:
    return "7" if one.kind in {FieldKind.INTEGER, FieldKind.AMOUNT} else f"{cell}other"


@pytest.mark.parametrize("which", [0, -1])
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
async def test_rows_of_one_key_that_differ_are_kept_or_told(
    files: Files, stream: Stream, which: int
) -> None:
    """In a column that is no part of the key: both are stored, or somebody is told."""
    report = stream.report
    assert report is not None
    row = first_row(report)
    load = report.load
    key = {column.name for column in stream.table.primary_key.columns}
    if isinstance(load, Statements):
        key = {*load.key, "last_updated_at"}
    headings = {normal_header(name): name for name in row}
    others = [
        (one, headings[normal_header(name)])
        for one in report.fields
        for name in one.headers
        if normal_header(name) in headings
        and one.column not in key
        and one.kind not in {FieldKind.DATE, FieldKind.TIME}
    ]
    one, heading = others[which]
    twin = row | {heading: other_value(one, row[heading])}

    got = await files.load(
        stream, tsv(list(row), list(row.values()), list(twin.values())), days=ALL_DAYS
    )

    table = stream.parts[0] if report.discovered else stream.table
    [(stored,)] = await files.rows(f"select count(*) from {table.name}")
    assert stored == 2 or got.doubts or got.quarantined, one.column
