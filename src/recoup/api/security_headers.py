"""Headers that every answer carries, and the refusal of requests for other sites."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recoup.api.problems import problem_of, response_of
from recoup.config import Settings
from recoup.errors import WrongHostError
from recoup.origins import is_loopback

# Load balancers and monitoring ask an instance by its own address; nothing there is anybody's data.
_ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})
_HSTS = f"max-age={365 * 24 * 3600}"


class SecurityHeaders:
    """ASGI middleware, around everything else: an error's answer carries them too."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._https = settings.is_public_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _complete(self, headers: MutableHeaders, path: str) -> None:
        headers["x-content-type-options"] = "nosniff"
        headers.setdefault("referrer-policy", "no-referrer")
        if not path.startswith("/static/"):
            headers["cache-control"] = "no-store"
        if self._https:
            headers.setdefault("strict-transport-security", _HSTS)


class KnownHost:
    """ASGI middleware. A page of another site whose name leads to this address (DNS rebinding) would
    be of our origin for a browser; its requests name that site.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._public_url = settings.public_url
        self._public_host = urlsplit(settings.public_url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _ANY_HOST:
            host = _host_of(Headers(scope=scope).get("host", ""))
            if host is None or not (host == self._public_host or is_loopback(host)):
                refusal = WrongHostError(
                    f"This is recoup at {self._public_url}: use that address, or set "
                    "RECOUP_PUBLIC_URL to the one that browsers use."
                )
                await response_of(problem_of(refusal))(scope, receive, send)
                return
        await self._app(scope, receive, send)


@lru_cache(maxsize=256)
def _host_of(header: str) -> str | None:
    """The name without the port, in lower case; None for what is none (RFC 9110, 7.2)."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    plain = parts.netloc == header and "@" not in header
    return parts.hostname if plain else None
