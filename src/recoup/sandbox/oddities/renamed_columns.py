"""In every type of report one column has a new name, without any notice.

Which one depends on the seed. Source: amzn/selling-partner-api-models issues 5284 (2026-06), 5216,
2579 and 536.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step
from recoup.sandbox.world.dice import Dice


def _sheet(sheet: Sheet, file: File) -> Sheet:
    number = Dice(file.world.key, f"renamed-{file.kind.name}").roll(len(sheet.header))
    name = _renamed(sheet.header[number])
    return sheet.having(header=(*sheet.header[:number], name, *sheet.header[number + 1 :]))


def _renamed(name: str) -> str:
    """The words in reverse order; a single word gets one more."""
    for sign in ("-", "_", " "):
        if sign in name:
            return sign.join(reversed(name.split(sign)))
    return f"Item {name}" if name[0].isupper() else f"item-{name}"


ODDITY = Oddity(Step.HEADINGS, sheet=_sheet, hides_facts=True)
