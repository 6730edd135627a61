"""Limits the size of request bodies, so that no request can fill the memory."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The largest body that a route takes is a connection: a token and some ids. Only the costs of all
# a seller's products are more (10,000 lines of about 100 bytes).
_MAX_BYTES = 64 * 1024
_MAX_BYTES_AT = {"/api/sourcing-costs": 1024 * 1024}


class BodyLimit:
    """ASGI middleware. The framework's own limit would answer in plain text, not with a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0
        limit = _MAX_BYTES_AT.get(scope.get("path", ""), _MAX_BYTES)

        async def limited_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"The body may have at most {limit} bytes.")
            return message

        await self._app(scope, limited_receive, send)
