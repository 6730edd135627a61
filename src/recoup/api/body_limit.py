"""Limits the size of request bodies, so that no request can fill the memory."""

from __future__ import annotations

import re

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recoup.claims.proofs.upload import MOST_BYTES

# The largest body that a route takes is a connection: a token and some ids. Only the costs of all
# a seller's products (Amazon's workbook of them), the claims of a pack (2,000 of about 60 bytes),
# documents, and reports (a large ledger of a year) are more.
_MAX_BYTES = 64 * 1024
_MAX_BYTES_AT = {
    "/api/sourcing-costs": 8 * 1024 * 1024,
    "/api/proofs": MOST_BYTES,
    "/api/files": 512 * 1024 * 1024,
}
_OF_A_PACK = re.compile(r"/api/packs/[^/]+/filed")
_MAX_BYTES_OF_A_PACK = 256 * 1024


class BodyLimit:
    """ASGI middleware. The framework's own limit would answer in plain text, not with a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0
        limit = _limit_of(scope.get("path", ""))

        async def limited_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"The body may have at most {limit} bytes.")
            return message

        await self._app(scope, limited_receive, send)


def _limit_of(path: str) -> int:
    if _OF_A_PACK.fullmatch(path):
        return _MAX_BYTES_OF_A_PACK
    return _MAX_BYTES_AT.get(path, _MAX_BYTES)
