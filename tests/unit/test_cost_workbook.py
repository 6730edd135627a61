"""Amazon's workbook of sourcing costs: read, filled, and read again; and amounts that are not guessed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from fastapi.exceptions import RequestValidationError
from python_calamine import CalamineWorkbook

from recoup.api.cost_numbers import parse_amount
from recoup.api.cost_workbook import fill_workbook, read_workbook

HEAD = [
    *("Asin", "Fnsku", "Amazon Estimated Cost", "Latest Approved Cost"),
    *("Source of Latest Approved Cost", "Currency", "Date of Last Updated Cost", "Seller New Cost"),
]
ROWS: list[list[Any]] = [
    ["B000000001", "X000000001", 3.1, 2.5, "AMAZON", "USD", datetime(2026, 5, 1), ""],  # noqa: DTZ001 - a cell has no zone
    ["B000000002", "X000000002", "N/A", "", "", "USD", "", ""],
    ["B000000003", "X000000003", 7, 6.255, "SELLER", "USD", "2026-05-31", ""],
]


def workbook(rows: list[list[Any]], *, notes: bool = True, formula: str | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        if notes:
            read_me = book.add_worksheet("Read me")
            read_me.write_string("B3", "=HYPERLINK(1)")
            read_me.write_boolean("A1", True)  # noqa: FBT003 - the library's own signature
        sheet = book.add_worksheet("Part_1")
        for at, row in enumerate([HEAD, *rows]):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(at, column, cell, day)
                elif cell != "":
                    sheet.write(at, column, cell)
        if formula is not None:
            sheet.write_formula("J9", formula)
    return target.getvalue()


def cells(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


def refusals(content: bytes) -> list[str]:
    with pytest.raises(RequestValidationError) as caught:
        read_workbook(content)
    return [f"{'/'.join(error['loc'])}: {error['msg']}" for error in caught.value.errors()]


def test_what_amazon_has_estimated_and_approved_is_read() -> None:
    """Costs come with their day and source, and empty cells are unknown."""
    first, second, third = read_workbook(workbook(ROWS))
    assert (first.fnsku, first.estimated_cost, first.approved_cost) == (
        "X000000001",
        Decimal("3.1"),
        Decimal("2.5"),
    )
    assert (first.approved_source, first.approved_on) == ("AMAZON", date(2026, 5, 1))
    assert (second.estimated_cost, second.approved_cost, second.approved_on) == (None, None, None)
    assert (third.approved_cost, third.approved_on) == (Decimal("6.255"), date(2026, 5, 31))


def test_read_filled_and_read_again_is_the_same_plus_the_costs() -> None:
    """All sheets, headings and other cells stay as they were; a text stays a text."""
    before = workbook(ROWS)
    costs = {("X000000001", "USD"): Decimal("4.27"), ("X000000003", "USD"): Decimal("6.1")}
    after = fill_workbook(before, lambda fnsku, currency: costs.get((fnsku, currency)))
    expected = cells(before)
    expected["Part_1"][1][7] = 4.27
    expected["Part_1"][3][7] = 6.1
    assert cells(after) == expected
    assert [one.new_cost for one in read_workbook(after)] == [Decimal("4.27"), None, Decimal("6.1")]
    assert fill_workbook(after, lambda _fnsku, _currency: None) is not None
    assert cells(fill_workbook(after, lambda _fnsku, _currency: None)) == expected
    sheets = [
        name for name in zipfile.ZipFile(io.BytesIO(after)).namelist() if "worksheets" in name
    ]
    assert not any(b"<f>" in zipfile.ZipFile(io.BytesIO(after)).read(name) for name in sheets)


def test_what_would_have_to_be_guessed_is_refused_with_its_row() -> None:
    """Each cell that could mean two things is named with its sheet and row."""
    rows = [list(row) for row in ROWS]
    rows[0][3] = "1.234"
    rows[1][5] = "dollars"
    rows[2][6] = "03/04/2026"
    told = refusals(workbook(rows))
    assert [one.partition(":")[0] for one in told] == [
        "Part_1 row 2",
        "Part_1 row 3",
        "Part_1 row 4",
    ]
    assert "'1.234' may be a thousand" in told[0]
    assert "may be one of two" in told[2]
    assert "comes twice" in refusals(workbook([ROWS[0], ROWS[0]]))[0]


def test_files_that_are_no_such_workbook_are_refused() -> None:
    """Each refusal says what is wrong with the file."""
    assert "not an .xlsx" in refusals(b"sku,cost\n")[0]
    assert "damaged" in refusals(workbook(ROWS)[:900])[0]
    assert "no products" in refusals(workbook([]))[0]
    assert "contains formulas" in refusals(workbook(ROWS, formula="=1+1"))[0]
    other = io.BytesIO()
    with xlsxwriter.Workbook(other, {"in_memory": True}) as book:
        book.add_worksheet("Costs").write("A1", "Fnsku")
    assert "no sheet with the columns" in refusals(other.getvalue())[0]


def test_a_workbook_that_unpacks_to_a_disk_full_is_refused() -> None:
    """A small file that unpacks to more than the ceiling is refused."""
    target = io.BytesIO(workbook(ROWS))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"0" * 80_000_000)
    assert "unpacks to more than" in refusals(target.getvalue())[0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(("4", "4"), ("12.34", "12.34"), ("12,34", "12.34"), ("1.234,56", "1234.56")),
        *(("1,234.56", "1234.56"), ("1 234,56", "1234.56"), ("1\u202f234,56", "1234.56")),
        *(
            ("1'234.50", "1234.50"),
            ("1.234.567", "1234567"),
            ("0.255", "0.255"),
            ("4.2000", "4.2000"),
        ),
        *(("€ 3,20", "3.20"), ("3,20 EUR", "3.20"), ("3.20€", "3.20")),
    ],
)
def test_amounts_of_every_usual_spreadsheet(text: str, amount: str) -> None:
    """Both decimal marks, thousands and the sign of the currency are understood."""
    assert parse_amount(text, "EUR") == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["1.234", "1,234", "12.345", "$ 4.20 USD", "£4.20", "-4", "1e3", "4.20.1", "", "NaN", "4 20"],
)
def test_amounts_that_are_not_guessed(text: str) -> None:
    """Text that is no amount, could be two amounts or names another currency is refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_amount(text, "EUR")
