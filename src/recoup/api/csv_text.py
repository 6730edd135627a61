"""CSV for spreadsheets (RFC 4180). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from recoup.clock import to_rfc3339

MEDIA_TYPE = "text/csv"
# A spreadsheet runs a text that begins so as a formula (OWASP: CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as lines; nothing for no rows."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def plain_text(cell: str) -> str:
    """A cell as it was before `csv_lines` kept it from being a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _cell(value: object) -> str:
    """Numbers stay numbers, whatever their sign; a text that looks like a formula stays text."""
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
            return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)
