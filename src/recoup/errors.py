"""Every error that recoup raises deliberately, with what it means (docs/reference/errors.md).

The base class says who can mend it: a ConfigurationError the person who runs recoup, a RequestError
the sender of a request, an SpApiError often nobody but Amazon.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum


class Recovery(Enum):
    """What the caller should do about an error. Decisions depend on this, never on a message."""

    RETRY = "retry"
    """Try again after a back-off; bounded."""
    SNOOZE = "snooze"
    """Wait for the given time and try again; not counted as an attempt."""
    RESTART_WINDOW = "restart_window"
    """Restart the window from its first page."""
    FAIL_STREAM = "fail_stream"
    """This stream cannot continue; the others can."""
    FAIL_SYNC = "fail_sync"
    """Nothing can continue for this connection."""
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


class EnvironmentUnavailableError(ConfigurationError):
    """This installation is not set up for the environment; the message says which setting is missing."""


class InvalidClientError(ConfigurationError):
    """Amazon refuses the application's client id or secret (perhaps past its 180-day rotation)."""


class ClockError(ConfigurationError):
    """Amazon's clock and this machine's differ so much that windows of time mean nothing."""


class DatabaseError(RecoupError):
    """What recoup stores in cannot be used as it is; the message says what to do."""

    recovery = Recovery.FAIL_SYNC


class DatabaseUnreachableError(DatabaseError):
    """No PostgreSQL answers at the configured address."""


class DiskFullError(DatabaseError):
    """This machine has no space for a temporary file; the work goes on once it has."""


class SchemaMismatchError(DatabaseError):
    """The database's schema is older or newer than this version of recoup."""


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL could not be set up, started or stopped."""


class IdentityProviderError(RecoupError):
    """The identity provider does not answer, so its tokens cannot be checked."""


class NotFoundError(RecoupError):
    """There is no such object, or it belongs to somebody else."""

    def __init__(self, message: str, *, listed_by: str | None = None) -> None:
        """listed_by: the command of recoup that lists such objects."""
        super().__init__(message)
        self.listed_by = listed_by


class ConflictError(RecoupError):
    """The object is in a state that does not allow the request."""


class SyncAlreadyActiveError(ConflictError):
    """A sync of this connection is running; its id is `sync_id`."""

    def __init__(self, sync_id: str) -> None:
        super().__init__(f"A sync is already in progress: {sync_id}")
        self.sync_id = sync_id


class SyncAlreadyEndedError(ConflictError):
    """The sync has ended and can no longer be cancelled."""


class ImpossibleStepError(ConflictError):
    """A claim cannot change from its status to this one; `possible` lists the allowed ones."""

    def __init__(self, current: str, wanted: str, possible: tuple[str, ...]) -> None:
        choice = (
            f"possible now: {', '.join(possible)}" if possible else "no further change is possible"
        )
        super().__init__(f"A claim that is {current} cannot become {wanted}; {choice}.")
        self.possible = possible


class PackMovedError(ConflictError):
    """Claims of a pack are not what the person has read; `moved` has each id with what became of it."""

    def __init__(self, moved: tuple[tuple[str, str], ...]) -> None:
        number = "1 claim" if len(moved) == 1 else f"{len(moved)} claims"
        words = "; ".join(f"{claim_id} {why}" for claim_id, why in moved[:5])
        super().__init__(
            f"{number} of the pack changed, so nothing was marked as filed: {words}. Read the pack again, "
            "and name what you read (`claims`)."
        )
        self.moved = moved


class KeyReusedError(ConflictError):
    """The Idempotency-Key was used before, for another connection."""


class RequestError(RecoupError):
    """An HTTP request that cannot be answered; the message says what to change."""


class UnauthenticatedError(RequestError):
    """The request has no session or token, or one that is forged, expired, revoked or without a user."""


class ForeignOriginError(RequestError):
    """A browser sent the session cookie with a write that another site requested."""


class WrongHostError(RequestError):
    """The Host header names neither RECOUP_PUBLIC_URL nor this machine, as after DNS rebinding."""


class LockedOutError(RequestError):
    """Too many attempts to sign in failed; `retry_after` is the time until the next one counts."""

    def __init__(self, retry_after: timedelta) -> None:
        minutes = max(1, -(-int(retry_after.total_seconds()) // 60))
        super().__init__(
            f"Too many attempts to sign in failed: try again in {minutes} minutes, or set a new "
            "password with `recoup user passwd EMAIL` on the machine that runs recoup."
        )
        self.retry_after = retry_after


class TooManyRequestsError(RequestError):
    """One user, or one address that is not signed in, requests too much; `retry_after` is the wait."""

    def __init__(self, retry_after: timedelta) -> None:
        seconds = int(retry_after.total_seconds())
        super().__init__(f"Too many requests: try again in {seconds} s, and send fewer at a time.")
        self.retry_after = retry_after


class TooManyStreamsError(RequestError):
    """A user has as many open event streams as RECOUP_STREAMS_PER_USER allows."""

    def __init__(self, most: int, *, retry_after: timedelta) -> None:
        super().__init__(f"You have {most} open event streams already: close one first.")
        self.retry_after = retry_after


class ScopeTooSmallError(RequestError):
    """The token may not do this; `needed` is the scope that may."""

    def __init__(self, *, needed: str, given: str) -> None:
        advice = f"`recoup user token EMAIL --scope {needed}` prints one"
        super().__init__(f"This needs a token of scope {needed}; yours has {given}. {advice}.")
        self.needed = needed


class ConfinedTokenError(RequestError):
    """The token is for one workspace, and this concerns the person in all of theirs."""

    def __init__(self) -> None:
        super().__init__(
            "This token is for one workspace: sign in, or use a token of `recoup user token`."
        )


class RoleTooSmallError(RequestError):
    """The person may not do this in the workspace; `needed` is the role that may."""

    def __init__(self, *, needed: str, given: str) -> None:
        super().__init__(f"This needs the role {needed}; you are {given}. Ask an owner.")
        self.needed = needed


class InvalidRequestError(RequestError):
    """The request is well-formed but invalid, such as a cursor of another list."""


class ConsentError(RequestError):
    """An authorization by Amazon's consent page was denied, is too old, used, or not this user's."""


class WeakPasswordError(InvalidRequestError):
    """The new password is too short, too long, or was used before."""


class WebhookError(RecoupError):
    """A message cannot be sent to a webhook; the message says why, for the log of its deliveries."""


class MailError(RecoupError):
    """No mail server took a mail; the message says why, without addresses and passwords."""


class NoConnectionError(RecoupError):
    """The user has no Amazon connection to sync."""


class AmbiguousConnectionError(RecoupError):
    """The user has several Amazon connections and named none; `connection_ids` lists them."""

    def __init__(self, connection_ids: tuple[str, ...]) -> None:
        super().__init__("Several Amazon connections exist; name one as connectionId.")
        self.connection_ids = connection_ids


class AmbiguousWorkspaceError(RecoupError):
    """The user belongs to several workspaces and chose none; `workspaces` has their ids and names."""

    def __init__(self, workspaces: tuple[tuple[str, str], ...]) -> None:
        advice = "name one in the header Recoup-Workspace, or choose one (PUT /api/me/workspace)"
        super().__init__(f"You belong to several workspaces: {advice}.")
        self.workspaces = workspaces


class ReauthorizationRequiredError(RecoupError):
    """Amazon no longer accepts the seller's refresh token: the seller must authorise again."""

    recovery = Recovery.FAIL_SYNC


class FencedError(RecoupError):
    """Another worker, or a cancel, took over the sync; this worker must write nothing more."""

    recovery = Recovery.STOP


class ReportError(RecoupError):
    """A report is not available, or its file cannot be loaded; the message names the report."""


class ReportFailedError(ReportError):
    """Amazon could not make a report, even after another attempt and for a shorter time."""


class ReportNotMadeError(ReportError):
    """Amazon has not made a report yet; its request stays open for the next sync.

    subject: the time that the report is about, empty for the present.
    """

    def __init__(self, report_type: str, report_id: str, window: object | None) -> None:
        self.subject = "" if window is None else str(window)
        report = ", ".join(filter(None, (f"{report_type} {report_id}", self.subject)))
        advice = "The request stays open, and the next sync picks it up."
        super().__init__(f"Amazon has not made the report yet: {report}. {advice}")


class ReportFileError(ReportError):
    """A report's file cannot be loaded by its stream; nothing of it was stored."""


class FileRefusedError(InvalidRequestError):
    """A file that a person gave is no report that recoup can read; the message says what to do."""


class ForbiddenHostError(ReportError):
    """A report's file is offered at a host that is not Amazon's; nothing was downloaded."""


class RowsLostError(RecoupError):
    """Rows of a page were read that are neither stored nor in quarantine; nothing was kept."""


class ValueTooLargeError(RecoupError):
    """A value is too large for PostgreSQL; nothing was written, and a repeat does not help."""


class RefusedError(RecoupError):
    """Amazon refuses the request for every marketplace; the message has its words."""


class NotAvailableError(RecoupError):
    """This account cannot have the data at present; the message says why, for the seller.

    role: the one that the application lacks, where that is why (403). is_news: Amazon was asked in
    this sync; otherwise it said so before, and is called again another day.
    """

    def __init__(self, message: str, *, role: str | None = None, is_news: bool = True) -> None:
        super().__init__(message)
        self.role = role
        self.is_news = is_news


class SpApiError(RecoupError):
    """A call to the Selling Partner API did not succeed.

    `request_id` is Amazon's `x-amzn-RequestId`, which its support requests.
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
    """Amazon requested a wait. `retry_after` is Amazon's own wait if it named one."""

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


class OversizeError(SpApiError):
    """An answer or a file is beyond a ceiling (recoup.spapi.ceilings); repeating does not help."""


class AccessTokenRejectedError(SpApiError):
    """The access token is expired or refused; one more attempt with a fresh one may succeed."""

    recovery = Recovery.RETRY


class ForbiddenError(SpApiError):
    """Amazon refuses this data: a role is missing or the marketplace is not the seller's."""


class BadRequestError(SpApiError):
    """Amazon does not accept the request as it is; repeating it does not help."""


class PageTokenExpiredError(BadRequestError):
    """The page token has expired; the window must restart from its first page."""

    recovery = Recovery.RESTART_WINDOW


class RemoteNotFoundError(SpApiError):
    """Amazon does not know the id, or it belongs to another seller."""


class PagingLoopError(SpApiError):
    """Amazon sent a page or a page token twice: continuing would never end."""

    recovery = Recovery.RESTART_WINDOW


class DocumentExpiredError(SpApiError):
    """The address of a report's file has expired; request a new one."""

    recovery = Recovery.RETRY


class BrokenDocumentError(SpApiError):
    """The compressed data of a report's file is incomplete; download it again."""

    recovery = Recovery.RETRY
