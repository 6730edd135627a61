"""A report is DONE with only part of its rows, without any warning.

The first file of a window is whole, the second has 60 % of the rows, the third is whole again, and so
on, as 7,241, 3,979 and 7,241 rows within a day. Source: amzn/selling-partner-api-models issues 5161,
5149 and 5282 (2026).
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step
from recoup.sandbox.world.dice import Dice

_KEPT_PER_MILLE = 600


def is_partial(pull: int) -> bool:
    """Whether this file of a window has only part of its rows."""
    return pull % 2 == 1


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if not is_partial(file.pull):
        return sheet
    kept = (
        row
        for number, row in enumerate(sheet.rows)
        if Dice(file.world.key, f"partial-{file.kind.name}", file.pull, number).happens(
            _KEPT_PER_MILLE
        )
    )
    return sheet.having(rows=kept)


ODDITY = Oddity(Step.AMOUNT, sheet=_sheet, hides_facts=True)
