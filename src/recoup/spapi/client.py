"""The single path of every call to the Selling Partner API."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2

from recoup.clock import Clock, steady_now
from recoup.errors import (
    AccessTokenRejectedError,
    MalformedAnswerError,
    OversizeError,
    SpApiError,
    ThrottledError,
    UnavailableError,
)
from recoup.logs import get_logger
from recoup.spapi.amazon_clock import AmazonClock
from recoup.spapi.answers import (
    PAGE_TOKEN_PARAMETERS,
    Accepted,
    believed_rate,
    classify,
    rate_limit,
    retry_after,
)
from recoup.spapi.auth import AccessTokens
from recoup.spapi.ceilings import DOWNLOADS_AT_ONCE
from recoup.spapi.endpoints import require_document_host
from recoup.spapi.limits import Budget, OwnWorkplace, Workplace
from recoup.spapi.operation import Operation
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.spapi.transport import (
    USER_AGENT,
    Download,
    Reply,
    exchange,
    new_http_client,
    open_download,
)

__all__ = ["ONCE_LIMIT", "Answer", "RetryPolicy", "SpApi", "new_http_client"]

_log = get_logger(__name__)

# One would do for a token that has expired. Amazon was seen to refuse good ones for a while
# (docs/amazon.md#errors), and a sync should not end for that.
_MOST_RENEWALS = 3
# Failures of one call in a row: some seconds, after which a person wonders.
_WORTH_TELLING = 4

ONCE_LIMIT = timedelta(seconds=30)
"""How long a call that must not be made twice may take once it is noted as sent (ours): a process
that was stopped in between and wakes up later sends nothing.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of Amazon. `body` is JSON whose decimal numbers are Decimal, or None."""

    body: Any = field(repr=False)
    answered_at: datetime
    """Amazon's own time of the answer."""
    request_id: str | None
    status: int


@dataclass(frozen=True, slots=True)
class _Request:
    operation: Operation
    url: str
    params: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class _Attempts:
    """The attempts of one call so far."""

    failures: int = 0
    failing_since: float = 0.0
    """On the monotonic clock (seconds)."""
    throttled: int = 0
    """429s in a row, since `throttled_since` on the monotonic clock (seconds)."""
    throttled_since: float = 0.0
    was_hindered: bool = False
    renewals: int = 0
    asked_to_wait: timedelta | None = None
    """The Retry-After of the last answer."""


class SpApi:
    """The Selling Partner API as one seller sees it.

    is_sandbox: recoup's own sandbox answers, whose limits and clock may be any.
    """

    def __init__(
        self,
        *,
        http: httpx2.AsyncClient,
        endpoint: str,
        tokens: AccessTokens,
        refresh_token: str,
        budget: Budget,
        clock: Clock = steady_now,
        retry: RetryPolicy = DEFAULT_RETRY,
        workplace: Workplace | None = None,
        is_sandbox: bool = False,
    ) -> None:
        self._http = http
        self._endpoint = endpoint
        self._tokens = tokens
        self._refresh_token = refresh_token
        self._budget = budget
        self._clock = clock
        self._retry = retry
        self._workplace = workplace or OwnWorkplace()
        self._is_sandbox = is_sandbox
        self._amazon_clock = AmazonClock(clock, bounded=not is_sandbox)
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
        self._calls: Counter[Operation] = Counter()

    def uncounted_calls(self) -> Counter[Operation]:
        """Calls per operation, including refused ones, less those passed to `count_off`."""
        return Counter(self._calls)

    def count_off(self, calls: Counter[Operation]) -> None:
        """Removes calls that are stored."""
        self._calls -= calls

    def now(self) -> datetime:
        """Amazon's clock according to its last answers; before the first one, the local clock."""
        ahead = self._amazon_clock.ahead
        if ahead is None:
            ahead = self._tokens.ahead or timedelta()
        return self._clock() + ahead

    async def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str] | None] | None = None,
        body: Any = None,
    ) -> Answer:
        """Makes the call, repeats it as its errors allow, and returns Amazon's answer.

        A sequence in `query` is sent separated by commas, None not at all. A 429 is waited out
        (RetryPolicy.throttled_for), 5xx and broken connections are tried again for a while
        (RetryPolicy.outage), malformed answers some times (RetryPolicy.attempts), a refused access
        token is renewed up to three times. Every try spends budget.
        Raises the SpApiError of the last answer, or what AccessTokens.get raises.
        """
        request = _Request(
            operation, self._endpoint + operation.url_path(path), _params(query or {}), body
        )
        attempts = _Attempts()
        async with self._workplace.at_work():
            while True:
                await self._budget.acquire(operation)
                token = await self._tokens.get(self._refresh_token)
                outcome = await self._try(
                    request, attempts, token, within=self._retry.request_limit
                )
                if isinstance(outcome, Answer):
                    if attempts.was_hindered:
                        await self._budget.recovered(operation)
                    return outcome
                await self._recover(operation, outcome, attempts, token)

    async def call_once(
        self, operation: Operation, *, body: Any, before_sending: Callable[[], Awaitable[None]]
    ) -> Answer:
        """Makes a call that must not be made twice: never repeats one that may have reached Amazon.

        before_sending: awaited when all waiting is over; what it raises keeps the call from being
        sent. It and the answer have ONCE_LIMIT together. Only a refused access token is renewed, up
        to three times. A 429 is not reported to the budget: createReport also has limits of its own
        for each report type, and those must not slow the others down; `throttled` reports it. Raises
        the SpApiError of the answer.
        """
        request = _Request(operation, self._endpoint + operation.url_path(), {}, body)
        attempts = _Attempts()
        async with self._workplace.at_work():
            while True:
                await self._budget.acquire(operation)
                token = await self._tokens.get(self._refresh_token)
                began = self._retry.monotonic()
                await before_sending()
                left = ONCE_LIMIT - timedelta(seconds=self._retry.monotonic() - began)
                outcome = await self._try(request, attempts, token, within=left)
                if isinstance(outcome, Answer):
                    return outcome
                if not isinstance(outcome, AccessTokenRejectedError):
                    raise outcome
                await self._recover(operation, outcome, attempts, token)

    async def throttled(self, error: ThrottledError, operation: Operation) -> None:
        """Reports a 429 that `call_once` raised to the budget."""
        await self._budget.throttled(operation, error.retry_after)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """The answer of a document's address, without an access token.

        Occupies no worker's slot, however slowly it arrives; some of a seller's at once. Raises
        ForbiddenHostError for an address that is not Amazon's, and what open_download raises.
        """
        require_document_host(url, self._endpoint)
        monotonic = self._retry.monotonic
        async with self._downloads, open_download(self._http, url, monotonic=monotonic) as answer:
            yield answer

    async def _try(
        self, request: _Request, attempts: _Attempts, token: str, *, within: timedelta
    ) -> Answer | SpApiError:
        """Makes one request; learns the clock and the rate from every answer."""
        operation = request.operation
        self._calls[operation] += 1
        attempts.asked_to_wait = None
        try:
            reply = await self._send(request, token, within)
        except (UnavailableError, MalformedAnswerError, OversizeError) as exc:
            _log.debug("spapi.broken", operation=operation.name, error=str(exc.__cause__ or exc))
            return exc
        rate = rate_limit(reply.headers)
        if rate is not None:
            told = rate if self._is_sandbox else believed_rate(rate, operation.plan)
            await self._budget.learned(operation, told)
        answered_at = self._amazon_clock.learn(reply.headers) or self.now()
        attempts.asked_to_wait = retry_after(reply.headers)
        outcome = classify(
            operation,
            reply,
            page_token_sent=not PAGE_TOKEN_PARAMETERS.isdisjoint(request.params),
            hide=(token, self._refresh_token),
        )
        _log.debug(
            "spapi.answer",
            operation=operation.name,
            status=reply.status,
            request_id=reply.request_id,
            error=None if isinstance(outcome, Accepted) else type(outcome).__name__,
        )
        if isinstance(outcome, Accepted):
            return Answer(outcome.body, answered_at, reply.request_id, reply.status)
        return outcome

    async def _send(self, request: _Request, token: str, within: timedelta) -> Reply:
        return await exchange(
            self._http,
            request.operation.method,
            request.url,
            operation=request.operation.name,
            within=within,
            params=request.params,
            json=request.body,
            headers={
                "x-amz-access-token": token,
                "x-amz-date": self.now().strftime("%Y%m%dT%H%M%SZ"),
                "user-agent": USER_AGENT,
                "accept": "application/json",
            },
        )

    async def _recover(
        self, operation: Operation, error: SpApiError, attempts: _Attempts, token: str
    ) -> None:
        """Returns when the call may be tried again; raises `error` if it may not."""
        if isinstance(error, ThrottledError):
            await self._wait_out(operation, error, attempts)
            return
        attempts.throttled = 0
        match error:
            case AccessTokenRejectedError() if attempts.renewals < _MOST_RENEWALS:
                attempts.renewals += 1
                await self._tokens.renew(self._refresh_token, stale=token)
            case UnavailableError() | MalformedAnswerError():
                await self._try_again(operation, error, attempts)
            case _:
                raise error

    async def _try_again(
        self, operation: Operation, error: SpApiError, attempts: _Attempts
    ) -> None:
        if not attempts.failures:
            attempts.failing_since = self._retry.monotonic()
        attempts.failures += 1
        is_lost = attempts.failures >= self._retry.attempts
        if isinstance(error, UnavailableError):
            is_lost = self._retry.is_lost(attempts.failures, attempts.failing_since)
        if is_lost:
            raise error
        if attempts.failures >= _WORTH_TELLING:
            attempts.was_hindered = True
            await self._budget.unanswered(operation)
        async with self._workplace.away():
            await self._retry.pause(attempts.failures, at_least=attempts.asked_to_wait)

    async def _wait_out(
        self, operation: Operation, error: ThrottledError, attempts: _Attempts
    ) -> None:
        """Reports a 429 to the budget, which waits. Raises `error` after too long.

        From the second 429 in a row on a back-off is added: somebody else spends the same limit,
        and what the budget believes is not what Amazon counts.
        """
        now = self._retry.monotonic()
        if not attempts.throttled:
            attempts.throttled_since = now
        attempts.throttled += 1
        attempts.was_hindered = True
        await self._budget.throttled(operation, error.retry_after)
        if now - attempts.throttled_since >= self._retry.throttled_for.total_seconds():
            raise error
        if attempts.throttled > 1:
            async with self._workplace.away():
                await self._retry.pause(attempts.throttled - 1)


def _params(query: Mapping[str, str | Sequence[str] | None]) -> dict[str, str]:
    """The query as sent; Amazon's models declare no collection format, so lists are csv."""
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in query.items()
        if value is not None
    }
