"""The text of sessions and tokens: a JSON Web Token that wraps a random secret.

The signature keeps guesses away from the database. What counts is the row of the secret, which can
be revoked: a signing key that leaks opens nothing by itself.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import jwt

from recoup.crypto import derive_key
from recoup.ids import UserId

_ISSUER = "recoup"
_ALGORITHM = "HS256"
_MOST_KNOWN = 20_000
"""Tokens of some 300 bytes."""
_ASKED_EVERY_SECONDS = 0.1
"""To look whether the file of keys has changed takes a thirtieth of a small request."""


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


def mark_of(key: str) -> bytes:
    """Tells tokens of one key from those of another, and says nothing about the key."""
    return derive_key(key, "token mark")[:8]


@dataclass(frozen=True, slots=True)
class SignedToken:
    """What a token with a valid signature holds. It may have been revoked since.

    ends_at: seconds since 1970.
    """

    secret: Secret
    user_id: UserId
    ends_at: float


class TokenReader:
    """Reads tokens that are signed with the current key: a process that runs on after `recoup keys
    rotate` takes the new tokens at once, and the old ones for a moment at most.

    A signature is checked once, as that takes a tenth of a request; the newest tokens are known.
    """

    def __init__(
        self, current_key: Callable[[], str], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._current_key = current_key
        self._followed = current_key()
        self._asked_at = clock()
        self._key = derive_key(self._followed, "token")
        self._clock = clock
        self._known: OrderedDict[str, SignedToken] = OrderedDict()

    def read(self, token: str) -> SignedToken | None:
        """None if the token is expired, invalid or not signed with the key.

        Raises ConfigurationError if the key cannot be read any more.
        """
        if not 0 <= self._clock() - self._asked_at < _ASKED_EVERY_SECONDS:
            self._follow_rotation()
        known = self._known.get(token)
        if known is None:
            known = self._check(token)
            if known is None and self._follow_rotation():
                known = self._check(token)
            if known is None:
                return None
            self._known[token] = known
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(token)
        return known if self._clock() < known.ends_at else None

    def _follow_rotation(self) -> bool:
        """Whether there is another key now."""
        self._asked_at = self._clock()
        key = self._current_key()
        if key == self._followed:
            return False
        self._followed, self._key = key, derive_key(key, "token")
        self._known.clear()
        return True

    def _check(self, token: str) -> SignedToken | None:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": ["jti", "sub", "exp"]},
            )
        # A header can hold what no token does, such as half of a surrogate pair.
        except (jwt.InvalidTokenError, UnicodeError):
            return None
        return SignedToken(
            Secret(str(claims["jti"])), UserId(str(claims["sub"])), float(claims["exp"])
        )
