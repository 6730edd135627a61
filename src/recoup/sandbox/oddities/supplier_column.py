"""The ledger summary has a column Supplier, and two rows in place of one.

Not documented; in the API's files since June 2025, not in Seller Central's. The two rows add up to
the one. Source: amzn/selling-partner-api-models issue 4816.
"""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.oddities._oddity import File, Oddity, Row, Sheet, Step

_TYPE = "GET_LEDGER_SUMMARY_VIEW_DATA"
_START, _END = "Starting Warehouse Balance", "Ending Warehouse Balance"
_EVENTS = (
    "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns",
    "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed", "Other Events",
)  # fmt: skip
_TRANSIT = "In Transit Between Warehouses"


def _sheet(sheet: Sheet, file: File) -> Sheet:
    if file.kind.name != _TYPE:
        return sheet
    return sheet.having(header=(*sheet.header, "Supplier"), rows=_rows(sheet))


def _rows(sheet: Sheet) -> Iterator[Row]:
    for row in sheet.rows:
        whole = dict(zip(sheet.header, row, strict=True))
        one, other = dict(whole), dict(whole)
        for name in (_START, *_EVENTS):
            # Towards zero: a single unit stays in one row.
            half = int(int(whole[name]) / 2)
            one[name], other[name] = str(half), str(int(whole[name]) - half)
        other[_TRANSIT] = "0"
        for part, supplier in ((one, "Amazon"), (other, "")):
            if any(int(part[name]) for name in (_START, _TRANSIT, *_EVENTS)):
                end = sum(int(part[name]) for name in (_START, *_EVENTS))
                yield (*(part | {_END: str(end)}).values(), supplier)


ODDITY = Oddity(Step.CONTENT, sheet=_sheet)
