"""Amazon's workbook of sourcing costs: what it says, and the same with the seller's costs filled in. Pure.

Shape: docs/amazon.md#sourcing-cost-workbook. It is read and written by libraries that are maintained
(docs/adr/0023-workbooks-are-read-and-written.md).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NoReturn

import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from python_calamine import CalamineError, CalamineWorkbook

from recoup.api.cost_numbers import parse_amount
from recoup.api.cost_refusal import refuse
from recoup.claims.reading.amazon_costs import AmazonCost
from recoup.sync.files.days import DayOrder, iso_day, order_of

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAGIC = b"PK\x03\x04"
_MOST_UNPACKED = 64 * 1024 * 1024
_MOST_PARTS = 500
_MOST_ROWS = 100_000
_MOST_ERRORS = 20
_READ_BYTES = 256 * 1024
# A formula in the XML of a sheet, with or without a prefix. Amazon's workbook has none.
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
_LONGEST_TAG = 40
_COLUMNS = {
    "asin": "asin",
    "fnsku": "fnsku",
    "amazonestimatedcost": "estimated",
    "latestapprovedcost": "approved",
    "sourceoflatestapprovedcost": "source",
    "currency": "currency",
    "dateoflastupdatedcost": "updated",
    "sellernewcost": "new",
}
_NEEDED = {"fnsku", "approved", "currency", "new"}
_NONE = frozenset({"", "-", "--", "n/a", "na", "none"})

Cell = int | float | str | bool | date | datetime | time | timedelta
Fill = Callable[[str, str], Decimal | None]
"""The seller's cost for an FNSKU and a currency; None leaves the cell as it is."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The sheet with costs. columns: the position of each; first: the number of its first row."""

    name: str
    rows: Sequence[Sequence[Cell]]
    head: int
    columns: dict[str, int]

    def cell(self, row: Sequence[Cell], column: str) -> Cell:
        at = self.columns.get(column, -1)
        return row[at] if 0 <= at < len(row) else ""

    def text(self, row: Sequence[Cell], column: str) -> str:
        return _text(self.cell(row, column))


def read_workbook(content: bytes) -> list[AmazonCost]:
    """What the workbook says of each product. Raises RequestValidationError naming the rows."""
    table = _find_table(_open(content))
    days = [table.text(row, "updated") for row in table.rows[table.head + 1 :]]
    order = order_of(days) or DayOrder.UNKNOWN
    errors: list[tuple[str, str]] = []
    found: dict[tuple[str, str], AmazonCost] = {}
    for number, row in enumerate(table.rows[table.head + 1 :], table.head + 2):
        if not any(_text(cell) for cell in row):
            continue
        place = f"{table.name} row {number}"
        try:
            one = _cost(table, row, order)
        except ValueError as exc:
            errors.append((place, str(exc)))
            continue
        if (one.fnsku, one.currency) in found:
            errors.append((place, f"{one.fnsku} comes twice"))
        found[one.fnsku, one.currency] = one
    if errors:
        refuse(errors[:_MOST_ERRORS])
    if not found:
        refuse([("body", "the workbook contains no products")])
    return list(found.values())


def fill_workbook(content: bytes, fill: Fill) -> bytes:
    """The workbook with the seller's costs: all sheets, headings and other cells as they were read.

    A text stays a text, whatever it begins with, so that no cell becomes a formula.
    """
    book = _open(content)
    table = _find_table(book)
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as written:
        formats = {
            datetime: written.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: written.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for name in book.sheet_names:
            sheet = written.add_worksheet(name)
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for at, row in enumerate(rows):
                cells = list(row)
                if name == table.name and at > table.head:
                    cells = _filled(table, cells, fill)
                for column, cell in enumerate(cells):
                    _write(sheet, at, column, cell, formats)
    return target.getvalue()


def _filled(table: _Table, cells: list[Cell], fill: Fill) -> list[Cell]:
    fnsku, currency = table.text(cells, "fnsku"), table.text(cells, "currency").upper()
    cost = fill(fnsku, currency) if fnsku and currency else None
    if cost is None:
        return cells
    at = table.columns["new"]
    cells += [""] * (at + 1 - len(cells))
    # The digits that were entered: Decimal to float and back gives the same text to 15 digits.
    cells[at] = float(cost)
    return cells


def _write(
    sheet: object, row: int, column: int, cell: Cell, formats: Mapping[type[date], object]
) -> None:
    writer: xlsxwriter.worksheet.Worksheet = sheet
    match cell:
        case bool():
            writer.write_boolean(row, column, cell)
        case int() | float():
            writer.write_number(row, column, cell)
        case datetime():
            writer.write_datetime(row, column, cell, formats[datetime])
        case date():
            writer.write_datetime(row, column, cell, formats[date])
        case "":
            return
        case _:
            writer.write_string(row, column, str(cell))


def _open(content: bytes) -> CalamineWorkbook:
    _require_harmless(content)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, ValueError, OSError) as exc:
        _refuse_body(f"is not a workbook that can be read: {type(exc).__name__}")


def _require_harmless(content: bytes) -> None:
    """Refuses what unpacks to more than a workbook of costs may have, and formulas."""
    if not content.startswith(_MAGIC):
        _refuse_body("is not an .xlsx workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS:
                _refuse_body(f"has more than {_MOST_PARTS} parts")
            left = _MOST_UNPACKED
            for part in parts:
                left = _look_through(archive, part, left)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
        _refuse_body("is a damaged or encrypted workbook")


def _look_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Unpacks a part without keeping it; returns how much may still come."""
    is_sheet = part.filename.startswith("xl/worksheets/")
    rest = b""
    with archive.open(part) as packed:
        while piece := packed.read(_READ_BYTES):
            left -= len(piece)
            if left < 0:
                _refuse_body(f"unpacks to more than {_MOST_UNPACKED // 1024 // 1024} MiB")
            if is_sheet and _FORMULA.search(rest + piece):
                _refuse_body("contains formulas: save it with values only")
            rest = piece[-_LONGEST_TAG:]
    return left


def _find_table(book: CalamineWorkbook) -> _Table:
    """The first sheet with Amazon's headings, in whatever row they are."""
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height > _MOST_ROWS:
            _refuse_body(f"has a sheet of more than {_MOST_ROWS} rows")
        rows = sheet.to_python(skip_empty_area=False)
        for at, row in enumerate(rows[:20]):
            columns: dict[str, int] = {}
            for position, cell in enumerate(row):
                known = _COLUMNS.get(re.sub(r"[^a-z]", "", _text(cell).lower()))
                if known is not None:
                    columns.setdefault(known, position)
            if columns.keys() >= _NEEDED:
                return _Table(name, rows, at, columns)
    return _refuse_body(
        "has no sheet with the columns of Amazon's workbook: Fnsku, Latest Approved Cost, Currency, "
        "Seller New Cost"
    )


def _cost(table: _Table, row: Sequence[Cell], order: DayOrder) -> AmazonCost:
    """Raises ValueError."""
    fnsku, currency = table.text(row, "fnsku"), table.text(row, "currency").upper()
    if not fnsku:
        raise ValueError("Fnsku is missing")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError("Currency is not a code such as USD")
    approved = _amount(table.cell(row, "approved"), "Latest Approved Cost", currency)
    updated = _day(table.cell(row, "updated"), order)
    if approved is not None and updated is None:
        raise ValueError("Date of Last Updated Cost is missing")
    return AmazonCost(
        fnsku=fnsku,
        currency=currency,
        asin=table.text(row, "asin") or None,
        estimated_cost=_amount(table.cell(row, "estimated"), "Amazon Estimated Cost", currency),
        approved_cost=approved,
        approved_source=table.text(row, "source").upper() or None,
        approved_on=updated if approved is not None else None,
        new_cost=_amount(table.cell(row, "new"), "Seller New Cost", currency),
    )


def _amount(cell: Cell, name: str, currency: str) -> Decimal | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        amount = Decimal(str(cell))
    elif _text(cell).lower() in _NONE:
        return None
    else:
        amount = parse_amount(_text(cell), currency, name)
    if not 0 < amount < 10**12:
        raise ValueError(f"{name} must be above 0")
    return amount


def _day(cell: Cell, order: DayOrder) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    if text.lower() in _NONE:
        return None
    told = iso_day(text, order)
    if told is None:
        raise ValueError(
            f"Date of Last Updated Cost {text[:40]!r} is not a day, or may be one of two"
        )
    return date.fromisoformat(told)


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _refuse_body(what: str) -> NoReturn:
    refuse([("body", what)])
