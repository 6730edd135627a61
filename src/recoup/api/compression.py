"""Compressed answers: a page of claims is a tenth as long.

An answer that hands out a secret is never compressed. Its length would tell how much of the secret
repeats what the request put beside it (BREACH). Such answers are those to writes (tokens, links,
sessions) and the begin of a consent (its state).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST_BYTES = 1000
# Level 9 takes three times as long for two per cent less.
_LEVEL = 5
# An event must not wait for others to be compressed with.
_NEVER = ("/api/sse/", "/api/v1/integrations/amazon/auth/")


class Compression:
    """ASGI middleware: compresses what GET returns, if the client takes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=_LEAST_BYTES, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_NEVER):
            await self._app(scope, receive, send)
            return
        if _accepts(Headers(scope=scope)):
            await self._compressed(scope, receive, send)
            return

        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
            await send(message)

        await self._app(scope, receive, send_varying)


def _accepts(headers: Headers) -> bool:
    """As starlette understands it, which leaves an answer alone that is compressed already."""
    return "gzip" in headers.get("accept-encoding", "")


async def _takes_gzip(request: Request) -> bool:
    return _accepts(request.headers)


TakesGzip = Annotated[bool, Depends(_takes_gzip)]
