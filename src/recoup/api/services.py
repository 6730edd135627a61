"""What the routes work with, made once per application."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from recoup.api.metrics import Metrics
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.errors import UnauthenticatedError
from recoup.events.hub import Hub
from recoup.ids import UserId
from recoup.jobs.queue import Queue
from recoup.sync.access import SellerAccess
from recoup.users.sign_in_link import SignInLink


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """How often an open event stream shows that it lives, and how long it may."""

    heartbeat_seconds: float
    lifetime_seconds: float


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    queue: Queue
    access: SellerAccess
    hub: Hub
    metrics: Metrics
    timing: StreamTiming
    sign_in_link: SignInLink | None = None
    """Not yet used; printed by the process that made the application."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: open event streams end."""


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _user(request: Request) -> UserId:
    """Whom `authentication` found. Raises UnauthenticatedError for a route that it does not guard."""
    user_id: UserId | None = getattr(request.state, "user_id", None)
    if user_id is None:
        raise UnauthenticatedError("This needs a user.")
    return user_id


ServicesOfApp = Annotated[Services, Depends(_services)]
CurrentUser = Annotated[UserId, Depends(_user)]
