"""Login with Amazon: refresh tokens become access tokens (facts 1.1, 1.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from recoup.sandbox.answers import json_answer
from recoup.sandbox.calls import CallCount
from recoup.sandbox.faults import LWA_FAULTS
from recoup.sandbox.gateway import fail
from recoup.sandbox.sellers import ACCESS_TOKEN_LIFETIME, RefreshTokenError
from recoup.sandbox.state import Sandbox

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, no secret
TOKEN_OPERATION = "lwaToken"  # noqa: S105 - a name, no secret


def token_endpoint(sandbox: Sandbox, count: CallCount) -> Callable[[Request], Awaitable[Response]]:
    """The token endpoint; its calls are added to `count`."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        count.calls += 1
        fault = sandbox.next_fault(LWA_FAULTS, count)
        failure = None if fault is None else await fail(sandbox, fault, {})
        return failure or _exchange(sandbox, dict(parse_qsl(body.decode("utf-8", "replace"))))

    return answer


def _exchange(sandbox: Sandbox, form: dict[str, str]) -> Response:
    config = sandbox.config
    given = (form.get("client_id"), form.get("client_secret"))
    if "grant_type" not in form:
        return _refuse(400, "invalid_request", "The request is missing a parameter : grant_type")
    if given != (config.client_id, config.client_secret):
        return _refuse(401, "invalid_client", "Client authentication failed")
    if form["grant_type"] != "refresh_token":
        return _refuse(400, "unsupported_grant_type", "The grant type is not supported")
    refresh_token = form.get("refresh_token", "")
    if not refresh_token:
        return _refuse(400, "invalid_request", "The request is missing a parameter : refresh_token")
    try:
        seller = sandbox.sellers.get(refresh_token)
    except RefreshTokenError:
        message = "The request has an invalid grant parameter : refresh_token."
        if refresh_token.startswith("Atzr|"):
            message += " User may have revoked or didn't grant the permission."
        return _refuse(400, "invalid_grant", message)
    return json_answer(
        {
            "access_token": sandbox.sellers.give_access_token(seller, sandbox.clock.now()),
            "refresh_token": refresh_token,
            "token_type": "bearer",
            "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        },
        headers={"cache-control": "no-store"},
    )


def _refuse(status: int, error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return json_answer(body, status=status, headers={"cache-control": "no-store"})
