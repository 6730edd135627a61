"""The syncs in the database of this process; no API needs to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from recoup.api.sync_bodies import HistoryBody
from recoup.cli.choice import choose_workspace
from recoup.cli.syncs import no_sync_yet
from recoup.ids import ConnectionId, SyncId
from recoup.jobs.queries import count_live_workers
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.jobs.stop import stop_sync
from recoup.sync.access import SellerAccess
from recoup.sync.record.queries import find_newest_sync, get_sync, list_history
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import StatusBody, history_entry, status_body

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database
    from recoup.ids import WorkspaceId

_POLL_SECONDS = 0.25
_NO_WORKER = "No worker is running: start one with `recoup serve` or `recoup worker`."


class StoredSyncs:
    """user: an email address or the id of a workspace; not needed if there is only one."""

    def __init__(self, settings: Settings, database: Database, user: str | None) -> None:
        self._settings = settings
        self._database = database
        self._user = user

    async def start(self, connection: str | None) -> str:
        """Raises NoConnectionError, AmbiguousConnectionError, SyncAlreadyActiveError."""
        workspace_id = await self._workspace_id()
        access = SellerAccess(self._settings)
        queue = new_queue(self._database)
        try:
            async with queue.open_async():
                return await start_sync(
                    self._database,
                    queue,
                    access,
                    workspace_id,
                    connection_id=None if connection is None else ConnectionId(connection),
                )
        finally:
            await access.close()

    async def find(self, sync_id: str | None, connection: str | None) -> StatusBody:
        """Raises NotFoundError, CommandError."""
        named = None if connection is None else ConnectionId(connection)
        async with self._database.reading() as conn:
            workspace_id = await choose_workspace(conn, self._user)
            if sync_id is not None:
                return status_body(await get_sync(conn, workspace_id, SyncId(sync_id)))
            newest = await find_newest_sync(conn, workspace_id, named)
        if newest is None:
            raise no_sync_yet()
        return status_body(newest)

    async def follow(self, sync_id: str) -> AsyncGenerator[StatusBody]:
        """The states as they are when looked at, four times a second, each once."""
        workspace_id = await self._workspace_id()
        last: StatusBody | None = None
        while last is None or last.status is SyncStatus.IN_PROGRESS:
            if last is not None:
                await asyncio.sleep(_POLL_SECONDS)
            async with self._database.reading() as conn:
                body = status_body(await get_sync(conn, workspace_id, SyncId(sync_id)))
            if body != last:
                yield body
            last = body

    async def cancel(self, sync_id: str) -> None:
        """Raises SyncAlreadyEndedError."""
        await stop_sync(self._database, await self._workspace_id(), SyncId(sync_id))

    async def history(self, limit: int) -> HistoryBody:
        """The newest syncs and the number of all."""
        async with self._database.reading() as conn:
            workspace_id = await choose_workspace(conn, self._user)
            rows, total = await list_history(conn, workspace_id, limit=limit)
        return HistoryBody(syncs=[history_entry(row) for row in rows], total=total)

    async def advice(self) -> str | None:
        """Names the commands that start a worker, if none runs."""
        async with self._database.reading() as conn:
            return None if await count_live_workers(conn) else _NO_WORKER

    async def _workspace_id(self) -> WorkspaceId:
        async with self._database.reading() as conn:
            return await choose_workspace(conn, self._user)
