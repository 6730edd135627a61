"""No request may fill the memory."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The largest body that a route takes is a connection: a token and some ids.
_MAX_BYTES = 64 * 1024


class BodyLimit:
    """ASGI middleware. The framework's own limit answers in plain text, not with a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def limited_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > _MAX_BYTES:
                raise HTTPException(413, f"A body may have {_MAX_BYTES} bytes.")
            return message

        await self._app(scope, limited_receive, send)
