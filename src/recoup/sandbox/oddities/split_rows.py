"""Some rows are split by CR LF in place of a tab.

Source: amzn/selling-partner-api-models issue 5093 (2026).
"""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step
from recoup.sandbox.world.dice import Dice

_PER_MILLE = 50


def _sheet(sheet: Sheet, file: File) -> Sheet:
    return sheet.having(rows=_rows(sheet, file))


def _rows(sheet: Sheet, file: File) -> Iterator[Row]:
    for number, row in enumerate(sheet.rows):
        dice = Dice(file.world.key, f"split-{file.kind.name}", number)
        if len(row) > 2 and dice.happens(_PER_MILLE):
            place = dice.between(1, len(row) - 1)
            first = row[:place]
            if not sheet.quoted and sheet.ending == "\n":
                first = (*row[: place - 1], f"{row[place - 1]}\r")
            yield first
            yield row[place:]
        else:
            yield row


ODDITY = Oddity(Step.LAYOUT, sheet=_sheet, hides_facts=True)
