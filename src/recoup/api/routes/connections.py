"""Amazon connections of self-authorised applications."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from recoup.api.connect import SellerAccount, connect_seller, disconnect_seller
from recoup.api.fields import Timestamp
from recoup.api.openapi import may_fail
from recoup.api.parameters import CamelModel, Identifier
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.connections.queries import Connection, list_connections
from recoup.errors import (
    InvalidClientError,
    InvalidRequestError,
    NotFoundError,
    ReauthorizationRequiredError,
    SpApiError,
    UnavailableError,
)
from recoup.ids import ConnectionId
from recoup.spapi.endpoints import Environment, Region

router = APIRouter(tags=["connections"])

# A seller renews the authorisation of a public application every 365 days (docs/amazon.md).
_AUTHORISED_FOR = timedelta(days=365)
_PRINTABLE = re.compile(r"[!-~]+")


def _require_printable(token: SecretStr) -> SecretStr:
    if not _PRINTABLE.fullmatch(token.get_secret_value()):
        raise ValueError("must be one word of printable ASCII, e.g. Atzr|...")
    return token


RefreshToken = Annotated[
    SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_require_printable)
]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class NewConnection(CamelModel):
    refresh_token: RefreshToken
    selling_partner_id: Word
    region: Region
    environment: Environment
    marketplace_ids: list[Word] = Field(
        default=[], max_length=50, description="Empty: those where Amazon says the seller sells."
    )


class ConnectionBody(CamelModel):
    connection_id: str
    selling_partner_id: str
    region: Region
    marketplace_ids: list[str]
    environment: Environment
    status: Literal["active", "reauthorization_required", "disconnected"]
    authorized_at: Timestamp
    expires_at: Timestamp | None = Field(description="When Amazon asks the seller again.")
    last_sync_at: Timestamp | None


class ConnectionsBody(CamelModel):
    connected: bool
    connections: list[ConnectionBody]


def _body(connection: Connection) -> dict[str, Any]:
    connected = connection.status != "disconnected"
    return {
        "connectionId": connection.connection_id,
        "sellingPartnerId": connection.selling_partner_id,
        "region": connection.region,
        "marketplaceIds": list(connection.marketplace_ids),
        "environment": connection.environment,
        "status": connection.status,
        "authorizedAt": connection.authorized_at,
        "expiresAt": connection.authorized_at + _AUTHORISED_FOR if connected else None,
        "lastSyncAt": connection.last_sync_at,
    }


@router.get(
    "/api/v1/integrations/amazon/status",
    response_model=ConnectionsBody,
    responses=may_fail(),
    summary="The Amazon accounts of the user",
)
async def get_connections(services: ServicesOfApp, user_id: CurrentUser) -> dict[str, Any]:
    async with services.database.reading() as conn:
        connections = await list_connections(conn, user_id)
    return {
        "connected": any(connection.status == "active" for connection in connections),
        "connections": [_body(connection) for connection in connections],
    }


@router.post(
    "/api/v1/integrations/amazon/connections",
    status_code=201,
    response_model=ConnectionBody,
    responses=may_fail(
        ReauthorizationRequiredError,
        InvalidRequestError,
        InvalidClientError,
        SpApiError,
        UnavailableError,
        write=True,
    ),
    summary="Connect a seller account with its refresh token",
)
async def connect(
    services: ServicesOfApp, user_id: CurrentUser, body: NewConnection
) -> dict[str, Any]:
    """The token is tried at Amazon's, stored encrypted and never shown again."""
    account = SellerAccount(
        refresh_token=body.refresh_token.get_secret_value(),
        selling_partner_id=body.selling_partner_id,
        region=body.region,
        environment=body.environment,
        marketplace_ids=tuple(body.marketplace_ids),
    )
    return _body(await connect_seller(services, user_id, account))


@router.delete(
    "/api/v1/integrations/amazon/connections/{connectionId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="Disconnect a seller account",
)
async def delete_connection(
    services: ServicesOfApp,
    user_id: CurrentUser,
    connection_id: Annotated[Identifier, Path(alias="connectionId")],
    purge: Annotated[bool, Query(description="Erase the seller's data too.")] = False,  # noqa: FBT002 - a query parameter
) -> None:
    """Cancels its running sync and erases the token."""
    await disconnect_seller(services, user_id, ConnectionId(connection_id), purge=purge)
