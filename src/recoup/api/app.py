"""The HTTP application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from recoup import __version__
from recoup.api.authentication import Authentication
from recoup.api.body_limit import BodyLimit
from recoup.api.buckets import RequestLimits
from recoup.api.compression import Compression
from recoup.api.fairness import Fairness
from recoup.api.metrics import Metrics
from recoup.api.observe import Observed
from recoup.api.one_flight import SharedAnswer
from recoup.api.openapi import Application
from recoup.api.problems import answer_with_problems
from recoup.api.readiness import check_readiness
from recoup.api.routes import (
    account,
    audit,
    connections,
    consent,
    coverage,
    dashboard,
    data,
    export,
    operations,
    people,
    quarantine,
    recoveries,
    sign_in,
    sourcing_costs,
    sse,
    stock,
    sync,
)
from recoup.api.security_headers import KnownHost, SecurityHeaders
from recoup.api.services import OpenAnswers, OpenStreams, Services, StreamTiming
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.events.hub import Hub
from recoup.events.sse import HEARTBEAT_SECONDS
from recoup.jobs.queue import new_queue
from recoup.logs import get_logger
from recoup.sync.access import SellerAccess
from recoup.users.identity_provider import IdentityProvider
from recoup.users.last_uses import LastUses
from recoup.users.passwords import Passwords

_ROUTERS = (
    sync,
    coverage,
    sse,
    connections,
    consent,
    data,
    stock,
    recoveries,
    sourcing_costs,
    quarantine,
    export,
    operations,
    account,
    people,
    audit,
    sign_in,
    dashboard,
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
) -> FastAPI:
    """Creates the application on a database. It connects in roles of its own, see `Services`.

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
        metrics=Metrics(),
        timing=StreamTiming(heartbeat_seconds, stream_lifetime_seconds),
        open_streams=OpenStreams(settings.streams_per_user),
        passwords=passwords or Passwords(),
        last_uses=LastUses(door),
        identity_provider=identity_provider or _identity_provider(settings),
    )
    app = Application(
        title="recoup",
        version=__version__,
        description="Copies an Amazon seller's data and finds the money that Amazon owes.",
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    app.state.open_answers = OpenAnswers(
        SharedAnswer(lambda: check_readiness(services), seconds=open_answer_seconds),
        SharedAnswer(lambda: services.metrics.render(services.door), seconds=open_answer_seconds),
    )
    for module in _ROUTERS:
        app.include_router(module.router)
    app.mount("/static", dashboard.static_files)
    answer_with_problems(app)
    # The last one added is the outermost.
    app.add_middleware(Compression)
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, services=services)
    app.add_middleware(Fairness, services=services, limits=request_limits or RequestLimits())
    app.add_middleware(KnownHost, settings=settings)
    app.add_middleware(Observed, metrics=services.metrics)
    app.add_middleware(SecurityHeaders, settings=settings)
    return app


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
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
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
