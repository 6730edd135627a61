"""The text of sessions and tokens: a JSON Web Token that wraps a random secret.

The signature keeps guesses away from the database. What counts is the row of the secret, which can
be revoked: a signing key that leaks opens nothing by itself.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import jwt

from recoup.crypto import derive_key
from recoup.ids import UserId

_ISSUER = "recoup"
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Secret:
    """A random text that its holder keeps and recoup stores as a digest only."""

    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256: enough for 256 random bits, which nobody can try one by one."""
        return hashlib.sha256(self.text.encode()).digest()


def new_secret() -> Secret:
    return Secret(secrets.token_urlsafe(32))


def sign(secret: Secret, user_id: UserId, key: str, *, expires_at: datetime) -> str:
    """The bearer token, or the value of the session cookie."""
    claims = {"jti": secret.text, "sub": user_id, "iss": _ISSUER, "exp": expires_at}
    return jwt.encode(claims, derive_key(key, "token"), algorithm=_ALGORITHM)


def find_secret(token: str, key: str) -> Secret | None:
    """The secret in a token; None if the token is expired, invalid or not signed with the key."""
    claims = _find_claims(token, key)
    return None if claims is None else Secret(str(claims["jti"]))


def find_user_id(token: str, key: str) -> UserId | None:
    """Whose token it is, or was: it may have been revoked. None as for `find_secret`."""
    claims = _find_claims(token, key)
    return None if claims is None else UserId(str(claims["sub"]))


def _find_claims(token: str, key: str) -> dict[str, object] | None:
    try:
        return jwt.decode(
            token,
            derive_key(key, "token"),
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require": ["jti", "sub", "exp"]},
        )
    # A header can hold what no token does, such as half of a surrogate pair.
    except (jwt.InvalidTokenError, UnicodeError):
        return None
