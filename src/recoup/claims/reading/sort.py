"""The orders in which claims can be listed, and the position of a claim in them.

A place travels as text that PostgreSQL wrote itself, so it is exact: a numeric keeps its digits and
a time its microseconds. What is not known comes last in either direction.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Label,
    Numeric,
    bindparam,
    case,
    cast,
    func,
    literal,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import Text, TypeEngine

from recoup.claims.reading.day import today_on
from recoup.claims.tables import claim

_c = claim.c


def place_values(place: Sequence[str]) -> Mapping[str, str]:
    """The values of the parameters of `ClaimOrder.after`."""
    return {f"after_{number}": text for number, text in enumerate(place)}


class Sort(enum.StrEnum):
    """The sort key of a list of claims; with `-` in descending order."""

    DEADLINE = "deadline"
    DEADLINE_DOWN = "-deadline"
    DETECTED = "detectedAt"
    DETECTED_DOWN = "-detectedAt"
    EVENT = "eventDate"
    EVENT_DOWN = "-eventDate"
    AMOUNT = "amount"
    AMOUNT_DOWN = "-amount"
    CONFIDENCE = "confidence"
    CONFIDENCE_DOWN = "-confidence"


@dataclass(frozen=True)
class _Kind:
    """A type of sorted values: its extremes, and the format of its text."""

    type: TypeEngine[Any]
    lowest: str
    highest: str
    is_valid: Callable[[str], bool]


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00", re.ASCII)


def is_day(text: str) -> bool:
    """Whether the text is a calendar date as PostgreSQL writes it."""
    return bool(_DAY.fullmatch(text)) and _can_be_read(text)


def _is_date(text: str) -> bool:
    return text in {"infinity", "-infinity"} or is_day(text)


def _is_time(text: str) -> bool:
    return bool(_MOMENT.fullmatch(text)) and _can_be_read(text)


def _can_be_read(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_NUMBER = re.compile(r"-?(\d{1,40}(\.\d{1,40})?|Infinity)", re.ASCII)

_DATE = _Kind(Date(), "-infinity", "infinity", _is_date)
_TIME = _Kind(TIMESTAMP(timezone=True), "-infinity", "infinity", _is_time)
_NUMERIC = _Kind(Numeric(), "-Infinity", "Infinity", lambda text: bool(_NUMBER.fullmatch(text)))
# No currency sorts before `!` or behind `~`: codes are letters.
_TEXT = _Kind(Text(), "!", "~", lambda text: len(text) <= 200)

_NOT_OVER, _OVER = "0", "1"

_COLUMNS: dict[str, tuple[tuple[ColumnElement[Any], _Kind], ...]] = {
    "deadline": ((_c.deadline, _DATE),),
    "detectedAt": ((_c.detected_at, _TIME),),
    "eventDate": ((_c.event_on, _DATE),),
    # Amounts of two currencies cannot be compared, so each currency is a block.
    "amount": ((_c.currency, _TEXT), (_c.amount, _NUMERIC)),
    "confidence": ((_c.confidence, _NUMERIC),),
}


class ClaimOrder:
    """A total order of claims: the sorted columns, then the claim's id.

    By `deadline` the most urgent come first, so those that are over at `now` come last.
    """

    def __init__(self, sort: Sort, now: datetime) -> None:
        self.sort = sort
        self._now = now
        self._descending = sort.value.startswith("-")
        kinds = [kind for _, kind in _COLUMNS[sort.value.lstrip("-")]]
        over = [_TEXT] if sort is Sort.DEADLINE else []
        self._kinds = [*over, *kinds, _TEXT]

    @property
    def place_length(self) -> int:
        """The number of texts in a position."""
        return len(self._kinds)

    @cached_property
    def _values(self) -> list[ColumnElement[Any]]:
        """Made only for a statement that is not kept."""
        columns = [column for column, _ in _COLUMNS[self.sort.value.lstrip("-")]]
        if self.sort is Sort.DEADLINE:
            is_over = case((_c.deadline < today_on(self._now), _OVER), else_=_NOT_OVER)
            columns.insert(0, is_over)
        values = (
            self._value(column, kind) for column, kind in zip(columns, self._kinds, strict=False)
        )
        return [*values, _c.claim_id]

    def by(self) -> list[ColumnElement[Any]]:
        return [value.desc() if self._descending else value.asc() for value in self._values]

    def place_columns(self) -> list[Label[str]]:
        return [cast(value, Text).label(f"place_{n}") for n, value in enumerate(self._values)]

    def is_place(self, place: Sequence[str]) -> bool:
        """Whether the texts can be a position in this order; PostgreSQL would reject others."""
        return len(place) == self.place_length and all(
            kind.is_valid(text) for kind, text in zip(self._kinds, place, strict=True)
        )

    def after(self, place: Sequence[str]) -> ColumnElement[bool]:
        """The claims after a position."""
        values = tuple_(*self._values)
        texts = place_values(place)
        bounds = tuple_(
            *(
                cast(bindparam(name, text, Text), kind.type)
                for kind, (name, text) in zip(self._kinds, texts.items(), strict=True)
            )
        )
        return values < bounds if self._descending else values > bounds

    def _value(self, column: ColumnElement[Any], kind: _Kind) -> ColumnElement[Any]:
        last = kind.lowest if self._descending else kind.highest
        return func.coalesce(column, cast(literal(last, Text), kind.type), type_=kind.type)
