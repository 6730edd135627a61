"""The one translator of errors to answers: RFC 9457 `application/problem+json`."""

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

from recoup.errors import (
    AmbiguousConnectionError,
    ConfigurationError,
    ConflictError,
    DatabaseError,
    ForeignOriginError,
    ImpossibleStepError,
    InvalidRequestError,
    KeyReusedError,
    NoConnectionError,
    NotFoundError,
    ReauthorizationRequiredError,
    RecoupError,
    SpApiError,
    SyncAlreadyActiveError,
    SyncAlreadyEndedError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told. `type` names the kind for programs, `detail` is for people."""

    status: int
    type: str
    title: str
    detail: str
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one class of errors is answered."""

    status: int
    slug: str
    title: str


# The nearest class of an error decides, so a subclass may be left out here.
KINDS: Mapping[type[Exception], Kind] = {
    InvalidRequestError: Kind(400, "invalid-request", "The request means nothing"),
    NoConnectionError: Kind(400, "no-connection", "No Amazon connection"),
    AmbiguousConnectionError: Kind(400, "ambiguous-connection", "Several Amazon connections"),
    ReauthorizationRequiredError: Kind(
        400, "reauthorization-required", "Amazon needs the seller's permission again"
    ),
    UnauthenticatedError: Kind(401, "unauthenticated", "Sign in first"),
    ForeignOriginError: Kind(403, "foreign-origin", "Another site may not do this"),
    NotFoundError: Kind(404, "not-found", "No such object"),
    SyncAlreadyActiveError: Kind(409, "sync-already-active", "A sync is already in progress"),
    SyncAlreadyEndedError: Kind(409, "sync-already-ended", "The sync has ended"),
    ConflictError: Kind(409, "conflict", "The object's state does not allow this"),
    KeyReusedError: Kind(422, "idempotency-key-reused", "The Idempotency-Key is taken"),
    RequestValidationError: Kind(422, "invalid-input", "The input is not valid"),
    SpApiError: Kind(502, "amazon-refused", "Amazon did not accept the request"),
    UnavailableError: Kind(503, "amazon-unavailable", "Amazon does not answer"),
    ThrottledError: Kind(503, "amazon-unavailable", "Amazon does not answer"),
    ConfigurationError: Kind(503, "misconfigured", "recoup is not set up correctly"),
    DatabaseError: Kind(503, "database-unavailable", "The database cannot be used"),
}
INTERNAL_ERROR = Problem(
    500, "/problems/internal-error", "Internal error", "recoup failed; its log says why."
)


def kind_of(error: type[Exception]) -> Kind | None:
    return next((KINDS[cls] for cls in error.__mro__ if cls in KINDS), None)


def problem_of(exc: Exception) -> Problem:
    """The problem that an exception is to a client; an unknown one tells nothing of itself."""
    if isinstance(exc, HTTPException):
        return _http_problem(exc)
    kind = kind_of(type(exc))
    if kind is None:
        return INTERNAL_ERROR
    return Problem(
        status=kind.status,
        type=f"/problems/{kind.slug}",
        title=kind.title,
        detail=_detail(exc),
        extensions=_extensions(exc),
        headers=_headers(exc),
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
    """Make every known error of a route a problem; unknown ones are left to `observe`."""

    async def answer(_request: Request, exc: Exception) -> Response:
        return response_of(problem_of(exc))

    for error in (RecoupError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, answer)


def _http_problem(exc: HTTPException) -> Problem:
    """What the framework itself refuses: an unknown path, a method, a body too large."""
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
        fields = ", ".join(_field(error) for error in exc.errors())
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
        case ImpossibleStepError():
            return {"possible": list(exc.possible)}
        case RequestValidationError():
            # Never pydantic's `input`: it may be the refresh token.
            return {"errors": [{"field": _field(e), "message": e["msg"]} for e in exc.errors()]}
    return {}


def _headers(exc: Exception) -> dict[str, str]:
    match exc:
        case UnauthenticatedError():
            return {"WWW-Authenticate": 'Bearer realm="recoup"'}
        case ThrottledError(retry_after=wait) if wait is not None:
            return {"Retry-After": str(max(1, round(wait.total_seconds())))}
    return {}


def _field(error: Mapping[str, Any]) -> str:
    """`query.limit`; of a name that the client chose no more than a line."""
    return ".".join(str(part) for part in error["loc"])[:100]
