"""A return has another date in a later request: same order, SKU and license plate, days later.

Source: amzn/selling-partner-api-docs issue 2459, amzn/selling-partner-api-models issue 2940.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step, each_row
from recoup.sandbox.world.dice import Dice

_TYPE = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name != _TYPE or not file.pull:
        return sheet
    latest = datetime.fromtimestamp(file.request.as_of, tz=file.request.until.tzinfo)

    def moved(row: dict[str, str]) -> Iterator[dict[str, str]]:
        plate = row["license-plate-number"]
        dice = Dice(file.world.key, f"moved-return-{plate}", file.pull)
        at = datetime.fromisoformat(row["return-date"])
        later = at + timedelta(days=dice.between(0, 3), hours=dice.roll(5))
        if later < latest:
            row["return-date"] = later.isoformat(timespec="seconds")
        yield row

    return each_row(sheet, moved)


ODDITY = Oddity(Step.CONTENT, sheet=_sheet)
