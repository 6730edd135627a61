"""The single translator of errors to answers: RFC 9457 `application/problem+json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from recoup.api.outage_log import OUTAGE, OUTAGES
from recoup.errors import (
    AmbiguousConnectionError,
    AmbiguousWorkspaceError,
    ConfigurationError,
    ConfinedTokenError,
    ConflictError,
    ConsentError,
    DatabaseError,
    DiskFullError,
    EnvironmentUnavailableError,
    FileRefusedError,
    ForeignOriginError,
    IdentityProviderError,
    ImpossibleStepError,
    InvalidRequestError,
    KeyReusedError,
    LockedOutError,
    NoConnectionError,
    NotFoundError,
    PackMovedError,
    ReauthorizationRequiredError,
    RecoupError,
    RoleTooSmallError,
    ScopeTooSmallError,
    SpApiError,
    SyncAlreadyActiveError,
    SyncAlreadyEndedError,
    ThrottledError,
    TooManyRequestsError,
    TooManyStreamsError,
    UnauthenticatedError,
    UnavailableError,
    WeakPasswordError,
    WrongHostError,
)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem sent to a client. `type` names the kind for programs, `detail` is for people."""

    status: int
    type: str
    title: str
    detail: str
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The answer for one class of errors. retry_after: seconds (ours), of those that pass by
    themselves; the error itself may know better. says: in place of the error's own text, which is for
    operators.
    """

    status: int
    slug: str
    title: str
    retry_after: int | None = None
    says: str | None = None


# The nearest class of an error decides, so a subclass may be left out here.
KINDS: Mapping[type[Exception], ProblemKind] = {
    InvalidRequestError: ProblemKind(400, "invalid-request", "Invalid request"),
    FileRefusedError: ProblemKind(
        422, "file-refused", "The file is no report that recoup can read"
    ),
    ConsentError: ProblemKind(400, "not-authorized-by-amazon", "The account was not connected"),
    NoConnectionError: ProblemKind(400, "no-connection", "No Amazon connection"),
    AmbiguousConnectionError: ProblemKind(
        400, "ambiguous-connection", "Several Amazon connections"
    ),
    AmbiguousWorkspaceError: ProblemKind(400, "ambiguous-workspace", "Several workspaces"),
    WeakPasswordError: ProblemKind(400, "weak-password", "The password cannot be used"),
    ReauthorizationRequiredError: ProblemKind(
        400, "reauthorization-required", "The seller must authorize recoup again"
    ),
    UnauthenticatedError: ProblemKind(401, "unauthenticated", "Not signed in"),
    ForeignOriginError: ProblemKind(403, "foreign-origin", "Request from another site"),
    ConfinedTokenError: ProblemKind(403, "confined-token", "The token is for one workspace"),
    ScopeTooSmallError: ProblemKind(403, "scope-too-small", "The token may not do this"),
    RoleTooSmallError: ProblemKind(403, "role-too-small", "Your role may not do this"),
    NotFoundError: ProblemKind(404, "not-found", "Not found"),
    SyncAlreadyActiveError: ProblemKind(
        409, "sync-already-active", "A sync is already in progress"
    ),
    SyncAlreadyEndedError: ProblemKind(409, "sync-already-ended", "The sync has ended"),
    ConflictError: ProblemKind(409, "conflict", "Not allowed in the current state"),
    WrongHostError: ProblemKind(421, "wrong-host", "Unknown host name"),
    LockedOutError: ProblemKind(429, "locked-out", "Too many failed attempts"),
    TooManyRequestsError: ProblemKind(429, "too-many-requests", "Too many requests"),
    TooManyStreamsError: ProblemKind(429, "too-many-streams", "Too many open event streams"),
    KeyReusedError: ProblemKind(422, "idempotency-key-reused", "Idempotency-Key already used"),
    RequestValidationError: ProblemKind(422, "invalid-input", "Invalid input"),
    SpApiError: ProblemKind(502, "amazon-refused", "Amazon rejected the request"),
    UnavailableError: ProblemKind(503, "amazon-unavailable", "Amazon is not responding", 60),
    ThrottledError: ProblemKind(503, "amazon-unavailable", "Amazon is not responding", 60),
    EnvironmentUnavailableError: ProblemKind(
        400, "environment-unavailable", "The environment is not set up"
    ),
    IdentityProviderError: ProblemKind(
        503, "identity-provider-unavailable", "The identity provider is not responding", 30
    ),
    # Time alone does not heal it: somebody must correct it.
    ConfigurationError: ProblemKind(503, "misconfigured", "recoup is not configured correctly"),
    DiskFullError: ProblemKind(
        *(503, "database-unavailable", "No space left", 60),
        says="recoup has no space left for temporary files: its operator must free some; its log "
        f"({OUTAGE}) names the folder. Nothing was stored; try again then.",
    ),
    # A restart takes seconds, and connections that are all in use are given back in less.
    DatabaseError: ProblemKind(
        *(503, "database-unavailable", "Database unavailable", 5),
        says="recoup cannot use its database at the moment: try again in a few seconds. If it "
        f"lasts, the operator finds the reason in recoup's log ({OUTAGE}).",
    ),
}
INTERNAL_ERROR = Problem(
    500, "/problems/internal-error", "Internal error", "recoup failed; see its log for the cause."
)


def kind_of(error: type[Exception]) -> ProblemKind | None:
    return next((KINDS[cls] for cls in error.__mro__ if cls in KINDS), None)


def problem_of(exc: Exception) -> Problem:
    """The problem for an exception; for an unknown one it contains no details, and of the database
    only the operator's log has them.
    """
    if isinstance(exc, HTTPException):
        return _http_problem(exc)
    kind = kind_of(type(exc))
    if kind is None:
        return INTERNAL_ERROR
    if isinstance(exc, DatabaseError):
        OUTAGES.tell(exc)
    return Problem(
        status=kind.status,
        type=f"/problems/{kind.slug}",
        title=kind.title,
        detail=kind.says or _detail(exc),
        extensions=_extensions(exc),
        headers=_headers(exc, kind),
    )


def response_of(problem: Problem) -> Response:
    body = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        **problem.extensions,
    }
    # ASCII: a text that came from the request may hold what UTF-8 cannot encode.
    return Response(
        json.dumps(body, ensure_ascii=True),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=MEDIA_TYPE,
    )


def answer_with_problems(app: FastAPI) -> None:
    """Turns every known error of a route into a problem; unknown ones are left to `observe`."""

    async def answer(_request: Request, exc: Exception) -> Response:
        return response_of(problem_of(exc))

    for error in (RecoupError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, answer)


def _http_problem(exc: HTTPException) -> Problem:
    """Refusals of the framework itself: an unknown path, a method, a body that is too large."""
    phrase = HTTPStatus(exc.status_code).phrase
    return Problem(
        status=exc.status_code,
        type="about:blank",
        title=phrase,
        detail=str(exc.detail) or phrase,
        headers=dict(exc.headers or {}),
    )


def _detail(exc: Exception) -> str:
    if isinstance(exc, RequestValidationError):
        fields = ", ".join(dict.fromkeys(_field(error) for error in exc.errors()))
        return f"Correct the input: {fields}"
    if isinstance(exc, SpApiError):
        # An error of Amazon's may quote the request; its class and code say enough.
        return (
            f"Amazon: {type(exc).__name__}{f' ({exc.code})' if exc.code else ''}; try again later."
        )
    return str(exc)


def _extensions(exc: Exception) -> dict[str, Any]:
    match exc:
        case SyncAlreadyActiveError():
            return {"syncId": exc.sync_id}
        case AmbiguousConnectionError():
            return {"connections": list(exc.connection_ids)}
        case AmbiguousWorkspaceError():
            return {"workspaces": [{"workspaceId": id_, "name": n} for id_, n in exc.workspaces]}
        case ScopeTooSmallError():
            return {"neededScope": exc.needed}
        case RoleTooSmallError():
            return {"neededRole": exc.needed}
        case PackMovedError():
            return {"moved": [{"claimId": id_, "what": what} for id_, what in exc.moved]}
        case ImpossibleStepError():
            return {"possible": list(exc.possible)}
        case RequestValidationError():
            # Never pydantic's `input`: it may be the refresh token.
            return {"errors": [{"field": _field(e), "message": _words(e)} for e in exc.errors()]}
    return {}


def _headers(exc: Exception, kind: ProblemKind) -> dict[str, str]:
    match exc:
        case UnauthenticatedError():
            return {"WWW-Authenticate": 'Bearer realm="recoup"'}
        case (
            LockedOutError(retry_after=wait)
            | TooManyRequestsError(retry_after=wait)
            | TooManyStreamsError(retry_after=wait)
            | ThrottledError(retry_after=wait)
        ) if wait is not None:
            return {"Retry-After": str(max(1, round(wait.total_seconds())))}
    return {} if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}


def _words(error: Mapping[str, Any]) -> str:
    """Of an error of ours without what pydantic puts in front."""
    return str(error["msg"]).removeprefix("Value error, ")


def _field(error: Mapping[str, Any]) -> str:
    """`query.limit`; of a name that the client chose at most one line."""
    return ".".join(str(part) for part in error["loc"])[:100]
