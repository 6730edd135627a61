"""Days and times as people's downloads write them, as ISO. Pure.

Which of day and month comes first is decided for each column from all its values, never from one: a
column in which no day is above the 12th has no answer (docs/files.md#days-and-times).
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone

# In English, German, French, Italian and Spanish, a line for each month.
_MONTHS = """
jan januar january janv janvier gen gennaio ene enero
feb februar february fév fev févr fevr février febbraio febrero
mar märz marz mrz march mars marzo
apr april avr avril aprile abr abril
may mai mag maggio mayo
jun juni june juin giu giugno junio
jul juli july juil juillet lug luglio julio
aug august août aout ago agosto
sep sept september septembre set settembre septiembre
oct okt oktober october octobre ott ottobre octubre
nov november novembre noviembre
dec dez dezember december déc décembre dic dicembre diciembre
"""
_MONTH_OF = {
    name: number
    for number, names in enumerate(_MONTHS.split("\n")[1:], 1)
    for name in names.split()
}
# Hours from UTC, of the zones that downloads name.
_ZONES = {
    **dict.fromkeys(("utc", "gmt", "z", "wet"), 0),
    **dict.fromkeys(("bst", "cet", "mez", "west"), 1),
    **dict.fromkeys(("cest", "mesz", "eet"), 2),
    "jst": 9,
    **dict.fromkeys(("pst",), -8),
    **dict.fromkeys(("pdt", "mst"), -7),
}
_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(.*)", re.DOTALL
)
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?!\d)(.*)", re.DOTALL)
_NAMED_DAY_FIRST = re.compile(
    r"(\d{1,2})\.?\s*(?:de\s+)?([^\W\d]+)\.?,?\s*(?:de\s+)?(\d{4})(?!\d)(.*)", re.DOTALL
)
_NAMED_MONTH_FIRST = re.compile(r"([^\W\d]+)\.?\s+(\d{1,2}),?\s+(\d{4})(?!\d)(.*)", re.DOTALL)
_MONTH = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{4})|(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_CLOCK = re.compile(
    r"[\sT,]*(?:à|um|alle|a las)?\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap]\.?\s?m\.?)?\s*(.*)",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_NOON = 12


class DayOrder(enum.StrEnum):
    """What comes first in `03/04/2026`."""

    DAY = "day-first"
    MONTH = "month-first"
    UNKNOWN = "as-shown"
    """As the file shows; of a column: no value decides."""


def order_of(values: Iterable[str]) -> DayOrder | None:
    """The order of a column's values; None if none of them leaves a question.

    Dots and dashes stand between day, month and year in this order (`14.03.2026`).
    """
    asked, decided = False, None
    for value in values:
        found = _YEAR_LAST.fullmatch(value.strip())
        if found is None or "/" not in value[: found.end(3)]:
            continue
        first, second = int(found[1]), int(found[2])
        asked = asked or first != second
        if first > 12 or second > 12:
            mine = DayOrder.DAY if first > 12 else DayOrder.MONTH
            if decided not in {None, mine}:
                return DayOrder.UNKNOWN
            decided = mine
    return decided or (DayOrder.UNKNOWN if asked else None)


def iso_day(text: str, order: DayOrder) -> str | None:
    """The day as `2026-03-14`, the first of a month without a day; None if the text is no day."""
    month = _MONTH.fullmatch(_spaced(text))
    if month is not None:
        year, number = int(month[2] or month[3]), int(month[1] or month[4])
        return _iso(year, number, 1)
    told = _read_day(text, order)
    return None if told is None else told[0].isoformat()


def iso_time(text: str, order: DayOrder) -> str | None:
    """The instant as ISO with its offset; None if the text is none.

    A day without a clock is one of the marketplace: noon in UTC is the same day in all of them. A
    clock without a zone is UTC, as in the API's files.
    """
    told = _read_day(text, order)
    if told is None:
        return None
    day, rest = told
    if not rest.strip():
        return f"{day.isoformat()}T{_NOON}:00:00+00:00"
    clock = _CLOCK.fullmatch(rest)
    if clock is None:
        return None
    zone = _zone(clock[5])
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + (12 if clock[4].lower().startswith("p") else 0)
    if zone is None or hour > 23 or int(clock[2]) > 59 or int(clock[3] or 0) > 59:
        return None
    at = datetime(
        day.year, day.month, day.day, hour, int(clock[2]), int(clock[3] or 0), tzinfo=zone
    )
    return at.isoformat()


def _read_day(text: str, order: DayOrder) -> tuple[date, str] | None:
    """The day that a text begins with, and the rest."""
    spaced = _spaced(text)
    if found := _YEAR_FIRST.fullmatch(spaced):
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif found := _YEAR_LAST.fullmatch(spaced):
        first, second = int(found[1]), int(found[2])
        is_slashed = "/" in spaced[: found.end(3)]
        if is_slashed and order is DayOrder.UNKNOWN and first != second:
            return None
        month_first = is_slashed and order is DayOrder.MONTH
        parts = (int(found[3]), *((first, second) if month_first else (second, first)))
    elif found := _NAMED_DAY_FIRST.fullmatch(spaced):
        parts = (int(found[3]), _MONTH_OF.get(found[2].casefold(), 0), int(found[1]))
    elif found := _NAMED_MONTH_FIRST.fullmatch(spaced):
        parts = (int(found[3]), _MONTH_OF.get(found[1].casefold(), 0), int(found[2]))
    else:
        return None
    told = _iso(*parts)
    return None if told is None else (date.fromisoformat(told), found[4])


def _spaced(text: str) -> str:
    """Full-width digits and odd blanks as ordinary ones."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _zone(text: str) -> timezone | None:
    name = text.strip().casefold()
    if not name:
        return timezone(timedelta(0))
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    found = _OFFSET.fullmatch(name)
    if found is None or int(found[2]) > 14:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(size if found[1] == "+" else -size)
