"""Nobody's requests may keep others waiting: buckets, and a share of the database's connections."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import timedelta
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from recoup.api.authentication import find_holder
from recoup.api.buckets import Buckets, RequestLimits
from recoup.api.peers import peer_key
from recoup.api.problems import problem_of, response_of
from recoup.api.services import Services
from recoup.db.shares import Share, sharing
from recoup.errors import TooManyRequestsError

# Rendering the whole description takes as long as ten small answers.
_DESCRIPTION_COST = 10.0
# A page of the dashboard is some fifty files of its own, most of them unchanged since the last time.
_FILE_COST = 0.1
# A password costs a tenth of a second of four threads, and two are hashed at a time.
_PASSWORD_COST = 10.0
_COSTS = {
    ("GET", "/api/docs"): _DESCRIPTION_COST,
    ("GET", "/api/openapi.json"): _DESCRIPTION_COST,
    ("POST", "/signin"): _PASSWORD_COST,
    ("POST", "/signin/link"): _PASSWORD_COST,
    ("POST", "/api/me/password"): _PASSWORD_COST,
}


class Fairness:
    """ASGI middleware. Who a request is from is told by a valid signature, without the database.

    A token that was revoked still counts for its user, and is refused afterwards.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Services,
        limits: RequestLimits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._services = services
        self._connections = limits.connections_per_user
        self._buckets = Buckets(
            per_second=limits.per_second, burst=limits.burst, monotonic=monotonic
        )
        # Lives as long as a request that uses it.
        self._shares: WeakValueDictionary[str, Share] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        user = await find_holder(request, self._services)
        key = f"user {user}" if user else f"peer {peer_key(request.client and request.client.host)}"
        wait = self._buckets.take(key, _cost_of(request.method, scope["path"]))
        if wait:
            refusal = TooManyRequestsError(timedelta(seconds=math.ceil(wait)))
            await response_of(problem_of(refusal))(scope, receive, send)
            return
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = Share(self._connections)
        with sharing(share):
            await self._app(scope, receive, send)


def _cost_of(method: str, path: str) -> float:
    return _FILE_COST if path.startswith("/static/") else _COSTS.get((method, path), 1.0)
