"""Reading fields of Amazon's JSON items. Raises KeyError or ValueError; the item is quarantined."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard

from recoup.clock import parse_believable
from recoup.money import Money
from recoup.spapi.ceilings import NUMBER_DIGITS

Item = Mapping[str, Any]
_VALUES = frozenset({str, int, bool, Decimal, type(None)})

# Decimal reads `1_000` and the digits of other scripts as well.
_AMOUNT = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)

CUT = "... (cut: {} characters)"
"""Stands at the end of a value that was too long to be kept, with its true length."""
_IS_CUT = re.compile(r"\.\.\. \(cut: \d+ characters\)\Z")


class Reads(dict[str, "Reads"]):
    """What a stream reads of an item: names of members, each with what is read of it.

    A member without members of its own is a value, or a list of values.
    """


def reads(*paths: str, **parts: Reads) -> Reads:
    """The members at these paths (`price.amount`), and parts that are described elsewhere."""
    tree = Reads(parts)
    for path in paths:
        here = tree
        for name in path.split("."):
            here = here.setdefault(name, Reads())
    return tree


MONEY = reads("amount", "currencyAmount", "currencyCode")
"""Either of Amazon's forms, as `find_money` reads them."""


def kept(value: Any, wanted: Reads) -> Any:
    """The value with what is read of it, and nothing else.

    Amazon sends applications with restricted roles data about buyers, requested or not, in members
    that have names already and in ones that will: what no stream reads goes no further than here.
    """
    if is_object(value):
        found = {}
        for name, part in wanted.items():
            if name in value:
                one = value[name]
                # Most members are values: a call for each would take as long as all the rest.
                found[name] = one if not part and type(one) in _VALUES else kept(one, part)
        return found
    if isinstance(value, list):
        return [kept(part, wanted) for part in value]
    return "" if wanted and value is not None else value


def is_object(value: Any) -> TypeGuard[Item]:
    """Whether it is an object of JSON. A dict is seen at a tenth of the price of other mappings."""
    return type(value) is dict or isinstance(value, Mapping)


def is_cut(value: Any) -> bool:
    """Whether a part of a row in quarantine is missing, so that it cannot be read any more."""
    if isinstance(value, Mapping):
        return any(map(is_cut, value.values()))
    if isinstance(value, list):
        return any(map(is_cut, value))
    return isinstance(value, str) and _IS_CUT.search(value) is not None


def find(item: Item, *path: str) -> Any:
    """The value at a path of objects; None if a part is absent or null."""
    value: Any = item
    for name in path:
        if value is None:
            return None
        if type(value) is not dict and not is_object(value):
            raise ValueError(f"{'.'.join(path)}: {name} is asked of something that is no object")
        value = value.get(name)
    return value


def get_text(item: Item, *path: str) -> str:
    """A text that must be present and not empty."""
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
    told = get_text(item, *path)
    try:
        return parse_believable(told)
    except ValueError as exc:
        raise ValueError(f"{'.'.join(path)} {exc}") from None


def find_time(item: Item, *path: str) -> datetime | None:
    return None if find(item, *path) is None else get_time(item, *path)


def find_money(item: Item, *path: str) -> Money | None:
    """Reads either of Amazon's forms: {amount, currencyCode} or {currencyAmount, currencyCode}."""
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
    if isinstance(amount, str) and len(amount) > 2 * NUMBER_DIGITS:
        raise ValueError(f"{'.'.join(path)} is no believable amount")
    exact = Decimal(amount)
    if not exact.is_finite():
        raise ValueError(f"{'.'.join(path)} is not a finite amount")
    # Written out, 1e99999999 has 100 million digits.
    if exact and abs(exact.adjusted()) >= NUMBER_DIGITS:
        raise ValueError(f"{'.'.join(path)} is no believable amount")
    return Money(exact, get_text(value, "currencyCode"))


def list_items(item: Item, *path: str) -> list[Item]:
    """A list of objects; empty if it is absent or null."""
    value = find(item, *path)
    if value is None:
        return []
    if not isinstance(value, list) or not all(map(is_object, value)):
        raise ValueError(f"{'.'.join(path)} is not a list of objects")
    return value


def to_json(value: Any) -> str:
    """JSON for a jsonb column. Decimals become strings: a JSON number may be read as a float."""
    return json.dumps(value, default=_exact, ensure_ascii=False, sort_keys=True)


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} does not belong in JSON")
