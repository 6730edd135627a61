"""The session cookie: a bearer token in a form that a browser sends by itself."""

from __future__ import annotations

from fastapi.responses import Response

from recoup.api.authentication import COOKIE
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.ids import UserId
from recoup.users.tokens import TOKEN_LIFETIME, issue_token


def set_session(response: Response, user_id: UserId, settings: Settings) -> None:
    """A cookie that scripts cannot read and other sites' writes do not carry."""
    response.set_cookie(
        COOKIE,
        issue_token(user_id, settings.keys, now=utc_now()),
        max_age=int(TOKEN_LIFETIME.total_seconds()),
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def end_session(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
