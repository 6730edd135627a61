"""Rows end with their last non-empty cell.

The reimbursements of one account had 16 cells under 18 headings. Source:
abuzuhri/Amazon-SP-API-CSharp issue 693.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step


def _short(row: Row) -> Row:
    count = len(row)
    while count and not row[count - 1]:
        count -= 1
    return row[:count]


def _sheet(sheet: Sheet, file: File) -> Sheet:  # noqa: ARG001 - the same for every file
    return sheet.having(rows=map(_short, sheet.rows))


ODDITY = Oddity(Step.LAYOUT, sheet=_sheet)
