"""The OpenAPI document: all answers of every route, and how to sign in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from recoup.api.authentication import COOKIE
from recoup.api.problems import MEDIA_TYPE, kind_of
from recoup.errors import (
    AmbiguousWorkspaceError,
    DatabaseError,
    ForeignOriginError,
    NotFoundError,
    RoleTooSmallError,
    ScopeTooSmallError,
    TooManyRequestsError,
    UnauthenticatedError,
)

_PUBLIC = (
    *("/healthz", "/readyz", "/metrics"),
    *("/signin", "/signin/link", "/signin/link/look", "/signout"),
)


class FieldError(BaseModel):
    field: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457. Other members depend on the type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The kind of problem, for programs.")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do, for people.")
    errors: list[FieldError] = Field(
        default=[], description="For invalid input: one entry per field."
    )


Responses = dict[int | str, dict[str, Any]]


def may_fail(*errors: type[Exception], write: bool = False) -> Responses:
    """The errors of a route below /api; `write` for a method that changes data."""
    always: list[type[Exception]] = [
        *(UnauthenticatedError, RequestValidationError, DatabaseError),
        *(ScopeTooSmallError, AmbiguousWorkspaceError, NotFoundError, TooManyRequestsError),
    ]
    if write:
        always += [ForeignOriginError, RoleTooSmallError]
    return _answers(*always, *errors)


def may_fail_signing_in(*errors: type[Exception]) -> Responses:
    """The errors of a route that needs no user, but a page of our own."""
    always = (UnauthenticatedError, ForeignOriginError, RequestValidationError, DatabaseError)
    return _answers(*always, TooManyRequestsError, *errors)


def may_be_too_many() -> Responses:
    """The one error of a route that is open to all."""
    return _answers(TooManyRequestsError)


def _answers(*errors: type[Exception]) -> Responses:
    titles: dict[int, dict[str, None]] = {}
    for error in errors:
        kind = kind_of(error)
        assert kind is not None, f"{error.__name__} has no kind of problem"
        titles.setdefault(kind.status, {})[kind.title] = None
    return {
        status: {"model": ProblemBody, "description": "; ".join(names)}
        for status, names in sorted(titles.items())
    }


class Application(FastAPI):
    """FastAPI with the actual problems and sign-in in its description."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            }
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _describe(operation, public=path in _PUBLIC)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _describe(operation: dict[str, Any], *, public: bool) -> None:
    if not public:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if int(status) >= 400 and content:
            response["content"] = {MEDIA_TYPE: next(iter(content.values()))}
