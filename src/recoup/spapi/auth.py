"""Access tokens from Login with Amazon (LWA).

Facts (page "Connect to the SP-API"): a token lives 3600 s; credentials go in the form body, as a
query string ends up in logs; a refresh token does not change when it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

import httpx2

from recoup.clock import Clock, steady_now
from recoup.errors import (
    BadRequestError,
    ConsentError,
    InvalidClientError,
    MalformedAnswerError,
    ReauthorizationRequiredError,
    SpApiError,
    UnavailableError,
)
from recoup.logs import get_logger
from recoup.spapi.amazon_clock import AmazonClock
from recoup.spapi.answers import parse_json, retry_after
from recoup.spapi.ceilings import TOKEN_CHARACTERS
from recoup.spapi.endpoints import TOKEN_PATH
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.spapi.servers import Application
from recoup.spapi.transport import Reply, exchange

OPERATION = "lwa.token"

_LONGEST_LIFE_SECONDS = 86_400  # Amazon's live an hour; a larger number is not believed
_LONGEST_TOKEN = 4096  # characters; Amazon's have at most 2048
_MARGIN = timedelta(minutes=5)
_MARGIN_SHARE = 10  # a token that lives shorter is renewed when a tenth of its life is left
_REFUSED_APPLICATION = (
    "Login with Amazon refuses the application ({}): check RECOUP_LWA_CLIENT_ID and "
    "RECOUP_LWA_CLIENT_SECRET. The secret stops working when it is not rotated within 180 days."
)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _AccessToken:
    value: str = field(repr=False)
    renew_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class _Flight:
    """One refresh in progress, and the number of tasks that wait for it."""

    task: asyncio.Task[_AccessToken]
    waiters: int = 0


class AccessTokens:
    """The access tokens of one application, kept per refresh token until shortly before expiry.

    The application's previous secret is tried when Amazon refuses the current one, so that both may
    be set while it is rotated; the one that was accepted last is tried first. However many tasks wait, one
    refresh per refresh token is on its way. Belongs to one event loop. is_sandbox: recoup's own sandbox
    answers, whose clock may be any.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        endpoint: str,
        application: Application,
        clock: Clock = steady_now,
        retry: RetryPolicy = DEFAULT_RETRY,
        is_sandbox: bool = False,
    ) -> None:
        self._http = http
        self._url = f"{endpoint}{TOKEN_PATH}"
        self._client_id = application.client_id
        secrets = (application.client_secret, application.previous_secret)
        self._secrets = [secret for secret in secrets if secret is not None]
        self._clock = clock
        self._retry = retry
        self._amazon_clock = AmazonClock(clock, bounded=not is_sandbox)
        self._tokens: dict[str, _AccessToken] = {}
        self._flights: dict[str, _Flight] = {}

    @property
    def ahead(self) -> timedelta | None:
        """How far Amazon's clock is ahead of the local one; None before the first answer."""
        return self._amazon_clock.ahead

    def require_believable_clock(self) -> None:
        """Raises ClockError if the last exchange told a time that is not believed."""
        self._amazon_clock.require_believable()

    async def get(self, refresh_token: str) -> str:
        """Returns an access token valid for some more minutes; calls Amazon only if necessary.

        Raises ReauthorizationRequiredError, InvalidClientError or an SpApiError. While Login with
        Amazon is unavailable, a token within its last minutes is still given out.
        """
        token = self._tokens.get(refresh_token)
        if token is not None and self._clock() < token.renew_at:
            return token.value
        return await self._refresh_or_keep(refresh_token)

    async def renew(self, refresh_token: str, *, stale: str | None = None) -> str:
        """Exchanges now, even if a token is kept; otherwise like `get`.

        With `stale` only if that is still the token kept, so that many tasks whose token was
        refused make one refresh.
        """
        token = self._tokens.get(refresh_token)
        if stale is not None and token is not None and token.value != stale:
            return token.value
        if stale is None:
            return await self._refresh_or_keep(refresh_token)
        return (await self._refresh(refresh_token)).value

    async def redeem(self, code: str, redirect_uri: str) -> str:
        """The refresh token that an authorization code buys, and keeps the access token.

        A code is good once, for five minutes, with the address that the consent page was given
        (docs/amazon.md#consent), so nothing is tried again but the other secret. Raises
        ConsentError where Amazon does not accept the code, InvalidClientError or an SpApiError.
        """
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        for _ in self._secrets[1:]:
            try:
                return await self._buy(grant)
            except InvalidClientError:
                self._try_other_secret()
        return await self._buy(grant)

    async def _buy(self, grant: Mapping[str, str]) -> str:
        asked_at = self._clock()
        reply = await self._ask(grant)
        try:
            token = _read_token(reply, asked_at)
        except ReauthorizationRequiredError as exc:
            raise ConsentError(
                "Amazon did not accept the authorization code, which is valid once, for five "
                "minutes: connect the account again."
            ) from exc
        refresh_token = _read_refresh_token(reply)
        self._keep(refresh_token, token)
        return refresh_token

    async def _refresh_or_keep(self, refresh_token: str) -> str:
        token = self._tokens.get(refresh_token)
        try:
            return (await self._refresh(refresh_token)).value
        except UnavailableError:
            if token is not None and self._is_alive(token):
                return token.value
            raise

    def _is_alive(self, token: _AccessToken) -> bool:
        return self._clock() < token.expires_at

    async def _refresh(self, refresh_token: str) -> _AccessToken:
        """Joins the refresh in progress or starts one; the last waiter to leave cancels it."""
        flight = self._flights.get(refresh_token)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._exchange(refresh_token)))
            self._flights[refresh_token] = flight
            flight.task.add_done_callback(lambda _: self._landed(refresh_token, flight))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                flight.task.cancel()
                self._landed(refresh_token, flight)

    def _landed(self, refresh_token: str, flight: _Flight) -> None:
        if self._flights.get(refresh_token) is flight:
            del self._flights[refresh_token]

    async def _exchange(self, refresh_token: str) -> _AccessToken:
        """Calls Amazon, with back-off for temporary errors, and keeps the answer."""
        failures = refusals = 0
        began = self._retry.monotonic()
        while True:
            reply = None
            try:
                asked_at = self._clock()
                reply = await self._ask(_for_refresh(refresh_token))
                token = _read_token(reply, asked_at)
            except (UnavailableError, MalformedAnswerError) as exc:
                failures += 1
                if self._is_lost(exc, failures, began, refresh_token):
                    raise
                _log.info("lwa.retry", failures=failures, error=str(exc))
                wait = retry_after(reply.headers) if reply else None
                await self._retry.pause(failures, at_least=wait)
            except InvalidClientError:
                refusals += 1
                if refusals >= len(self._secrets):
                    raise
                self._try_other_secret()
            except ReauthorizationRequiredError:
                self._tokens.pop(refresh_token, None)
                raise
            else:
                self._keep(refresh_token, token)
                return token

    def _is_lost(self, error: SpApiError, failures: int, began: float, refresh_token: str) -> bool:
        """Whether to give up: an outage is waited out unless the previous token is still valid."""
        kept = self._tokens.get(refresh_token)
        if isinstance(error, UnavailableError) and not (kept and self._is_alive(kept)):
            return self._retry.is_lost(failures, began)
        return failures >= self._retry.attempts

    def _try_other_secret(self) -> None:
        _log.warning("lwa.other_secret_tried")
        self._secrets.append(self._secrets.pop(0))

    async def _ask(self, grant: Mapping[str, str]) -> Reply:
        reply = await exchange(
            self._http,
            "POST",
            self._url,
            operation=OPERATION,
            within=self._retry.request_limit,
            headers={"accept": "application/json"},
            data={
                **grant,
                "client_id": self._client_id,
                "client_secret": self._secrets[0],
            },
        )
        self._amazon_clock.learn(reply.headers)
        return reply

    def _keep(self, refresh_token: str, token: _AccessToken) -> None:
        now = self._clock()
        self._tokens = {key: kept for key, kept in self._tokens.items() if now < kept.expires_at}
        self._tokens[refresh_token] = token


def _for_refresh(refresh_token: str) -> Mapping[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def _read_refresh_token(reply: Reply) -> str:
    """Raises MalformedAnswerError for an answer without a refresh token that can be stored."""
    match parse_json(reply.content):
        case {"refresh_token": str(value)} if (
            value.isascii() and value.isprintable() and 0 < len(value) <= _LONGEST_TOKEN
        ):
            return value
    raise MalformedAnswerError(
        "Login with Amazon answered without a usable refresh token.",
        operation=OPERATION,
        status=reply.status,
        request_id=reply.request_id,
    )


def _read_token(reply: Reply, asked_at: datetime) -> _AccessToken:
    """The token of an answer. Its life counts from the request, never longer."""
    try:
        body = parse_json(reply.content)
    except ValueError:
        body = None
    if not 200 <= reply.status < 300:
        _refuse(reply, body if isinstance(body, dict) else {})
    match body:
        # A control character would end up in the text of an error about the request's header.
        case {"access_token": str(value), "expires_in": int(seconds)} if (
            seconds > 0
            and len(value) <= TOKEN_CHARACTERS
            and value.isascii()
            and value.isprintable()
            and value.strip()
        ):
            life = timedelta(seconds=min(seconds, _LONGEST_LIFE_SECONDS))
            margin = min(_MARGIN, life / _MARGIN_SHARE)
            return _AccessToken(value, asked_at + life - margin, asked_at + life)
    raise MalformedAnswerError(
        "Login with Amazon answered without a usable access token.",
        operation=OPERATION,
        status=reply.status,
        request_id=reply.request_id,
    )


def _refuse(reply: Reply, body: dict[str, Any]) -> NoReturn:
    """Raises the error for an error answer of Login with Amazon (error codes: RFC 6749, 5.2)."""
    context: dict[str, Any] = {
        "operation": OPERATION,
        "status": reply.status,
        "request_id": reply.request_id,
    }
    if reply.status == 429 or reply.status >= 500 or reply.status == 408:
        raise UnavailableError(f"Login with Amazon answered {reply.status}.", **context)
    match body.get("error"):
        case "invalid_grant":
            raise ReauthorizationRequiredError(
                "Amazon no longer accepts the seller's authorization (invalid_grant): "
                "it was revoked or has expired; the seller must authorize again."
            )
        case "invalid_client" | "unauthorized_client" as error:
            raise InvalidClientError(_REFUSED_APPLICATION.format(error))
        case "invalid_scope" | "invalid_request" | "unsupported_grant_type" as error:
            raise BadRequestError(
                f"Login with Amazon does not accept the request ({error}).", code=error, **context
            )
    if reply.status == 401:
        raise InvalidClientError(_REFUSED_APPLICATION.format(reply.status))
    if reply.status >= 400:
        raise BadRequestError(f"Login with Amazon answered {reply.status}.", **context)
    raise MalformedAnswerError(f"Login with Amazon answered {reply.status}.", **context)
