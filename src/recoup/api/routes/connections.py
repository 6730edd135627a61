"""Amazon connections, and connecting with the refresh token of a self-authorised application."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from recoup.api.connect import SellerAccount, StoredConnection, disconnect_seller, store_seller
from recoup.api.openapi import may_fail
from recoup.api.overview import next_sync
from recoup.api.parameters import Identifier, RequestModel
from recoup.api.services import CurrentCaller, CurrentWorkspace, Services, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel, Timestamp
from recoup.config import Settings
from recoup.connections.expiry import AUTHORIZED_FOR
from recoup.connections.queries import Connection, list_connections, set_schedule
from recoup.connections.schedule import require_schedule
from recoup.connections.states import ConnectionEnvironment, ConnectionStatus
from recoup.errors import (
    ConflictError,
    EnvironmentUnavailableError,
    InvalidClientError,
    InvalidRequestError,
    NotFoundError,
    ReauthorizationRequiredError,
    SpApiError,
    UnavailableError,
)
from recoup.ids import ConnectionId
from recoup.notes.note import NoteBody
from recoup.spapi.endpoints import MARKETPLACES, Environment, Region
from recoup.sync.record.expiries import CONNECTION
from recoup.sync.record.note_queries import read_current_notes
from recoup.users.roles import Role, Scope

router = APIRouter(tags=["connections"])

_PRINTABLE = re.compile(r"[!-~]+")


def _require_printable(token: SecretStr) -> SecretStr:
    if not _PRINTABLE.fullmatch(token.get_secret_value()):
        raise ValueError("must be one word of printable ASCII, e.g. Atzr|...")
    return token


RefreshToken = Annotated[
    SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_require_printable)
]
Schedule = Annotated[str, Field(max_length=100), AfterValidator(require_schedule)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class NewConnection(RequestModel):
    refresh_token: RefreshToken
    selling_partner_id: Word | None = Field(
        default=None, description="Unset: requested from Amazon, where it returns the id."
    )
    region: Region
    environment: Environment
    marketplace_ids: list[Word] = Field(
        default=[],
        max_length=50,
        description="Each must be one that Amazon lists for this token. Empty: those of the "
        "connection before, otherwise all where the seller sells.",
    )


class ScheduleRequest(RequestModel):
    schedule: Schedule | None = Field(
        description="Cron expression in UTC with one minute, such as `0 5 * * *`; empty: no scheduled "
        "syncs; null: by the server's schedule."
    )


class ConnectionBody(CamelModel):
    connection_id: str
    selling_partner_id: str
    region: Region
    marketplace_ids: list[str]
    environment: ConnectionEnvironment = Field(
        description="`files`: it consists of reports that were downloaded by hand, and never syncs."
    )
    status: ConnectionStatus
    reason: str | None = Field(description="Why the connection is not active, for the seller.")
    ignored_marketplace_ids: list[str] = Field(
        description="Marketplaces of marketplaceIds that recoup does not know and ignores."
    )
    authorized_at: Timestamp
    expires_at: Timestamp | None = Field(
        description="Day on which the seller must renew the authorization."
    )
    last_sync_at: Timestamp | None
    schedule: str | None = Field(
        description="The connection's own schedule; empty: no scheduled syncs; null: the server's."
    )
    next_sync_at: Timestamp | None = Field(description="The next scheduled sync.")
    notes: list[NoteBody] = Field(
        description="Its authorization, or the application's secret, ends within 60 days."
    )


class ReplacedBody(CamelModel):
    """What a connection was before the account was connected again."""

    status: ConnectionStatus
    authorized_at: Timestamp
    marketplace_ids: list[str]


class StoredConnectionBody(ConnectionBody):
    message: str = Field(description="What was connected and what it replaced, for the seller.")
    replaced: ReplacedBody | None = Field(description="Null for a new connection.")


class EnvironmentBody(CamelModel):
    environment: Environment
    is_ready: bool = Field(description="Sellers can be connected with a refresh token.")
    has_consent_page: bool = Field(description="Sellers can be connected by Amazon's page.")
    problem: str | None = Field(description="What is not set up, and what to do.")


class EnvironmentsBody(CamelModel):
    environments: list[EnvironmentBody]


class ConnectionsBody(CamelModel):
    connected: bool
    connections: list[ConnectionBody]


def _body(
    connection: Connection, settings: Settings, notes: Sequence[NoteBody] = ()
) -> ConnectionBody:
    connected = connection.status is not ConnectionStatus.DISCONNECTED and not connection.is_files
    return ConnectionBody(
        connection_id=connection.connection_id,
        selling_partner_id=connection.selling_partner_id,
        region=Region(connection.region),
        marketplace_ids=list(connection.marketplace_ids),
        environment=ConnectionEnvironment(connection.environment),
        status=connection.status,
        reason=connection.status_reason,
        ignored_marketplace_ids=[
            one for one in connection.marketplace_ids if one not in MARKETPLACES
        ],
        authorized_at=connection.authorized_at,
        expires_at=connection.authorized_at + AUTHORIZED_FOR if connected else None,
        last_sync_at=connection.last_sync_at,
        schedule=connection.sync_schedule,
        next_sync_at=next_sync(connection, settings),
        notes=list(notes),
    )


def _stored_body(stored: StoredConnection, settings: Settings) -> StoredConnectionBody:
    before = stored.before
    return StoredConnectionBody(
        **dict(_body(stored.connection, settings)),
        message=f"{stored.message}.",
        replaced=None
        if before is None
        else ReplacedBody(
            status=before.status,
            authorized_at=before.authorized_at,
            marketplace_ids=list(before.marketplace_ids),
        ),
    )


@router.get(
    "/api/v1/integrations/amazon/status",
    responses=may_fail(),
    summary="The Amazon accounts of the user",
)
async def get_connections(
    services: ServicesOfApp, workspace_id: CurrentWorkspace
) -> ConnectionsBody:
    async with services.database.reading() as conn:
        connections = await list_connections(conn, workspace_id)
    notes = await read_current_notes(services.database, workspace_id, stream=CONNECTION)
    return ConnectionsBody(
        connected=any(
            one.status is ConnectionStatus.ACTIVE and not one.is_files for one in connections
        ),
        connections=[
            _body(
                one,
                services.settings,
                [note for note in notes if note.connection_id == one.connection_id],
            )
            for one in connections
        ],
    )


@router.get(
    "/api/v1/integrations/amazon/environments",
    responses=may_fail(),
    summary="What can be connected here",
)
async def get_environments(
    services: ServicesOfApp, _workspace_id: CurrentWorkspace
) -> EnvironmentsBody:
    """Depends on the settings of the server only."""
    return EnvironmentsBody(environments=[_environment(services, one) for one in Environment])


def _environment(services: Services, environment: Environment) -> EnvironmentBody:
    problem = application = None
    try:
        application = services.access.servers(environment, Region.NA).application
    except EnvironmentUnavailableError as exc:
        problem = str(exc)
    return EnvironmentBody(
        environment=environment,
        is_ready=application is not None,
        has_consent_page=application is not None and bool(application.application_id),
        problem=problem,
    )


@router.post(
    "/api/v1/integrations/amazon/connections",
    status_code=201,
    responses=may_fail(
        ReauthorizationRequiredError,
        InvalidRequestError,
        EnvironmentUnavailableError,
        InvalidClientError,
        SpApiError,
        UnavailableError,
        write=True,
    ),
    summary="Connect a seller account with its refresh token",
)
async def connect(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, body: NewConnection
) -> StoredConnectionBody:
    """recoup checks token and marketplaces with Amazon, stores the token encrypted and never shows it
    again. An account that is connected already is connected again: its data is kept.
    """
    account = SellerAccount(
        refresh_token=body.refresh_token.get_secret_value(),
        selling_partner_id=body.selling_partner_id or "",
        region=body.region,
        environment=body.environment,
        marketplace_ids=tuple(body.marketplace_ids),
    )
    stored = await store_seller(services.database, services.access, workspace_id, account)
    return _stored_body(stored, services.settings)


@router.patch(
    "/api/v1/integrations/amazon/connections/{connectionId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="Change when a seller account syncs by itself",
)
async def patch_connection(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    connection_id: Annotated[Identifier, Path(alias="connectionId")],
    body: Annotated[ScheduleRequest, Body()],
) -> None:
    """A schedule counts from the next minute on."""
    async with services.database.writing() as conn:
        await set_schedule(conn, workspace_id, ConnectionId(connection_id), body.schedule)
        await record(conn, Action.SCHEDULE_CHANGED, connection_id, schedule=body.schedule)


@router.delete(
    "/api/v1/integrations/amazon/connections/{connectionId}",
    status_code=204,
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Disconnect a seller account",
)
async def delete_connection(
    services: ServicesOfApp,
    caller: CurrentCaller,
    connection_id: Annotated[Identifier, Path(alias="connectionId")],
    purge: Annotated[bool, Query(description="Also delete the seller's data.")] = False,  # noqa: FBT002 - a query parameter
) -> None:
    """Cancels its running sync and erases the token. Only an owner may delete the data."""
    if purge:
        caller.require(role=Role.OWNER, scope=Scope.ADMIN)
    await disconnect_seller(
        services.database, caller.workspace_id, ConnectionId(connection_id), purge=purge
    )
