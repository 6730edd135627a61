"""Days as people write them in spreadsheets: never guessed. Pure."""

from __future__ import annotations

import re
from datetime import date

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
# A point between the numbers is written where the day comes first.
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_EITHER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})", re.ASCII)


def parse_day(text: str) -> date:
    """`2026-01-31`, `2026/1/31`, `31.01.2026`, `31/01/2026` or `1/31/2026`.

    Raises ValueError for `03/04/2026`, which is one day in London and another in Boston.
    """
    plain = text.strip()
    if found := _YEAR_FIRST.fullmatch(plain):
        return _day(found[1], found[3], found[4])
    if found := _DOTTED.fullmatch(plain):
        return _day(found[3], found[2], found[1])
    if found := _EITHER.fullmatch(plain):
        first, second, year = int(found[1]), int(found[3]), found[4]
        if first != second and max(first, second) <= 12:
            raise ValueError(
                f"{plain!r} may be either of two days: write {year}-{second:02}-{first:02} "
                f"or {year}-{first:02}-{second:02}"
            )
        day, month = (first, second) if first > second else (second, first)
        return _day(year, str(month), str(day))
    raise ValueError("must be a day, e.g. 2026-01-31")


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("must be a day, e.g. 2026-01-31") from None
