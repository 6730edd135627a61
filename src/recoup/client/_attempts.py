"""When a call is made again, and what a refusal becomes. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from recoup.client._operations import Operation
from recoup.client.errors import (
    ApiBusyError,
    ApiConflictError,
    ApiError,
    ApiForbiddenError,
    ApiNotFoundError,
    ApiUnauthenticatedError,
    ApiUnreachableError,
)

_CLASSES: Mapping[int, type[ApiError]] = {
    401: ApiUnauthenticatedError,
    403: ApiForbiddenError,
    404: ApiNotFoundError,
    409: ApiConflictError,
    429: ApiBusyError,
    503: ApiBusyError,
}
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 10.0
_LONGEST_TEXT = 200
_MEMBERS = {"type", "title", "status", "detail"}


class Attempts:
    """The attempts of one operation, which wait `patience_seconds` in all.

    The server's own wait comes first; without one, waits double, with jitter.
    """

    def __init__(self, operation: Operation[Any], *, patience_seconds: float) -> None:
        self._operation = operation
        self._left = patience_seconds
        self._next = _FIRST_WAIT_SECONDS

    def wait_after(self, error: ApiError) -> float:
        """Seconds to wait before the next attempt. Raises the error where there is none."""
        if not self._may_repeat(error):
            raise error
        wait = self._wait(error)
        if wait > self._left:
            raise error
        self._left -= wait
        return wait

    def _may_repeat(self, error: ApiError) -> bool:
        if error.status == 429:
            return True  # refused before anything was done
        return self._operation.is_repeatable and isinstance(
            error, ApiBusyError | ApiUnreachableError
        )

    def _wait(self, error: ApiError) -> float:
        if error.retry_after is not None:
            return error.retry_after.total_seconds()
        wait, self._next = self._next, min(2 * self._next, _LONGEST_WAIT_SECONDS)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def refusal(status: int, headers: Mapping[str, str], text: str, document: Any) -> ApiError:
    """The error for an answer that is no success; `document` is its JSON, None where it is none."""
    problem = document if isinstance(document, dict) else {}
    detail = problem.get("detail") or problem.get("title") or text[:_LONGEST_TEXT]
    return _CLASSES.get(status, ApiError)(
        f"The API returned an error ({status}): {detail}",
        status=status,
        type=str(problem.get("type", "about:blank")),
        detail=str(detail),
        members={name: value for name, value in problem.items() if name not in _MEMBERS},
        retry_after=_retry_after(headers.get("retry-after")),
    )


def unreachable(cause: Exception) -> ApiUnreachableError:
    return ApiUnreachableError(
        f"The API is not responding ({str(cause).rstrip('.') or type(cause).__name__}): check its "
        "address, and that `recoup serve` runs there."
    )


def _retry_after(text: str | None) -> timedelta | None:
    """recoup sends seconds; a proxy's date is no number, and the usual waits apply."""
    return timedelta(seconds=int(text)) if text and text.isascii() and text.isdigit() else None
