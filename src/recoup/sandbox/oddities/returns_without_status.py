"""Customer returns lack the column status, as in the United Arab Emirates.

Source: abuzuhri/Amazon-SP-API-CSharp pull request 126.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step

_TYPE = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name != _TYPE:
        return sheet
    place = sheet.header.index("status")
    return sheet.having(
        header=(*sheet.header[:place], *sheet.header[place + 1 :]),
        rows=((*row[:place], *row[place + 1 :]) for row in sheet.rows),
    )


ODDITY = Oddity(Step.AMOUNT, sheet=_sheet, hides_facts=True)
