"""Connecting and disconnecting a seller account."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.connections.queries import (
    Connection,
    account_title,
    disconnect,
    find_same_seller,
    get_connection,
    lock_for_sealing,
    save_connection,
)
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.errors import (
    AccessTokenRejectedError,
    ForbiddenError,
    InvalidRequestError,
    SyncAlreadyEndedError,
    UnavailableError,
)
from recoup.ids import ConnectionId, WorkspaceId
from recoup.jobs.stop import stop_sync
from recoup.spapi.auth import OPERATION
from recoup.spapi.endpoints import MARKETPLACES, Environment
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operations.sellers import Participation, get_marketplace_participations
from recoup.sync.access import SellerAccess
from recoup.sync.record.announce import announce_connection
from recoup.sync.record.expiries import forget_expiries
from recoup.sync.record.legal_hold_queries import require_no_legal_hold
from recoup.sync.record.purge_queries import purge_connection
from recoup.sync.record.queries import find_active_sync

# A person waits for the answer; Amazon's own limits could make it minutes.
_PATIENCE_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class SellerAccount:
    """What a user says of the account. What is empty of `marketplace_ids` and `selling_partner_id`
    Amazon is requested.
    """

    refresh_token: str = field(repr=False)
    selling_partner_id: str
    region: str
    environment: str
    marketplace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """A connection as it is now, and what it replaced; None for a new one."""

    connection: Connection
    before: Connection | None

    @property
    def message(self) -> str:
        """What happened, in a sentence for the seller."""
        now, before = self.connection, self.before
        name = account_title(now.selling_partner_id, now.region)
        if before is None:
            return f"{name} connected"
        said = [f"{name} connected again; its authorization of {before.authorized_at.date()} "]
        said.append("was replaced" if before.refresh_token_sealed else "had been deleted")
        said.append(", its data was kept")
        if set(before.marketplace_ids) != set(now.marketplace_ids):
            was, is_now = (_names(each.marketplace_ids) for each in (before, now))
            said.append(f"; marketplaces: {is_now} (before: {was})")
        return "".join(said)


async def store_seller(
    database: Database, access: SellerAccess, workspace_id: WorkspaceId, account: SellerAccount
) -> StoredConnection:
    """Stores the account after Amazon has accepted its token and listed its marketplaces.

    Raises ReauthorizationRequiredError, InvalidClientError, EnvironmentUnavailableError or an
    SpApiError of Amazon's, or InvalidRequestError when a marketplace is not one of this token's, or
    no seller is named, and Amazon names none either.
    """
    candidate = access.seal(account.refresh_token)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            listed = await _list_marketplaces(access, account, workspace_id, candidate)
    except TimeoutError as exc:
        is_local = account.environment == Environment.LOCAL
        who = "The sandbox of RECOUP_LOCAL_SANDBOX" if is_local else "Amazon"
        check = "check that it runs" if is_local else "try again"
        raise UnavailableError(
            f"{who} did not respond in time: {check}.", operation=OPERATION
        ) from exc
    seller_id = account.selling_partner_id or _find_seller(listed)
    async with database.writing() as conn:
        # Keys may have been rotated while Amazon was asked.
        await lock_for_sealing(conn)
        before = await find_same_seller(
            conn,
            workspace_id,
            selling_partner_id=seller_id,
            region=account.region,
            environment=account.environment,
        )
        connection = await save_connection(
            conn,
            workspace_id,
            selling_partner_id=seller_id,
            region=account.region,
            environment=account.environment,
            marketplace_ids=_chosen(account, listed, before),
            refresh_token_sealed=access.seal(account.refresh_token),
        )
        await record(
            conn,
            Action.CONNECTION_MADE,
            connection.connection_id,
            workspace_id=workspace_id,
            seller=seller_id,
            region=account.region,
            environment=account.environment,
        )
        await forget_expiries(conn, connection.connection_id)
        stored = StoredConnection(connection, before)
        await announce_connection(conn, connection, ConnectionStatus.ACTIVE, message=stored.message)
    return stored


async def reauthorize(
    database: Database, access: SellerAccess, connection: Connection, refresh_token: str
) -> StoredConnection:
    """Stores a new token for a connection, which keeps its marketplaces. Raises as `store_seller`."""
    account = SellerAccount(
        refresh_token=refresh_token,
        selling_partner_id=connection.selling_partner_id,
        region=connection.region,
        environment=connection.environment,
        marketplace_ids=tuple(one for one in connection.marketplace_ids if one in MARKETPLACES),
    )
    return await store_seller(database, access, connection.workspace_id, account)


async def _list_marketplaces(
    access: SellerAccess, account: SellerAccount, workspace_id: WorkspaceId, sealed: bytes
) -> tuple[Participation, ...]:
    """Where the seller sells, as Amazon says for this token in this region."""
    candidate = Connection(
        connection_id=ConnectionId("candidate"),
        workspace_id=workspace_id,
        selling_partner_id=account.selling_partner_id,
        region=account.region,
        environment=account.environment,
        marketplace_ids=(),
        status=ConnectionStatus.ACTIVE,
        status_reason=None,
        refresh_token_sealed=sealed,
        authorized_at=utc_now(),
        last_sync_at=None,
    )
    api = await access.open(candidate, LocalBudget())
    try:
        return await get_marketplace_participations(api)
    except (AccessTokenRejectedError, ForbiddenError) as exc:
        raise InvalidRequestError(
            f"Amazon accepts the token, but not in region {account.region}: choose the region in "
            "which it was made. If that is the region, the application lacks a role in Seller Central."
        ) from exc


def _chosen(
    account: SellerAccount, listed: Sequence[Participation], before: Connection | None
) -> tuple[str, ...]:
    """The marketplaces to sync: those that the user names, else those of the connection before, else
    all where the seller sells.

    Raises InvalidRequestError for one that recoup does not know, that is in another region, or that
    Amazon does not list for this token.
    """
    of_token = {
        one.marketplace_id: one
        for one in listed
        if _region_of(one.marketplace_id) == account.region
    }
    if account.marketplace_ids:
        # Amazon's own sandbox lists the same marketplaces for everybody, whatever the token.
        _require_listed(
            account, None if account.environment == Environment.SANDBOX else of_token.keys()
        )
        return tuple(dict.fromkeys(account.marketplace_ids))
    kept = tuple(one for one in before.marketplace_ids if one in of_token) if before else ()
    found = kept or tuple(name for name, one in of_token.items() if one.is_participating)
    if not found:
        elsewhere = _names(one.marketplace_id for one in listed)
        raise InvalidRequestError(
            f"Amazon lists no marketplace in region {account.region} for this token "
            f"(it lists: {elsewhere}): choose another region or set marketplaceIds."
        )
    return found


def _require_listed(account: SellerAccount, listed: Collection[str] | None) -> None:
    """`listed`: the ids in the region for this token; None where Amazon's list says nothing."""
    for one in account.marketplace_ids:
        if one not in MARKETPLACES:
            raise InvalidRequestError(f"recoup does not know the marketplace {one}: leave it out.")
        if _region_of(one) != account.region:
            raise InvalidRequestError(
                f"The marketplace {_names((one,))} is in region {_region_of(one)}, not in "
                f"{account.region}: connect each region by itself."
            )
        if listed is not None and one not in listed:
            raise InvalidRequestError(
                f"Amazon does not list the marketplace {_names((one,))} for this token; "
                f"it lists: {_names(listed)}."
            )


def _region_of(marketplace_id: str) -> str | None:
    known = MARKETPLACES.get(marketplace_id)
    return None if known is None else known.region


def _names(marketplace_ids: Iterable[str]) -> str:
    """The countries, with the ids that a user would have to enter; Amazon's shadows left out."""
    known = [(MARKETPLACES[one].country, one) for one in marketplace_ids if one in MARKETPLACES]
    return ", ".join(f"{country} {one}" for country, one in known) or "none"


def _find_seller(listed: Sequence[Participation]) -> str:
    """The seller's id from the name of one of Amazon's shadow marketplaces.

    Raises InvalidRequestError when there is none.
    """
    found = next((one.seller_id for one in listed if one.seller_id), None)
    if found is None:
        raise InvalidRequestError(
            "Amazon did not return the seller's id: set sellingPartnerId (in Seller Central under "
            "Account Info, Merchant Token)."
        )
    return found


async def disconnect_seller(
    database: Database, workspace_id: WorkspaceId, connection_id: ConnectionId, *, purge: bool
) -> None:
    """Erase the token; with `purge` the seller's data and the connection too. May run twice.

    Raises NotFoundError, ConflictError for a purge under a legal hold.
    """
    async with database.reading() as conn:
        connection = await get_connection(conn, workspace_id, connection_id)
        if purge:
            await require_no_legal_hold(conn, workspace_id, connection_id)
        active = await find_active_sync(conn, connection_id)
    if active is not None:
        with contextlib.suppress(SyncAlreadyEndedError):
            await stop_sync(database, workspace_id, active.sync_id)
    async with database.writing() as conn:
        await disconnect(conn, workspace_id, connection_id)
        action = Action.CONNECTION_PURGED if purge else Action.CONNECTION_REMOVED
        await record(conn, action, connection_id, workspace_id=workspace_id)
        if purge:
            await purge_connection(conn, workspace_id, connection_id)
        elif connection.status is not ConnectionStatus.DISCONNECTED:
            await forget_expiries(conn, connection_id)
            await announce_connection(conn, connection, ConnectionStatus.DISCONNECTED)
