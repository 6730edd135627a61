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


def prefers_csv(accept: str | None) -> bool:
    """Whether an Accept header names text/csv, and JSON no more than it (RFC 9110, 12.5.1)."""
    weights = {}
    for part in (accept or "").split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p.partition("=")[2] for p in parameters if p.startswith("q=")), "1")
        weights[media_type] = _weight(quality)
    csv_weight = weights.get(MEDIA_TYPE, 0.0)
    return csv_weight > 0 and csv_weight >= weights.get("application/json", 0.0)


def _weight(quality: str) -> float:
    try:
        return float(quality)
    except ValueError:
        return 0.0


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
