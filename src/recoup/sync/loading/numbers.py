"""The decimal sign of the numbers in a file, comma or point. Pure SQL expressions.

It is decided for each column from all its values (docs/amazon.md#report-files). `12,5`, `95,00` and
`1.234,56` have a decimal comma without doubt, `12.5` and `1,234.56` a decimal point; `1,250` may be
either. A column of nothing else follows the other columns of the file, and where those do not
decide either, the currency of the row: where it is used, a comma is one or the other.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

# Currencies of countries that write a decimal comma. Elsewhere a comma stands between thousands.
_DECIMAL_COMMA = ("EUR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "BRL")
# Without a smaller unit: three digits behind a comma are never decimals.
_NO_DECIMALS = ("JPY", "KRW")

HAS_DECIMAL_COMMA = (
    r"',(\d{1,2}|\d{4,})\s*$|^\s*[-+]?0+,\d|\.\d{3},\d|\.\d{3}\.\d{3}|^\s*[-+]?\d{4,},\d'"
)
HAS_DECIMAL_POINT = (
    r"'\.(\d{1,2}|\d{4,})\s*$|^\s*[-+]?0+\.\d|,\d{3}\.\d|,\d{2,3},\d{3}|^\s*[-+]?\d{4,}\.\d'"
)
# For whole numbers, which have no decimals at all.
HAS_COMMA_GROUPS = r"'^\s*[-+]?\d{1,3}(,\d{2,3})*,\d{3}\s*$'"
HAS_POINT_GROUPS = r"'^\s*[-+]?\d{1,3}(\.\d{3})+\s*$'"

# The characters that are removed, and no others: `12,50` is not 1250.
_COMMA_BETWEEN_THOUSANDS = r"'^\s*[-+]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?\s*$'"
_COMMA_BEFORE_DECIMALS = r"'^\s*[-+]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?\s*$'"
_ONE_COMMA_GROUP = r"'^\s*[-+]?\d{1,3},\d{3}\s*$'"


class NumberForm(enum.Enum):
    """How one column of a file writes numbers."""

    PLAIN = "plain"
    """As SQL reads them."""
    WHOLE = "whole"
    """Whole numbers, with either sign between thousands."""
    POINT = "point"
    COMMA = "comma"
    EITHER = "either"
    """Both occur, or there is no evidence: cell by cell, if in doubt by the row's currency."""


@dataclass(frozen=True, slots=True)
class FormEvidence:
    """Evidence in the values of a column."""

    is_whole: bool
    has_comma: bool
    has_point: bool
    decimal_comma: bool
    decimal_point: bool


def decide(columns: dict[str, FormEvidence]) -> dict[str, NumberForm]:
    """Decides the form of each column of a file."""
    commas = any(one.decimal_comma for one in columns.values())
    points = any(one.decimal_point for one in columns.values())
    others = NumberForm.EITHER
    if commas != points:
        others = NumberForm.COMMA if commas else NumberForm.POINT
    return {name: _form(one, others) for name, one in columns.items()}


def _form(column: FormEvidence, others: NumberForm) -> NumberForm:
    if not column.has_comma and not column.has_point:
        return NumberForm.PLAIN
    if column.is_whole:
        return NumberForm.WHOLE
    if column.decimal_comma != column.decimal_point:
        return NumberForm.COMMA if column.decimal_comma else NumberForm.POINT
    return NumberForm.EITHER if column.decimal_comma else others


def plain_number(text: str, form: NumberForm, currency: str) -> str:
    """SQL for the number as SQL reads it. Text in another form stays unchanged and is refused.

    currency: SQL for the currency of the row, null where it is not known.
    """
    grouped = f"when {text} ~ {_COMMA_BETWEEN_THOUSANDS} then replace({text}, ',', '')"
    decimal = f"when {text} ~ {_COMMA_BEFORE_DECIMALS} then translate({text}, ',.', '.')"
    impossible = f"when {currency} in {_NO_DECIMALS} and {text} ~ {_ONE_COMMA_GROUP} then replace({text}, ',', '')"
    match form:
        case NumberForm.PLAIN:
            return text
        case NumberForm.WHOLE:
            groups = f"{text} ~ {HAS_COMMA_GROUPS} or {text} ~ {HAS_POINT_GROUPS}"
            return f"case when {groups} then translate({text}, ',.', '') else {text} end"
        case NumberForm.POINT:
            return f"case {grouped} else {text} end"
        case NumberForm.COMMA:
            return f"case {impossible} {decimal} else {text} end"
        case NumberForm.EITHER:
            in_doubt = (
                f"when {text} ~ {_ONE_COMMA_GROUP} then case "
                f"when {currency} in {_DECIMAL_COMMA} then replace({text}, ',', '.') "
                f"when {currency} is not null then replace({text}, ',', '') else {text} end"
            )
            sure = f"when {text} ~ {HAS_DECIMAL_COMMA} then case {decimal} else {text} end"
            return f"case {impossible} {sure} {in_doubt} {grouped} else {text} end"
