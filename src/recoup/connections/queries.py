"""Questions about Amazon connections. Each takes the user: nobody sees another's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import AmbiguousConnectionError, NoConnectionError, NotFoundError
from recoup.ids import ConnectionId, UserId, new_connection_id

_c = amazon_connection.c


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """A seller account of a user. `refresh_token_sealed` is None once it is disconnected."""

    connection_id: ConnectionId
    user_id: UserId
    selling_partner_id: str
    region: str
    environment: str
    marketplace_ids: tuple[str, ...]
    status: str
    refresh_token_sealed: bytes | None
    authorized_at: datetime
    last_sync_at: datetime | None

    def __repr__(self) -> str:
        return f"Connection({self.connection_id})"


async def save_connection(
    conn: Writer,
    user_id: UserId,
    *,
    selling_partner_id: str,
    region: str,
    environment: str,
    marketplace_ids: tuple[str, ...],
    refresh_token_sealed: bytes,
) -> Connection:
    """A new connection, or the same seller authorised again: its history and data stay with it."""
    authorised = {
        "marketplace_ids": list(marketplace_ids),
        "refresh_token_sealed": refresh_token_sealed,
        "status": "active",
    }
    statement = insert(amazon_connection).values(
        connection_id=new_connection_id(),
        user_id=user_id,
        selling_partner_id=selling_partner_id,
        region=region,
        environment=environment,
        authorized_at=func.now(),
        **authorised,
    )
    row = (
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "environment", "region", "selling_partner_id"],
                set_={**authorised, "authorized_at": func.now()},
            ).returning(amazon_connection)
        )
    ).one()
    return _connection(row)


async def list_connections(conn: Reader, user_id: UserId) -> list[Connection]:
    """All connections of a user, oldest first, the disconnected ones too."""
    rows = await conn.execute(
        select(amazon_connection).where(_c.user_id == user_id).order_by(_c.created_at)
    )
    return [_connection(row) for row in rows]


async def get_connection(conn: Reader, user_id: UserId, connection_id: ConnectionId) -> Connection:
    """Raises NotFoundError, also when it is somebody else's."""
    row = (
        await conn.execute(
            select(amazon_connection).where(
                _c.user_id == user_id, _c.connection_id == connection_id
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such Amazon connection.")
    return _connection(row)


async def choose_connection(
    conn: Reader, user_id: UserId, connection_id: ConnectionId | None
) -> Connection:
    """The connection named, or the only one there is.

    Raises NotFoundError, NoConnectionError or AmbiguousConnectionError (which lists them).
    """
    if connection_id is not None:
        return await get_connection(conn, user_id, connection_id)
    usable = [c for c in await list_connections(conn, user_id) if c.status != "disconnected"]
    if not usable:
        raise NoConnectionError("Connect an Amazon account first; there is none to sync.")
    if len(usable) > 1:
        raise AmbiguousConnectionError(tuple(c.connection_id for c in usable))
    return usable[0]


async def list_active_connections(conn: Reader) -> list[tuple[UserId, ConnectionId]]:
    """Every connection of every user that a scheduled sync should visit."""
    rows = await conn.execute(
        select(_c.user_id, _c.connection_id).where(_c.status == "active").order_by(_c.created_at)
    )
    return [(UserId(row.user_id), ConnectionId(row.connection_id)) for row in rows]


async def require_reauthorization(conn: Writer, connection: Connection) -> bool:
    """Amazon refused the refresh token that was read with the connection. True when this was news;
    False also when the seller has authorised again in the meantime.
    """
    result = await conn.execute(
        update(amazon_connection)
        .where(
            _c.connection_id == connection.connection_id,
            _c.status == "active",
            _c.refresh_token_sealed == connection.refresh_token_sealed,
        )
        .values(status="reauthorization_required")
    )
    return result.rowcount == 1


async def keep_connection(conn: Writer, connection_id: ConnectionId) -> None:
    """Nobody erases the connection before this transaction ends. Raises NotFoundError.

    The lock is the one that a foreign key takes, so it does not hold up those who update the row.
    """
    found = await conn.execute(
        select(_c.connection_id)
        .where(_c.connection_id == connection_id)
        .with_for_update(key_share=True, read=True)
    )
    if found.one_or_none() is None:
        raise NotFoundError("There is no such Amazon connection.")


async def disconnect(conn: Writer, user_id: UserId, connection_id: ConnectionId) -> None:
    """Erase the token. Raises NotFoundError."""
    result = await conn.execute(
        update(amazon_connection)
        .where(_c.user_id == user_id, _c.connection_id == connection_id)
        .values(status="disconnected", refresh_token_sealed=None)
    )
    if result.rowcount == 0:
        raise NotFoundError("There is no such Amazon connection.")


async def mark_synced(conn: Writer, connection_id: ConnectionId) -> None:
    await conn.execute(
        update(amazon_connection)
        .where(_c.connection_id == connection_id)
        .values(last_sync_at=func.now())
    )


def _connection(row: Row[Any]) -> Connection:
    return Connection(
        connection_id=ConnectionId(row.connection_id),
        user_id=UserId(row.user_id),
        selling_partner_id=row.selling_partner_id,
        region=row.region,
        environment=row.environment,
        marketplace_ids=tuple(row.marketplace_ids),
        status=row.status,
        refresh_token_sealed=row.refresh_token_sealed,
        authorized_at=row.authorized_at,
        last_sync_at=row.last_sync_at,
    )
