"""Signing in and out of a browser: with a password, with a link, and the end of a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from recoup.api.authentication import get_caller, require_own_origin
from recoup.api.openapi import may_fail_signing_in
from recoup.api.people_bodies import (
    FollowRequest,
    LinkBody,
    LinkRequest,
    SignInRequest,
    link_body,
)
from recoup.api.services import ServicesOfApp
from recoup.api.session import end_session, forget_session, start_session
from recoup.clock import utc_now
from recoup.errors import (
    ConflictError,
    LockedOutError,
    NotFoundError,
    UnauthenticatedError,
    WeakPasswordError,
)
from recoup.users.caller import CredentialKind
from recoup.users.links import Introduction, follow, look
from recoup.users.sign_in import check_password
from recoup.users.tokens import Secret

router = APIRouter(tags=["sign-in"])


@router.post(
    "/signin",
    status_code=204,
    responses=may_fail_signing_in(LockedOutError),
    summary="Sign in with email address and password",
)
async def sign_in(
    services: ServicesOfApp, request: Request, body: Annotated[SignInRequest, Body()]
) -> Response:
    """Sets the cookie of a session. After ten failures an address is locked for 15 minutes."""
    # Another site must not sign its visitors in as somebody of its choice.
    require_own_origin(request, services.settings)
    password = body.password.get_secret_value()
    user_id = await check_password(
        services.door, services.passwords, body.email, password, now=utc_now()
    )
    response = Response(status_code=204)
    await start_session(services, request, response, user_id)
    return response


@router.post(
    "/signin/link/look",
    responses=may_fail_signing_in(),
    summary="What a sign-in link or an invitation will do",
)
async def look_at_link(
    services: ServicesOfApp, request: Request, body: Annotated[LinkRequest, Body()]
) -> LinkBody:
    """Uses nothing up."""
    require_own_origin(request, services.settings)
    secret = Secret(body.token.get_secret_value())
    async with services.door.reading() as conn:
        link = await look(conn, secret, now=utc_now())
    return link_body(link)


@router.post(
    "/signin/link",
    status_code=204,
    responses=may_fail_signing_in(WeakPasswordError, ConflictError, NotFoundError),
    summary="Sign in with a link, which works once",
)
async def follow_link(
    services: ServicesOfApp, request: Request, body: Annotated[FollowRequest, Body()]
) -> Response:
    """A person who is new sends name and password; the first one an email address too."""
    require_own_origin(request, services.settings)
    secret = Secret(body.token.get_secret_value())
    user_id = await follow(
        services.door, services.passwords, secret, _introduction(body), now=utc_now()
    )
    response = Response(status_code=204)
    await start_session(services, request, response, user_id)
    return response


@router.post(
    "/signout",
    status_code=204,
    responses=may_fail_signing_in(),
    summary="End the session",
)
async def sign_out(services: ServicesOfApp, request: Request) -> Response:
    """A copy of the cookie is of no use afterwards either."""
    require_own_origin(request, services.settings)
    response = Response(status_code=204)
    forget_session(response, secure=services.settings.is_public_https)
    try:
        caller = await get_caller(request, services)
    except (UnauthenticatedError, NotFoundError):
        return response  # signed out already
    if caller.kind is CredentialKind.SESSION and caller.credential_id is not None:
        await end_session(services, caller.credential_id)
    return response


def _introduction(body: FollowRequest) -> Introduction | None:
    if body.name is None or body.password is None:
        return None
    return Introduction(body.email, body.name, body.password.get_secret_value())
