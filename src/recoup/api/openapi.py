"""The OpenAPI document: what every route may answer, and how to sign in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from recoup.api.authentication import COOKIE
from recoup.api.problems import MEDIA_TYPE, kind_of
from recoup.errors import DatabaseError, ForeignOriginError, UnauthenticatedError

_PUBLIC = ("/healthz", "/readyz", "/metrics")


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
    errors: list[FieldError] = Field(default=[], description="Of invalid input: each field.")


Responses = dict[int | str, dict[str, Any]]


def may_fail(*errors: type[Exception], write: bool = False) -> Responses:
    """What a route below /api may answer besides success; `write` for a method that changes."""
    always = [UnauthenticatedError, RequestValidationError, DatabaseError]
    if write:
        always.append(ForeignOriginError)
    titles: dict[int, dict[str, None]] = {}
    for error in (*always, *errors):
        kind = kind_of(error)
        assert kind is not None, f"{error.__name__} has no kind of problem"
        titles.setdefault(kind.status, {})[kind.title] = None
    return {
        status: {"model": ProblemBody, "description": "; ".join(names)}
        for status, names in sorted(titles.items())
    }


class Application(FastAPI):
    """FastAPI with problems and sign-in described as they are."""

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
        if int(status) >= 400 and "application/json" in content:
            response["content"] = {MEDIA_TYPE: content["application/json"]}
