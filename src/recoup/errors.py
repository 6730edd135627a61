"""Every error that recoup raises on purpose.

RecoupError
├── ConfigurationError          a setting is wrong; the person who runs recoup can mend it
│   ├── UnknownSettingError
│   └── InvalidClientError      Amazon refuses the application's own id or secret
├── DatabaseError               the database cannot be used as it is
│   ├── DatabaseUnreachableError
│   ├── SchemaMismatchError
│   └── EmbeddedServerError
├── NotFoundError               no such object, or not this user's
├── ConflictError               the object is in a state that forbids this
│   ├── SyncAlreadyActiveError
│   ├── SyncAlreadyEndedError
│   ├── ImpossibleStepError     a claim cannot get this status from the one it has
│   └── KeyReusedError          an Idempotency-Key names another request
├── RequestError                an HTTP request that is not answered as it is
│   ├── UnauthenticatedError
│   ├── ForeignOriginError
│   └── InvalidRequestError
├── NoConnectionError           a sync was asked for without an Amazon connection
├── AmbiguousConnectionError    several connections and none was named
├── ReauthorizationRequiredError  Amazon no longer accepts the seller's refresh token
├── ForbiddenHostError          a report's file is offered at a host that is not Amazon's
├── ReportError                 a report cannot be had, or its file cannot be loaded
│   ├── ReportFailedError       Amazon could not make it (FATAL), and halving did not help
│   └── ReportFileError         the file lacks a column, or its rows do not add up
├── RowsLostError               rows were read that are neither stored nor in quarantine
├── ValueTooLargeError          PostgreSQL cannot take a value of that size
├── FencedError                 this worker no longer owns the sync: write nothing
├── RefusedError                Amazon refuses a part of a stream's data; the rest is there
└── SpApiError                  a call to Amazon did not succeed
    ├── ThrottledError          429
    ├── UnavailableError        5xx, broken connection, timeout
    ├── MalformedAnswerError    an answer that is not what Amazon documents
    ├── AccessTokenRejectedError  the access token is not accepted (401, 403)
    ├── ForbiddenError          403: a role, a marketplace or a dataset is refused
    ├── BadRequestError         400 and other 4xx
    │   └── PageTokenExpiredError
    ├── RemoteNotFoundError     404
    ├── DocumentExpiredError    the address of a report's file is not good any more
    ├── BrokenDocumentError     a report's file ends in the middle
    └── PagingLoopError         a page or a page token came a second time
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum


class Recovery(Enum):
    """What the caller should do about an error. Decisions rest on this, never on a message."""

    RETRY = "retry"
    """Try again after a back-off; bounded."""
    SNOOZE = "snooze"
    """Wait as told and try again; not counted as an attempt."""
    RESTART_WINDOW = "restart_window"
    """Begin the window again from its first page."""
    FAIL_STREAM = "fail_stream"
    """This stream cannot go on; the others can."""
    FAIL_SYNC = "fail_sync"
    """Nothing can go on for this connection."""
    STOP = "stop"
    """Somebody else owns the work now: write nothing and end."""


class RecoupError(Exception):
    """The root of recoup's own errors."""

    recovery = Recovery.FAIL_STREAM


class ConfigurationError(RecoupError):
    """A setting is missing or wrong; the message names it and says what to do."""

    recovery = Recovery.FAIL_SYNC


class UnknownSettingError(ConfigurationError):
    """An environment variable begins with RECOUP_ but is not a setting."""


class InvalidClientError(ConfigurationError):
    """Amazon refuses the application's client id or secret (perhaps past its 180-day rotation)."""


class DatabaseError(RecoupError):
    """The database cannot be used as it is; the message says what to do."""

    recovery = Recovery.FAIL_SYNC


class DatabaseUnreachableError(DatabaseError):
    """No PostgreSQL answers at the configured address."""


class SchemaMismatchError(DatabaseError):
    """The database's schema is older or newer than this version of recoup."""


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL could not be set up, started or stopped."""


class NotFoundError(RecoupError):
    """There is no such object, or it belongs to somebody else."""


class ConflictError(RecoupError):
    """The object is in a state that does not allow what was asked."""


class SyncAlreadyActiveError(ConflictError):
    """A sync of this connection is running; its id is `sync_id`."""

    def __init__(self, sync_id: str) -> None:
        super().__init__(f"A sync is already in progress: {sync_id}")
        self.sync_id = sync_id


class SyncAlreadyEndedError(ConflictError):
    """The sync has ended and cannot be cancelled any more."""


class ImpossibleStepError(ConflictError):
    """A claim cannot get this status from the one it has; `possible` are those that it can."""

    def __init__(self, current: str, wanted: str, possible: tuple[str, ...]) -> None:
        choice = f"possible now: {', '.join(possible)}" if possible else "nothing can follow"
        super().__init__(f"A claim that is {current} cannot become {wanted}; {choice}.")
        self.possible = possible


class KeyReusedError(ConflictError):
    """The Idempotency-Key was used before, for another connection."""


class RequestError(RecoupError):
    """An HTTP request that is not answered as it is; the message says what to change."""


class UnauthenticatedError(RequestError):
    """The request carries no token, or one that is forged, expired or of nobody."""


class ForeignOriginError(RequestError):
    """A browser sent the session cookie along with a write that another site asked for."""


class InvalidRequestError(RequestError):
    """The request is well formed but means nothing, such as a cursor that recoup never gave."""


class NoConnectionError(RecoupError):
    """The user has no Amazon connection to sync."""


class AmbiguousConnectionError(RecoupError):
    """The user has several Amazon connections and named none; `connection_ids` lists them."""

    def __init__(self, connection_ids: tuple[str, ...]) -> None:
        super().__init__("Several Amazon connections exist; name one as connectionId.")
        self.connection_ids = connection_ids


class ReauthorizationRequiredError(RecoupError):
    """Amazon no longer accepts the seller's refresh token: the seller must authorise again."""

    recovery = Recovery.FAIL_SYNC


class FencedError(RecoupError):
    """Another worker, or a cancel, took the sync over; this worker must write nothing more."""

    recovery = Recovery.STOP


class ForbiddenHostError(RecoupError):
    """A report's file is offered at a host that is not Amazon's; nothing was downloaded."""


class ReportError(RecoupError):
    """A report cannot be had, or its file cannot be loaded; the message names the report."""


class ReportFailedError(ReportError):
    """Amazon could not make a report, also after another try and for a shorter time."""


class ReportFileError(ReportError):
    """A report's file is not what its stream can load; nothing of it was loaded."""


class RowsLostError(RecoupError):
    """Rows of a page were read that are neither stored nor in quarantine; nothing was kept."""


class ValueTooLargeError(RecoupError):
    """A value is larger than PostgreSQL can take; nothing was written, and no repeat helps."""


class RefusedError(RecoupError):
    """Amazon refuses a marketplace or a dataset; the message names it. What it gave is kept."""


class SpApiError(RecoupError):
    """A call to the Selling Partner API did not succeed.

    `request_id` is Amazon's `x-amzn-RequestId`, which its support asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.status = status
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        where = f"{self.operation}: {super().__str__()}"
        return f"{where} (request {self.request_id})" if self.request_id else where


class ThrottledError(SpApiError):
    """Amazon asked us to wait. `retry_after` is Amazon's own wait where it named one."""

    recovery = Recovery.SNOOZE

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        retry_after: timedelta | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            message, operation=operation, status=429, code="QuotaExceeded", request_id=request_id
        )
        self.retry_after = retry_after


class UnavailableError(SpApiError):
    """Amazon could not answer: 5xx, a broken connection or a timeout."""

    recovery = Recovery.RETRY


class MalformedAnswerError(SpApiError):
    """The answer is not JSON or lacks what Amazon documents."""

    recovery = Recovery.RETRY


class AccessTokenRejectedError(SpApiError):
    """The access token is expired or refused; a fresh one is worth one more try."""

    recovery = Recovery.RETRY


class ForbiddenError(SpApiError):
    """Amazon refuses this data: a role is missing or the marketplace is not the seller's."""


class BadRequestError(SpApiError):
    """Amazon does not accept the request as it is; repeating it does not help."""


class PageTokenExpiredError(BadRequestError):
    """The page token is dead; the window must begin again from its first page."""

    recovery = Recovery.RESTART_WINDOW


class RemoteNotFoundError(SpApiError):
    """Amazon does not know the id, or it belongs to another seller."""


class PagingLoopError(SpApiError):
    """Amazon sent a page or a page token twice: going on would never end."""

    recovery = Recovery.RESTART_WINDOW


class DocumentExpiredError(SpApiError):
    """The address of a report's file is not good any more; ask for a new one."""

    recovery = Recovery.RETRY


class BrokenDocumentError(SpApiError):
    """A report's file ends in the middle of its compressed data; download it again."""

    recovery = Recovery.RETRY
