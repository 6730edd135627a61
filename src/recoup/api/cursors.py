"""Opaque cursors: the position of the last row as base64url of JSON. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from recoup.errors import InvalidRequestError

_REFUSAL = "The cursor does not belong to this list: start again without one."


def encode_cursor(listing: str, parts: Sequence[str]) -> str:
    text = json.dumps([listing, *parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(listing: str, cursor: str, *, count: int) -> tuple[str, ...]:
    """The `count` parts. Raises InvalidRequestError for a cursor of another listing."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidRequestError(_REFUSAL) from None
    if (
        not isinstance(found, list)
        or len(found) != count + 1
        or found[0] != listing
        or not all(isinstance(part, str) and _is_storable(part) for part in found)
    ):
        raise InvalidRequestError(_REFUSAL)
    return tuple(found[1:])


def bad_cursor() -> InvalidRequestError:
    """The error for a cursor whose parts do not fit the listing."""
    return InvalidRequestError(_REFUSAL)


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can store it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and text.isprintable()
