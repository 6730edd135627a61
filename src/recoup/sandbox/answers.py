"""Answers in Amazon's words, and two that deliberately break the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Json = Mapping[str, "Json"] | list["Json"] | str | int | bool | Decimal | None

ABORT_EXTENSION = "recoup.sandbox.abort"
"""ASGI scope extension of our server: a function that breaks the connection."""


def dump_json(value: Json) -> str:
    """Compact JSON. Decimals become numbers with their own digits, never through a float."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Json, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None or value is True or value is False:
        parts.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, (int, Decimal)):
        parts.append(format(value, "f") if isinstance(value, Decimal) else str(value))
    elif isinstance(value, list):
        before = "["
        for member in value:
            parts.append(before)
            _write(member, parts)
            before = ","
        parts.append("]" if value else "[]")
    else:
        before = "{"
        for name, member in value.items():
            parts.append(f"{before}{encode_basestring(name)}:")
            _write(member, parts)
            before = ","
        parts.append("}" if value else "{}")


def json_answer(
    value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(dump_json(value), status, headers, "application/json")


class ApiError(Exception):
    """A refusal with Amazon's status, code and message (docs/amazon.md#errors)."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        error: Json = {"code": self.code, "message": str(self), "details": self.details}
        return json_answer({"errors": [error]}, status=self.status, headers=headers)


def invalid_input(message: str) -> ApiError:
    return ApiError(400, "InvalidInput", message)


def access_denied() -> ApiError:
    """The marketplace is not the seller's, or a role is missing."""
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.")


def token_refused() -> ApiError:
    """The access token is missing, unknown or expired."""
    return ApiError(
        403,
        "Unauthorized",
        "The access token you provided is revoked, malformed or invalid.",
    )


def no_such_operation() -> ApiError:
    return ApiError(403, "MissingAuthenticationToken", "Missing Authentication Token")


def throttled() -> ApiError:
    return ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")


class BrokenConnection(Response):
    """Breaks the TCP connection without a byte of an answer."""

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,  # noqa: ARG002 - the ASGI signature; nothing is sent
    ) -> None:
        scope["extensions"][ABORT_EXTENSION]()
        await _disconnected(receive)


class SilentConnection(Response):
    """Sends nothing until the client times out or the sandbox stops."""

    def __init__(self, stopping: asyncio.Event) -> None:
        super().__init__()
        self._stopping = stopping

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,  # noqa: ARG002 - the ASGI signature; nothing is sent
    ) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({gone, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not gone.done():
                scope["extensions"][ABORT_EXTENSION]()
                await gone
        finally:
            gone.cancel()
            stopped.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
