"""Files have undocumented columns between the documented ones.

Fee previews got current-fee-category and future-fee-category, storage fees base_rate,
storage_utilization_ratio and utilization_surcharge_rate. Source: amzn/selling-partner-api-docs issue
3180, amzn/selling-partner-api-models issue 5216.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step

_KNOWN = {
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA": ("current-fee-category", "future-fee-category"),
    "GET_FBA_STORAGE_FEE_CHARGES_DATA": (
        "base_rate",
        "storage_utilization_ratio",
        "utilization_surcharge_rate",
    ),
}
_OTHERS = ("store-tier",)


def _sheet(sheet: Sheet, file: File) -> Sheet:
    names = _KNOWN.get(file.kind.name, _OTHERS)
    middle = len(sheet.header) // 2
    more = ("1.00",) * len(names)
    return sheet.having(
        header=(*sheet.header[:middle], *names, *sheet.header[middle:]),
        rows=((*row[:middle], *more, *row[middle:]) for row in sheet.rows),
    )


ODDITY = Oddity(Step.HEADINGS, sheet=_sheet, hides_facts=True)
