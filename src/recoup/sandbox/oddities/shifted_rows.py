"""Some rows have an extra tab after the carrier, which shifts every later cell by one column.

Found with the parcels of removal orders; here also with fulfilled shipments.
"""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step
from recoup.sandbox.world.dice import Dice

_COLUMN = "carrier"
_PER_MILLE = 100


def _sheet(sheet: Sheet, file: File) -> Sheet:
    official = file.kind.header_for(file.world.profile)
    if _COLUMN not in official or _COLUMN not in sheet.header:
        return sheet
    return sheet.having(rows=_rows(sheet, file, sheet.header.index(_COLUMN) + 1))


def _rows(sheet: Sheet, file: File, place: int) -> Iterator[Row]:
    for number, row in enumerate(sheet.rows):
        shifted = Dice(file.world.key, f"shifted-{file.kind.name}", number).happens(_PER_MILLE)
        yield (*row[:place], "", *row[place:]) if shifted else row


ODDITY = Oddity(Step.LAYOUT, sheet=_sheet, hides_facts=True)
