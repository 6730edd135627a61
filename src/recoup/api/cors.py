"""What browsers let pages of other origins read: nothing, except those of RECOUP_ALLOWED_ORIGINS."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recoup.config import Settings
from recoup.origins import read_origins

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = (
    "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Recoup-Workspace"
)
_EXPOSED = "Content-Disposition, Retry-After, WWW-Authenticate"
# As long as Chromium remembers the answer to a preflight; Firefox would take a day.
_REMEMBER_SECONDS = 7200


class AllowedOrigins:
    """ASGI middleware (Fetch standard, CORS protocol), around authentication: a browser asks before
    a write without the user's session, and a page must be able to read a refusal too.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._allowed = frozenset(read_origins(settings.allowed_origins))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._allowed:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin if origin in self._allowed else None
        asked = headers.get("access-control-request-method")
        if allowed and scope["method"] == "OPTIONS" and asked:
            await _answer_preflight(allowed, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), allowed)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _answer_preflight(origin: str, send: Send) -> None:
    message: Message = {"type": "http.response.start", "status": 204, "headers": []}
    headers = MutableHeaders(scope=message)
    _complete(headers, origin)
    headers["access-control-allow-methods"] = _METHODS
    headers["access-control-allow-headers"] = _REQUEST_HEADERS
    headers["access-control-max-age"] = str(_REMEMBER_SECONDS)
    await send(message)
    await send({"type": "http.response.body", "body": b""})


def _complete(headers: MutableHeaders, allowed: str | None) -> None:
    """Whatever the answer is: a cache must not show one origin's answer to another."""
    headers.add_vary_header("Origin")
    if allowed is not None:
        headers["access-control-allow-origin"] = allowed
        headers["access-control-allow-credentials"] = "true"
        headers["access-control-expose-headers"] = _EXPOSED
