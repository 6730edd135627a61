"""Queries about Amazon connections. Each takes the user: nobody sees another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import LargeBinary, Text

from recoup.connections.states import ConnectionEnvironment, ConnectionStatus
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import (
    AmbiguousConnectionError,
    InvalidRequestError,
    NoConnectionError,
    NotFoundError,
)
from recoup.ids import ConnectionId, WorkspaceId, new_connection_id
from recoup.spapi.endpoints import MARKETPLACES

_c = amazon_connection.c
# An active account of Amazon's; one of files has nothing to ask.
_SYNCS = and_(_c.status == ConnectionStatus.ACTIVE, _c.environment != ConnectionEnvironment.FILES)


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """A seller account of a user. `refresh_token_sealed` is None once it is disconnected.

    `status_reason`: why it is not active, in words for the seller. `sync_schedule`: its own one; None
    if it follows the server's.
    """

    connection_id: ConnectionId
    workspace_id: WorkspaceId
    selling_partner_id: str
    region: str
    environment: str
    marketplace_ids: tuple[str, ...]
    status: ConnectionStatus
    status_reason: str | None
    refresh_token_sealed: bytes | None
    authorized_at: datetime
    last_sync_at: datetime | None
    sync_schedule: str | None = None

    def __repr__(self) -> str:
        return f"Connection({self.connection_id})"

    @property
    def is_files(self) -> bool:
        """Whether it consists of files that people load, so that nothing of it syncs."""
        return self.environment == ConnectionEnvironment.FILES


def account_title(selling_partner_id: str, region: str) -> str:
    """What messages call an account; a purge finds them by it."""
    return f"Amazon account {selling_partner_id} ({region})"


def served(connection: Connection) -> Connection:
    """The connection with only those of its marketplaces that recoup requests.

    Others are Amazon's own shadows, or ids that no list has: every call for them is refused
    (docs/amazon.md#marketplaces).
    """
    known = tuple(one for one in connection.marketplace_ids if one in MARKETPLACES)
    return replace(connection, marketplace_ids=known)


async def save_connection(
    conn: Writer,
    workspace_id: WorkspaceId,
    *,
    selling_partner_id: str,
    region: str,
    environment: str,
    marketplace_ids: tuple[str, ...],
    refresh_token_sealed: bytes,
) -> Connection:
    """A new connection, or the same seller authorised again, which keeps its history and data."""
    authorised = {
        "marketplace_ids": list(marketplace_ids),
        "refresh_token_sealed": refresh_token_sealed,
        "status": ConnectionStatus.ACTIVE,
        "status_reason": None,
    }
    statement = insert(amazon_connection).values(
        connection_id=new_connection_id(),
        workspace_id=workspace_id,
        selling_partner_id=selling_partner_id,
        region=region,
        environment=environment,
        authorized_at=func.now(),
        **authorised,
    )
    row = (
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["workspace_id", "environment", "region", "selling_partner_id"],
                set_={**authorised, "authorized_at": func.now()},
            ).returning(amazon_connection)
        )
    ).one()
    return _connection(row)


async def save_files_connection(
    conn: Writer,
    workspace_id: WorkspaceId,
    *,
    name: str,
    region: str,
    marketplace_ids: Sequence[str],
) -> Connection:
    """The account of this name that consists of files, new or with these marketplaces."""
    now_active = {
        "marketplace_ids": list(marketplace_ids),
        "status": ConnectionStatus.ACTIVE,
        "status_reason": None,
    }
    statement = insert(amazon_connection).values(
        connection_id=new_connection_id(),
        workspace_id=workspace_id,
        selling_partner_id=name,
        region=region,
        environment=ConnectionEnvironment.FILES,
        authorized_at=func.now(),
        **now_active,
    )
    row = (
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["workspace_id", "environment", "region", "selling_partner_id"],
                set_=now_active,
            ).returning(amazon_connection)
        )
    ).one()
    return _connection(row)


async def list_files_connections(conn: Reader, workspace_id: WorkspaceId) -> list[Connection]:
    """Lists the accounts that consist of files, oldest first."""
    rows = await conn.execute(
        select(amazon_connection)
        .where(_c.workspace_id == workspace_id, _c.environment == ConnectionEnvironment.FILES)
        .order_by(_c.created_at)
    )
    return [_connection(row) for row in rows]


async def find_same_seller(
    conn: Writer,
    workspace_id: WorkspaceId,
    *,
    selling_partner_id: str,
    region: str,
    environment: str,
) -> Connection | None:
    """The user's connection of a seller in a region and environment, locked until the commit."""
    row = (
        await conn.execute(
            select(amazon_connection)
            .where(
                _c.workspace_id == workspace_id,
                _c.environment == environment,
                _c.region == region,
                _c.selling_partner_id == selling_partner_id,
            )
            .with_for_update()
        )
    ).one_or_none()
    return None if row is None else _connection(row)


async def list_connections(conn: Reader, workspace_id: WorkspaceId) -> list[Connection]:
    """Lists all connections of a user, oldest first, including disconnected ones."""
    rows = await conn.execute(
        select(amazon_connection).where(_c.workspace_id == workspace_id).order_by(_c.created_at)
    )
    return [_connection(row) for row in rows]


async def get_connection(
    conn: Reader, workspace_id: WorkspaceId, connection_id: ConnectionId
) -> Connection:
    """Raises NotFoundError, also if the connection belongs to another user."""
    row = (
        await conn.execute(
            select(amazon_connection).where(
                _c.workspace_id == workspace_id, _c.connection_id == connection_id
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such Amazon connection.", listed_by="connect list")
    return _connection(row)


async def choose_connection(
    conn: Reader, workspace_id: WorkspaceId, connection_id: ConnectionId | None
) -> Connection:
    """The named connection, or the only one.

    Raises NotFoundError, NoConnectionError or AmbiguousConnectionError (which lists them).
    """
    if connection_id is not None:
        return await get_connection(conn, workspace_id, connection_id)
    return _only(await list_connections(conn, workspace_id))


async def choose_synced_connection(
    conn: Reader, workspace_id: WorkspaceId, connection_id: ConnectionId | None
) -> Connection:
    """The same, of the accounts that sync. Raises InvalidRequestError for a named one of files."""
    if connection_id is None:
        listed = await list_connections(conn, workspace_id)
        return _only([one for one in listed if not one.is_files])
    found = await get_connection(conn, workspace_id, connection_id)
    if found.is_files:
        raise InvalidRequestError(
            "This account consists of files, so it does not sync: load newer reports instead."
        )
    return found


def _only(connections: Sequence[Connection]) -> Connection:
    usable = [one for one in connections if one.status is not ConnectionStatus.DISCONNECTED]
    if not usable:
        raise NoConnectionError("Connect an Amazon account first; there is none to sync.")
    if len(usable) > 1:
        raise AmbiguousConnectionError(tuple(c.connection_id for c in usable))
    return usable[0]


async def list_authorized(conn: Reader) -> list[Connection]:
    """Lists every active connection of every user, whose authorization ends some day."""
    rows = await conn.execute(select(amazon_connection).where(_SYNCS).order_by(_c.created_at))
    return [_connection(row) for row in rows]


async def list_present_connections(conn: Reader) -> list[Connection]:
    """Lists every connection of every user that is not disconnected, oldest first."""
    present = _c.status != ConnectionStatus.DISCONNECTED
    rows = await conn.execute(select(amazon_connection).where(present).order_by(_c.created_at))
    return [_connection(row) for row in rows]


async def list_connections_by_server_schedule(
    conn: Reader,
) -> list[tuple[WorkspaceId, ConnectionId]]:
    """Lists every active connection of every user that has no schedule of its own."""
    rows = await conn.execute(
        select(_c.workspace_id, _c.connection_id)
        .where(_SYNCS, _c.sync_schedule.is_(None))
        .order_by(_c.created_at)
    )
    return [(WorkspaceId(row.workspace_id), ConnectionId(row.connection_id)) for row in rows]


async def list_own_schedules(conn: Reader) -> list[tuple[WorkspaceId, ConnectionId, str]]:
    """Lists every active connection of every user with a schedule of its own, and that."""
    rows = await conn.execute(
        select(_c.workspace_id, _c.connection_id, _c.sync_schedule)
        .where(_SYNCS, _c.sync_schedule != "")
        .order_by(_c.created_at)
    )
    return [
        (WorkspaceId(row.workspace_id), ConnectionId(row.connection_id), row.sync_schedule)
        for row in rows
    ]


async def set_schedule(
    conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId, schedule: str | None
) -> None:
    """None: by the server's schedule. Raises NotFoundError."""
    result = await conn.execute(
        update(amazon_connection)
        .where(_c.workspace_id == workspace_id, _c.connection_id == connection_id)
        .values(sync_schedule=schedule)
    )
    if result.rowcount == 0:
        raise NotFoundError("There is no such Amazon connection.", listed_by="connect list")


async def require_reauthorization(conn: Writer, connection: Connection, reason: str) -> bool:
    """Amazon refused the refresh token that was read with the connection. True when this was news;
    False also when the seller has authorised again in the meantime.

    reason: why, in words for the seller.
    """
    result = await conn.execute(
        update(amazon_connection)
        .where(
            _c.connection_id == connection.connection_id,
            _c.status == ConnectionStatus.ACTIVE,
            _c.refresh_token_sealed == connection.refresh_token_sealed,
        )
        .values(status=ConnectionStatus.REAUTHORIZATION_REQUIRED, status_reason=reason)
    )
    return result.rowcount == 1


async def keep_connection(conn: Writer, connection_id: ConnectionId) -> None:
    """Keeps the connection from being deleted before this transaction ends. Raises NotFoundError.

    The lock is the one that a foreign key takes, so it does not hold up those who update the row.
    """
    found = await conn.execute(
        select(_c.connection_id)
        .where(_c.connection_id == connection_id)
        .with_for_update(key_share=True, read=True)
    )
    if found.one_or_none() is None:
        raise NotFoundError("There is no such Amazon connection.", listed_by="connect list")


async def disconnect(conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId) -> None:
    """Deletes the token. Raises NotFoundError."""
    result = await conn.execute(
        update(amazon_connection)
        .where(_c.workspace_id == workspace_id, _c.connection_id == connection_id)
        .values(status=ConnectionStatus.DISCONNECTED, status_reason=None, refresh_token_sealed=None)
    )
    if result.rowcount == 0:
        raise NotFoundError("There is no such Amazon connection.", listed_by="connect list")


async def mark_synced(conn: Writer, connection_id: ConnectionId) -> None:
    await conn.execute(
        update(amazon_connection)
        .where(_c.connection_id == connection_id)
        .values(last_sync_at=func.now())
    )


def _connection(row: Row[Any]) -> Connection:
    return Connection(
        connection_id=ConnectionId(row.connection_id),
        workspace_id=WorkspaceId(row.workspace_id),
        selling_partner_id=row.selling_partner_id,
        region=row.region,
        environment=row.environment,
        marketplace_ids=tuple(row.marketplace_ids),
        status=ConnectionStatus(row.status),
        status_reason=row.status_reason,
        refresh_token_sealed=row.refresh_token_sealed,
        authorized_at=row.authorized_at,
        last_sync_at=row.last_sync_at,
        sync_schedule=row.sync_schedule,
    )


async def lock_sealed(conn: Writer) -> None:
    """Waits for those who store a connection, and has others wait until the commit."""
    await conn.execute(text("lock table amazon_connection in share row exclusive mode"))


async def lock_for_sealing(conn: Writer) -> None:
    """What is sealed after this, and stored in this transaction, is opened by any rotation of keys:
    one that holds `lock_sealed` is waited for, and a later one waits for the commit.
    """
    await conn.execute(text("lock table amazon_connection in row exclusive mode"))


async def list_sealed(conn: Reader) -> list[tuple[ConnectionId, bytes]]:
    """Every stored refresh token, sealed."""
    rows = await conn.execute(
        select(_c.connection_id, _c.refresh_token_sealed).where(
            _c.refresh_token_sealed.is_not(None)
        )
    )
    return [(ConnectionId(row.connection_id), row.refresh_token_sealed) for row in rows]


_STORE_SEALED = text(
    """
    update amazon_connection c set refresh_token_sealed = again.token
    from unnest(:ids, :tokens) as again (connection_id, token)
    where c.connection_id = again.connection_id
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)), bindparam("tokens", type_=ARRAY(LargeBinary)))


async def store_sealed(conn: Writer, sealed: Mapping[ConnectionId, bytes]) -> None:
    """The same tokens, sealed with another key."""
    await conn.execute(_STORE_SEALED, {"ids": list(sealed), "tokens": list(sealed.values())})
