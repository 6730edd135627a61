"""Starting and cancelling syncs: the row and the job in one transaction."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from procrastinate import App

from recoup.clock import utc_now
from recoup.connections.queries import (
    Connection,
    choose_connection,
    keep_connection,
    require_reauthorization,
)
from recoup.db.engine import Database, Writer, notify
from recoup.errors import (
    ConflictError,
    KeyReusedError,
    MalformedAnswerError,
    ReauthorizationRequiredError,
    SyncAlreadyActiveError,
    SyncAlreadyEndedError,
    ThrottledError,
    UnavailableError,
)
from recoup.ids import ConnectionId, SyncId, UserId, sync_id
from recoup.jobs.queue import defer_sync
from recoup.logs import get_logger
from recoup.streams import all_streams
from recoup.sync.access import SellerAccess
from recoup.sync.announce import announce_connection, announce_end, announce_start
from recoup.sync.queries import (
    cancel_sync,
    find_active_sync,
    find_sync_by_key,
    get_sync,
    insert_sync,
)

CANCEL_CHANNEL = "recoup_cancel"
"""NOTIFY channel; the payload is the sync that was cancelled."""

_log = get_logger(__name__)
# "Start answers at once": a token exchange takes a fraction of a second when Amazon is well.
_CHECK_SECONDS = 5.0
_MESSAGE = "Sync started, waiting for a worker"
# Ids carry milliseconds: two starts of one user in the same one move apart.
_ID_TRIES = 1000


async def start_sync(
    database: Database,
    queue: App,
    access: SellerAccess,
    user_id: UserId,
    *,
    connection_id: ConnectionId | None = None,
    idempotency_key: str | None = None,
) -> SyncId:
    """Begin a sync of the connection named, or of the only one.

    Raises NotFoundError, NoConnectionError, AmbiguousConnectionError,
    ReauthorizationRequiredError, InvalidClientError, SyncAlreadyActiveError, or KeyReusedError for
    a key that was used for another connection.
    """
    async with database.reading() as conn:
        connection = await choose_connection(conn, user_id, connection_id)
        if idempotency_key is not None:
            earlier = await find_sync_by_key(conn, user_id, idempotency_key)
            if earlier is not None:
                return _same_start(earlier.connection_id, connection, earlier.sync_id)
        active = await find_active_sync(conn, connection.connection_id)
    if active is not None:
        raise SyncAlreadyActiveError(active.sync_id)
    await _check(database, access, connection)
    async with database.writing() as conn:
        return await begin_sync(
            conn, queue, connection, trigger="manual", idempotency_key=idempotency_key
        )


async def _check(database: Database, access: SellerAccess, connection: Connection) -> None:
    """Raises what a person must mend: ReauthorizationRequiredError or InvalidClientError."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await access.check(connection)
    except ReauthorizationRequiredError:
        async with database.writing() as conn:
            if await require_reauthorization(conn, connection):
                await announce_connection(conn, connection, "reauthorization_required")
        raise
    except (UnavailableError, ThrottledError, MalformedAnswerError, TimeoutError) as exc:
        # That Amazon cannot be asked now says nothing about the seller's permission. The sync
        # starts, and its worker tries until Amazon answers: nobody need press the button again.
        _log.info(
            "check_left_to_the_worker",
            connection_id=connection.connection_id,
            error=type(exc).__name__,
        )


async def begin_sync(
    conn: Writer,
    queue: App,
    connection: Connection,
    *,
    trigger: str,
    idempotency_key: str | None = None,
) -> SyncId:
    """Insert the row and queue the job. The database decides who of several is first.

    Raises SyncAlreadyActiveError, NotFoundError for a connection that was erased meanwhile, or
    KeyReusedError for a key used for another connection.
    """
    await keep_connection(conn, connection.connection_id)
    at = utc_now()
    for _ in range(_ID_TRIES):
        new_id = sync_id(connection.user_id, at)
        if await insert_sync(
            conn,
            sync_id=new_id,
            user_id=connection.user_id,
            connection_id=connection.connection_id,
            trigger=trigger,
            idempotency_key=idempotency_key,
            message=_MESSAGE,
            stream_names=[stream.name for stream in all_streams()],
        ):
            await defer_sync(queue, conn, new_id)
            await announce_start(conn, new_id)
            return new_id
        if idempotency_key is not None:
            earlier = await find_sync_by_key(conn, connection.user_id, idempotency_key)
            if earlier is not None:
                return _same_start(earlier.connection_id, connection, earlier.sync_id)
        active = await find_active_sync(conn, connection.connection_id)
        if active is not None:
            raise SyncAlreadyActiveError(active.sync_id)
        at += timedelta(milliseconds=1)
    raise ConflictError("Too many syncs were started at once; try again.")


def _same_start(earlier: ConnectionId, connection: Connection, found: SyncId) -> SyncId:
    if earlier != connection.connection_id:
        raise KeyReusedError("This Idempotency-Key was used for another connection.")
    return found


async def stop_sync(database: Database, user_id: UserId, sync_id: SyncId) -> None:
    """Cancel a running sync: the row says so when this returns, its worker is told by NOTIFY.

    Raises NotFoundError, SyncAlreadyEndedError.
    """
    async with database.writing() as conn:
        await get_sync(conn, user_id, sync_id)
        if not await cancel_sync(conn, user_id, sync_id, message="Sync cancelled"):
            raise SyncAlreadyEndedError("The sync has ended already; there is nothing to cancel.")
        await notify(conn, CANCEL_CHANNEL, sync_id)
        await announce_end(conn, sync_id)
