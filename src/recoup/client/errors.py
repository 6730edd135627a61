"""What a call of the API can come to besides an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from recoup.errors import RecoupError, Recovery


class ApiError(RecoupError):
    """recoup's API refused a call of its client; `status`, `type`, `detail` and the other members
    are those of the problem document.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        type: str = "about:blank",  # noqa: A002 - the member's name in RFC 9457
        detail: str = "",
        members: Mapping[str, Any] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.detail = detail or message
        self.members = dict(members or {})
        self.retry_after = retry_after


class ApiUnauthenticatedError(ApiError):
    """The token is missing, has ended or was revoked."""


class ApiForbiddenError(ApiError):
    """The token or its person may not do this; `members` name what is needed."""


class ApiNotFoundError(ApiError):
    """The object does not exist, or belongs to another workspace."""


class ApiConflictError(ApiError):
    """The call does not fit the present state, such as a second sync of a connection."""


class ApiBusyError(ApiError):
    """The API asks to wait; `retry_after` says how long, if it does."""

    recovery = Recovery.SNOOZE


class ApiUnreachableError(ApiError):
    """The API does not answer, or its event stream ends again and again."""

    recovery = Recovery.RETRY
