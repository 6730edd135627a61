"""The server of the tools, over standard input and output or over HTTP."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from recoup import __version__
from recoup.assistants.access import Access, bearer_of
from recoup.assistants.acting import add_acting_tools
from recoup.assistants.answers import INSTRUCTIONS
from recoup.assistants.packs import add_pack_tools
from recoup.assistants.reading import add_reading_tools
from recoup.client import ApiError

PATH = "/mcp"


def new_server(access: Access) -> MCPServer[Any]:
    """The tools that call the API."""
    server: MCPServer[Any] = MCPServer(
        "recoup",
        title="recoup",
        description="What Amazon owes a seller, with the rows that prove it.",
        instructions=INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )
    add_reading_tools(server, access)
    add_acting_tools(server, access)
    add_pack_tools(server, access)
    return server


def http_app(access: Access, *, port: int, hosts: tuple[str, ...] = ()) -> ASGIApp:
    """The tools over streamable HTTP at /mcp: each request brings its own token.

    There are no sessions, so none can be taken over with another token. `hosts` are names by which a
    proxy reaches it, with the port where it is not the scheme's; other names and pages of other sites
    are refused.
    """
    local = tuple(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    origins = [f"http://{host}" for host in local] + [f"https://{host}" for host in hosts]
    app = new_server(access).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*local, *hosts], allowed_origins=origins
        ),
    )
    return _Admitted(app, access)


class _Admitted:
    """ASGI middleware: a request without a token that the API accepts gets 401, before any tool."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := await self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        token = bearer_of(Headers(scope=scope).get("authorization"))
        try:
            if token is not None and await self._access.is_admitted(token):
                return None
        except ApiError:
            return JSONResponse(
                {"error": "recoup's API is not responding"},
                status_code=503,
                headers={"retry-after": "5"},
            )
        return JSONResponse(
            {"error": "send `Authorization: Bearer <token>`, from `recoup user token EMAIL`"},
            status_code=401,
            headers={"www-authenticate": 'Bearer realm="recoup"'},
        )
