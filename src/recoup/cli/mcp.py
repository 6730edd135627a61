"""`recoup mcp`: recoup as tools for assistants, over standard input and output or HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import hint
from recoup.cli.remote import require_address, require_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def mcp(
    *,
    api: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of the API. Unset: the public URL.")
    ] = None,
    http: Annotated[
        bool,
        typer.Option(
            "--http", help="Serve over HTTP at /mcp; each request sends its own bearer token."
        ),
    ] = False,
    host: Annotated[str, typer.Option(help="With --http: address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http: port.")] = 8765,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]", help="With --http: host name under which a proxy reaches it."
        ),
    ] = None,
) -> None:
    """Serve claims, evidence and data to an assistant (Model Context Protocol)."""
    settings = enter()
    from recoup.assistants.access import Access
    from recoup.assistants.server import http_app, new_server

    address = require_address(api or settings.public_url)
    if http:
        app = http_app(Access(address, None), port=port, hosts=tuple(name or ()))
        hint(f"recoup mcp listens on http://{host}:{port}/mcp, and calls {address}.")
        asyncio.run(_serve(app, host, port))
        return
    server = new_server(Access(address, require_token(settings, scope="read")))
    asyncio.run(server.run_stdio_async())


async def _serve(app: ASGIApp, host: str, port: int) -> None:
    import uvicorn

    config = uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False)
    await uvicorn.Server(config).serve()
