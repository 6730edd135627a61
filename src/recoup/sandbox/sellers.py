"""Callers of the sandbox: sellers by refresh token, and the data that an access token opens."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b

from recoup.sandbox.calls import CallCount
from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.limits import Bucket
from recoup.sandbox.listings import Listings
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.profile import PROFILES
from recoup.sandbox.world.records import InboundShipment
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld
from recoup.sandbox.world.totals import Totals

ACCESS_TOKEN_LIFETIME = timedelta(seconds=3600)
"""How long an access token is good for (docs/amazon.md#lwa); a restricted data token lives as long."""
_REVOKED = "Atzr|revoked"
_FOREIGN = "Atzr|foreign"
_CONSENT = "Atzr|consent-"
_NONCE_LETTERS = 22


@dataclass
class Caller:
    """The unit for counting calls: Amazon limits per seller and application."""

    buckets: dict[str, Bucket] = field(default_factory=dict)
    calls: dict[str, CallCount] = field(default_factory=dict)

    def count(self, operation: str) -> CallCount:
        return self.calls.setdefault(operation, CallCount())


@dataclass(kw_only=True)
class Seller(Caller):
    """A world, and the changes that its clients have made."""

    world: SellerWorld
    totals: dict[Instant, Totals] = field(default_factory=dict)
    listings: Listings = field(default_factory=Listings)
    group_totals: dict[tuple[str, Instant], Decimal] = field(default_factory=dict)
    """The sums of financial event groups, by id and edge of the world."""
    inbound: dict[Instant, tuple[InboundShipment, ...]] = field(default_factory=dict)

    def inbound_shipments(self, edge: Instant) -> tuple[InboundShipment, ...]:
        """The world's shipments up to its edge; cached, as a big world is slow to list."""
        if edge not in self.inbound:
            self.inbound = {edge: tuple(self.world.inbound_shipments(edge))}
        return self.inbound[edge]


Resources = Mapping[tuple[str, str], frozenset[str]]
"""Kinds of personal data by method and path."""


@dataclass(frozen=True)
class Grant:
    """The rights of one access token, until `ends`.

    `scopes` are those of a token without a seller; `resources` those of a restricted data
    token, None for an ordinary one.
    """

    caller: Caller
    ends: datetime
    scopes: frozenset[str] = frozenset()
    resources: Resources | None = None


class RefreshTokenError(Exception):
    """The refresh token is not accepted. `foreign`: it belongs to another application."""

    def __init__(self, *, foreign: bool = False) -> None:
        super().__init__("the refresh token is not accepted")
        self.foreign = foreign


class Sellers:
    """Creates a seller for each accepted refresh token on its first use.

    `application` calls without a seller: the grantless operations.
    """

    def __init__(self, config: SandboxConfig, midnight: Instant) -> None:
        self._config = config
        self._start = Instant(midnight - SPAN_DAYS * DAY)
        self._by_refresh_token: dict[str, Seller] = {}
        self._grants: dict[str, Grant] = {}
        self.application = Caller()

    def __iter__(self) -> Iterator[Seller]:
        return iter(self._by_refresh_token.values())

    def get(self, refresh_token: str) -> Seller:
        """The seller of a refresh token. Raises RefreshTokenError.

        The configured one, and those that the consent page gave, have the world of the plain
        seed; any other that begins with `Atzr|` has one of its own. Those that begin with
        `Atzr|revoked` are refused, those with `Atzr|foreign` as another application's.
        """
        if self._is_from_consent(refresh_token):
            refresh_token = self._config.refresh_token
        known = self._by_refresh_token.get(refresh_token)
        if known is not None:
            return known
        configured = refresh_token == self._config.refresh_token
        if refresh_token.startswith((_REVOKED, _CONSENT)):
            raise RefreshTokenError
        if refresh_token.startswith(_FOREIGN):
            raise RefreshTokenError(foreign=True)
        if not configured and not refresh_token.startswith("Atzr|"):
            raise RefreshTokenError
        parts = (self._config.seed,) if configured else (self._config.seed, refresh_token)
        profile = PROFILES[self._config.profile]
        wanted = self._config.wanted_claims
        world = SellerWorld(derive_key(*parts), self._start, self._config.orders, profile, wanted)
        return self._by_refresh_token.setdefault(refresh_token, Seller(world=world))

    def give_refresh_token(self) -> str:
        """Issues a refresh token of the configured seller; it survives a restart of the sandbox."""
        nonce = secrets.token_urlsafe(16)
        return f"{_CONSENT}{nonce}{self._sign(nonce)}"

    def give_access_token(self, seller: Seller, now: datetime) -> str:
        return self._keep("Atza", Grant(seller, now + ACCESS_TOKEN_LIFETIME), now)

    def give_grantless_token(self, scopes: frozenset[str], now: datetime) -> str:
        grant = Grant(self.application, now + ACCESS_TOKEN_LIFETIME, scopes=scopes)
        return self._keep("Atza", grant, now)

    def give_restricted_token(self, seller: Seller, resources: Resources, now: datetime) -> str:
        grant = Grant(seller, now + ACCESS_TOKEN_LIFETIME, resources=resources)
        return self._keep("Atz.sprdt", grant, now)

    def find_grant(self, token: str, now: datetime) -> Grant | None:
        grant = self._grants.get(token)
        return None if grant is None or grant.ends <= now else grant

    def expire(self, token: str) -> None:
        self._grants.pop(token, None)

    def expire_all(self) -> int:
        """Invalidates every access token issued so far; returns how many there were."""
        count = len(self._grants)
        self._grants.clear()
        return count

    def _keep(self, prefix: str, grant: Grant, now: datetime) -> str:
        for token in [token for token, one in self._grants.items() if one.ends <= now]:
            del self._grants[token]
        token = f"{prefix}|{secrets.token_urlsafe(48)}"
        self._grants[token] = grant
        return token

    def _is_from_consent(self, refresh_token: str) -> bool:
        tail = refresh_token.removeprefix(_CONSENT)
        nonce, signature = tail[:_NONCE_LETTERS], tail[_NONCE_LETTERS:]
        return tail != refresh_token and hmac.compare_digest(
            signature.encode(), self._sign(nonce).encode()
        )

    def _sign(self, nonce: str) -> str:
        key = derive_key(self._config.seed, "consent")
        return blake2b(nonce.encode(), digest_size=12, key=key).hexdigest()
