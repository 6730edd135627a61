"""Tokens that say who calls: JSON Web Tokens signed with a key derived from RECOUP_SECRET_KEYS."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt

from recoup.crypto import derive_key
from recoup.ids import UserId

TOKEN_LIFETIME = timedelta(days=90)
_ISSUER = "recoup"
_ALGORITHM = "HS256"


def issue_token(
    user_id: UserId, keys: tuple[str, ...], *, now: datetime, lifetime: timedelta = TOKEN_LIFETIME
) -> str:
    """A bearer token for one user, good for `lifetime`; also the value of the session cookie."""
    claims = {"sub": user_id, "iss": _ISSUER, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, derive_key(keys[0], "token"), algorithm=_ALGORITHM)


def find_token_user(token: str, keys: tuple[str, ...]) -> UserId | None:
    """Whose token it is; None when it is expired, forged or none at all. Any of the keys may sign."""
    for key in keys:
        try:
            claims = jwt.decode(
                token,
                derive_key(key, "token"),
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": ["sub", "exp"]},
            )
        except jwt.InvalidTokenError:
            continue
        return UserId(claims["sub"])
    return None
