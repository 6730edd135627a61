"""Starting syncs: the row and the job in one transaction."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from procrastinate import App

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.clock import utc_now
from recoup.connections.expiry import refusal_reason
from recoup.connections.queries import (
    Connection,
    choose_synced_connection,
    keep_connection,
    require_reauthorization,
)
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database, Writer
from recoup.errors import (
    ConflictError,
    KeyReusedError,
    MalformedAnswerError,
    ReauthorizationRequiredError,
    SyncAlreadyActiveError,
    ThrottledError,
    UnavailableError,
)
from recoup.ids import ConnectionId, SyncId, WorkspaceId, sync_id
from recoup.jobs.queue import defer_sync
from recoup.logs import get_logger
from recoup.streams import all_streams
from recoup.sync.access import SellerAccess
from recoup.sync.record.announce import announce_connection, announce_start
from recoup.sync.record.queries import (
    find_active_sync,
    find_sync_by_key,
    insert_sync,
)

_log = get_logger(__name__)
# "Start answers at once": a token exchange takes a fraction of a second when Amazon is well.
_CHECK_SECONDS = 5.0
_MESSAGE = "Sync started, waiting for a worker"
# Ids carry milliseconds: two starts of one user in the same one are separated.
_ID_TRIES = 1000


async def start_sync(
    database: Database,
    queue: App,
    access: SellerAccess,
    workspace_id: WorkspaceId,
    *,
    connection_id: ConnectionId | None = None,
    idempotency_key: str | None = None,
) -> SyncId:
    """Starts a sync of the named connection, or of the only one.

    Raises NotFoundError, NoConnectionError, AmbiguousConnectionError, InvalidRequestError for files,
    ReauthorizationRequiredError, InvalidClientError, EnvironmentUnavailableError, SyncAlreadyActiveError, or KeyReusedError for
    a key that was used for another connection.
    """
    async with database.reading() as conn:
        connection = await choose_synced_connection(conn, workspace_id, connection_id)
        if idempotency_key is not None:
            earlier = await find_sync_by_key(conn, workspace_id, idempotency_key)
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
    """Raises what a person must fix: ReauthorizationRequiredError, InvalidClientError or
    EnvironmentUnavailableError.
    """
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await access.check(connection)
    except ReauthorizationRequiredError:
        reason = refusal_reason(connection.authorized_at, utc_now())
        async with database.writing() as conn:
            if await require_reauthorization(conn, connection, reason):
                await announce_connection(
                    conn, connection, ConnectionStatus.REAUTHORIZATION_REQUIRED, reason=reason
                )
        raise
    except (UnavailableError, ThrottledError, MalformedAnswerError, TimeoutError) as exc:
        # That Amazon cannot be reached now says nothing about the seller's permission. The sync
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
    """Inserts the row and queues the job. The database decides which of several is first.

    Raises SyncAlreadyActiveError, NotFoundError for a connection that was erased meanwhile, or
    KeyReusedError for a key used for another connection.
    """
    await keep_connection(conn, connection.connection_id)
    at = utc_now()
    for _ in range(_ID_TRIES):
        new_id = sync_id(connection.workspace_id, at)
        if await insert_sync(
            conn,
            sync_id=new_id,
            workspace_id=connection.workspace_id,
            connection_id=connection.connection_id,
            trigger=trigger,
            idempotency_key=idempotency_key,
            message=_MESSAGE,
            stream_names=[stream.name for stream in all_streams()],
        ):
            await defer_sync(queue, conn, new_id)
            await record(
                conn,
                Action.SYNC_STARTED,
                new_id,
                workspace_id=connection.workspace_id,
                trigger=trigger,
            )
            await announce_start(conn, new_id)
            return new_id
        if idempotency_key is not None:
            earlier = await find_sync_by_key(conn, connection.workspace_id, idempotency_key)
            if earlier is not None:
                return _same_start(earlier.connection_id, connection, earlier.sync_id)
        active = await find_active_sync(conn, connection.connection_id)
        if active is not None:
            raise SyncAlreadyActiveError(active.sync_id)
        at += timedelta(milliseconds=1)
    raise ConflictError("Too many syncs were started at the same time; try again.")


def _same_start(earlier: ConnectionId, connection: Connection, found: SyncId) -> SyncId:
    if earlier != connection.connection_id:
        raise KeyReusedError("This Idempotency-Key was used for another connection.")
    return found
