"""One attempt of a sync: continues where earlier attempts stopped, with streams side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from recoup.clock import Clock
from recoup.connections.queries import Connection, get_connection, served
from recoup.db.engine import Database
from recoup.disk import temporary_space
from recoup.errors import (
    ConfigurationError,
    DatabaseError,
    FencedError,
    NotAvailableError,
    RecoupError,
)
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.endpoints import Environment
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import InSandbox, Stream
from recoup.sync.access import SellerAccess
from recoup.sync.cursors.stored_rows_queries import count_stored_rows
from recoup.sync.detect_claims import detect_claims
from recoup.sync.end import end
from recoup.sync.loading.statistics_queries import renew_statistics
from recoup.sync.pacing.budget_queries import PgBudget, name_account
from recoup.sync.pacing.call_queries import add_calls
from recoup.sync.pacing.slots import Seat
from recoup.sync.planning.begin import begin_plan
from recoup.sync.planning.make import hurry_of
from recoup.sync.planning.running_plan import RunningPlan
from recoup.sync.progress_writer import ProgressWriter
from recoup.sync.reading.canned import read_canned
from recoup.sync.reading.stream import read_stream
from recoup.sync.record.lease_queries import Lease, hold_fence
from recoup.sync.record.progress import FINALIZING, STARTING
from recoup.sync.record.queries import SyncRow, read_sync
from recoup.sync.record.states import StreamStatus
from recoup.sync.record.stream_state import StreamState
from recoup.sync.reports.requests import ReportDesk
from recoup.sync.side_tasks import run_beside
from recoup.sync.stream_ends import Failure, StreamEnds
from recoup.sync.work import Work

_log = get_logger(__name__)

_NOT_IN_SANDBOX = "not available in Amazon's sandbox"
_CALLS_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A worker's attempt at the sync of `lease`, with everything it needs.

    seat: what uses the database or the processor is inside it; waits are not. loading, reached: as of
    recoup.sync.work.Work. server_syncs: as of recoup.sync.end.end.
    """

    database: Database
    access: SellerAccess
    lease: Lease
    streams: Sequence[Stream]
    clock: Clock
    seat: Seat
    loading: asyncio.Semaphore
    reached: Callable[[str], None]
    server_syncs: bool

    async def run(self) -> None:
        """Runs the attempt. Raises FencedError if the sync has a newer attempt or has ended."""
        async with self.seat.at_work():
            async with self.database.reading() as conn:
                sync = await read_sync(conn, self.lease.fence.sync_id)
                connected = await get_connection(
                    conn, self.lease.workspace_id, self.lease.connection_id
                )
                connection = served(connected)
                known = await count_stored_rows(conn, connection.connection_id, self.streams)
            states = [_state(stream, sync, known[stream.name]) for stream in self.streams]
            writer = ProgressWriter(
                self.database,
                self.lease.fence,
                states,
                progress=self.lease.progress,
                clock=self.clock,
            )
            await writer.milestone(STARTING)
        failures, now = await self._read_all(connection, states, writer)
        unread = {failure.stream for failure in failures}
        unread |= {state.stream.name for state in states if state.unavailable}
        async with self.seat.at_work():
            await writer.milestone(FINALIZING)
            broken = await detect_claims(
                self.database,
                self.lease,
                connection,
                now=now,
                unread=[stream for stream in self.streams if stream.name in unread],
            )
            if broken is not None:
                failures.append(Failure("claims", broken))
            await end(
                self.database,
                self.lease,
                connected,
                failures,
                progress=writer.progress,
                server_syncs=self.server_syncs,
            )

    async def _read_all(
        self, connection: Connection, states: Sequence[StreamState], writer: ProgressWriter
    ) -> tuple[list[Failure], datetime]:
        """Reads every stream that is not complete yet, side by side.

        Returns those that failed, and Amazon's time at the end.
        """
        ends = StreamEnds(self.database, self.lease.fence, self.seat, self.clock)
        unfinished = [state for state in states if not state.finished]
        try:
            async with self.seat.at_work():
                _require_marketplace(connection)
                budget = await self._open_budget(connection, writer)
                api = await self.access.open(connection, budget, self.seat)
        except (FencedError, DatabaseError):
            raise
        except RecoupError as exc:
            return [await ends.fail(state.stream.name, exc) for state in unfinished], self.clock()
        async with self.seat.at_work():
            plan = await begin_plan(
                self.database,
                connection,
                [state.stream for state in unfinished],
                budget,
                sync_id=self.lease.fence.sync_id,
                now=api.now(),
                clock=self.clock,
            )
        work = Work(
            self.database,
            api,
            connection,
            self.lease.fence,
            plan=plan,
            seat=self.seat,
            loading=self.loading,
            reached=self.reached,
        )
        desk = _open_desk(work, plan, budget)
        asked = [state for state in unfinished if _shape(work, state) is not InSandbox.NOTHING]
        await ends.begin([state.stream.name for state in asked])
        outcomes = await run_beside(
            work.standstill.run_all(
                [partial(_read_one, work, state, desk, ends) for state in unfinished]
            ),
            writer.run(plan),
            self._count_calls(connection, api),
        )
        await writer.store(plan)
        await self._store_calls(connection, api)
        failures = [failure for failure in outcomes if failure is not None]
        doubted = await ends.doubt_refusals(connection.connection_id, states)
        return failures + doubted, api.now()

    async def _open_budget(self, connection: Connection, writer: ProgressWriter) -> PgBudget:
        """The budget of the connection's account. Raises ReauthorizationRequiredError."""
        account = self.access.account(connection)
        async with self.database.writing() as conn:
            await name_account(conn, connection.connection_id, account)
            await hold_fence(conn, self.lease.fence)
        return PgBudget(
            self.database,
            account,
            waiting=writer.waiting,
            hindered=writer.hindered,
            workplace=self.seat,
        )

    async def _count_calls(self, connection: Connection, api: SpApi) -> None:
        """Stores the number of calls made, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_CALLS_EVERY_SECONDS)
            await self._store_calls(connection, api)

    async def _store_calls(self, connection: Connection, api: SpApi) -> None:
        calls = api.uncounted_calls()
        if calls:
            async with self.database.writing() as conn:
                await add_calls(conn, connection.connection_id, api.now().date(), calls)
            api.count_off(calls)


async def _read_one(
    work: Work, state: StreamState, desk: ReportDesk, ends: StreamEnds
) -> Failure | None:
    """Reads one stream; returns why it failed. Raises only FencedError and DatabaseError."""
    name, in_sandbox = state.stream.name, _shape(work, state)
    if in_sandbox is InSandbox.NOTHING:
        await ends.set_aside(state, NotAvailableError(_NOT_IN_SANDBOX))
        return None
    try:
        with temporary_space():
            if not isinstance(in_sandbox, InSandbox):
                await read_canned(work, state, in_sandbox)
            else:
                await read_stream(work, state, desk)
    except (FencedError, DatabaseError):
        raise
    except NotAvailableError as exc:
        await ends.set_aside(state, exc)
        return None
    except RecoupError as exc:
        return await ends.fail(name, exc)
    except Exception as exc:  # noqa: BLE001 - logged with its traceback, and reported
        # A bug in one stream must not take the others with it, nor be tried again for ever.
        _log.exception("stream_broken", sync_id=work.fence.sync_id, stream=name)
        reason = f"an internal error of recoup ({type(exc).__name__}); see the log"
        return await ends.fail(name, RecoupError(reason))
    if state.rows:
        await renew_statistics(work.database, state.stream)
    await ends.complete(name, rows=state.rows)
    return None


def _shape(
    work: Work, state: StreamState
) -> InSandbox | Callable[[SpApi], Awaitable[OperationPage]]:
    """How the stream can be had in this environment."""
    if work.connection.environment != Environment.SANDBOX:
        return InSandbox.AS_PRODUCTION
    return state.api.in_sandbox if state.stream.api else InSandbox.NOTHING


def _open_desk(work: Work, plan: RunningPlan, budget: PgBudget) -> ReportDesk:
    """The desk where all streams of this attempt request their reports."""
    return ReportDesk(
        work.api,
        work.database,
        work.connection.connection_id,
        fence=work.fence,
        types=plan.report_types(),
        hurry=lambda: hurry_of(work.connection, budget.usage(CREATE_REPORT)),
        is_still=lambda: work.standstill.is_reached,
    )


def _state(stream: Stream, sync: SyncRow, known_rows: int | None) -> StreamState:
    """The state of a stream of this sync after earlier attempts."""
    row = next((row for row in sync.streams if row.name == stream.name), None)
    if row is None:
        return StreamState(stream, known_rows=known_rows)
    is_unavailable = row.status is StreamStatus.UNAVAILABLE
    return StreamState(
        stream,
        rows=row.rows,
        rows_read=row.rows_read,
        pages=row.pages,
        known_rows=known_rows,
        finished=is_unavailable or row.status is StreamStatus.COMPLETE,
        unavailable=NotAvailableError(row.error or "", is_news=False) if is_unavailable else None,
    )


def _require_marketplace(connection: Connection) -> None:
    """Raises ConfigurationError if recoup knows none of the connection's marketplaces.

    Amazon's own sandbox needs none.
    """
    if not connection.marketplace_ids and connection.environment != Environment.SANDBOX:
        raise ConfigurationError(
            "recoup knows none of the connection's marketplaces: connect the account again "
            "with the marketplaces where you sell."
        )
