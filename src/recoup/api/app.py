"""The HTTP application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from recoup import __version__
from recoup.api.authentication import Authentication
from recoup.api.body_limit import BodyLimit
from recoup.api.metrics import Metrics
from recoup.api.observe import Observed
from recoup.api.openapi import Application
from recoup.api.problems import answer_with_problems
from recoup.api.routes import (
    connections,
    dashboard,
    data,
    operations,
    quarantine,
    recoveries,
    sourcing_costs,
    sse,
    stock,
    sync,
)
from recoup.api.services import Services, StreamTiming
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.events.hub import Hub
from recoup.events.sse import HEARTBEAT_SECONDS
from recoup.jobs.queue import new_queue
from recoup.logs import get_logger
from recoup.sync.access import SellerAccess
from recoup.users.sign_in_link import SignInLink

_ROUTERS = (
    sync,
    sse,
    connections,
    data,
    stock,
    recoveries,
    sourcing_costs,
    quarantine,
    operations,
    dashboard,
)
_STREAM_LIFETIME_SECONDS = 3600.0
_HUB_PAUSE_SECONDS = 1.0
_log = get_logger(__name__)


def create_app(
    settings: Settings,
    database: Database,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    stream_lifetime_seconds: float = _STREAM_LIFETIME_SECONDS,
    sign_in_link: SignInLink | None = None,
) -> FastAPI:
    """The application on one database, which its caller opens and closes.

    Raises ConfigurationError for keys that cannot be used.
    """
    services = Services(
        settings=settings,
        database=database,
        queue=new_queue(database),
        access=SellerAccess(settings),
        hub=Hub(database),
        metrics=Metrics(),
        timing=StreamTiming(heartbeat_seconds, stream_lifetime_seconds),
        sign_in_link=sign_in_link,
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
    for module in _ROUTERS:
        app.include_router(module.router)
    app.mount("/static", dashboard.static_files)
    answer_with_problems(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, services=services)
    app.add_middleware(Observed, metrics=services.metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    async with services.queue.open_async():
        hub = asyncio.create_task(_run_hub(services.hub))
        try:
            yield
        finally:
            hub.cancel()
            await asyncio.gather(hub, return_exceptions=True)
            await services.access.close()


async def _run_hub(hub: Hub) -> None:
    """The live feed, for as long as the application runs."""
    while True:
        try:
            await hub.run()
        except Exception:  # noqa: BLE001 - why is said below
            # A bug there must not silence every reader until somebody restarts the server: begun
            # again, the hub reads on from the places it has.
            _log.exception("hub_failed")
            await asyncio.sleep(_HUB_PAUSE_SECONDS)
