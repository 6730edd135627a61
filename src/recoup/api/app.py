"""The HTTP application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import cache

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from recoup import __version__
from recoup.api.authentication import Authentication
from recoup.api.body_limit import BodyLimit
from recoup.api.buckets import RequestLimits
from recoup.api.come_again import ComeAgain
from recoup.api.compression import Compression
from recoup.api.cors import AllowedOrigins
from recoup.api.fairness import Fairness
from recoup.api.metrics import Metrics
from recoup.api.observe import Observed
from recoup.api.one_flight import SharedAnswer
from recoup.api.openapi import ApiApplication
from recoup.api.problems import answer_with_problems
from recoup.api.readiness import check_readiness
from recoup.api.routes import (
    account,
    amazon_costs,
    audit,
    charges,
    connections,
    consent,
    coverage,
    dashboard,
    data,
    export,
    files,
    legal_hold,
    money,
    notifications,
    operations,
    packs,
    people,
    proofs,
    quarantine,
    recoveries,
    sign_in,
    sourcing_costs,
    sse,
    stock,
    sync,
    webhooks,
)
from recoup.api.security_headers import KnownHost, SecurityHeaders
from recoup.api.services import OpenAnswers, OpenStreams, Services, StreamTiming
from recoup.api.short_way import ShortWay
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.db.shared_reads import BatchedReads
from recoup.events.hub import Hub
from recoup.events.sse import HEARTBEAT_SECONDS
from recoup.jobs.queue import new_queue
from recoup.logs import get_logger
from recoup.sync.access import SellerAccess
from recoup.sync.side_tasks import cancel_all
from recoup.users.credential_queries import find_uses
from recoup.users.identity_provider import IdentityProvider
from recoup.users.last_uses import LastUses
from recoup.users.passwords import Passwords
from recoup.users.tokens import TokenReader

_ROUTERS = (
    sync,
    coverage,
    legal_hold,
    sse,
    connections,
    consent,
    data,
    stock,
    charges,
    money,
    recoveries,
    sourcing_costs,
    proofs,
    amazon_costs,
    quarantine,
    export,
    files,
    operations,
    account,
    packs,
    people,
    audit,
    notifications,
    webhooks,
    sign_in,
    dashboard,
)
_ASKED_MOST = frozenset(
    {
        "/api/sync/status/{syncId}",
        "/api/sse/sync-progress/{syncId}",
        "/api/sse/status",
        "/api/orders",
        "/api/inventory",
        "/api/transactions",
        "/api/fees",
        "/api/reimbursements",
        "/api/returns",
        "/api/ledger",
        "/api/shipments",
        "/api/removals",
        "/api/recoveries",
    }
)
_STREAM_LIFETIME_SECONDS = 3600.0
_OPEN_ANSWER_SECONDS = 1.0
_HUB_PAUSE_SECONDS = 1.0
_log = get_logger(__name__)


def create_app(
    settings: Settings,
    database: Database,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    stream_lifetime_seconds: float = _STREAM_LIFETIME_SECONDS,
    open_answer_seconds: float = _OPEN_ANSWER_SECONDS,
    request_limits: RequestLimits | None = None,
    passwords: Passwords | None = None,
    identity_provider: IdentityProvider | None = None,
    worker_restarts: Callable[[], int] | None = None,
) -> FastAPI:
    """Creates the application on a database. It connects in roles of its own, see `Services`.

    worker_restarts: how often the worker that this process supervises was started again.

    Raises ConfigurationError for keys that cannot be used.
    """
    walled, door = database.as_role(DatabaseRole.API), database.as_role(DatabaseRole.DOOR)
    services = Services(
        settings=settings,
        database=walled,
        door=door,
        queue=new_queue(walled),
        access=SellerAccess(settings),
        hub=Hub(walled),
        metrics=Metrics(worker_restarts),
        timing=StreamTiming(heartbeat_seconds, stream_lifetime_seconds),
        open_streams=OpenStreams(settings.streams_per_user),
        passwords=passwords or Passwords(),
        last_uses=LastUses(door),
        tokens=TokenReader(lambda: settings.keys[0]),
        uses=BatchedReads(lambda digests: find_uses(door, digests, now=utc_now())),
        identity_provider=identity_provider or _identity_provider(settings),
    )
    app = ApiApplication(
        title="recoup",
        version=__version__,
        description="Copies an Amazon seller's data and finds the money that Amazon owes.",
        servers=[{"url": settings.public_url, "description": "This server."}],
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.open_answers = OpenAnswers(
        SharedAnswer(lambda: check_readiness(services), seconds=open_answer_seconds),
        SharedAnswer(lambda: services.metrics.render(services.door), seconds=open_answer_seconds),
    )
    app.router.routes.extend(_routes())
    app.mount("/static", dashboard.static_files)
    answer_with_problems(app)
    # The last one added is the outermost.
    app.add_middleware(ShortWay, routers=[module.router for module in _ROUTERS], paths=_ASKED_MOST)
    app.add_middleware(Compression)
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, services=services)
    app.add_middleware(Fairness, services=services, limits=request_limits or RequestLimits())
    app.add_middleware(KnownHost, settings=settings)
    app.add_middleware(AllowedOrigins, settings=settings)
    app.add_middleware(Observed, metrics=services.metrics)
    app.add_middleware(ComeAgain)
    app.add_middleware(SecurityHeaders, settings=settings)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes of all modules, made once in a process, as nothing in them is of one application.

    FastAPI's `include_router` would make each of them again for each application at its first request,
    which takes half a second, and look through them twice at every request.
    """
    routes = tuple(route for module in _ROUTERS for route in module.router.routes)
    for route in routes:
        if isinstance(route, APIRoute):
            route.unique_id = route.operation_id or route.name
    return routes


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    async with services.queue.open_async():
        tasks = [
            asyncio.create_task(_run_hub(services.hub)),
            asyncio.create_task(services.last_uses.run()),
        ]
        try:
            yield
        finally:
            await cancel_all(tasks)
            await services.access.close()
            await services.database.close()
            await services.door.close()


def _identity_provider(settings: Settings) -> IdentityProvider | None:
    if settings.jwks_url is None or settings.jwt_issuer is None or settings.jwt_audience is None:
        return None
    return IdentityProvider(
        settings.jwks_url, issuer=settings.jwt_issuer, audience=settings.jwt_audience
    )


async def _run_hub(hub: Hub) -> None:
    """Runs the live feed for as long as the application runs."""
    while True:
        try:
            await hub.run()
        except Exception:  # noqa: BLE001 - why is said below
            # A bug there must not silence every reader until somebody restarts the server: begun
            # again, the hub reads on from the places it has.
            _log.exception("hub_failed")
            await asyncio.sleep(_HUB_PAUSE_SECONDS)
