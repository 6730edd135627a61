"""The sellers that the sandbox knows, by refresh token and by access token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recoup.sandbox.calls import CallCount
from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.limits import Bucket
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld
from recoup.sandbox.world.totals import Totals

ACCESS_TOKEN_LIFETIME = timedelta(seconds=3600)
"""Facts 1.1."""
_REVOKED = "Atzr|revoked"


@dataclass
class Seller:
    """A world, and what its clients have done so far."""

    world: SellerWorld
    buckets: dict[str, Bucket] = field(default_factory=dict)
    calls: dict[str, CallCount] = field(default_factory=dict)
    totals: dict[Instant, Totals] = field(default_factory=dict)

    def count(self, operation: str) -> CallCount:
        return self.calls.setdefault(operation, CallCount())


class RefreshTokenError(Exception):
    """The refresh token is not accepted."""


class Sellers:
    """Makes a seller of each accepted refresh token when it is first used."""

    def __init__(self, config: SandboxConfig, midnight: Instant) -> None:
        self._config = config
        self._start = Instant(midnight - SPAN_DAYS * DAY)
        self._by_refresh_token: dict[str, Seller] = {}
        self._by_access_token: dict[str, tuple[Seller, datetime]] = {}

    def __iter__(self) -> Iterator[Seller]:
        return iter(self._by_refresh_token.values())

    def get(self, refresh_token: str) -> Seller:
        """The seller of a refresh token. Raises RefreshTokenError.

        The configured one has the world of the plain seed, any other that begins with `Atzr|`
        one of its own; those that begin with `Atzr|revoked` are refused.
        """
        known = self._by_refresh_token.get(refresh_token)
        if known is not None:
            return known
        configured = refresh_token == self._config.refresh_token
        if refresh_token.startswith(_REVOKED):
            raise RefreshTokenError
        if not configured and not refresh_token.startswith("Atzr|"):
            raise RefreshTokenError
        parts = (self._config.seed,) if configured else (self._config.seed, refresh_token)
        world = SellerWorld(derive_key(*parts), self._start, self._config.orders)
        return self._by_refresh_token.setdefault(refresh_token, Seller(world))

    def give_access_token(self, seller: Seller, now: datetime) -> str:
        expired = [token for token, (_, ends) in self._by_access_token.items() if ends <= now]
        for token in expired:
            del self._by_access_token[token]
        token = f"Atza|{secrets.token_urlsafe(48)}"
        self._by_access_token[token] = (seller, now + ACCESS_TOKEN_LIFETIME)
        return token

    def find_by_access_token(self, token: str, now: datetime) -> Seller | None:
        seller, ends = self._by_access_token.get(token, (None, now))
        return seller if ends > now else None

    def expire(self, token: str) -> None:
        self._by_access_token.pop(token, None)

    def expire_all(self) -> int:
        """Make every access token given out so far invalid; how many there were."""
        count = len(self._by_access_token)
        self._by_access_token.clear()
        return count
