"""Counts and times every request, and answers for bugs."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recoup.api.metrics import Metrics
from recoup.api.problems import INTERNAL_ERROR, response_of
from recoup.logs import get_logger

_log = get_logger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """ASGI middleware: outside of all that answers."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        # As many as there are series.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun_at = time.perf_counter()
        started = False

        async def observed_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._count(scope, message["status"], time.perf_counter() - begun_at)
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except ClientDisconnect:
            return  # during its request: nobody is there to get an answer
        except Exception:
            # Whatever it is, it is a bug of ours: the log gets all of it and the client nothing.
            _log.exception("request_failed", method=_method(scope), route=_route(scope))
            if started:
                raise  # breaking the connection is the only signal left
            await response_of(INTERNAL_ERROR)(scope, receive, observed_send)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        key = _method(scope), _route(scope), status
        known = self._known.get(key)
        if known is None:
            method, route, _ = key
            known = self._known[key] = (
                self._metrics.requests.labels(method, route, str(status)),
                self._metrics.seconds.labels(method, route),
            )
        known[0].inc()
        known[1].observe(seconds)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "other"


def _route(scope: Scope) -> str:
    """The template and not the path: one series per route, however many ids there are."""
    route: Any = scope.get("route")
    return getattr(route, "path", "unmatched")
