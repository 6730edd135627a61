"""Access to a seller: from a stored connection to a client that may act for the seller."""

from __future__ import annotations

import hmac

from recoup.clock import Clock, steady_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.connections.states import ConnectionStatus
from recoup.crypto import Vault, derive_key
from recoup.errors import ReauthorizationRequiredError
from recoup.spapi.auth import AccessTokens
from recoup.spapi.client import SpApi
from recoup.spapi.endpoints import Environment, Region
from recoup.spapi.limits import Budget, Workplace
from recoup.spapi.servers import SANDBOX_APPLICATION, Servers, get_servers
from recoup.spapi.transport import HttpClient, new_http_client


class SellerAccess:
    """Tokens and clients of all sellers, over one pool of HTTP connections per process.

    http: that pool, which is closed with this; one of its own where none is given.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock = steady_now, http: HttpClient | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        _ = settings.keys  # keys that cannot be used are told now, not at the first seller
        self._http = http or new_http_client()
        self._tokens: dict[tuple[str, str], AccessTokens] = {}

    async def close(self) -> None:
        await self._http.aclose()

    def account(self, connection: Connection) -> str:
        """The account for Amazon's limits: whom the refresh token stands for, in a region.

        Amazon counts per seller and application (docs/amazon.md#limits), and an exchange names no
        seller. What a user typed is no proof, so the token itself is the name, as a keyed digest:
        several connections with one token share a budget, nobody else can spend from it. Raises as
        `check`.
        """
        application = self._servers_of(connection).application
        proof = f"{application.client_id}\n{self._open(connection)}"
        # The current key: processes that began before and after a rotation must name it alike.
        key = derive_key(self._settings.keys[0], "rate budget")
        digest = hmac.digest(key, proof.encode(), "sha256").hex()[:32]
        return f"{connection.environment}:{connection.region}:{digest}"

    def seal(self, refresh_token: str) -> bytes:
        return Vault(self._settings.keys).seal(refresh_token)

    async def check(self, connection: Connection) -> None:
        """Raises ReauthorizationRequiredError, InvalidClientError or EnvironmentUnavailableError if
        no token can be obtained.

        A token that is good for a while yet is proof enough: no call is made then.
        """
        await self._tokens_of(self._servers_of(connection)).get(self._open(connection))

    def servers(
        self, environment: Environment, region: Region, *, country: str | None = None
    ) -> Servers:
        """Raises EnvironmentUnavailableError."""
        return get_servers(self._settings, environment, region, country=country)

    async def redeem(self, servers: Servers, code: str, redirect_uri: str) -> str:
        """The refresh token that an authorization code buys. Raises as AccessTokens.redeem."""
        return await self._tokens_of(servers).redeem(code, redirect_uri)

    async def open(
        self, connection: Connection, budget: Budget, workplace: Workplace | None = None
    ) -> SpApi:
        """A client of this seller.

        Exchanges the token again: at the start of a sync this shows whether Amazon still accepts
        it, and Amazon's time. Raises ClockError if that is more than a day off.
        """
        servers = self._servers_of(connection)
        tokens = self._tokens_of(servers)
        refresh_token = self._open(connection)
        await tokens.renew(refresh_token)
        tokens.require_believable_clock()
        return SpApi(
            http=self._http,
            endpoint=servers.spapi,
            tokens=tokens,
            refresh_token=refresh_token,
            budget=budget,
            clock=self._clock,
            workplace=workplace,
            is_sandbox=connection.environment == Environment.LOCAL,
        )

    def _open(self, connection: Connection) -> str:
        if (
            connection.refresh_token_sealed is None
            or connection.status is not ConnectionStatus.ACTIVE
        ):
            raise ReauthorizationRequiredError(
                connection.status_reason
                or "Amazon requires the seller's authorization again: reconnect the account."
            )
        return Vault(self._settings.keys).open(connection.refresh_token_sealed)

    def _servers_of(self, connection: Connection) -> Servers:
        return self.servers(Environment(connection.environment), Region(connection.region))

    def _tokens_of(self, servers: Servers) -> AccessTokens:
        key = servers.login, servers.application.client_id
        if key not in self._tokens:
            self._tokens[key] = AccessTokens(
                self._http,
                endpoint=servers.login,
                application=servers.application,
                clock=self._clock,
                # Its clock may be any.
                is_sandbox=servers.application is SANDBOX_APPLICATION,
            )
        return self._tokens[key]
