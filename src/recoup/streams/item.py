"""Reading fields of Amazon's JSON items. Raises KeyError or ValueError; the item is quarantined."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from recoup.clock import parse_rfc3339
from recoup.money import Money

Item = Mapping[str, Any]

# Decimal reads `1_000` and the digits of other scripts as well.
_AMOUNT = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)

# Amazon sends these to applications with restricted roles, asked for or not. recoup never keeps them.
_PERSONAL = frozenset(
    {
        "buyer", "recipient", "giftMessage", "customizedUrl", "taxRegistrations",
        "ShipFromAddress", "sourceAddress", "contactInformation",
    }
)  # fmt: skip


def find(item: Item, *path: str) -> Any:
    """The value at a path of objects; None where a part is absent or null."""
    value: Any = item
    for name in path:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ValueError(f"{'.'.join(path)}: {name} is asked of something that is no object")  # noqa: TRY004 - unreadable data
        value = value.get(name)
    return value


def get_text(item: Item, *path: str) -> str:
    """A text that must be there and not empty."""
    value = find(item, *path)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{'.'.join(path)} is missing")
    return value


def find_text(item: Item, *path: str) -> str | None:
    value = find(item, *path)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{'.'.join(path)} is not a text")
    return value


def find_integer(item: Item, *path: str) -> int | None:
    value = find(item, *path)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError(f"{'.'.join(path)} is not a whole number")
    return value


def get_integer(item: Item, *path: str) -> int:
    value = find_integer(item, *path)
    if value is None:
        raise ValueError(f"{'.'.join(path)} is missing")
    return value


def find_boolean(item: Item, *path: str) -> bool | None:
    value = find(item, *path)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{'.'.join(path)} is neither true nor false")
    return value


def get_time(item: Item, *path: str) -> datetime:
    """An instant with offset, as UTC."""
    return parse_rfc3339(get_text(item, *path))


def find_time(item: Item, *path: str) -> datetime | None:
    return None if find(item, *path) is None else get_time(item, *path)


def find_money(item: Item, *path: str) -> Money | None:
    """Either of Amazon's two forms: {amount, currencyCode} and {currencyAmount, currencyCode}."""
    value = find(item, *path)
    if value is None:
        return None
    amount = find(value, "amount")
    if amount is None:
        amount = find(value, "currencyAmount")
    if isinstance(amount, bool) or not isinstance(amount, (str, int, Decimal)):
        raise ValueError(f"{'.'.join(path)} has no exact amount")  # noqa: TRY004 - unreadable data
    if isinstance(amount, str) and not _AMOUNT.fullmatch(amount):
        raise ValueError(f"{'.'.join(path)} is not an amount")
    exact = Decimal(amount)
    if not exact.is_finite():
        raise ValueError(f"{'.'.join(path)} is not a finite amount")
    return Money(exact, get_text(value, "currencyCode"))


def list_items(item: Item, *path: str) -> list[Item]:
    """A list of objects; empty where it is absent or null."""
    value = find(item, *path)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        raise ValueError(f"{'.'.join(path)} is not a list of objects")
    return value


def without_personal_data(value: Any) -> Any:
    """The same JSON without what describes a buyer, a contact or an address."""
    if isinstance(value, Mapping):
        return {k: without_personal_data(v) for k, v in value.items() if k not in _PERSONAL}
    if isinstance(value, list):
        return [without_personal_data(part) for part in value]
    return value


def to_json(value: Any) -> str:
    """JSON for a jsonb column. Decimals become strings: a JSON number may be read as a float."""
    return json.dumps(value, default=_exact, ensure_ascii=False, sort_keys=True)


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} does not belong in JSON")
