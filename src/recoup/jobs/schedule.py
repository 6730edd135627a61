"""Starting the syncs that nobody starts by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from procrastinate import App

from recoup.connections.queries import (
    get_connection,
    list_connections_by_server_schedule,
    list_own_schedules,
)
from recoup.connections.schedule import is_due
from recoup.db.engine import Database
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.jobs.start import begin_sync
from recoup.logs import get_logger
from recoup.sync.record.next_try import TRIGGER
from recoup.sync.record.next_try_queries import list_due_again

_log = get_logger(__name__)


async def start_scheduled_syncs(database: Database, queue: App) -> list[SyncId]:
    """Starts a sync of every active connection without a running one and without a schedule of its
    own; returns the new ones.
    """
    async with database.reading() as conn:
        due = await list_connections_by_server_schedule(conn)
    return await _start(database, queue, due, trigger="schedule")


async def start_own_syncs(database: Database, queue: App, minute: datetime) -> list[SyncId]:
    """Starts a sync of every active connection whose own schedule has this minute; returns the new
    ones.
    """
    async with database.reading() as conn:
        scheduled = await list_own_schedules(conn)
    due = [(one, connection) for one, connection, cron in scheduled if is_due(cron, minute)]
    return await _start(database, queue, due, trigger="schedule")


async def start_failed_again(database: Database, queue: App, now: datetime) -> list[SyncId]:
    """Starts a sync of every active connection whose last one failed for a reason that passes, once
    its time has come (recoup.sync.record.next_try); returns the new ones.
    """
    async with database.reading() as conn:
        due = await list_due_again(conn, now)
    return await _start(database, queue, due, trigger=TRIGGER)


async def _start(
    database: Database,
    queue: App,
    due: Sequence[tuple[WorkspaceId, ConnectionId]],
    *,
    trigger: str,
) -> list[SyncId]:
    started = []
    for workspace_id, connection_id in due:
        async with database.writing() as conn:
            try:
                connection = await get_connection(conn, workspace_id, connection_id)
                started.append(await begin_sync(conn, queue, connection, trigger=trigger))
            except (ConflictError, NotFoundError) as exc:
                _log.info("schedule_skipped", connection_id=connection_id, reason=str(exc))
    return started
