"""The OpenAPI document: all answers of every route, and how to sign in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from recoup.api.authentication import COOKIE
from recoup.api.cost_entry import cost_schemas
from recoup.api.describe import describe, operations
from recoup.api.event_bodies import event_schemas
from recoup.api.problems import MEDIA_TYPE, ProblemKind, kind_of
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


_SIGNED_IN: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]


class FieldError(BaseModel):
    field: str
    message: str


class NamedWorkspace(BaseModel):
    workspaceId: str  # noqa: N815 - as it is in the answer
    name: str


class ProblemBody(BaseModel):
    """RFC 9457. The members after `detail` are present in the types that they name."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The kind of problem, for programs, such as /problems/not-found.")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do, for people.")
    errors: list[FieldError] = Field(default=[], description="invalid-input: one entry per field.")
    syncId: str | None = Field(default=None, description="sync-already-active: the running sync.")  # noqa: N815
    connections: list[str] = Field(
        default=[], description="ambiguous-connection: the ids of the connections to choose from."
    )
    workspaces: list[NamedWorkspace] = Field(
        default=[], description="ambiguous-workspace: the workspaces to choose from."
    )
    neededScope: str | None = Field(  # noqa: N815
        default=None, description="scope-too-small: the scope that the call needs."
    )
    neededRole: str | None = Field(  # noqa: N815
        default=None, description="role-too-small: the role that the call needs."
    )
    possible: list[str] = Field(
        default=[], description="conflict: the statuses that a claim may get now."
    )
    checks: dict[str, str] = Field(default={}, description="not-ready: each check and its result.")


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
    kinds: dict[int, dict[str, ProblemKind]] = {}
    for error in errors:
        kind = kind_of(error)
        assert kind is not None, f"{error.__name__} has no kind of problem"
        kinds.setdefault(kind.status, {})[kind.slug] = kind
    return {
        status: {
            "model": ProblemBody,
            "description": "; ".join(dict.fromkeys(kind.title for kind in found.values())),
            "content": {
                "application/json": {
                    "examples": {slug: {"value": _example(kind)} for slug, kind in found.items()}
                }
            },
        }
        for status, found in sorted(kinds.items())
    }


def _example(kind: ProblemKind) -> dict[str, Any]:
    return {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
    }


class ApiApplication(FastAPI):
    """FastAPI with the actual problems and sign-in in its description."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["schemas"] |= event_schemas() | cost_schemas()
            document["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            }
            document["security"] = _SIGNED_IN
            for path, operation in operations(document):
                _describe(operation, public=path in _PUBLIC)
            describe(document)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _describe(operation: dict[str, Any], *, public: bool) -> None:
    operation["security"] = [] if public else _SIGNED_IN
    for status, response in operation["responses"].items():
        if int(status) >= 400 and "content" in response:
            # FastAPI files the schema under the media type of the route's own answer.
            parts = response["content"].values()
            response["content"] = {MEDIA_TYPE: {k: v for part in parts for k, v in part.items()}}
