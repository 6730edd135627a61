"""From a stored connection to a client that may speak for the seller."""

from __future__ import annotations

import asyncio

from recoup.clock import Clock, utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.crypto import Vault
from recoup.errors import ReauthorizationRequiredError, UnavailableError
from recoup.spapi.auth import OPERATION, AccessTokens
from recoup.spapi.client import SpApi, new_http_client
from recoup.spapi.endpoints import Environment, Region, lwa_endpoint, spapi_endpoint
from recoup.spapi.limits import Budget, Turns

_PATIENCE_SECONDS = 10.0


class SellerAccess:
    """Tokens and clients of every seller, over one pool of HTTP connections per process."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._vault = Vault(settings.keys)
        self._http = new_http_client()
        self._tokens: dict[str, AccessTokens] = {}

    async def close(self) -> None:
        await self._http.aclose()

    @staticmethod
    def account(connection: Connection) -> str:
        """Whom Amazon counts: the seller in a region, whichever user of recoup connected it."""
        return f"{connection.environment}:{connection.region}:{connection.selling_partner_id}"

    def seal(self, refresh_token: str) -> bytes:
        return self._vault.seal(refresh_token)

    async def check(self, connection: Connection) -> None:
        """Raises ReauthorizationRequiredError or InvalidClientError when no token can be had.

        A token that is good for a while yet is proof enough: no call is made then.
        """
        await self._tokens_of(connection.environment).get(self._open(connection))

    async def check_token(self, refresh_token: str, environment: str) -> None:
        """The same for a token that is not stored yet, while a person waits.

        Raises UnavailableError when Amazon does not answer in time.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._tokens_of(environment).renew(refresh_token)
        except TimeoutError as exc:
            raise UnavailableError(
                "Login with Amazon did not answer in time.", operation=OPERATION
            ) from exc

    async def open(
        self, connection: Connection, budget: Budget, turns: Turns | None = None
    ) -> SpApi:
        """A client of this seller. The token is exchanged anew: it shows at the start of a sync
        whether Amazon still accepts it, and what time it is at Amazon's.
        """
        tokens = self._tokens_of(connection.environment)
        refresh_token = self._open(connection)
        await tokens.renew(refresh_token)
        return SpApi(
            http=self._http,
            endpoint=spapi_endpoint(
                Environment(connection.environment),
                Region(connection.region),
                self._settings.spapi_endpoint,
            ),
            tokens=tokens,
            refresh_token=refresh_token,
            budget=budget,
            clock=self._clock,
            turns=turns,
        )

    def _open(self, connection: Connection) -> str:
        if connection.refresh_token_sealed is None or connection.status != "active":
            raise ReauthorizationRequiredError(
                "Amazon needs the seller's permission again: reconnect the account."
            )
        return self._vault.open(connection.refresh_token_sealed)

    def _tokens_of(self, environment: str) -> AccessTokens:
        endpoint = lwa_endpoint(Environment(environment), self._settings.lwa_endpoint)
        if endpoint not in self._tokens:
            previous = self._settings.lwa_client_secret_previous
            self._tokens[endpoint] = AccessTokens(
                self._http,
                endpoint=endpoint,
                client_id=self._settings.lwa_client_id,
                client_secret=self._settings.lwa_client_secret.get_secret_value(),
                previous_secret=previous.get_secret_value() if previous else None,
                clock=self._clock,
            )
        return self._tokens[endpoint]
