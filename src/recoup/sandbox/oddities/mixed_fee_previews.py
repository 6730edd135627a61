"""In Europe the fee preview mixes stores, whatever marketplace was requested, and names none of them.

A SKU has rows in several currencies and more than one in EUR, in no order. Source:
amzn/selling-partner-api-docs issue 694.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step
from recoup.sandbox.world.dice import Dice

_TYPE = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"
_STORES = (("EUR", "1.46"), ("EUR", "0.69"), ("GBP", "0.86"), ("SEK", "11.20"))
"""Currencies of other stores, and what their fees are to those of the home store."""
_AMOUNTS = (
    "your-price", "sales-price", "estimated-fee-total", "estimated-referral-fee-per-unit",
    "expected-domestic-fulfilment-fee-per-unit",
)  # fmt: skip


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name != _TYPE or not file.world.profile.metric:
        return sheet
    return sheet.having(rows=_rows(sheet, file))


def _rows(sheet: Sheet, file: File) -> Iterator[Row]:
    for number, row in enumerate(sheet.rows):
        told = [row, *(_abroad(sheet, row, currency, rate) for currency, rate in _STORES)]
        first = Dice(file.world.key, "store-first", number).roll(len(told))
        yield from (*told[first:], *told[:first])


def _abroad(sheet: Sheet, row: Row, currency: str, rate: str) -> Row:
    cells = dict(zip(sheet.header, row, strict=True))
    for name in _AMOUNTS:
        cells[name] = str((Decimal(cells[name]) * Decimal(rate)).quantize(Decimal("0.01")))
    return tuple((cells | {"currency": currency}).values())


ODDITY = Oddity(Step.CONTENT, sheet=_sheet, hides_facts=True)
