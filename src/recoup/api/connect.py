"""Connecting and disconnecting a seller account."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from recoup.api.services import Services
from recoup.clock import utc_now
from recoup.connections.queries import (
    Connection,
    disconnect,
    get_connection,
    save_connection,
)
from recoup.errors import InvalidRequestError, SyncAlreadyEndedError, UnavailableError
from recoup.ids import ConnectionId, UserId
from recoup.jobs.start import stop_sync
from recoup.spapi.auth import OPERATION
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operations.sellers import get_marketplace_participations
from recoup.sync.access import SellerAccess
from recoup.sync.announce import announce_connection
from recoup.sync.purge_queries import purge_connection
from recoup.sync.queries import find_active_sync

# A person waits for the answer; Amazon's own limits could make it minutes.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SellerAccount:
    """What a user says of the account. Without `marketplace_ids` Amazon is asked for them."""

    refresh_token: str = field(repr=False)
    selling_partner_id: str
    region: str
    environment: str
    marketplace_ids: tuple[str, ...]


async def connect_seller(services: Services, user_id: UserId, account: SellerAccount) -> Connection:
    """Store the account once Amazon has accepted its token.

    Raises ReauthorizationRequiredError, InvalidClientError or an SpApiError of Amazon's, or
    InvalidRequestError when no marketplace is named and Amazon names none either.
    """
    sealed = services.access.seal(account.refresh_token)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            marketplace_ids = await _check(services.access, account, user_id, sealed)
    except TimeoutError as exc:
        raise UnavailableError("Amazon did not answer in time.", operation=OPERATION) from exc
    async with services.database.writing() as conn:
        connection = await save_connection(
            conn,
            user_id,
            selling_partner_id=account.selling_partner_id,
            region=account.region,
            environment=account.environment,
            marketplace_ids=marketplace_ids,
            refresh_token_sealed=sealed,
        )
        await announce_connection(conn, connection, "active")
    return connection


async def _check(
    access: SellerAccess, account: SellerAccount, user_id: UserId, sealed: bytes
) -> tuple[str, ...]:
    """The marketplaces to sync, after an exchange of the token."""
    if account.marketplace_ids:
        await access.check_token(account.refresh_token, account.environment)
        return tuple(dict.fromkeys(account.marketplace_ids))
    candidate = Connection(
        connection_id=ConnectionId("candidate"),
        user_id=user_id,
        selling_partner_id=account.selling_partner_id,
        region=account.region,
        environment=account.environment,
        marketplace_ids=(),
        status="active",
        refresh_token_sealed=sealed,
        authorized_at=utc_now(),
        last_sync_at=None,
    )
    api = await access.open(candidate, LocalBudget())
    found = tuple(
        participation.marketplace_id
        for participation in await get_marketplace_participations(api)
        # Amazon lists the seller's other shops too, which no operation answers for.
        if participation.is_participating
        and not (participation.name or "").lower().startswith("non-amazon")
    )
    if not found:
        raise InvalidRequestError(
            "Amazon names no marketplace of this seller: name marketplaceIds."
        )
    return found


async def disconnect_seller(
    services: Services, user_id: UserId, connection_id: ConnectionId, *, purge: bool
) -> None:
    """Erase the token; with `purge` the seller's data and the connection too. May run twice.

    Raises NotFoundError.
    """
    async with services.database.reading() as conn:
        connection = await get_connection(conn, user_id, connection_id)
        active = await find_active_sync(conn, connection_id)
    if active is not None:
        with contextlib.suppress(SyncAlreadyEndedError):
            await stop_sync(services.database, user_id, active.sync_id)
    async with services.database.writing() as conn:
        await disconnect(conn, user_id, connection_id)
        if purge:
            await purge_connection(conn, user_id, connection_id)
        elif connection.status != "disconnected":
            await announce_connection(conn, connection, "disconnected")
