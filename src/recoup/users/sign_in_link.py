"""A link that signs in once, for a first look without a token."""

from __future__ import annotations

import secrets

from recoup.db.engine import Database
from recoup.errors import UnauthenticatedError
from recoup.ids import UserId
from recoup.users.queries import add_user, list_users

_OWNER = "owner@localhost"
_REFUSAL = "This link has been used, or recoup was started again since."


class SignInLink:
    """One sign-in for whoever reads the terminal; known to this process only, as Jupyter's is."""

    def __init__(self) -> None:
        self._token: str | None = secrets.token_urlsafe(32)

    def address(self, public_url: str) -> str:
        return f"{public_url}/signin?token={self._token}"

    def __repr__(self) -> str:
        return "SignInLink(...)"

    def _matches(self, token: str) -> bool:
        return self._token is not None and secrets.compare_digest(
            token.encode(errors="replace"), self._token.encode()
        )

    async def redeem(self, token: str, database: Database) -> UserId:
        """The only user there is, or a first one. Raises UnauthenticatedError, also the second time.

        With several users the link could be anybody's, so it is nobody's.
        """
        if not self._matches(token):
            raise UnauthenticatedError(_REFUSAL)
        self._token = None
        async with database.writing() as conn:
            users = await list_users(conn)
            if len(users) > 1:
                raise UnauthenticatedError("There are several users by now: sign in with a token.")
            user = users[0] if users else await add_user(conn, _OWNER)
        return user.user_id
