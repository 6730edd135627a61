"""CSV for spreadsheets (RFC 4180). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from recoup.clock import to_rfc3339

MEDIA_TYPE = "text/csv"
# A spreadsheet runs a text that begins so as a formula (OWASP: CSV injection), in some languages also
# with the full-width signs. Where the list separator is not a comma, or line breaks in a cell count, a
# cell begins in the middle of our text too.
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
_BEFORE_FORMULA = rf"^(?=[\t\r\n])|(^|[;|\t\r\n])(?=(?:[^\S\t\r\n]|\")*[{re.escape(_SIGNS)}])"
_UNSAFE = re.compile(_BEFORE_FORMULA)
_MADE_SAFE = re.compile(_BEFORE_FORMULA.replace("(?=", "'(?="))
# Each sign behind what may stand before it in such a text. That the sign comes first makes it a fast
# search for one character.
_MAY_BE_UNSAFE = [
    re.compile(rf"{sign}(?<=[\s;|\"]{sign})") for sign in map(re.escape, f"{_SIGNS}\t\r\n")
]
_QUOTED = re.compile(r'[",\r\n]')


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows, which are equally long, as lines; nothing for no rows.

    Column by column: whether any cell of one needs quotes or protection is seen at one look.
    """
    columns = [_column(values) for values in zip(*rows, strict=True)]
    # A line of nothing is no line to a reader.
    lines = [",".join(cells) or '""' for cells in zip(*columns, strict=True)]
    return "".join([f"{line}\r\n" for line in lines]).encode()


def plain_text(cell: str) -> str:
    """A cell without the protection against formulas that `csv_lines` adds."""
    return _MADE_SAFE.sub(lambda found: found[1] or "", cell)


def _column(values: Sequence[object]) -> Sequence[str]:
    if {*map(type, values)} <= _TEXTS:
        cells = _protected([value or "" for value in values])  # type: ignore[misc]  # texts, nulls
    else:
        cells = [_WRITTEN.get(type(value), _cell)(value) for value in values]
    if _QUOTED.search("".join(cells)):
        return [_in_quotes(cell) if _QUOTED.search(cell) else cell for cell in cells]
    return cells


def _protected(texts: Sequence[str]) -> Sequence[str]:
    behind_line_breaks = "\n".join(("", *filter(None, texts)))
    if any(one.search(behind_line_breaks) for one in _MAY_BE_UNSAFE):
        return [_safe(text) for text in texts]
    return texts


def _safe(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"{found[1] or ''}'", text)


def _in_quotes(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


_TEXTS = frozenset({str, type(None)})
# Numbers stay numbers, whatever their sign; text that looks like a formula stays text.
_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _null: "",
    str: _safe,
    int: str,
    float: str,
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f"),
    datetime: to_rfc3339,
}


def _cell(value: object) -> str:
    """Of any other type: a word of an enumeration, a day."""
    return _safe(str(value)) if isinstance(value, str) else str(value)
