"""Running one sync: take the lease, read the streams side by side, end it, or hand it on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from recoup.clock import Clock, utc_now
from recoup.connections.queries import (
    Connection,
    get_connection,
    mark_synced,
    require_reauthorization,
)
from recoup.db.engine import Database
from recoup.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    FencedError,
    ReauthorizationRequiredError,
    RecoupError,
)
from recoup.ids import SyncId
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.endpoints import Environment
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.streams import all_streams
from recoup.streams.stream import InSandbox, Stream
from recoup.sync.access import SellerAccess
from recoup.sync.announce import announce_connection, announce_end
from recoup.sync.course import Course
from recoup.sync.detect_claims import detect_claims
from recoup.sync.lease_queries import (
    HEARTBEAT,
    Fence,
    Lease,
    end_sync,
    hold_fence,
    release_lease,
    renew_lease,
    take_lease,
    update_stream,
)
from recoup.sync.limits_pg import PgBudget
from recoup.sync.make_plan import hurry_of, make_plan, operations_of, planned_streams
from recoup.sync.plan_queries import find_plan, read_usage
from recoup.sync.progress import COMPLETE, FINALIZING, MESSAGES, STARTING
from recoup.sync.queries import SyncRow, list_active_ids, read_sync
from recoup.sync.read_canned import read_canned
from recoup.sync.read_planned import read_planned
from recoup.sync.report_desk import ReportDesk
from recoup.sync.reporter import Reporter
from recoup.sync.side_tasks import run_all, run_beside
from recoup.sync.slots import Seat, Slots
from recoup.sync.stored_rows_queries import count_stored_rows
from recoup.sync.stream_state import StreamState
from recoup.sync.work import Work

_log = get_logger(__name__)

# Restarts of workers count too; a sync that needs more than this is not interrupted but broken.
_MOST_ATTEMPTS = 100
# Files being loaded by one worker: each takes a connection and a processor for as long as it lasts.
_FILES_AT_ONCE = 2
_NOT_IN_SANDBOX = "not available in Amazon's sandbox"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stream did not end well."""

    stream: str
    error: RecoupError


class SyncRunner:
    """Runs syncs of any seller. One per worker process; `owner` names the process in leases.

    slots: how many syncs work at once (recoup.sync.slots); any number may be under way.
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
        reached: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._database = database
        self._access = access
        self._owner = owner
        self._streams = tuple(streams) if streams is not None else all_streams()
        self._clock = clock
        self._reached = reached
        self._slots = Slots(slots)
        self._loading = asyncio.Semaphore(_FILES_AT_ONCE)
        self._gone: dict[SyncId, asyncio.Event] = {}

    async def run(self, sync_id: SyncId) -> None:
        """Work on a sync until it ends. Returns at once when there is nothing to do for us.

        May run twice and be killed anywhere: the lease decides who works, the fence who writes.
        When cancelled (a shutdown), gives the lease back so that another worker goes on at once.
        """
        async with self._database.writing() as conn:
            lease = await take_lease(conn, sync_id, self._owner)
        if lease is None:
            return
        if lease.fence.attempt > _MOST_ATTEMPTS:
            await self._give_up(lease)
            return
        _log.info("sync_taken", sync_id=sync_id, attempt=lease.fence.attempt)
        gone = self._gone[sync_id] = asyncio.Event()
        try:
            await run_beside(
                self._work(lease), self._heartbeat(lease.fence), _until_gone(gone, sync_id)
            )
        except FencedError:
            _log.info("sync_fenced", sync_id=sync_id, attempt=lease.fence.attempt)
        except BaseException:
            await asyncio.shield(self._release(lease.fence))
            raise
        finally:
            # This process may have taken its own sync over: a laptop that slept past the lease.
            if self._gone.get(sync_id) is gone:
                del self._gone[sync_id]

    def interrupt(self, sync_id: SyncId) -> None:
        """The sync was cancelled: stop working on it now, if we do."""
        if sync_id in self._gone:
            self._gone[sync_id].set()

    async def interrupt_ended(self) -> None:
        """Stop working on every sync that has ended meanwhile: its cancel may not have been heard."""
        running = list(self._gone)
        if not running:
            return
        async with self._database.reading() as conn:
            active = await list_active_ids(conn, running)
        for sync_id in set(running) - active:
            self.interrupt(sync_id)

    async def _give_up(self, lease: Lease) -> None:
        """What failed so often in the same way will not succeed: free the connection."""
        async with self._database.writing() as conn:
            await end_sync(
                conn,
                lease.fence,
                status="failed",
                message="Sync failed: it did not get to an end. The next sync goes on.",
                error=f"gave up after {_MOST_ATTEMPTS} attempts; the log of the workers says why",
                progress=lease.progress,
            )
            await announce_end(conn, lease.fence.sync_id)

    async def _heartbeat(self, fence: Fence) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            try:
                async with self._database.writing() as conn:
                    await renew_lease(conn, fence)
            except DatabaseUnreachableError:
                # The lease may outlive a short outage; when it does not, the fence stops us.
                _log.warning("lease_not_renewed", sync_id=fence.sync_id)

    async def _release(self, fence: Fence) -> None:
        try:
            async with self._database.writing() as conn:
                await release_lease(conn, fence)
        except (FencedError, DatabaseUnreachableError):
            return
        _log.info("sync_released", sync_id=fence.sync_id)

    async def _work(self, lease: Lease) -> None:
        """All of it. What uses the database or the processor does so in a slot; waits do not."""
        seat = self._slots.seat()
        async with seat.at_work():
            async with self._database.reading() as conn:
                sync = await read_sync(conn, lease.fence.sync_id)
                connection = await get_connection(conn, lease.user_id, lease.connection_id)
                known = await count_stored_rows(conn, connection.connection_id, self._streams)
            states = [_state(stream, sync, known[stream.name]) for stream in self._streams]
            reporter = Reporter(
                self._database, lease.fence, states, progress=lease.progress, clock=self._clock
            )
            await reporter.milestone(STARTING)
        budget = PgBudget(
            self._database,
            self._access.account(connection),
            waiting=reporter.waiting,
            hindered=reporter.hindered,
            turns=seat,
        )
        failures, now = await self._read_all(lease, connection, states, reporter, budget, seat)
        unread = {failure.stream for failure in failures}
        async with seat.at_work():
            await reporter.milestone(FINALIZING)
            broken = await detect_claims(
                self._database,
                lease,
                connection,
                now=now,
                unread=[stream for stream in self._streams if stream.name in unread],
            )
            if broken is not None:
                failures.append(Failure("claims", broken))
            await self._end(lease, connection, reporter, failures)

    async def _read_all(
        self,
        lease: Lease,
        connection: Connection,
        states: Sequence[StreamState],
        reporter: Reporter,
        budget: PgBudget,
        seat: Seat,
    ) -> tuple[list[Failure], datetime]:
        """Every stream that is not complete yet, side by side.

        Gives those that failed, and Amazon's time at the end.
        """
        try:
            async with seat.at_work():
                api = await self._access.open(connection, budget, seat)
        except RecoupError as exc:
            if isinstance(exc, DatabaseError):
                raise
            unread = [state.stream.name for state in states if not state.finished]
            failures = [await self._fail(lease.fence, seat, name, exc) for name in unread]
            return failures, self._clock()
        async with seat.at_work():
            course = await self._plan(lease, connection, states, api, budget)
        work = Work(
            self._database,
            api,
            connection,
            lease.fence,
            course=course,
            seat=seat,
            loading=self._loading,
            reached=self._reached,
        )
        desk = _open_desk(work, budget)
        outcomes = await run_beside(
            run_all([self._read_one(work, state, desk) for state in states if not state.finished]),
            reporter.run(course),
        )
        await reporter.store(course)
        return [failure for failure in outcomes if failure is not None], api.now()

    async def _plan(
        self,
        lease: Lease,
        connection: Connection,
        states: Sequence[StreamState],
        api: SpApi,
        budget: PgBudget,
    ) -> Course:
        """What is left of the sync, planned anew for this attempt."""
        unread = [state.stream for state in states if not state.finished]
        streams = planned_streams(connection, unread)
        account = self._access.account(connection)
        async with self._database.reading() as conn:
            budget.recall(await read_usage(conn, account))
            earlier = await find_plan(conn, lease.fence.sync_id)
            plan = await make_plan(
                conn,
                connection,
                streams,
                account=account,
                now=api.now(),
                sync_id=lease.fence.sync_id,
            )
        operations = operations_of(streams)
        return Course(
            plan,
            usage=lambda: {operation.name: budget.usage(operation) for operation in operations},
            clock=self._clock,
            earlier=earlier,
        )

    async def _read_one(self, work: Work, state: StreamState, desk: ReportDesk) -> Failure | None:
        name = state.stream.name
        in_sandbox = state.api.in_sandbox if state.stream.api else InSandbox.NOTHING
        if work.connection.environment != Environment.SANDBOX:
            in_sandbox = InSandbox.AS_PRODUCTION
        if in_sandbox is InSandbox.NOTHING:
            await self._mark(
                work.fence, work.seat, name, status="unavailable", error=_NOT_IN_SANDBOX
            )
            state.finished = True
            return None
        await self._mark(work.fence, work.seat, name, status="in_progress", started=True)
        try:
            if not isinstance(in_sandbox, InSandbox):
                await read_canned(work, state, in_sandbox)
            else:
                await read_planned(work, state, desk)
        except (FencedError, DatabaseError):
            raise
        except RecoupError as exc:
            return await self._fail(work.fence, work.seat, name, exc)
        except Exception as exc:  # noqa: BLE001 - logged with its traceback, and reported
            # A bug in one stream must not take the others with it, nor be tried again for ever.
            _log.exception("stream_broken", sync_id=work.fence.sync_id, stream=name)
            reason = f"an error of recoup itself ({type(exc).__name__}); its log says more"
            return await self._fail(work.fence, work.seat, name, RecoupError(reason))
        await self._mark(
            work.fence, work.seat, name, status="complete", ended=True, expected=state.rows
        )
        return None

    async def _fail(self, fence: Fence, seat: Seat, name: str, error: RecoupError) -> Failure:
        _log.warning("stream_failed", sync_id=fence.sync_id, stream=name, error=str(error))
        await self._mark(fence, seat, name, status="failed", ended=True, error=str(error))
        return Failure(name, error)

    async def _mark(
        self,
        fence: Fence,
        seat: Seat,
        name: str,
        *,
        status: str,
        started: bool = False,
        ended: bool = False,
        error: str | None = None,
        expected: int | None = None,
    ) -> None:
        values: dict[str, object] = {"status": status, "error": error}
        if started:
            values["started_at"] = self._clock()
        if ended:
            values["completed_at"] = self._clock()
        if expected is not None:
            values["expected_rows"] = expected
        async with seat.at_work(), self._database.writing() as conn:
            await update_stream(conn, fence.sync_id, name, values)
            await hold_fence(conn, fence)

    async def _end(
        self,
        lease: Lease,
        connection: Connection,
        reporter: Reporter,
        failures: Sequence[Failure],
    ) -> None:
        """Complete when every stream is; else failed, naming the streams and the reasons."""
        refused = any(isinstance(f.error, ReauthorizationRequiredError) for f in failures)
        async with self._database.writing() as conn:
            news = refused and await require_reauthorization(conn, connection)
            if not failures:
                await mark_synced(conn, connection.connection_id)
            if failures:
                await end_sync(
                    conn,
                    lease.fence,
                    status="failed",
                    message=_failed_message(failures),
                    error=_failed_reasons(failures),
                    progress=reporter.progress,
                )
            else:
                await end_sync(
                    conn,
                    lease.fence,
                    status="complete",
                    message=MESSAGES[COMPLETE],
                    error=None,
                    progress=COMPLETE,
                )
            # Announcements last: they lock the user's feed, which everybody locks last.
            if news:
                await announce_connection(conn, connection, "reauthorization_required")
            await announce_end(conn, lease.fence.sync_id)
        _log.info(
            "sync_ended",
            sync_id=lease.fence.sync_id,
            status="failed" if failures else "complete",
            failed_streams=[f.stream for f in failures],
        )


def _open_desk(work: Work, budget: PgBudget) -> ReportDesk:
    """The desk where all streams of this attempt ask for their reports."""
    return ReportDesk(
        work.api,
        work.database,
        work.connection.connection_id,
        types=work.course.report_types(),
        hurry=lambda: hurry_of(work.connection, budget.usage(CREATE_REPORT)),
    )


def _state(stream: Stream, sync: SyncRow, known_rows: int | None) -> StreamState:
    """Where a stream of this sync stands after earlier attempts."""
    row = next((row for row in sync.streams if row.name == stream.name), None)
    if row is None:
        return StreamState(stream, known_rows=known_rows)
    return StreamState(
        stream,
        rows=row.rows,
        rows_read=row.rows_read,
        pages=row.pages,
        known_rows=known_rows,
        finished=row.status == "complete",
    )


async def _until_gone(gone: asyncio.Event, sync_id: SyncId) -> None:
    await gone.wait()
    raise FencedError(f"{sync_id} was cancelled")


def _failed_message(failures: Sequence[Failure]) -> str:
    names = " and ".join(sorted({failure.stream for failure in failures}))
    return f"Sync failed: {names}. What the other streams brought stays; the next sync goes on."


def _failed_reasons(failures: Sequence[Failure]) -> str:
    return "; ".join(f"{failure.stream}: {failure.error}" for failure in failures)
