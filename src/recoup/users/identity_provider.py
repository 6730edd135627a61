"""Tokens of an identity provider (OpenID Connect): signed with keys that its JWKS address publishes.

RFC 7517 (keys), RFC 7519 (tokens), RFC 8725 (what goes wrong with them). Supabase, Auth0, Keycloak
and others publish such an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from recoup.clock import Clock, utc_now
from recoup.errors import IdentityProviderError, UnauthenticatedError
from recoup.logs import get_logger

ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Public-key signatures only: whoever can read a shared key could sign with it, and `none` is none."""

# A key that the provider withdraws is accepted for at most so long.
_FRESH_FOR = timedelta(minutes=5)
# Tokens with made-up key ids must not make us ask all the time.
_ASK_EVERY = timedelta(minutes=1)
# While the provider does not answer, known keys go on working for so long.
_USABLE_FOR = timedelta(hours=1)
_FETCH_SECONDS = 5.0
_CLOCKS_DIFFER_SECONDS = 30
_MAX_TEXT = 200
_log = get_logger(__name__)

FetchKeys = Callable[[], Any]
"""Returns the JSON of the JWKS address. Blocking."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider names it. email: only an address that the provider has verified."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


def looks_foreign(token: str) -> bool:
    """Whether a token claims to be an identity provider's, by its algorithm; proves nothing."""
    try:
        return jwt.get_unverified_header(token).get("alg") in ALGORITHMS
    except (jwt.InvalidTokenError, UnicodeError):
        return False


class IdentityProvider:
    """One provider. Its keys are fetched once for all requests that wait for them."""

    def __init__(
        self,
        jwks_url: str,
        *,
        issuer: str,
        audience: str,
        clock: Clock = utc_now,
        fetch: FetchKeys | None = None,
    ) -> None:
        client = jwt.PyJWKClient(jwks_url, cache_jwk_set=False, timeout=_FETCH_SECONDS)
        self._fetch = fetch or client.fetch_data
        self._issuer = issuer
        self._audience = audience
        self._keys = _Keys(clock)
        self._turn = asyncio.Lock()

    async def identify(self, token: str) -> Identity:
        """Raises UnauthenticatedError, or IdentityProviderError while its keys cannot be fetched."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, UnicodeError):
            raise UnauthenticatedError("The token is not a JSON Web Token.") from None
        key = await self._key(None if kid is None else str(kid))
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=_CLOCKS_DIFFER_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.InvalidTokenError as exc:
            # The class says which check failed; the text may quote the token.
            raise UnauthenticatedError(
                f"The identity provider's token is not accepted ({type(exc).__name__})."
            ) from None
        return _identity(claims, self._issuer)

    async def _key(self, kid: str | None) -> jwt.PyJWK:
        if self._keys.is_due(kid):
            async with self._turn:  # those who waited find it done
                if self._keys.is_due(kid):
                    await self._refresh()
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        try:
            self._keys.put(await asyncio.to_thread(self._fetch))
        # PyJWT raises its own errors, urllib others, and a body that is no JWKS whatever it wants.
        except Exception as exc:  # noqa: BLE001 - why is said above
            self._keys.failed()
            _log.warning("identity_provider_keys_not_fetched", error=type(exc).__name__)


@dataclass(slots=True)
class _Keys:
    """The keys by id, when they came, and when they were asked for last."""

    clock: Clock
    found: dict[str | None, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: datetime | None = None
    asked_at: datetime | None = None

    def is_due(self, kid: str | None) -> bool:
        now = self.clock()
        if self.asked_at is not None and now - self.asked_at < _ASK_EVERY:
            return False
        return (
            self.fetched_at is None
            or now - self.fetched_at >= _FRESH_FOR
            or (kid is not None and kid not in self.found)
        )

    def put(self, document: Mapping[str, Any]) -> None:
        keys = [
            key
            for key in jwt.PyJWKSet.from_dict(dict(document)).keys
            if key.algorithm_name in ALGORITHMS and key.public_key_use in {None, "sig"}
        ]
        self.found = {key.key_id: key for key in keys}
        if len(keys) == 1:
            self.found[None] = keys[0]  # a token need not name the only key
        self.fetched_at = self.asked_at = self.clock()

    def failed(self) -> None:
        self.asked_at = self.clock()

    def get(self, kid: str | None) -> jwt.PyJWK:
        """Raises UnauthenticatedError, or IdentityProviderError without keys that can be used."""
        if self.fetched_at is None or self.clock() - self.fetched_at >= _USABLE_FOR:
            raise IdentityProviderError(
                "The keys of the identity provider cannot be fetched: check RECOUP_JWKS_URL."
            )
        if kid not in self.found:
            raise UnauthenticatedError("The identity provider has no key of the token's name.")
        return self.found[kid]


def _identity(claims: Mapping[str, Any], issuer: str) -> Identity:
    subject, email, name = claims["sub"], claims.get("email"), claims.get("name")
    if not _is_text(subject):
        raise UnauthenticatedError("The identity provider's token has no usable subject.")
    verified = claims.get("email_verified") is True and _is_text(email) and "@" in str(email)
    return Identity(
        issuer=issuer,
        subject=subject,
        email=str(email) if verified else None,
        name=str(name) if _is_text(name) else None,
    )


def _is_text(value: object) -> bool:
    """What a table can hold: short, and without NUL and half surrogate pairs."""
    return isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and value.isprintable()
