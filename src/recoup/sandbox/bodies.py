"""Request bodies with Amazon's checks: members by path, with the types of the models."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from recoup.sandbox.answers import invalid_input
from recoup.sandbox.world.instants import Instant, to_instant

_MOST_DIGITS = 9


class Body:
    """The JSON of one request. Every method raises ApiError 400 for an invalid member."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @cached_property
    def value(self) -> object:
        try:
            return json.loads(self._raw, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise invalid_input("The request body is not valid JSON.") from None

    @property
    def members(self) -> Members:
        if not isinstance(self.value, dict):
            raise invalid_input("The request body must be a JSON object.")
        return Members(self.value)

    def list_of_members(self, *, at_most: int) -> list[Members]:
        """A body that is a bare array of 1 to this many objects."""
        return _objects("The request body", self.value, at_most)


class Members:
    """One JSON object of a body. Unknown members are ignored."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str) -> str:
        """A text that must be present and not empty."""
        value = self.find_text(name)
        if not value:
            raise invalid_input(f"{name} is required.")
        return value

    def find_text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid_input(f"{name} must be a string.")
        return value

    def choice(self, name: str, choices: Collection[str]) -> str:
        value = self.text(name)
        if value not in choices:
            raise invalid_input(f"{name} has an invalid value: {value}.")
        return value

    def integer(self, name: str, *, low: int, high: int) -> int:
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise invalid_input(f"{name} must be a whole number from {low} to {high}.")
        return value

    def texts(self, name: str, *, at_most: int, at_least: int = 1) -> tuple[str, ...]:
        value = self._values.get(name)
        values = [] if value is None else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise invalid_input(f"{name} must be an array of strings.")
        if not at_least <= len(values) <= at_most:
            raise invalid_input(f"{name} must hold {at_least} to {at_most} values.")
        return tuple(values)

    def text_map(self, name: str) -> dict[str, str]:
        """An object whose members are all texts; empty when absent."""
        value = self._values.get(name)
        found = {} if value is None else value
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise invalid_input(f"{name} must be an object of strings.")
        return found

    def moment(self, name: str) -> Instant | None:
        """An ISO 8601 date or date-time; without an offset it is UTC."""
        text = self.find_text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return to_instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise invalid_input(f"{name} must be a date-time in ISO 8601 format.") from None

    def find_object(self, name: str) -> Members | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid_input(f"{name} must be an object.")
        return Members(value)

    def object(self, name: str) -> Members:
        found = self.find_object(name)
        if found is None:
            raise invalid_input(f"{name} is required.")
        return found

    def objects(self, name: str, *, at_most: int) -> list[Members]:
        return _objects(name, self._values.get(name), at_most)

    def amount(self, name: str) -> Decimal:
        """Money: a JSON number of at least 0, with its own digits."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise invalid_input(f"{name} must be a number.")
        amount = Decimal(value)
        if amount < 0 or amount.adjusted() > _MOST_DIGITS:
            raise invalid_input(f"{name} is out of range.")
        return amount

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise invalid_input(f"{name} must be true or false.")
        return value


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _objects(name: str, value: object, at_most: int) -> list[Members]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise invalid_input(f"{name} must be an array of objects.")
    if not 1 <= len(value) <= at_most:
        raise invalid_input(f"{name} must hold 1 to {at_most} members.")
    return [Members(one) for one in value]
