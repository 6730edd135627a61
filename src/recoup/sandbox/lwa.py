"""Login with Amazon: three grants become access tokens (docs/amazon.md#lwa)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from recoup.sandbox.answers import Json, json_answer
from recoup.sandbox.calls import CallCount
from recoup.sandbox.consent import Codes
from recoup.sandbox.failures import fail
from recoup.sandbox.faults import LWA_FAULTS
from recoup.sandbox.sellers import ACCESS_TOKEN_LIFETIME, RefreshTokenError
from recoup.sandbox.state import Sandbox

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, no secret
TOKEN_OPERATION = "lwaToken"  # noqa: S105 - a name, no secret
SCOPES = frozenset(
    {
        "sellingpartnerapi::notifications",
        "sellingpartnerapi::client_credential:rotation",
        "sellingpartnerapi::migration",
    }
)
"""Scopes of grantless operations (docs/amazon.md#grantless-operations)."""
_NEVER_KEPT = {"cache-control": "no-store"}


class _RefusedError(Exception):
    """A refusal in the format of Login with Amazon, which differs from that of the SP-API."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error


def token_endpoint(
    sandbox: Sandbox, codes: Codes, count: CallCount
) -> Callable[[Request], Awaitable[Response]]:
    """The token endpoint; its calls are added to `count`."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        count.calls += 1
        fault = sandbox.next_fault(TOKEN_OPERATION, LWA_FAULTS, count)
        failure = None if fault is None else await fail(sandbox, fault, {})
        if failure is not None:
            return failure
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        try:
            return json_answer(_exchange(sandbox, codes, form), headers=_NEVER_KEPT)
        except _RefusedError as refused:
            refusal: Json = {"error": refused.error, "error_description": str(refused)}
            return json_answer(refusal, status=refused.status, headers=_NEVER_KEPT)

    return answer


def _exchange(sandbox: Sandbox, codes: Codes, form: Mapping[str, str]) -> Json:
    config = sandbox.config
    grant_type = _field(form, "grant_type")
    given = (form.get("client_id"), form.get("client_secret"))
    if given != (config.client_id, config.client_secret):
        raise _RefusedError(401, "invalid_client", "Client authentication failed")
    if grant_type == "refresh_token":
        if "scope" in form:
            message = "The request must not hold both refresh_token and scope"
            raise _RefusedError(400, "invalid_request", message)
        return _for_seller(sandbox, _field(form, "refresh_token"))
    if grant_type == "authorization_code":
        code, redirect_uri = _field(form, "code"), form.get("redirect_uri")
        if not codes.use(code, redirect_uri, sandbox.clock.now()):
            message = "The request has an invalid grant parameter : code"
            raise _RefusedError(400, "invalid_grant", message)
        return _for_seller(sandbox, sandbox.sellers.give_refresh_token())
    if grant_type == "client_credentials":
        return _grantless(sandbox, frozenset(_field(form, "scope").split()))
    message = "The authorization grant type is not supported by the authorization server"
    raise _RefusedError(400, "unsupported_grant_type", message)


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        message = f"The request is missing a required parameter : {name}"
        raise _RefusedError(400, "invalid_request", message)
    return value


def _for_seller(sandbox: Sandbox, refresh_token: str) -> Json:
    try:
        seller = sandbox.sellers.get(refresh_token)
    except RefreshTokenError as error:
        if error.foreign:
            message = "Not authorized for requested operation"
            raise _RefusedError(400, "unauthorized_client", message) from None
        message = "The request has an invalid grant parameter : refresh_token."
        if refresh_token.startswith("Atzr|"):
            message += " User may have revoked or didn't grant the permission."
        raise _RefusedError(400, "invalid_grant", message) from None
    return {
        "access_token": sandbox.sellers.give_access_token(seller, sandbox.clock.now()),
        "refresh_token": refresh_token,
        **_LIFE,
    }


def _grantless(sandbox: Sandbox, scopes: frozenset[str]) -> Json:
    if not SCOPES.issuperset(scopes):
        message = "The request has an invalid parameter : scope"
        raise _RefusedError(400, "invalid_scope", message)
    token = sandbox.sellers.give_grantless_token(scopes, sandbox.clock.now())
    return {"access_token": token, **_LIFE}


_LIFE: Mapping[str, Json] = {
    "token_type": "bearer",
    "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
}
