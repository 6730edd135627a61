"""The sandbox as an ASGI application."""

from __future__ import annotations

import uuid
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recoup.sandbox.answers import no_such_operation
from recoup.sandbox.calls import CallCount
from recoup.sandbox.clock import WorldClock
from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.consent import Codes, consent_route
from recoup.sandbox.control import control_routes
from recoup.sandbox.gateway import endpoint
from recoup.sandbox.lwa import TOKEN_PATH, token_endpoint
from recoup.sandbox.operations import OPERATIONS
from recoup.sandbox.report_jobs.documents import document_route
from recoup.sandbox.state import Sandbox


def create_app(config: SandboxConfig, *, clock: WorldClock | None = None) -> Starlette:
    """Creates the server's application; its Sandbox is `app.state.sandbox`.

    The faults `reset` and `stall` need the server of `recoup.sandbox.serve`, which lets an
    application break its connection. `clock`: for tests; by default the configured day.
    """
    sandbox = Sandbox(config, clock or WorldClock(config.today))
    token_calls, codes = CallCount(), Codes()
    app = Starlette(
        routes=[
            Route(TOKEN_PATH, token_endpoint(sandbox, codes, token_calls), methods=["POST"]),
            consent_route(sandbox, codes),
            document_route(sandbox),
            *(Route(one.route, endpoint(sandbox, one), methods=[one.method]) for one in OPERATIONS),
            *control_routes(sandbox, token_calls),
        ],
        middleware=[Middleware(_AmazonHeaders, sandbox=sandbox)],
        exception_handlers={
            404: _no_such_operation,
            405: _no_such_operation,
            ClientDisconnect: _nobody_there,
        },
    )
    app.router.redirect_slashes = False
    app.state.sandbox = sandbox
    return app


async def _no_such_operation(_request: Request, _error: Exception) -> Response:
    return no_such_operation().answer()


async def _nobody_there(_request: Request, _error: Exception) -> Response:
    """Handles a client that disconnected during its request, which is no error."""
    return Response(status_code=400)


class _AmazonHeaders:
    """Adds the world's date and a request id to every answer."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["date"] = format_datetime(self._sandbox.clock.now(), usegmt=True)
                headers["x-amzn-RequestId"] = str(uuid.uuid4())
            await send(message)

        await self._app(scope, receive, send_with_headers)
