"""Who calls. Everything below /api but its own description needs a user."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from recoup.api.problems import problem_of, response_of
from recoup.api.services import Services
from recoup.errors import ForeignOriginError, RecoupError, UnauthenticatedError
from recoup.ids import UserId
from recoup.users.queries import user_exists
from recoup.users.tokens import find_token_user

COOKIE = "session_token"
OPEN_PATHS = frozenset({"/api/openapi.json", "/api/docs"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class _Credential:
    token: str
    from_cookie: bool


class Authentication:
    """ASGI middleware: before the body is read and the route is known, so none can forget it."""

    def __init__(self, app: ASGIApp, *, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _needs_user(scope["path"]):
            request = Request(scope)
            try:
                request.state.user_id = await self._get_user(request)
            except RecoupError as exc:
                await response_of(problem_of(exc))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _get_user(self, request: Request) -> UserId:
        """Raises UnauthenticatedError, ForeignOriginError or DatabaseUnreachableError."""
        credential = _find_credential(request)
        if credential is None:
            raise UnauthenticatedError(
                "Send `Authorization: Bearer <token>`; `recoup user token EMAIL` prints one."
            )
        user_id = find_token_user(credential.token, self._services.settings.keys)
        if user_id is None or not await self._exists(user_id):
            raise UnauthenticatedError("The token is expired, forged or of nobody.")
        if credential.from_cookie and request.method not in _SAFE_METHODS:
            require_own_origin(request, self._services.settings.public_url)
        return user_id

    async def _exists(self, user_id: UserId) -> bool:
        async with self._services.database.reading() as conn:
            return await user_exists(conn, user_id)


def _needs_user(path: str) -> bool:
    return (path == "/api" or path.startswith("/api/")) and path not in OPEN_PATHS


def _find_credential(request: Request) -> _Credential | None:
    """The Authorization header where there is one, whatever it holds; else the cookie."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return _Credential(token.strip() if scheme.lower() == "bearer" else "", from_cookie=False)
    token = request.cookies.get(COOKIE, "")
    return _Credential(token, from_cookie=True) if token else None


def require_own_origin(request: Request, public_url: str) -> None:
    """Raises ForeignOriginError for a write that a page of another site sent with our cookie.

    Browsers send Origin with every write. A request with neither header is no browser's, and what
    is no browser attaches a cookie only because its owner said so.
    """
    source = request.headers.get("origin") or request.headers.get("referer")
    if source is not None and _origin(source) != _origin(public_url):
        raise ForeignOriginError(f"With the session cookie, write from {public_url} only.")


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port (RFC 6454, 4); None for `null` and what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
