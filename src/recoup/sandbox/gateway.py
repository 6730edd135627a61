"""The way of every SP-API call: token, limit, fault, operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from recoup.sandbox.answers import (
    ApiError,
    BrokenConnection,
    Json,
    SilentConnection,
    access_denied,
    json_answer,
    throttled,
    token_refused,
)
from recoup.sandbox.config import FaultKind, SandboxConfig
from recoup.sandbox.faults import DrawnFault
from recoup.sandbox.limits import full_bucket
from recoup.sandbox.parameters import Query
from recoup.sandbox.sellers import Seller
from recoup.sandbox.state import Sandbox
from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.seller import SellerWorld

SLOW_SECONDS = 0.5
RATE_HEADER = "x-amzn-RateLimit-Limit"


@dataclass(frozen=True)
class Call:
    """What an operation needs to answer: whose world, up to where, and what was asked."""

    world: SellerWorld
    edge: Instant
    now: datetime
    query: Query
    path: Mapping[str, str]

    def check_marketplaces(self, marketplace_ids: tuple[str, ...]) -> None:
        """Raises ApiError 403 when one of them is not the seller's (facts 2.2)."""
        own = {marketplace.marketplace_id for marketplace in self.world.marketplaces}
        if not own.issuperset(marketplace_ids):
            raise access_denied()


@dataclass(frozen=True)
class Operation:
    """One operation of Amazon's. `rate` is its official limit in calls per second (facts 4.0).

    `answer` gives the body of the 200 or raises ApiError.
    """

    name: str
    path: str
    rate: Decimal
    burst: int
    answer: Callable[[Call], Json]


def endpoint(sandbox: Sandbox, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """The operation as a Starlette endpoint."""

    async def answer(request: Request) -> Response:
        token = request.headers.get("x-amz-access-token", "")
        seller = sandbox.sellers.find_by_access_token(token, sandbox.clock.now())
        if seller is None:
            return token_refused().answer()
        count = seller.count(operation.name)
        count.calls += 1
        if sandbox.config.limits and not _take(sandbox, seller, operation):
            count.throttled += 1
            return throttled().answer()
        fault = sandbox.next_fault(frozenset(FaultKind), count)
        if fault is not None:
            if fault.kind is FaultKind.EXPIRED_TOKEN:
                sandbox.sellers.expire(token)
                return token_refused().answer()
            failure = await fail(sandbox, fault, rate_header(sandbox.config, operation.rate))
            if failure is not None:
                return failure
        answered = _carry_out(sandbox, seller, operation, request)
        if fault is not None and fault.kind is FaultKind.MALFORMED:
            return _broken_off(answered)
        return answered

    return answer


async def fail(sandbox: Sandbox, fault: DrawnFault, headers: Mapping[str, str]) -> Response | None:
    """The answer of a fault; None where the call goes on (slow, malformed).

    `headers` go with half of the 429s: Amazon sends none there, other gateways do.
    """
    match fault.kind:
        case FaultKind.THROTTLED:
            return throttled().answer(headers if fault.variant else None)
        case FaultKind.INTERNAL:
            message = "We encountered an internal error. Please try again."
            return ApiError(500, "InternalFailure", message).answer()
        case FaultKind.UNAVAILABLE:
            if fault.variant:
                page = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
                return HTMLResponse(page, 503)
            message = "Service is temporarily unavailable. Please try again."
            return ApiError(503, "ServiceUnavailable", message).answer()
        case FaultKind.RESET:
            return BrokenConnection()
        case FaultKind.STALL:
            return SilentConnection(sandbox.stopping)
        case FaultKind.SLOW:
            await sandbox.stopped_within(SLOW_SECONDS)
    return None


def rate_header(config: SandboxConfig, rate: Decimal) -> dict[str, str]:
    """The limit that holds here: the official rate times the speed."""
    limit = rate * Decimal(str(config.speed))
    return {RATE_HEADER: format(limit.normalize(), "f")}


def _take(sandbox: Sandbox, seller: Seller, operation: Operation) -> bool:
    now = sandbox.clock.now().timestamp()
    bucket = seller.buckets.get(operation.name)
    if bucket is None:
        rate = float(operation.rate) * sandbox.config.speed
        bucket = full_bucket(rate, operation.burst, now)
        seller.buckets[operation.name] = bucket
    return bucket.take(now)


def _carry_out(
    sandbox: Sandbox, seller: Seller, operation: Operation, request: Request
) -> Response:
    call = Call(
        world=seller.world,
        edge=sandbox.clock.edge,
        now=sandbox.clock.now(),
        query=Query(request.query_params.multi_items()),
        path=request.path_params,
    )
    headers = rate_header(sandbox.config, operation.rate)
    try:
        return json_answer(operation.answer(call), headers=headers)
    except ApiError as error:
        # Amazon tells the limit on 20x, 400 and 404 only (facts 3.2).
        return error.answer(headers if error.status in {400, 404} else None)


def _broken_off(whole: Response) -> Response:
    text = bytes(whole.body)
    return Response(text[: max(1, len(text) // 2)], 200, media_type="application/json")
