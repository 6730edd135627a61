"""The dashboard at / and signing in to it. Its pages use the public API like any other client."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr
from starlette.staticfiles import StaticFiles

from recoup.api.authentication import require_own_origin
from recoup.api.parameters import CamelModel
from recoup.api.services import ServicesOfApp
from recoup.api.session import end_session, set_session
from recoup.errors import UnauthenticatedError
from recoup.users.queries import user_exists
from recoup.users.tokens import find_token_user

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[2] / "web"

_FILE_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    # The address may hold the token of a sign-in link.
    "referrer-policy": "no-referrer",
    **_FILE_HEADERS,
}


class _Files(StaticFiles):
    """The browser asks whether they changed, so that an upgrade is seen at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_FILE_HEADERS)
        return response


static_files = _Files(directory=FOLDER)


class TokenBody(CamelModel):
    token: SecretStr


@cache
def _page() -> str:
    return (FOLDER / "index.html").read_text(encoding="utf-8")


def _dashboard(status_code: int = 200) -> Response:
    return HTMLResponse(_page(), status_code=status_code, headers=_HEADERS)


@router.get("/")
async def get_dashboard() -> Response:
    return _dashboard()


@router.get("/signin")
async def follow_link(services: ServicesOfApp, token: str = "") -> Response:
    """The link of the terminal. Where it is of no use any more, the page says how to sign in."""
    if services.sign_in_link is None:
        return _dashboard(401)
    try:
        user_id = await services.sign_in_link.redeem(token, services.database)
    except UnauthenticatedError:
        return _dashboard(401)
    response = RedirectResponse("/", status_code=303, headers=_HEADERS)
    set_session(response, user_id, services.settings)
    return response


@router.post("/signin")
async def sign_in(
    services: ServicesOfApp, request: Request, body: Annotated[TokenBody, Body()]
) -> Response:
    """With a bearer token, as `recoup user token` prints it."""
    # Another site must not sign its visitors in as somebody of its choice.
    require_own_origin(request, services.settings.public_url)
    user_id = find_token_user(body.token.get_secret_value(), services.settings.keys)
    if user_id is not None:
        async with services.database.reading() as conn:
            if await user_exists(conn, user_id):
                response = Response(status_code=204)
                set_session(response, user_id, services.settings)
                return response
    raise UnauthenticatedError("The token is expired, forged or of nobody.")


@router.post("/signout")
async def sign_out(services: ServicesOfApp, request: Request) -> Response:
    require_own_origin(request, services.settings.public_url)
    response = Response(status_code=204)
    end_session(response)
    return response
