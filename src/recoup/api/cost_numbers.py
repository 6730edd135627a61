"""Amounts as people write them in spreadsheets: never guessed. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

_SIGNS = {"$": None, "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "JPY", "zł": "PLN", "₹": "INR"}
_SIGNED = re.compile(r"([^\d.,'\s-]*)\s*([\d.,'\s]+?)\s*([^\d.,'\s-]*)")
_PLAIN = re.compile(r"\d{1,12}", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,12})[.,](\d{1,2}|\d{4,6})|0[.,](\d{3})", re.ASCII)
_EITHER = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)
# Thousands in groups, and behind the other sign decimals; or several groups, which cannot be decimals.
_POINT = re.compile(r"\d{1,3}(,\d{3})+\.\d{1,6}|\d{1,3}(,\d{3}){2,}|\d{1,3}('\d{3})+(\.\d{1,6})?")
_COMMA = re.compile(r"\d{1,3}(\.\d{3})+,\d{1,6}|\d{1,3}(\.\d{3}){2,}|\d{1,3}('\d{3})+,\d{1,6}")


def parse_amount(text: str, currency: str | None = None, name: str = "the number") -> Decimal:
    """`12.34`, `12,34`, `1.234,56`, `1 234.56`, `€ 12,34` or `12.34 USD`.

    Raises ValueError for `1.234`, which is one number in Berlin and another in Boston, and for the sign
    of another currency.
    """
    found = _SIGNED.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be a decimal number, e.g. 12.34 or 12,34")
    _require_currency([found[1], found[3]], currency, name)
    # Blanks, of whatever width, stand between thousands only.
    number = re.sub(r"(?<=\d)\s(?=\d{3}(\D|$))", "'", found[2])
    if _PLAIN.fullmatch(number):
        return Decimal(number)
    if _EITHER.fullmatch(number) and not number.startswith("0"):
        raise ValueError(
            f"{number!r} may be a thousand or a decimal number: write {number[:-4]}{number[-4]}"
            f"{number[-3:]}0 or {number.replace(number[-4], '')}"
        )
    if found_decimal := _DECIMAL.fullmatch(number):
        return Decimal(found_decimal[0].replace(",", "."))
    if _POINT.fullmatch(number):
        return Decimal(number.replace(",", "").replace("'", ""))
    if _COMMA.fullmatch(number):
        return Decimal(number.replace(".", "").replace("'", "").replace(",", "."))
    raise ValueError("must be a decimal number, e.g. 12.34 or 12,34")


def _require_currency(words: list[str], currency: str | None, name: str) -> None:
    for word in (one.strip() for one in words if one.strip()):
        told = _SIGNS.get(word.lower(), word.upper().rstrip("$") if "$" not in word else None)
        is_code = bool(re.fullmatch(r"[A-Z]{3}", told or "USD"))
        if not is_code:
            raise ValueError(f"{name} has the sign {word[:10]!r}, which is no currency")
        if told is not None and currency is not None and told != currency:
            raise ValueError(f"{name} is in {told}, but the currency is {currency}")
