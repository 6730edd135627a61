"""Authentication. Everything below /api except its own description needs a user."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope as AsgiScope, Send

from recoup.api.consent import CALLBACK_PATH
from recoup.api.permissions import permission_for
from recoup.api.problems import problem_of, response_of
from recoup.api.services import Services
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.errors import (
    DatabaseUnreachableError,
    ForeignOriginError,
    IdentityProviderError,
    RecoupError,
    UnauthenticatedError,
)
from recoup.origins import origin_of, read_origins
from recoup.users.caller import Caller
from recoup.users.credential_queries import find_caller_by_identity
from recoup.users.identity_provider import IdentityProvider, looks_foreign
from recoup.users.queries import add_user_of_identity

COOKIE = "session_token"
SECURE_COOKIE = "__Host-session_token"
"""Where the public address is https: browsers take it from that host only, over TLS only."""
WORKSPACE_HEADER = "recoup-workspace"
OPEN_PATHS = frozenset({"/api/openapi.json", "/api/docs"})
SELF_CHECKED_PATHS = frozenset({CALLBACK_PATH})
"""Routes that know a browser by more than its session, and refuse it in words for people."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_INVALID = "The session or token has ended, is invalid or belongs to no user: sign in again."


@dataclass(frozen=True, slots=True)
class _Presented:
    token: str
    from_cookie: bool


class Authentication:
    """ASGI middleware: runs before the route is known, so that no route can forget it."""

    def __init__(self, app: ASGIApp, *, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _needs_user(scope["path"]):
            request = Request(scope)
            try:
                caller = await self._admit(request)
            except RecoupError as exc:
                if isinstance(exc, UnauthenticatedError) and scope["path"] in SELF_CHECKED_PATHS:
                    await self._app(scope, receive, send)
                    return
                await response_of(problem_of(exc))(scope, receive, send)
                return
            request.state.caller = caller
            request.state.workspace_id = caller.membership and caller.membership.workspace_id
        await self._app(scope, receive, send)

    async def _admit(self, request: Request) -> Caller:
        """The caller, who may do what is requested.

        Raises UnauthenticatedError, ForeignOriginError, NotFoundError for a workspace of others,
        AmbiguousWorkspaceError, ScopeTooSmallError, RoleTooSmallError, ConfinedTokenError,
        DatabaseUnreachableError.
        """
        caller = await get_caller(request, self._services)
        needs = permission_for(request.method, request.scope["path"])
        caller.require(role=needs.role, scope=needs.scope)
        if needs.of_person:
            caller.require_whole()
        return caller


async def get_caller(request: Request, services: Services) -> Caller:
    """Who calls, in the workspace that the request names, whatever it is about. One query.

    Raises UnauthenticatedError, ForeignOriginError, NotFoundError or DatabaseUnreachableError.
    """
    presented = _find_presented(request)
    if presented is None:
        raise UnauthenticatedError(
            "Sign in, or send `Authorization: Bearer <token>`; `recoup user token EMAIL` prints one."
        )
    caller = await _identify(presented.token, services)
    if presented.from_cookie and request.method not in _SAFE_METHODS:
        require_own_origin(request, services.settings)
    named = request.headers.get(WORKSPACE_HEADER)
    return caller if named is None else caller.choosing(named)


async def find_holder(request: Request, services: Services) -> str | None:
    """Whose valid signature a request has, whether it still admits anybody or not. No query."""
    presented = _find_presented(request)
    if presented is None:
        return None
    provider = services.identity_provider
    try:
        if provider is not None and looks_foreign(presented.token):
            who = await provider.identify(presented.token)
            return f"{who.subject} of {who.issuer}"
        signed = services.tokens.read(presented.token)
        return None if signed is None else signed.user_id
    except RecoupError:
        return None


async def is_still_admitted(request: Request, services: Services) -> bool:
    """Whether the caller of a request that goes on may still read what it was admitted to."""
    try:
        caller = await get_caller(request, services)
    except (DatabaseUnreachableError, IdentityProviderError):
        return True  # not known now; asked again soon
    except RecoupError:
        return False
    admitted: Caller = request.state.caller
    return admitted.membership is None or (
        caller.membership is not None
        and caller.membership.workspace_id == admitted.membership.workspace_id
    )


async def _identify(token: str, services: Services) -> Caller:
    if services.identity_provider is not None and looks_foreign(token):
        return await _find_foreign(token, services.identity_provider, services)
    signed = services.tokens.read(token)
    if signed is None:
        raise UnauthenticatedError(_INVALID)
    use = await services.uses.get(signed.secret.digest)
    if use is None:
        raise UnauthenticatedError(_INVALID)
    services.last_uses.note(use, utc_now())
    return use.caller


async def _find_foreign(token: str, provider: IdentityProvider, services: Services) -> Caller:
    """The person of an identity provider's token, who is stored when first seen."""
    who = await provider.identify(token)
    async with services.door.reading() as conn:
        caller = await find_caller_by_identity(conn, who.issuer, who.subject)
    if caller is None:
        async with services.door.writing() as conn:
            await add_user_of_identity(
                conn, who.issuer, who.subject, email=who.email, name=who.name
            )
            caller = await find_caller_by_identity(conn, who.issuer, who.subject)
    assert caller is not None, "it was stored"
    return caller


def _needs_user(path: str) -> bool:
    return (path == "/api" or path.startswith("/api/")) and path not in OPEN_PATHS


def _find_presented(request: Request) -> _Presented | None:
    """The Authorization header if there is one, whatever its content; otherwise the cookie."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return _Presented(token.strip() if scheme.lower() == "bearer" else "", from_cookie=False)
    for name in (SECURE_COOKIE, COOKIE):
        if token := request.cookies.get(name, ""):
            return _Presented(token, from_cookie=True)
    return None


def require_own_origin(request: Request, settings: Settings) -> None:
    """Raises ForeignOriginError for a write that another site's page sent with our cookie.

    Browsers send Origin with every write. A request with neither header is no browser's, and what
    is no browser attaches a cookie only because its owner said so.
    """
    source = request.headers.get("origin") or request.headers.get("referer")
    if source is None:
        return
    own = (origin_of(settings.public_url), *read_origins(settings.allowed_origins))
    if (origin_of(source) or "null") not in own:
        raise ForeignOriginError(
            f"Requests with the session cookie may change data from {settings.public_url} and from "
            "the origins of RECOUP_ALLOWED_ORIGINS only."
        )
