"""A worker: runs the queue's jobs, listens for cancels, rescues syncs without a worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from procrastinate.exceptions import ConnectorException

from recoup.audit.queries import forget_old_entries
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.db.listen import listen
from recoup.db.sleepers import Sleepers
from recoup.errors import DatabaseError, DatabaseUnreachableError
from recoup.events.queries import delete_superseded_events
from recoup.ids import SyncId
from recoup.jobs.outage import OutagePause
from recoup.jobs.queries import forget_old_jobs
from recoup.jobs.queue import RUN_SYNC, SYNC_QUEUE, UPKEEP_QUEUE, defer_sync, new_queue
from recoup.jobs.schedule import start_failed_again, start_own_syncs, start_scheduled_syncs
from recoup.jobs.stop import CANCEL_CHANNEL
from recoup.logs import get_logger
from recoup.notifications.queries import forget_old_notifications
from recoup.outgoing.runner import OutgoingRunner
from recoup.spapi.secret_age import secret_warning
from recoup.streams._stream import Stream
from recoup.sync.access import SellerAccess
from recoup.sync.record.expiries import tell_expiries
from recoup.sync.record.lease_queries import list_orphaned_syncs
from recoup.sync.retention.apply import apply_retention
from recoup.sync.retention.reduce import reduce_stored
from recoup.sync.runner import SyncRunner
from recoup.sync.side_tasks import cancel_all, run_beside

_log = get_logger(__name__)

_RESCUE_EVERY_SECONDS = 2.0
_KEEP_EVENTS = timedelta(days=2)
_KEEP_JOBS_DAYS = 7
_KEEP_NOTIFICATIONS_DAYS = 30
# Syncs are scheduled in the same queue, and must not wait long.
_DELETE_AT_MOST = timedelta(minutes=5)
# A sync under way waits most of its life, and holds one of the worker's slots only while it works
# (recoup.sync.pacing.slots). So a worker takes on many times as many as may work at once; the limit is for
# what each keeps in memory.
_SYNCS_PER_SLOT = 50
# On shutdown a job releases its lease and ends; it may take this long.
_GRACE_SECONDS = 3.0
_RECONNECT_SECONDS = 2.0


class Worker:
    """One worker process. `owner` in the leases is this host and process."""

    def __init__(
        self, settings: Settings, database: Database, *, streams: Sequence[Stream] | None = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._access = SellerAccess(settings)
        self._queue = new_queue(database)
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._outage = OutagePause()
        self._runner = SyncRunner(
            database,
            self._access,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            streams=streams,
            slots=settings.worker_concurrency,
            server_syncs=bool(settings.sync_schedule),
        )
        self._outgoing = OutgoingRunner(settings, database)
        self._register_tasks()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; then hands over the running syncs and returns.

        A database that goes away is waited for: a worker outlives its restart.
        """
        _log.info("worker_started", concurrency=self._settings.worker_concurrency)
        try:
            while not stop.is_set():
                try:
                    await self._work(stop)
                except (ConnectorException, DatabaseUnreachableError) as exc:
                    _log.warning("worker_without_database", reason=type(exc).__name__)
                    await _sleep_unless(stop, _RECONNECT_SECONDS)
        finally:
            await self._access.close()
        _log.info("worker_stopped")

    async def _work(self, stop: asyncio.Event) -> None:
        await self._warn_of_expiries()
        async with self._queue.open_async():
            await run_beside(
                self._stopping_on(stop),
                self._run_jobs(
                    SYNC_QUEUE, concurrency=_SYNCS_PER_SLOT * self._settings.worker_concurrency
                ),
                # Of its own, so that syncs of hours do not keep the schedule waiting.
                self._run_jobs(UPKEEP_QUEUE, concurrency=1),
                self._hear_cancels(),
                self._rescue(),
                self._outgoing.run_reminders(),
                self._outgoing.run_webhooks(),
                self._outgoing.run_mails(),
            )

    async def _run_jobs(self, name: str, *, concurrency: int) -> None:
        """Raises DatabaseUnreachableError if the queue's library gave up, as it then returns."""
        await self._queue.run_worker_async(
            queues=[name],
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=_GRACE_SECONDS,
            delete_jobs="successful",
        )
        if not self._stopping:
            raise DatabaseUnreachableError("The job queue lost the database.")

    async def _stopping_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        await cancel_all(list(self._running))

    def _register_tasks(self) -> None:
        queue = self._queue

        @queue.task(name=RUN_SYNC, queue=SYNC_QUEUE)
        async def run_sync(sync_id: str) -> None:
            """Works on a sync until it ends: minutes to days. May run twice: the lease decides."""
            if self._stopping:
                await self._hand_on(SyncId(sync_id))
                return
            if self._outage.is_on:
                return  # the rescuer comes back to it
            task = asyncio.create_task(self._runner.run(SyncId(sync_id)))
            self._running.add(task)
            try:
                await asyncio.wait({task})
            finally:
                self._running.discard(task)
                task.cancel()
            if task.cancelled():
                await self._hand_on(SyncId(sync_id))
            else:
                self._conclude(SyncId(sync_id), task)

        @queue.periodic(cron="17 3 * * *", periodic_id="upkeep")
        @queue.task(name="upkeep.forget", queue=UPKEEP_QUEUE)
        async def forget(timestamp: int) -> None:  # noqa: ARG001 - the queue passes it
            """Deletes events that newer ones replaced, old jobs, old entries of the audit log and of
            the logs of what was sent.

            Seconds; may run twice.
            """
            await self._warn_of_expiries()
            async with self._database.writing() as conn:
                await delete_superseded_events(conn, before=utc_now() - _KEEP_EVENTS)
                await forget_old_jobs(conn, days=_KEEP_JOBS_DAYS)
                await forget_old_entries(conn)
                await forget_old_notifications(conn, days=_KEEP_NOTIFICATIONS_DAYS)

        @queue.periodic(cron="41 * * * *", periodic_id="retention")
        @queue.task(name="upkeep.retention", queue=UPKEEP_QUEUE)
        async def retain(timestamp: int) -> None:  # noqa: ARG001 - the queue passes it
            """Deletes what is too old, once a week for each connection, and once what earlier versions
            stored besides. Minutes at most; may run twice, and be killed: the next hour goes on.
            """
            await apply_retention(
                self._database,
                months=self._settings.retention_months,
                now=utc_now,
                at_most=_DELETE_AT_MOST,
            )
            await reduce_stored(self._database, now=utc_now, at_most=_DELETE_AT_MOST)

        @queue.periodic(cron="* * * * *", periodic_id="own_schedules")
        @queue.task(name="sync.own_schedules", queue=UPKEEP_QUEUE)
        async def own_schedules(timestamp: int) -> None:
            """Starts the syncs of connections that have a schedule of their own, and again those that
            failed for a reason that passes. Milliseconds; may run twice.
            """
            minute = datetime.fromtimestamp(timestamp, UTC)
            await start_own_syncs(self._database, queue, minute)
            await start_failed_again(self._database, queue, minute)

        if self._settings.sync_schedule:

            @queue.periodic(cron=self._settings.sync_schedule, periodic_id="schedule")
            @queue.task(name="sync.schedule", queue=UPKEEP_QUEUE)
            async def schedule(timestamp: int) -> None:  # noqa: ARG001 - the queue passes it
                """Starts a sync of the active connections without a schedule of their own. Seconds;
                may run twice.
                """
                await start_scheduled_syncs(self._database, queue)

    def _conclude(self, sync_id: SyncId, task: asyncio.Task[None]) -> None:
        """Raises what a bug of ours raised; what the database failed is begun again later."""
        try:
            task.result()
        except DatabaseError as exc:
            pause = self._outage.begin()
            _log.warning("sync_interrupted", sync_id=sync_id, reason=str(exc), pause_seconds=pause)
        else:
            self._outage.forget()

    async def _warn_of_expiries(self) -> None:
        rotated_on = self._settings.lwa_secret_rotated_on
        now = utc_now()
        if rotated_on is not None and (says := secret_warning(rotated_on, now.date())):
            _log.warning("client_secret_is_old", says=says)
        await tell_expiries(self._database, secret_rotated_on=rotated_on, now=now)

    async def _hand_on(self, sync_id: SyncId) -> None:
        """Queues the sync again, so that another worker need not wait for the rescuer."""
        async with self._database.writing() as conn:
            await defer_sync(self._queue, conn, sync_id)

    async def _hear_cancels(self) -> None:
        async for notification in listen(self._database.conninfo, [CANCEL_CHANNEL]):
            if notification.payload:
                self._runner.interrupt(SyncId(notification.payload))
            else:
                await self._runner.interrupt_ended()

    async def _rescue(self) -> None:
        """Ends sessions that sleep on their locks, and queues a job for each sync whose worker died.
        On every worker, harmless if doubled.
        """
        sleepers = Sleepers(self._database)
        while True:
            await asyncio.sleep(_RESCUE_EVERY_SECONDS)
            if self._outage.is_on:
                continue
            try:
                # First, as what follows may wait for one of them, too.
                if ended := await sleepers.end():
                    _log.warning("sleeping_sessions_ended", sessions=ended)
                async with self._database.writing() as conn:
                    for sync_id in await list_orphaned_syncs(conn):
                        if await defer_sync(self._queue, conn, sync_id):
                            _log.info("sync_rescued", sync_id=sync_id)
            except DatabaseUnreachableError:
                _log.warning("rescue_postponed")


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
