"""The sandbox's own routes under /_sandbox: for tests and people, not for clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recoup.sandbox.answers import Json, json_answer
from recoup.sandbox.calls import CallCount, calls_to_json
from recoup.sandbox.clock import parse_duration
from recoup.sandbox.config import parse_fault
from recoup.sandbox.control_payments import add_payment
from recoup.sandbox.lwa import TOKEN_OPERATION
from recoup.sandbox.report_jobs.documents import DOWNLOAD_OPERATION
from recoup.sandbox.sellers import RefreshTokenError, Seller
from recoup.sandbox.state import Sandbox
from recoup.sandbox.truth import truth
from recoup.sandbox.world.instants import to_text
from recoup.sandbox.world.totals import Totals, count_up

_COUNTED_AT_ONCE = 200


class ControlError(Exception):
    """A request to the sandbox's own routes is wrong; the message explains it."""


Endpoint = Callable[[Sandbox, Request], Awaitable[Json]]


def control_routes(sandbox: Sandbox, token_calls: CallCount) -> list[Route]:
    """The routes; `token_calls` counts the calls of the token endpoint."""

    async def calls(sandbox: Sandbox, _request: Request) -> Json:
        sums = {TOKEN_OPERATION: token_calls, DOWNLOAD_OPERATION: sandbox.document_calls}
        for caller in (sandbox.sellers.application, *sandbox.sellers):
            for operation, count in caller.calls.items():
                sums.setdefault(operation, CallCount()).add(count)
        return calls_to_json(sums)

    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "world", _world),
        ("GET", "truth", _truth),
        ("GET", "calls", calls),
        ("POST", "clock", _clock),
        ("POST", "faults", _faults),
        ("POST", "refusals", _refusals),
        ("POST", "payments", _payments),
        ("POST", "expire-tokens", _expire_tokens),
    ]
    return [
        Route(f"/_sandbox/{name}", _answering(sandbox, endpoint), methods=[method])
        for method, name, endpoint in table
    ]


def _answering(sandbox: Sandbox, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return json_answer(await endpoint(sandbox, request))
        except (ControlError, ValueError) as error:
            return json_answer({"error": str(error)}, status=400)

    return answer


async def _world(sandbox: Sandbox, request: Request) -> Json:
    seller = _seller(sandbox, request)
    edge = sandbox.clock.edge
    totals = await _count(sandbox, seller)
    answer: dict[str, Json] = {
        "now": sandbox.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "edge": to_text(edge),
        "sellerId": seller.world.seller_id,
        "marketplaceIds": [one.marketplace_id for one in seller.world.marketplaces],
        **_totals_json(totals, seller.world.home.currency),
        "calls": calls_to_json(seller.calls),
    }
    return answer


def _seller(sandbox: Sandbox, request: Request) -> Seller:
    token = request.query_params.get("refreshToken", sandbox.config.refresh_token)
    try:
        return sandbox.sellers.get(token)
    except RefreshTokenError:
        raise ControlError(f"no seller has the refresh token {token!r}") from None


async def _truth(sandbox: Sandbox, request: Request) -> Json:
    """The planted cases, for comparison with what a client found."""
    seller = _seller(sandbox, request)
    return await asyncio.to_thread(truth, seller.world, sandbox.clock.edge)


async def _count(sandbox: Sandbox, seller: Seller) -> Totals:
    """The totals at the present edge, cached; a big world is counted in steps between requests."""
    edge = sandbox.clock.edge
    if edge not in seller.totals:
        totals = Totals()
        for number, _ in enumerate(count_up(seller.world, edge, totals)):
            if number % _COUNTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        seller.totals = {edge: totals}
        return totals
    return seller.totals[edge]


def _totals_json(totals: Totals, currency: str) -> dict[str, Json]:
    return {
        "orders": totals.orders,
        "orderItems": totals.order_items,
        "ordersByStatus": dict(sorted(totals.orders_by_status.items())),
        "unitsOrdered": totals.units_ordered,
        "inventory": {"rows": totals.stock_rows, "totalQuantity": totals.stock_units},
        "transactions": {
            "count": totals.transactions.total(),
            "byType": dict(sorted(totals.transactions.items())),
            "byStatus": dict(sorted(totals.transactions_by_status.items())),
            "totalAmount": {currency: str(totals.amount)},
            "leafAmount": {currency: str(totals.leaf_amount)},
            "itemLeafAmount": {currency: str(totals.item_leaf_amount)},
        },
    }


async def _clock(sandbox: Sandbox, request: Request) -> Json:
    body = await _object(request)
    duration = body.get("advance")
    if not isinstance(duration, str):
        raise ControlError('expected {"advance": "P1D"}')
    try:
        sandbox.clock.advance(parse_duration(duration))
    except OverflowError:
        raise ControlError("the world's clock ends with the year 9999") from None
    now = sandbox.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"now": now, "edge": to_text(sandbox.clock.edge)}


async def _faults(sandbox: Sandbox, request: Request) -> Json:
    body = await _object(request)
    texts = body.get("faults")
    if not isinstance(texts, list):
        raise ControlError('expected {"faults": ["429:0.1"]}')
    sandbox.set_faults(tuple(parse_fault(str(text)) for text in texts))
    return {"faults": [str(fault) for fault in sandbox.faults]}


async def _refusals(sandbox: Sandbox, request: Request) -> Json:
    """Refuses operations and marketplaces with 403, datasets of searchOrders with 400."""
    names = (await _object(request)).get("refused")
    if not isinstance(names, list):
        raise ControlError('expected {"refused": ["ATVPDKIKX0DER"]}')
    sandbox.refused = frozenset(map(str, names))
    refused: list[Json] = [*sorted(sandbox.refused)]
    return {"refused": refused}


async def _payments(sandbox: Sandbox, request: Request) -> Json:
    """Amazon pays a case, or takes a payment back."""
    body = await _object(request)
    return add_payment(_seller(sandbox, request), body, sandbox.clock.edge)


async def _expire_tokens(sandbox: Sandbox, _request: Request) -> Json:
    return {"expired": sandbox.sellers.expire_all()}


async def _object(request: Request) -> dict[str, object]:
    body = json.loads(await request.body() or b"null")
    if not isinstance(body, dict):
        raise ControlError("expected a JSON object")
    return body
