"""The API as the tools call it: with the token of the process, or of the request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from recoup.client import ApiError, ApiForbiddenError, ApiUnauthenticatedError, AsyncClient

# An assistant waits for its answer: longer waits are told instead.
_PATIENCE_SECONDS = 20.0
_BEARER = "bearer "


class Access:
    """token: of the process; None where each request brings its own."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self._token = token

    @asynccontextmanager
    async def client(self, context: Context[Any, Any]) -> AsyncIterator[AsyncClient]:
        """A client for one call of a tool. Raises ToolError, in words for the assistant."""
        token = self._token or bearer_of((context.headers or {}).get("authorization"))
        if token is None:
            raise ToolError("The request has no token.")
        try:
            async with AsyncClient(
                self.address, token, patience_seconds=_PATIENCE_SECONDS
            ) as client:
                yield client
        except ApiError as exc:
            raise ToolError(_in_words(exc)) from exc

    async def is_admitted(self, token: str) -> bool:
        """Whether the API accepts the token. Raises ApiError where it cannot say."""
        async with AsyncClient(self.address, token, patience_seconds=0) as client:
            try:
                await client.get("/api/me")
            except ApiUnauthenticatedError:
                return False
        return True


def bearer_of(header: str | None) -> str | None:
    """The token of an Authorization header."""
    if header is None or not header.lower().startswith(_BEARER):
        return None
    return header[len(_BEARER) :].strip() or None


def _in_words(error: ApiError) -> str:
    needed = error.members.get("neededScope")
    if isinstance(error, ApiForbiddenError) and needed:
        return (
            f"Refused: the token may not do this, it needs the scope `{needed}`. Only the person "
            f"can change that, with `recoup user token EMAIL --scope {needed}`."
        )
    if error.status:
        return f"Refused ({error.status}): {error.detail}"
    return str(error)
