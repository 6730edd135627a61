"""What syncs store of reports, against the sandbox's own files, cell by cell.

The files are read here by a reader of its own, so that a mistake in the SQL cannot hide itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, text

from recoup.db.engine import Database
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.profile import PROFILES
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld
from recoup.streams import all_streams
from recoup.streams._report import Field, FieldKind, Statements, normal_header
from recoup.streams._stream import Stream, Windows
from recoup.sync.runner import SyncRunner
from tests.sandbox.report_reading import SETTLEMENT, STORAGE, read
from tests.support.lab import Lab, open_lab

ORDERS = 300
BY_REPORT = [s for s in all_streams() if s.report and not isinstance(s.report.load, Statements)]
BY_BOTH = [s for s in all_streams() if s.report and s.api]

Values = tuple[Any, ...]


@pytest.fixture(params=sorted(PROFILES))
async def lab(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[Lab]:
    async with open_lab(
        database, tmp_path, orders=ORDERS, profile=request.param, streams=all_streams()
    ) as lab:
        yield lab


@pytest.fixture
async def us(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=ORDERS, streams=all_streams()) as lab:
        yield lab


async def test_every_cell_of_every_file_is_stored(lab: Lab, request: pytest.FixtureRequest) -> None:
    """After the first sync the tables hold the rows of the files, no more and no less."""
    sync = await lab.sync()
    world, edge = await _world(lab, request.node.callspec.params["lab"])
    counts = {stream.name: stream.rows for stream in sync.streams}

    assert sync.status == "complete"
    assert await lab.scalar("select count(*) from quarantine") == 0
    for stream in BY_REPORT:
        columns = _compared(stream)
        stored = await _stored(lab, stream.table, columns)
        expected = _expected(stream, columns, world, edge, stored)
        assert stored == expected, stream.name
        assert counts[stream.name] == stored.total() > 0, stream.name


async def test_settlements_hold_every_line_and_add_up(
    lab: Lab, request: pytest.FixtureRequest
) -> None:
    """Each file is a settlement whose lines are all there and make its total."""
    await lab.sync()
    world, edge = await _world(lab, request.node.callspec.params["lab"])
    settlements = await _rows(
        lab, "select settlement_id, total_amount, lines_total, line_count, is_balanced, currency,"
        " started_at, deposited_at from settlements"
    )  # fmt: skip

    assert len(settlements) > 4
    for (
        identity,
        total,
        lines_total,
        count,
        is_balanced,
        currency,
        started,
        deposited,
    ) in settlements:
        summary, *lines = read(SETTLEMENT, world, edge=edge, settlementId=identity)
        assert total == lines_total == _value(FieldKind.AMOUNT, summary["total-amount"])
        assert (count, is_balanced, currency) == (len(lines), True, summary["currency"])
        assert started == _value(FieldKind.TIME, summary["settlement-start-date"])
        assert deposited == _value(FieldKind.TIME, summary["deposit-date"])
        stored = await _rows(
            lab,
            "select amount_type, amount_description, amount, sku, order_id, posted_at, currency"
            f" from settlement_lines where settlement_id = '{identity}' order by line",
        )
        assert stored == [_settlement_line(line, currency) for line in lines]
    # They differ in length by more than a fifth, and each is of a time of its own.
    lengths = [count for _, _, _, count, *_ in settlements]
    assert min(lengths) * 5 < max(lengths) * 4
    assert await lab.scalar("select count(*) from stream_note") == 0


def _settlement_line(line: Mapping[str, str], currency: str) -> Values:
    return (
        line["amount-type"],
        line["amount-description"],
        _value(FieldKind.AMOUNT, line["amount"]),
        line["sku"] or None,
        line["order-id"] or None,
        _value(FieldKind.TIME, line["posted-date-time"]),
        currency,
    )


async def test_a_second_sync_with_nothing_new_changes_nothing(us: Lab) -> None:
    """Files that come again, whole days and overlaps, leave every row as it was."""
    await us.sync()
    before = await us.tables()
    await us.forget_readings()

    sync = await us.sync()

    assert sync.status == "complete"
    assert {s.name: s.rows for s in sync.streams if s.rows} == {}
    assert await us.tables() == before
    for stream in all_streams():
        if stream.history is not None:
            seen, kept = stream.table.name, stream.history.table.name
            assert await us.scalar(f"select count(*) from {kept}") == len(before[seen])


async def test_a_month_later_only_news_is_loaded(us: Lab) -> None:
    """What changed meanwhile is stored once, beside what was there."""
    await us.sync()
    await us.advance("P30D")

    sync = await us.sync()
    world, edge = await _world(us, "us")

    assert sync.status == "complete"
    for stream in BY_REPORT:
        columns = _compared(stream)
        stored = await _stored(us, stream.table, columns)
        expected = _expected(stream, columns, world, edge, stored)
        assert stored == expected, stream.name


# What the report tells of an order or an item as the API does.
_ORDER = (
    "order_id, marketplace_id, sales_channel, status, fulfilled_by, service_level, created_at,"
    " last_updated_at, total_amount, currency, item_count, units_ordered"
)
_ITEM = (
    "order_id, sku, asin, quantity_ordered, quantity_fulfilled, unit_price, item_price, item_tax,"
    " shipping_price, promotion_discount, proceeds_total, currency"
)
_STOCK = (
    "marketplace_id, sku, fnsku, condition, asin, product_name, total_quantity,"
    " fulfillable_quantity, inbound_working_quantity, inbound_shipped_quantity,"
    " inbound_receiving_quantity, reserved_quantity, researching_quantity, unfulfillable_quantity"
)


async def test_both_sources_tell_the_same(lab: Lab) -> None:
    """Orders, items and stock are the same rows whether they come page by page or as a file."""
    queries = (
        f"select {_ORDER} from orders order by order_id",
        f"select {_ITEM} from order_items order by {_ITEM}",
        f"select {_STOCK} from inventory order by {_STOCK}",
    )
    told = []
    for streams in (
        [replace(stream, report=None) for stream in BY_BOTH],
        [replace(stream, api=None) for stream in BY_BOTH],
    ):
        lab.runner = SyncRunner(lab.database, lab.access, owner="lab", streams=streams)
        assert (await lab.sync()).status == "complete"
        told.append([await _rows(lab, query) for query in queries])
        async with lab.database.writing() as conn:
            for table in (
                "order_items",
                "orders",
                "inventory",
                "inventory_history",
                "stream_cursor",
            ):
                await conn.execute(text(f"delete from {table}"))

    by_api, by_report = told
    for one, other in zip(by_api, by_report, strict=True):
        assert one
        assert one == other


async def _world(lab: Lab, profile: str) -> tuple[SellerWorld, int]:
    """The sandbox's own world, and where it ends."""
    edge = datetime.fromisoformat((await lab.world())["edge"])
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = Instant(int(min(edge, today).timestamp()) - SPAN_DAYS * DAY)
    return SellerWorld(derive_key(1), start, ORDERS, PROFILES[profile]), int(edge.timestamp())


def _compared(stream: Stream) -> list[Field]:
    """The columns that the files of every marketplace have."""
    report = stream.report
    assert report is not None
    return list(report.fields)


async def _stored(lab: Lab, table: Table, columns: Iterable[Field]) -> Counter[Values]:
    names = ", ".join(column.column for column in columns)
    return Counter(await _rows(lab, f"select {names} from {table.name}"))


async def _rows(lab: Lab, sql: str) -> list[Values]:
    async with lab.database.reading() as conn:
        return [tuple(row) for row in (await conn.execute(text(sql))).all()]


def _expected(
    stream: Stream,
    columns: list[Field],
    world: SellerWorld,
    edge: int,
    stored: Counter[Values],
) -> Counter[Values]:
    """The rows of one file of everything; of a source of months those that are over for long, a file
    a month of storage fees, as Amazon leaves rows out of longer ones.
    """
    report = stream.report
    assert report is not None
    windows = _months(edge) if report.report_type == STORAGE else [{}]
    rows = Counter(
        tuple(_cell(column, row) for column in columns)
        for window in windows
        for row in read(report.report_type, world, edge=edge, **window, **report.options)
    )
    if report.by_month:
        assert isinstance(stream.cursor, Windows)
        last = (datetime.fromtimestamp(edge, UTC) - stream.cursor.holdback).date().replace(day=1)
        index = next(n for n, one in enumerate(columns) if one.kind is FieldKind.DATE)
        months = {row[index] for row in stored}
        assert len(months) >= 10
        first = min(months)
        rows = Counter({row: n for row, n in rows.items() if first <= row[index] < last})
    return rows


def _months(edge: int) -> list[dict[str, int]]:
    """A window within each month of the world, whatever the time zone of its days is."""
    day = datetime.fromtimestamp(edge, UTC).replace(day=1, hour=0, minute=0, second=0)
    windows = []
    for _ in range(15):
        since, until = day + timedelta(days=2), day + timedelta(days=26)
        windows.append({"since": int(since.timestamp()), "until": int(until.timestamp())})
        day = (day - timedelta(days=1)).replace(day=1)
    return windows


def _cell(column: Field, row: Mapping[str, str]) -> Any:
    by_header = {normal_header(name): cell for name, cell in row.items()}
    cell = next(
        (by_header[normal_header(h)] for h in column.headers if normal_header(h) in by_header), ""
    )
    value = _value(column.kind, cell)
    return column.default if value is None else value


def _value(kind: FieldKind, cell: str) -> Any:
    if cell in {"", "--"}:
        return None
    match kind:
        case FieldKind.INTEGER:
            return int(cell)
        case FieldKind.AMOUNT:
            return Decimal(cell.replace(",", "."))
        case FieldKind.DATE:
            return _day(cell)
        case FieldKind.TIME:
            return _moment(cell)
    return cell


def _day(cell: str) -> date:
    for form in ("%m/%d/%Y", "%m/%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.strptime(cell, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise AssertionError(cell)


def _moment(cell: str) -> datetime:
    for form in ("%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z"):
        try:
            found = datetime.strptime(cell.replace(" UTC", "+0000"), form).astimezone(UTC)
        except ValueError:
            continue
        return found
    raise AssertionError(cell)
