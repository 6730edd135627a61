"""CSV for spreadsheets (RFC 4180). Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from recoup.clock import to_rfc3339

MEDIA_TYPE = "text/csv"
# A spreadsheet runs a text that begins so as a formula (OWASP: CSV injection), in some languages also
# with the full-width signs. Where the list separator is not a comma, or line breaks in a cell count, a
# cell begins in the middle of our text too.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BEFORE_FORMULA = rf"^(?=[\t\r\n])|(^|[;|\t\r\n])(?=(?:[^\S\t\r\n]|\")*[{_SIGNS}])"
_UNSAFE = re.compile(_BEFORE_FORMULA)
_MADE_SAFE = re.compile(_BEFORE_FORMULA.replace("(?=", "'(?="))


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as lines; nothing for no rows."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def plain_text(cell: str) -> str:
    """A cell without the protection against formulas that `csv_lines` adds."""
    return _MADE_SAFE.sub(lambda found: found[1] or "", cell)


def _cell(value: object) -> str:
    """Numbers stay numbers, whatever their sign; text that looks like a formula stays text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return to_rfc3339(value)
        case str():
            return _UNSAFE.sub(lambda found: f"{found[1] or ''}'", value)
    return str(value)
