"""Values as people write them in English: money, days, units, lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from recoup.money import Money

_SYMBOLS = {"USD": "$", "GBP": "\N{POUND SIGN}", "EUR": "\N{EURO SIGN}"}
_WHOLE = frozenset({"JPY"})
_CENT = Decimal("0.01")
_LONGEST = 80
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)([T ].*)?")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def written_money(value: Money) -> str:
    """`$1,234.50`, `CAD 12.30`, `JPY 1,500`: a sign only where no other country has the same."""
    digits = value.amount.quantize(Decimal(1) if value.currency in _WHOLE else _CENT)
    sign = "-" if digits < 0 else ""
    symbol = _SYMBOLS.get(value.currency)
    return f"{sign}{symbol or f'{value.currency} '}{abs(digits):,}"


def written_worth(value: Money | None) -> str:
    """Of a claim: an amount that is not known is no zero."""
    return "amount not known" if value is None else written_money(value)


def written_day(value: date) -> str:
    """`14 October 2026`, which reads the same everywhere."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def written_month(value: date) -> str:
    return f"{_MONTHS[value.month - 1]} {value.year}"


def written_units(number: int) -> str:
    return f"{number:,} unit" if number == 1 else f"{number:,} units"


def written_list(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def day_in(value: object) -> date | None:
    """The day of a cell of evidence, which has dates and instants as text."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = _ISO_DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def decimal_in(value: object) -> Decimal | None:
    """The number of a cell of evidence."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def whole_in(value: object) -> int | None:
    number = decimal_in(value)
    return int(number) if number is not None and number == int(number) else None


def one_line(value: object) -> str:
    """A value of a row on one line and not endless; codes of Amazon have at most 40 characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
