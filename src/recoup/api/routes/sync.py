"""Starting, watching and cancelling syncs."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import Response
from pydantic import Field

from recoup.api.compression import TakesGzip
from recoup.api.openapi import may_fail
from recoup.api.overview import read_overview
from recoup.api.parameters import (
    MAX_BIGINT,
    TEXT_PATTERN,
    Blank,
    Identifier,
    OptionalIdentifier,
    OptionalInstant,
)
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.api.sync_bodies import (
    ActivityBody,
    ActivityEntry,
    CancelledBody,
    HistoryBody,
    OverviewBody,
    PlannedStatusBody,
    StartBody,
    StartedBody,
)
from recoup.body import CamelModel
from recoup.clock import utc_now
from recoup.connections.queries import choose_connection, get_connection
from recoup.db.engine import Database
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
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.jobs.start import start_sync
from recoup.jobs.stop import stop_sync
from recoup.sync.planning.body import PlanBody, next_plan_body, plan_body
from recoup.sync.planning.make import plan_next_sync
from recoup.sync.planning.queries import find_plan
from recoup.sync.planning.version_queries import read_status_version
from recoup.sync.record.queries import get_sync, list_history
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import history_entry, status_body

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
        description="Repeated requests with the same key start only one sync.",
    ),
]


class HistoryQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=MAX_BIGINT)
    status: Annotated[SyncStatus | None, Blank] = None
    since: OptionalInstant = Field(default=None, alias="from", description="Started at or after.")
    until: OptionalInstant = Field(default=None, alias="to", description="Started before.")


@router.post("/api/sync/force", operation_id="force_sync", responses=_START_ERRORS)
@router.post("/api/sync/start", responses=_START_ERRORS, summary="Start a sync")
async def start(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    body: Annotated[StartBody | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> StartedBody:
    """Answers at once; a worker does the work. `force` is another name for `start`."""
    named = body.connection_id if body else None
    sync_id = await start_sync(
        services.database,
        services.queue,
        services.access,
        workspace_id,
        connection_id=ConnectionId(named) if named else None,
        idempotency_key=idempotency_key,
    )
    return StartedBody(sync_id=sync_id)


@router.get(
    "/api/sync/status/{syncId}",
    responses=may_fail(NotFoundError),
    response_model=PlannedStatusBody,
    summary="The state of one sync",
)
async def get_status(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
    compressed: TakesGzip,
) -> Response:
    version = await read_status_version(services.database, workspace_id, SyncId(sync_id))
    read = partial(_read_status, services.database, workspace_id, SyncId(sync_id))
    return await services.known_statuses.get(sync_id, version, read, compressed=compressed)


async def _read_status(database: Database, workspace_id: WorkspaceId, sync_id: SyncId) -> bytes:
    async with database.reading() as conn:
        sync = await get_sync(conn, workspace_id, sync_id)
        row = await find_plan(conn, sync.sync_id)
    plan = None if row is None else plan_body(row, completed_at=sync.completed_at)
    body = PlannedStatusBody(**dict(status_body(sync)), plan=plan)
    return body.model_dump_json(by_alias=True).encode()


@router.get(
    "/api/sync/plan",
    responses=may_fail(NoConnectionError, AmbiguousConnectionError, NotFoundError),
    summary="What the next sync would read, from which source, and how long it would take",
)
async def get_plan(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    connection_id: Annotated[OptionalIdentifier, Query(alias="connectionId")] = None,
) -> PlanBody:
    """Starts nothing and calls nobody: the plan is based on earlier syncs."""
    named = ConnectionId(connection_id) if connection_id else None
    async with services.database.reading() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        plan = await plan_next_sync(conn, connection, now=utc_now())
    return next_plan_body(plan)


@router.get(
    "/api/sync/status",
    responses=may_fail(),
    summary="The running sync, the last one and the next",
)
async def get_overview(services: ServicesOfApp, workspace_id: CurrentWorkspace) -> OverviewBody:
    return await read_overview(services, workspace_id)


@router.get(
    "/api/sync/history",
    response_model_exclude_unset=True,
    responses=may_fail(NotFoundError),
    summary="Past syncs, newest first",
)
async def get_history(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[HistoryQuery, Query()]
) -> HistoryBody:
    named = query.connection_id
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, workspace_id, ConnectionId(named))
        syncs, total = await list_history(conn, workspace_id, **query.model_dump())
    return HistoryBody(syncs=[history_entry(sync) for sync in syncs], total=total)


@router.post(
    "/api/sync/cancel/{syncId}",
    responses=may_fail(NotFoundError, SyncAlreadyEndedError, write=True),
    summary="Cancel a running sync",
)
async def cancel(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
) -> CancelledBody:
    """The loaded data is kept."""
    await stop_sync(services.database, workspace_id, SyncId(sync_id))
    return CancelledBody()


@router.get(
    "/api/sync/activity",
    responses=may_fail(),
    summary="Recent activity, newest first",
)
async def get_activity(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ActivityBody:
    async with services.database.reading() as conn:
        found = await list_activities(conn, workspace_id, limit=limit)
    return ActivityBody(
        activities=[
            ActivityEntry(
                type=one.type,
                timestamp=one.created_at,
                message=one.message,
                sync_id=one.sync_id,
            )
            for one in found
        ]
    )
