"""The path of every SP-API call: token, limit, fault, operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from recoup.sandbox.answers import (
    ApiError,
    Json,
    access_denied,
    json_answer,
    throttled,
    token_refused,
)
from recoup.sandbox.bodies import Body
from recoup.sandbox.config import FaultKind, SandboxConfig
from recoup.sandbox.failures import fail
from recoup.sandbox.faults import API_FAULTS, DrawnFault
from recoup.sandbox.limits import full_bucket
from recoup.sandbox.parameters import Query
from recoup.sandbox.sellers import Caller, Grant, Seller
from recoup.sandbox.state import Sandbox
from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.seller import SellerWorld

RATE_HEADER = "x-amzn-RateLimit-Limit"


@dataclass(frozen=True)
class Call:
    """The input of an operation: the caller, the time, and the request.

    `edge` is where the events of the world end. `opened` are the kinds of personal data that
    the token opens for this path. `fault` is one that the operation itself has to show.
    `server` is the address under which the client reached the sandbox.
    """

    sandbox: Sandbox
    caller: Caller
    edge: Instant
    now: datetime
    query: Query
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body
    opened: frozenset[str]
    fault: DrawnFault | None
    server: str

    @property
    def seller(self) -> Seller:
        assert isinstance(self.caller, Seller), "only grantless operations have no seller"
        return self.caller

    @property
    def world(self) -> SellerWorld:
        return self.seller.world

    def check_marketplaces(self, marketplace_ids: tuple[str, ...]) -> None:
        """Raises ApiError 403 when one of them is not the seller's (docs/amazon.md#marketplaces), or refused."""
        for oddity in self.sandbox.oddities:
            if oddity.check is not None:
                oddity.check(marketplace_ids)
        own = {marketplace.marketplace_id for marketplace in self.world.marketplaces}
        if not (own - self.sandbox.refused).issuperset(marketplace_ids):
            raise access_denied()


@dataclass(frozen=True)
class Operation:
    """One operation of Amazon's. `rate` is its official limit in calls per second (docs/amazon.md#limits).

    `answer` returns the body (None: no body at all) or raises ApiError. `scope` is required of a
    token without a seller, which grantless operations need. `faults` are more than the usual
    ones. Where two versions of an API name an operation alike, the older one's `name` here
    ends in V0. `rate` None: Amazon prints no limit.
    """

    name: str
    path: str
    rate: Decimal | None
    burst: int
    answer: Callable[[Call], Json]
    method: str = "GET"
    status: int = 200
    scope: str | None = None
    faults: frozenset[FaultKind] = frozenset()

    @property
    def route(self) -> str:
        """The path for the router: SKUs may contain an encoded slash."""
        return self.path.replace("SKU}", "SKU:path}").replace("Sku}", "Sku:path}")


def endpoint(sandbox: Sandbox, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """The operation as a Starlette endpoint."""

    async def answer(request: Request) -> Response:
        token = request.headers.get("x-amz-access-token", "")
        grant = sandbox.sellers.find_grant(token, sandbox.clock.now())
        if grant is None:
            return token_refused().answer()
        opened = _opened(grant, operation, request)
        if opened is None or operation.name in sandbox.refused:
            return access_denied().answer()
        # A call is what has arrived whole: a client that dies while it sends has asked for nothing.
        body = await request.body()
        count = grant.caller.count(operation.name)
        count.calls += 1
        if not _take(sandbox, grant.caller, operation):
            count.beyond += 1
            if sandbox.config.limits:
                count.throttled += 1
                return throttled().answer()
        fault = sandbox.next_fault(operation.name, API_FAULTS | operation.faults, count)
        if fault is not None:
            if fault.kind is FaultKind.EXPIRED_TOKEN:
                sandbox.sellers.expire(token)
                return token_refused().answer()
            failure = await fail(sandbox, fault, rate_header(sandbox.config, operation))
            if failure is not None:
                return failure
        call = Call(
            sandbox=sandbox,
            caller=grant.caller,
            edge=sandbox.clock.edge,
            now=sandbox.clock.now(),
            query=Query(request.query_params.multi_items()),
            path=request.path_params,
            headers=request.headers,
            body=Body(body),
            opened=opened,
            fault=fault,
            server=_server(request),
        )
        answered = _carry_out(call, operation)
        count.accepted += answered.status_code < 400
        if fault is not None and fault.kind is FaultKind.MALFORMED:
            return _broken_off(answered)
        return answered

    return answer


def rate_header(config: SandboxConfig, operation: Operation) -> dict[str, str]:
    """The limit in force: the official rate times the speed."""
    if operation.rate is None:
        return {}
    limit = operation.rate * Decimal(str(config.speed))
    return {RATE_HEADER: format(limit.normalize(), "f")}


def _opened(grant: Grant, operation: Operation, request: Request) -> frozenset[str] | None:
    """The personal data that a token opens here; None if the token is not valid here."""
    if (operation.scope is None) != isinstance(grant.caller, Seller):
        return None
    if operation.scope is not None:
        return frozenset() if operation.scope in grant.scopes else None
    if grant.resources is None:
        return frozenset()
    for path in (operation.path, request.url.path):
        found = grant.resources.get((operation.method, path))
        if found is not None:
            return found
    return None


def _take(sandbox: Sandbox, caller: Caller, operation: Operation) -> bool:
    if operation.rate is None:
        return True
    now = sandbox.clock.now().timestamp()
    bucket = caller.buckets.get(operation.name)
    if bucket is None:
        rate = float(operation.rate) * sandbox.config.speed
        bucket = full_bucket(rate, operation.burst, now)
        caller.buckets[operation.name] = bucket
    return bucket.take(now)


def _server(request: Request) -> str:
    # Not the Host header: some clients send a broken one to servers without TLS (docs/amazon.md#what-clients-send).
    host, port = request.scope["server"]
    bracketed = f"[{host}]" if ":" in host else host
    return f"{request.scope['scheme']}://{bracketed}:{port}"


def _answer(call: Call, operation: Operation) -> Json:
    """The operation's body with the chosen oddities. Raises ApiError."""
    oddities = call.sandbox.oddities
    asked = (one.before(call, operation.name) for one in oddities if one.before is not None)
    value = next((one for one in asked if one is not None), None)
    if value is None:
        value = operation.answer(call)
    for oddity in oddities:
        if oddity.answer is not None:
            value = oddity.answer(call, operation.name, value)
    return value


def _carry_out(call: Call, operation: Operation) -> Response:
    headers = rate_header(call.sandbox.config, operation)
    try:
        value = _answer(call, operation)
    except ApiError as error:
        # Amazon reports the limit on 20x, 400 and 404 only (docs/amazon.md#limits).
        return error.answer(headers if error.status in {400, 404} else None)
    if value is None:
        return Response(status_code=operation.status, headers=headers)
    return json_answer(value, status=operation.status, headers=headers)


def _broken_off(whole: Response) -> Response:
    text = bytes(whole.body)
    return Response(
        text[: max(1, len(text) // 2)], whole.status_code, media_type="application/json"
    )
