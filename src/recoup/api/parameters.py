"""The kinds of input that routes take, each with its bounds, so that no query sees nonsense."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from recoup.clock import parse_rfc3339

MAX_BIGINT = 2**63 - 1
"""PostgreSQL's largest offset."""

# PostgreSQL keeps no NUL in a text and refuses a query that has one.
TEXT_PATTERN = r"^[^\u0000]*$"
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class CamelModel(BaseModel):
    """Python names here, camelCase keys outside."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


def _parse_instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with offset, e.g. 2026-11-15T12:00:00Z")
    try:
        return parse_rfc3339(value.upper())
    except (ValueError, OverflowError):  # OverflowError: year 1 or 9999, moved by its offset
        raise ValueError("names no instant that can be told") from None


def _blank_is_none(value: Any) -> Any:
    """Frontends send `?status=&from=` for fields that were left empty."""
    return None if value == "" else value


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
    Field(description="nextCursor of the page before."),
]
