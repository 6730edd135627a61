"""Answers in Amazon's words, and two that deliberately break the protocol."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from decimal import Decimal
from json import JSONEncoder

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Json = Mapping[str, "Json"] | list["Json"] | str | int | bool | Decimal | None

ABORT_EXTENSION = "recoup.sandbox.abort"
"""ASGI scope extension of our server: a function that breaks the connection."""


# Half of a surrogate pair, which no text that can be sent has.
_MARK = "\ud800"
_DIGITS = re.compile(rf'"{_MARK}([^"]*){_MARK}"')


def dump_json(value: Json) -> str:
    """Compact JSON. Decimals become numbers with their own digits, never through a float.

    The standard library's encoder, which is fast, knows only floats: each Decimal passes it as a
    marked text and loses its quotes afterwards.
    """
    return _DIGITS.sub(r"\1", _ENCODER.encode(value))


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is nothing that JSON knows")
    return f"{_MARK}{value:f}{_MARK}"


_ENCODER = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_marked)


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
