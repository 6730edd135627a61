"""Starting, watching and cancelling syncs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from pydantic import Field

from recoup.api.openapi import may_fail
from recoup.api.overview import read_overview
from recoup.api.parameters import (
    MAX_BIGINT,
    TEXT_PATTERN,
    Blank,
    CamelModel,
    Identifier,
    OptionalIdentifier,
    OptionalInstant,
)
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.api.sync_bodies import (
    ActivityBody,
    CancelledBody,
    HistoryBody,
    OverviewBody,
    PlanBody,
    PlannedStatusBody,
    StartBody,
    StartedBody,
    SyncState,
)
from recoup.clock import utc_now
from recoup.connections.queries import choose_connection
from recoup.errors import (
    AmbiguousConnectionError,
    InvalidClientError,
    KeyReusedError,
    NoConnectionError,
    NotFoundError,
    ReauthorizationRequiredError,
    SpApiError,
    SyncAlreadyActiveError,
    SyncAlreadyEndedError,
)
from recoup.events.queries import list_activities
from recoup.ids import ConnectionId, SyncId
from recoup.jobs.start import start_sync, stop_sync
from recoup.sync.make_plan import plan_next_sync
from recoup.sync.plan_body import next_plan_body, plan_body
from recoup.sync.plan_queries import find_plan
from recoup.sync.queries import get_sync, list_history
from recoup.sync.status import history_entry, status_body

router = APIRouter(tags=["sync"])

_START_ERRORS = may_fail(
    NoConnectionError,
    AmbiguousConnectionError,
    ReauthorizationRequiredError,
    NotFoundError,
    SyncAlreadyActiveError,
    KeyReusedError,
    InvalidClientError,
    SpApiError,
    write=True,
)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=TEXT_PATTERN,
        description="The same key starts one sync only, however often it is sent.",
    ),
]


class HistoryQuery(CamelModel):
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=MAX_BIGINT)
    status: Annotated[SyncState | None, Blank] = None
    since: OptionalInstant = Field(default=None, alias="from", description="Started at or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Started before.")


@router.post("/api/sync/force", operation_id="force_sync", responses=_START_ERRORS)
@router.post("/api/sync/start", responses=_START_ERRORS, summary="Start a sync")
async def start(
    services: ServicesOfApp,
    user_id: CurrentUser,
    body: Annotated[StartBody | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> StartedBody:
    """Answers at once; a worker does the work. `force` is another name for `start`."""
    named = body.connection_id if body else None
    sync_id = await start_sync(
        services.database,
        services.queue,
        services.access,
        user_id,
        connection_id=ConnectionId(named) if named else None,
        idempotency_key=idempotency_key,
    )
    return StartedBody(sync_id=sync_id)


@router.get(
    "/api/sync/status/{syncId}",
    response_model=PlannedStatusBody,
    responses=may_fail(NotFoundError),
    summary="The state of one sync",
)
async def get_status(
    services: ServicesOfApp,
    user_id: CurrentUser,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
) -> dict[str, Any]:
    async with services.database.reading() as conn:
        sync = await get_sync(conn, user_id, SyncId(sync_id))
        row = await find_plan(conn, sync.sync_id)
    plan = None if row is None else plan_body(row, completed_at=sync.completed_at)
    return {**status_body(sync), "plan": plan}


@router.get(
    "/api/sync/plan",
    response_model=PlanBody,
    responses=may_fail(NoConnectionError, AmbiguousConnectionError, NotFoundError),
    summary="What the next sync would read, from where, and how long that takes",
)
async def get_plan(
    services: ServicesOfApp,
    user_id: CurrentUser,
    connection_id: Annotated[OptionalIdentifier, Query(alias="connectionId")] = None,
) -> dict[str, Any]:
    """Nothing is started and nobody is asked: it rests on what earlier syncs have seen."""
    named = ConnectionId(connection_id) if connection_id else None
    async with services.database.reading() as conn:
        connection = await choose_connection(conn, user_id, named)
        account = services.access.account(connection)
        plan = await plan_next_sync(conn, connection, account=account, now=utc_now())
    return next_plan_body(plan)


@router.get(
    "/api/sync/status",
    response_model=OverviewBody,
    responses=may_fail(),
    summary="The running sync, the last one and the next",
)
async def get_overview(services: ServicesOfApp, user_id: CurrentUser) -> dict[str, Any]:
    return await read_overview(services, user_id)


@router.get(
    "/api/sync/history",
    response_model=HistoryBody,
    response_model_exclude_unset=True,
    responses=may_fail(),
    summary="Past syncs, newest first",
)
async def get_history(
    services: ServicesOfApp, user_id: CurrentUser, query: Annotated[HistoryQuery, Query()]
) -> dict[str, Any]:
    async with services.database.reading() as conn:
        syncs, total = await list_history(conn, user_id, **query.model_dump())
    return {"syncs": [history_entry(sync) for sync in syncs], "total": total}


@router.post(
    "/api/sync/cancel/{syncId}",
    responses=may_fail(NotFoundError, SyncAlreadyEndedError, write=True),
    summary="Cancel a running sync",
)
async def cancel(
    services: ServicesOfApp,
    user_id: CurrentUser,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
) -> CancelledBody:
    """What was loaded stays."""
    await stop_sync(services.database, user_id, SyncId(sync_id))
    return CancelledBody()


@router.get(
    "/api/sync/activity",
    response_model=ActivityBody,
    responses=may_fail(),
    summary="What happened lately, newest first",
)
async def get_activity(
    services: ServicesOfApp,
    user_id: CurrentUser,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    async with services.database.reading() as conn:
        found = await list_activities(conn, user_id, limit=limit)
    return {
        "activities": [
            {"type": a.type, "timestamp": a.created_at, "message": a.message, "syncId": a.sync_id}
            for a in found
        ]
    }
