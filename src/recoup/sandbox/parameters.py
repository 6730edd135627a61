"""Query parameters with Amazon's checks. Unknown ones are ignored, for the sake of real clients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from recoup.sandbox.answers import invalid_input
from recoup.sandbox.world.instants import Instant, to_instant


class Query:
    """The parameters of one request. Every method raises ApiError 400 for an invalid value."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        return list(self._values)

    def encode(self, *, without: str) -> str:
        """The parameters except one as a query string, from which the same Query can be created."""
        pairs = [(name, values) for name, values in self._values.items() if name != without]
        return urlencode(pairs, doseq=True)

    def text(self, name: str) -> str | None:
        """The value; None if the parameter is absent or empty."""
        return self._values.get(name, [""])[-1] or None

    def texts(
        self, name: str, *, at_most: int = 50, choices: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """The values of a list, whether separated by commas or repeated."""
        joined = ",".join(self._values.get(name, []))
        values = tuple(value.strip() for value in joined.split(",") if value.strip())
        if len(values) > at_most:
            raise invalid_input(f"{name} must hold at most {at_most} values.")
        wrong = [value for value in values if choices is not None and value not in choices]
        if wrong:
            raise invalid_input(f"{name} has an invalid value: {wrong[0]}.")
        return values

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in choices:
            raise invalid_input(f"{name} has an invalid value: {value}.")
        return value

    def moment(self, name: str) -> Instant | None:
        """An ISO 8601 date or date-time; without an offset it is UTC."""
        text = self.text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return to_instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise invalid_input(f"{name} must be a date-time in ISO 8601 format.") from None

    def integer(self, name: str, *, low: int, high: int, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        # Not str.isdigit: other scripts' digits are no numbers to Amazon.
        if not (text.isascii() and text.isdecimal() and low <= int(text[:9]) <= high):
            raise invalid_input(f"{name} must be between {low} and {high}.")
        return int(text)

    def boolean(self, name: str) -> bool:
        text = (self.text(name) or "false").lower()
        if text not in {"true", "false"}:
            raise invalid_input(f"{name} must be true or false.")
        return text == "true"
