"""Lines end with CR LF, with empty lines between some of them and at the end.

Source: saleweaver/python-amazon-sp-api pull request 853.
"""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step

_EVERY = 10


def _sheet(sheet: Sheet, file: File) -> Sheet:  # noqa: ARG001 - the same for every file
    return sheet.having(rows=_rows(sheet.rows), ending="\r\n")


def _rows(rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if number % _EVERY == 0:
            yield ()
    yield ()


ODDITY = Oddity(Step.LAYOUT, sheet=_sheet)
