"""No row is read with its cells in the wrong columns, whatever report it is of."""

from __future__ import annotations

from itertools import islice

import pytest

from recoup.sandbox.reports import all_report_types
from recoup.sandbox.world.profile import PROFILES
from recoup.streams import all_streams
from recoup.streams._report import Report
from recoup.sync.loading.cells import place_columns
from recoup.sync.loading.lines import RowFitter, Shape, Tally, count_gaps, shape_of
from tests.sandbox.report_reading import new_world, request

REPORTS = {stream.name: stream.report for stream in all_streams() if stream.report is not None}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
every_profile = pytest.mark.parametrize("profile", PROFILES)
_ROWS = 40
# Their last wanted columns are numbers or words side by side: where a line is no longer than the
# header all the same, nothing tells one from the next.
_ALIKE_LAST = {"ledger", "ledger_summary", "orders", "returns", "settlements"}
_SETTLEMENT = "10000000003"


def file_of(report: Report, profile: str) -> tuple[Shape, list[list[str]]]:
    """The shape of a file that the sandbox makes, and some of its rows."""
    kind, world = all_report_types()[report.report_type], new_world(7, 400, profile)
    header = kind.header_for(world.profile)
    shape = shape_of(report.fields, place_columns(report.fields, header), len(header))
    options = {**report.options, **({"settlementId": _SETTLEMENT} if report.discovered else {})}
    rows = [list(row) for row in islice(kind.rows(world, request(world, **options)), _ROWS)]
    return shape, rows


def read(shape: Shape, *lines: list[str]) -> list[list[str]]:
    """The rows that would be loaded, as far as their values are of their columns' kinds."""
    tally = Tally()
    fitter = RowFitter(shape, tally)
    staged = [row for line in lines for row in fitter.add(line)]
    staged += fitter.end()
    skipped = {*tally.ragged, *tally.blank}
    rows = [row for number, row in enumerate(staged, start=2) if number not in skipped]
    return [row for row in rows if count_gaps(shape, row) is not None]


def wanted(shape: Shape, row: list[str]) -> list[str]:
    return [cell.strip() for one, cell in zip(shape, row, strict=True) if one is not None]


def stripped(line: list[str]) -> list[str]:
    """Without the empty cells at its end."""
    while line and not line[-1]:
        line = line[:-1]
    return line


@every_profile
@every_report
def test_a_row_with_an_empty_cell_too_many_is_not_read_shifted(
    report: Report, profile: str
) -> None:
    """Wherever the cell stands; nor where the line is as long as the header all the same, as its last
    cell is left out, as far as the columns' values tell.
    """
    shape, rows = file_of(report, profile)
    stripped_too = report not in [REPORTS[name] for name in _ALIKE_LAST]

    for row in rows:
        for at in range(len(row)):
            longer = [*row[:at], "", *row[at:]]
            for line in (longer, stripped(longer)) if stripped_too else (longer,):
                for found in read(shape, line):
                    assert wanted(shape, found) == wanted(shape, row), (at, line)


@every_profile
@every_report
def test_cells_that_are_missing_at_the_end_are_empty(report: Report, profile: str) -> None:
    """A row without its last, empty cells is the row; one without a cell that it needs is none."""
    shape, rows = file_of(report, profile)
    needed = max(n for n, one in enumerate(shape) if one is not None and one.required)

    for row in rows:
        short = stripped(row)
        if len(short) < len(row):
            assert read(shape, short) == [row]
        assert read(shape, row[:needed]) == []


@every_profile
@every_report
def test_a_row_in_two_lines_is_one_or_none(report: Report, profile: str) -> None:
    """Broken in any of its cells, with other rows around it, it is put together or put aside."""
    shape, rows = file_of(report, profile)
    whole = [wanted(shape, row) for row in rows]

    for row in rows[1:-1:5]:
        for at, cell in enumerate(row):
            middle = len(cell) // 2
            first, second = [*row[:at], cell[:middle]], [cell[middle:], *row[at + 1 :]]
            found = read(shape, rows[0], first, second, rows[-1])
            assert wanted(shape, found[0]) == whole[0]
            assert wanted(shape, found[-1]) == whole[-1]
            for one in found[1:-1]:
                cells = wanted(shape, one)
                place = [n for n, wished in enumerate(shape) if wished is not None]
                others = [c for n, c in zip(place, cells, strict=True) if n != at]
                assert others == [
                    c for n, c in zip(place, wanted(shape, row), strict=True) if n != at
                ]
