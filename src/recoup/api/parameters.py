"""Types of route parameters, each with its bounds, so that no query gets invalid values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, field_validator

from recoup.body import CamelModel
from recoup.clock import parse_rfc3339

MAX_BIGINT = 2**63 - 1
"""PostgreSQL's largest offset."""

# PostgreSQL keeps no NUL in a text and refuses a query that has one.
TEXT_PATTERN = r"^[^\u0000]*$"
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _parse_instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with offset, e.g. 2026-11-15T12:00:00Z")
    try:
        return parse_rfc3339(value.upper())
    except (ValueError, OverflowError):  # OverflowError: year 1 or 9999, moved by its offset
        raise ValueError("is not a valid time") from None


def _blank_is_none(value: object) -> object:
    """Frontends send `?status=&from=` for empty fields."""
    return None if value == "" else value


class RequestModel(CamelModel):
    """A body that a client sends. Text that no table and no header can hold is invalid input."""

    @field_validator("*", mode="before")
    @classmethod
    def _has_storable_text(cls, value: Any) -> Any:
        require_storable(value)
        return value


def require_storable(value: object) -> None:
    """Raises ValueError for NUL or half of a surrogate pair, wherever in a JSON value it is."""
    match value:
        case str():
            if _NOT_STORABLE.search(value):
                raise ValueError("must not contain NUL or half of a surrogate pair")
        case Mapping():
            for name, member in value.items():
                require_storable(name)
                require_storable(member)
        case list():
            for member in value:
                require_storable(member)


Blank = BeforeValidator(_blank_is_none)
Instant = Annotated[
    datetime,
    BeforeValidator(_parse_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=TEXT_PATTERN)]
OptionalInstant = Annotated[Instant | None, Blank]
OptionalIdentifier = Annotated[Identifier | None, Blank]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=4000)] | None,
    Blank,
    Field(description="nextCursor of the previous page."),
]
