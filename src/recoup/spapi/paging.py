"""Pages of a window: their content, and the guard against endless pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard

from recoup.errors import MalformedAnswerError, PagingLoopError
from recoup.spapi.ceilings import ID_CHARACTERS, TOKEN_CHARACTERS
from recoup.spapi.client import Answer
from recoup.spapi.operation import Operation

_TOKEN_NAMES = ("nextToken", "NextToken", "paginationToken")


@dataclass(frozen=True, slots=True)
class OperationPage:
    """One page as Amazon sent it. The window continues as long as there is a `next_token`."""

    items: tuple[dict[str, Any], ...] = field(repr=False)
    next_token: str | None = field(repr=False)
    until: datetime | None
    """Amazon's own watermark: the time up to which this answer is complete. None if absent."""
    answered_at: datetime
    request_id: str | None = None
    """Amazon's id of the answer, which traces a stored row back to its source."""


def is_id(value: Any, *, most: int = ID_CHARACTERS) -> TypeGuard[str]:
    """Whether a value can be an id or a token of Amazon's: printable ASCII, and not too long.

    It goes into addresses and tables, which do not take everything that JSON can hold.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= most
        and value.isascii()
        and value.isprintable()
    )


class PageGuard:
    """Watches the pages of one window; `operation` is named in its error."""

    def __init__(self, operation: str = "paging") -> None:
        self._operation = operation
        self._tokens: set[str] = set()
        self._pages: set[bytes] = set()

    def check(self, items: Sequence[Any], next_token: str | None) -> None:
        """Raises PagingLoopError if the token or the page occurred before in this window.

        An empty page with a new token is legal (Finances: "can return empty pages").
        """
        self.check_token(next_token)
        if items:
            text = json.dumps(items, sort_keys=True, default=str)
            self.check_content(hashlib.sha256(text.encode()).digest())

    def check_token(self, next_token: str | None) -> None:
        """Raises PagingLoopError if the token occurred before in this window."""
        if next_token is not None:
            if next_token in self._tokens:
                raise PagingLoopError(
                    "Amazon sent the same page token twice.", operation=self._operation
                )
            self._tokens.add(next_token)

    def check_content(self, digest: bytes) -> None:
        """Raises PagingLoopError if a page with this digest occurred before in this window."""
        if digest in self._pages:
            raise PagingLoopError("Amazon sent the same page twice.", operation=self._operation)
        self._pages.add(digest)


class PageReader:
    """Extracts the parts of an answer; a missing part is an error, never an empty page."""

    def __init__(self, operation: Operation, answer: Answer) -> None:
        self._operation = operation
        self._answer = answer
        self.body = self.section(answer.body, "the answer")

    def section(self, value: Any, name: str) -> Mapping[str, Any]:
        """`value` as an object. Raises MalformedAnswerError for anything else."""
        if not isinstance(value, dict):
            raise self.malformed(f"{name} is missing or not an object")
        return value

    def optional_section(self, name: str) -> Mapping[str, Any]:
        """The top-level object `name`, empty if absent or null."""
        value = self.body.get(name)
        return {} if value is None else self.section(value, name)

    def items(self, section: Mapping[str, Any], name: str) -> tuple[dict[str, Any], ...]:
        """The list of objects `name`; empty if it is null (selling-partner-api-models issue 4358).

        Raises MalformedAnswerError when it is no such list, or not there.
        """
        if name not in section:
            raise self.malformed(f"{name} is missing")
        value = section[name]
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.malformed(f"{name} is not a list of objects")
        return tuple(value)

    def next_token(self, value: Any) -> str | None:
        """`value` as the token of the next page; None or empty on the last page.

        Raises MalformedAnswerError when the answer has a token in a place where this operation is
        not documented to have one: not following it would silently lose the pages behind it.
        """
        if value is not None and not isinstance(value, str):
            raise self.malformed("the page token is not a text")
        token = value or None
        if token is not None and not is_id(token, most=TOKEN_CHARACTERS):
            raise self.malformed("the page token is too long, or has characters of no token")
        if self._tokens_anywhere() - {token}:
            raise self.malformed("a page token is in an unexpected place")
        return token

    def _tokens_anywhere(self) -> set[str]:
        payload, pagination = self.body.get("payload"), self.body.get("pagination")
        nested = payload.get("pagination") if isinstance(payload, dict) else None
        return {
            place[name]
            for place in (self.body, payload, pagination, nested)
            if isinstance(place, dict)
            for name in _TOKEN_NAMES
            if isinstance(place.get(name), str) and place[name]
        }

    def malformed(self, what: str) -> MalformedAnswerError:
        """The error that states `what` is wrong with this answer."""
        return MalformedAnswerError(
            f"Amazon's answer is not as documented: {what}.",
            operation=self._operation.name,
            status=self._answer.status,
            request_id=self._answer.request_id,
        )
