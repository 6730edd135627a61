"""Headings end with a space, such as `service-speed `, and cells have spaces around them.

Source: amzn/selling-partner-api-models issue 2011.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step


def _sheet(sheet: Sheet, file: File) -> Sheet:  # noqa: ARG001 - the same for every file
    header = tuple(
        f"{name} " if number % 3 == 1 else name for number, name in enumerate(sheet.header)
    )
    return sheet.having(header=header)


ODDITY = Oddity(Step.LAYOUT, sheet=_sheet)
