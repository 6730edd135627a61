"""An event stream that cannot begin now asks a browser to come again, instead of refusing it.

An `EventSource` that gets any status but 200 gives up for good (WHATWG HTML, 9.2.3), and every page that
was open while the database was away would stay deaf. Who asks for `text/event-stream` gets an empty
stream with a `retry` field, closes it, and returns after that time by itself. It is told nothing, as
nobody knows yet who it is. Others get the problem, and so does a browser where time does not heal it,
as `Retry-After` says.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STREAMS = "/api/sse/"
_MEDIA_TYPE = "text/event-stream"
_UNAVAILABLE = 503


class ComeAgain:
    """ASGI middleware: outside of what counts answers, so that they still count as 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _wants_events(scope):
            await self._app(scope, receive, send)
            return
        farewell: bytes | None = None

        async def send_stream(message: Message) -> None:
            nonlocal farewell
            if message["type"] == "http.response.start" and _passes(message):
                farewell = _ask_to_come_again(message)
            elif farewell is not None and message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": farewell}
            await send(message)

        await self._app(scope, receive, send_stream)


def _wants_events(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["path"].startswith(_STREAMS)
        and _MEDIA_TYPE in Headers(scope=scope).get("accept", "")
    )


def _passes(start: Message) -> bool:
    return start["status"] == _UNAVAILABLE and "retry-after" in Headers(raw=start["headers"])


def _ask_to_come_again(start: Message) -> bytes:
    """Makes the start of a problem that of a stream; returns all that the stream says."""
    headers = MutableHeaders(scope=start)
    wait = int(headers["retry-after"])
    body = f"retry: {wait * 1000}\n\n".encode()
    start["status"] = 200
    headers["content-type"] = f"{_MEDIA_TYPE}; charset=utf-8"
    headers["cache-control"] = "no-store"
    headers["content-length"] = str(len(body))
    del headers["retry-after"]
    return body
