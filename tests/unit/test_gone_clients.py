"""A client that goes in the middle of its request is no error of the server."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from recoup.api.metrics import Metrics
from recoup.api.observe import Observed
from recoup.sandbox.app import create_app
from recoup.sandbox.config import SandboxConfig

_SCOPE: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/auth/o2/token",
    "raw_path": b"/auth/o2/token",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"content-length", b"100")],
    "http_version": "1.1",
    "server": ("127.0.0.1", 80),
    "client": ("127.0.0.1", 12345),
    "scheme": "http",
}


def going() -> Receive:
    """Half of a body, and then nobody."""
    messages: list[Message] = [
        {"type": "http.request", "body": b"grant_type=", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    return receive


async def nobody_reads(_message: Message) -> None:
    """What is sent to a closed connection is lost."""


async def test_the_sandbox_does_not_complain():
    """It would write a traceback among the lines of a demo that somebody interrupts."""
    app = create_app(SandboxConfig(orders=10))
    await app(dict(_SCOPE), going(), nobody_reads)
    assert app.state.sandbox.config.orders == 10, "it goes on"


async def test_the_server_does_not_complain():
    """A log of errors is for what somebody should look at."""

    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    app = Observed(reading, metrics=Metrics())
    with capture_logs() as logs:
        await app(dict(_SCOPE), going(), nobody_reads)
    assert logs == []
