"""Runs syncs in a worker process: takes the lease, makes the attempt, ends or hands it over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from recoup.clock import Clock, utc_now
from recoup.db.engine import Database
from recoup.errors import DatabaseError, DatabaseUnreachableError, FencedError
from recoup.ids import SyncId
from recoup.logs import get_logger
from recoup.streams import all_streams
from recoup.streams._stream import Stream
from recoup.sync.access import SellerAccess
from recoup.sync.attempt import Attempt
from recoup.sync.end import give_up
from recoup.sync.pacing.slots import Slots
from recoup.sync.record.lease_queries import (
    HEARTBEAT,
    Fence,
    release_lease,
    renew_lease,
    take_lease,
)
from recoup.sync.record.queries import find_status, list_active_ids
from recoup.sync.record.states import SyncStatus
from recoup.sync.side_tasks import run_beside

_log = get_logger(__name__)

# Restarts of workers count too; a sync that needs more than this is not interrupted but broken.
_MOST_ATTEMPTS = 100
# Files being loaded by one worker: each takes a connection and a processor for as long as it lasts.
_FILES_AT_ONCE = 2


class SyncRunner:
    """Runs syncs of any seller. One per worker process; `owner` names the process in leases.

    slots: how many syncs work at once (recoup.sync.pacing.slots); any number may be under way.
    """

    def __init__(
        self,
        database: Database,
        access: SellerAccess,
        *,
        owner: str,
        streams: Sequence[Stream] | None = None,
        clock: Clock = utc_now,
        slots: int = 1000,
        server_syncs: bool = False,
        reached: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._database = database
        self._access = access
        self._owner = owner
        self._streams = tuple(streams) if streams is not None else all_streams()
        self._clock = clock
        self._reached = reached
        self._slots = Slots(slots)
        self._server_syncs = server_syncs
        self._loading = asyncio.Semaphore(_FILES_AT_ONCE)
        self._gone: dict[SyncId, asyncio.Event] = {}
        # Attempts that the database failed: an outage says nothing of a sync, however long it lasts.
        self._failed_by_database: Counter[SyncId] = Counter()

    async def run(self, sync_id: SyncId) -> None:
        """Works on a sync until it ends. Returns at once if there is nothing for this worker to do.

        May run twice and be killed anywhere: the lease decides who works, the fence who writes.
        When cancelled (a shutdown), releases the lease so that another worker continues at once.
        Raises DatabaseError if the attempt could not go on; another one may.
        """
        async with self._database.writing() as conn:
            lease = await take_lease(conn, sync_id, self._owner)
        if lease is None:
            return
        if lease.fence.attempt - self._failed_by_database[sync_id] > _MOST_ATTEMPTS:
            await give_up(self._database, lease, attempts=_MOST_ATTEMPTS)
            return
        _log.info("sync_taken", sync_id=sync_id, attempt=lease.fence.attempt)
        gone = self._gone[sync_id] = asyncio.Event()
        attempt = Attempt(
            self._database,
            self._access,
            lease,
            self._streams,
            self._clock,
            self._slots.seat(),
            self._loading,
            self._reached,
            self._server_syncs,
        )
        try:
            await run_beside(
                attempt.run(), self._heartbeat(lease.fence), _until_gone(gone, sync_id)
            )
        except FencedError:
            await self._log_stop(lease.fence)
        except BaseException as exc:
            if isinstance(exc, DatabaseError):
                self._failed_by_database[sync_id] += 1
            await asyncio.shield(self._release(lease.fence))
            raise
        else:
            del self._failed_by_database[sync_id]
        finally:
            # This process may have taken its own sync over: a laptop that slept past the lease.
            if self._gone.get(sync_id) is gone:
                del self._gone[sync_id]

    def interrupt(self, sync_id: SyncId) -> None:
        """Stops work on the cancelled sync, if this worker runs it."""
        if sync_id in self._gone:
            self._gone[sync_id].set()

    async def interrupt_ended(self) -> None:
        """Stops work on every sync that has ended meanwhile, as a cancel may have been missed."""
        running = list(self._gone)
        if not running:
            return
        async with self._database.reading() as conn:
            active = await list_active_ids(conn, running)
        for sync_id in set(running) - active:
            self.interrupt(sync_id)

    async def _heartbeat(self, fence: Fence) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            try:
                async with self._database.writing() as conn:
                    await renew_lease(conn, fence)
            except DatabaseUnreachableError:
                # The lease may outlive a short outage; when it does not, the fence stops us.
                _log.warning("lease_not_renewed", sync_id=fence.sync_id)

    async def _log_stop(self, fence: Fence) -> None:
        """Logs why work on the sync stopped: its user cancelled it, or another worker has it."""
        try:
            async with self._database.reading() as conn:
                status = await find_status(conn, fence.sync_id)
        except DatabaseUnreachableError:
            status = None
        event = "sync_cancelled" if status is SyncStatus.CANCELLED else "sync_fenced"
        _log.info(event, sync_id=fence.sync_id, attempt=fence.attempt)

    async def _release(self, fence: Fence) -> None:
        try:
            async with self._database.writing() as conn:
                await release_lease(conn, fence)
        except (FencedError, DatabaseUnreachableError):
            return
        _log.info("sync_released", sync_id=fence.sync_id)


async def _until_gone(gone: asyncio.Event, sync_id: SyncId) -> None:
    await gone.wait()
    raise FencedError(f"{sync_id} was cancelled")
