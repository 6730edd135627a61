"""Writes the progress of a running sync to its row and events, at most four times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypedDict

from recoup.clock import Clock
from recoup.db.engine import Database
from recoup.spapi.operation import Operation
from recoup.sync.planning.queries import write_plan
from recoup.sync.planning.running_plan import RunningPlan
from recoup.sync.record.announce import announce
from recoup.sync.record.lease_queries import Fence, hold_fence, update_fenced
from recoup.sync.record.progress import (
    FETCHING,
    MESSAGES,
    MILESTONES,
    PROCESSING,
    Hindrance,
    StreamProgress,
    differs,
    message,
    milestones_between,
    percent,
)
from recoup.sync.record.stream_queries import update_stream
from recoup.sync.record.stream_state import StreamState

_EVERY_SECONDS = 0.25
_PLAN_EVERY_SECONDS = 2.0
_NOTHING: Mapping[str, datetime | None] = MappingProxyType({})
_MESSAGES_BY_MILESTONE = frozenset({FETCHING, PROCESSING})


class _Orders(TypedDict, total=False):
    """Columns for the two counts of orders in a sync's status."""

    orders_processed: int
    total_orders: int | None


class _Columns(_Orders):
    """Columns for the progress of a sync."""

    progress: int
    message: str


class _Estimated(_Columns):
    estimated_completion: datetime


class ProgressWriter:
    """Writes the state of the streams whenever it differs from the last one written."""

    def __init__(
        self,
        database: Database,
        fence: Fence,
        states: Sequence[StreamState],
        *,
        progress: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._fence = fence
        self._states = states
        self._progress = progress
        self._clock = clock
        self._told: _Columns | None = None
        self._waits: dict[str, datetime | None] = {}
        self._stored_at = 0.0

    def waiting(self, operation: Operation, seconds: float) -> None:
        """Records that a stream must wait this long for its limit (zero: no longer)."""
        for state in self._states:
            if operation in state.operations:
                state.waiting_until = time.monotonic() + seconds

    def hindered(self, operation: Operation, hindrance: Hindrance | None) -> None:
        """Records that Amazon refuses the operation or does not answer (None: no longer)."""
        for state in self._states:
            if operation in state.operations:
                state.hindrance = hindrance

    async def run(self, plan: RunningPlan) -> None:
        """Writes until cancelled. Raises FencedError if the sync belongs to another attempt."""
        while True:
            await self.write(plan)
            if time.monotonic() >= self._stored_at + _PLAN_EVERY_SECONDS:
                await self.store(plan)
            await asyncio.sleep(_EVERY_SECONDS)

    async def write(self, plan: RunningPlan) -> None:
        at = time.monotonic()
        streams = [state.progress(at=at) for state in self._states]
        now = percent(streams, before=self._progress)
        told: _Columns = {"progress": now, "message": message(streams), **self._orders()}
        waits = self._changed_waits(streams, plan)
        if told == self._told and not waits:
            return
        estimate = plan.estimated_completion()
        for milestone in milestones_between(self._progress, now):
            if milestone != now and milestone in _MESSAGES_BY_MILESTONE:
                await self._write(
                    {"progress": milestone, "message": MESSAGES[milestone]}, milestone=True
                )
        estimated: _Estimated = {**told, "estimated_completion": estimate}
        await self._write(
            estimated,
            milestone=now in MILESTONES and now > self._progress,
            waits=waits,
        )
        self._told = told
        self._waits |= waits

    async def store(self, plan: RunningPlan) -> None:
        """Stores the plan if it has changed. Raises FencedError."""
        row, version = plan.unstored(), plan.version
        if row is None:
            return
        async with self._database.writing() as conn:
            await write_plan(conn, self._fence.sync_id, row)
            await hold_fence(conn, self._fence)
        plan.note_stored(version)
        self._stored_at = time.monotonic()

    async def milestone(self, milestone: int) -> None:
        """Announces that a step of the whole sync has begun."""
        for step in milestones_between(self._progress, milestone):
            await self._write(
                {"progress": step, "message": MESSAGES[step], **self._orders()}, milestone=True
            )

    @property
    def progress(self) -> int:
        return self._progress

    def _changed_waits(
        self, streams: Sequence[StreamProgress], plan: RunningPlan
    ) -> dict[str, datetime | None]:
        """The end of each stream's wait (None: no longer), if it differs from the one announced.

        An estimate that moves a little is no news.
        """
        now = self._clock()
        awaited = any(progress.awaited for progress in streams)
        expected = plan.reports_expected() if awaited else {}
        changed: dict[str, datetime | None] = {}
        for state, progress in zip(self._states, streams, strict=True):
            name = state.stream.name
            until = None
            if progress.awaited is not None:
                until = expected.get(name)
            elif progress.waiting_seconds >= 1 and progress.fraction < 1:
                until = now + timedelta(seconds=progress.waiting_seconds)
            if differs(self._waits.get(name), until, now=now):
                changed[name] = until
        return changed

    async def _write(
        self,
        values: _Columns,
        *,
        milestone: bool,
        waits: Mapping[str, datetime | None] = _NOTHING,
    ) -> None:
        async with self._database.writing() as conn:
            for name in sorted(waits):
                changed = {"waiting_until": waits[name]}
                await update_stream(conn, self._fence.sync_id, name, changed)
            await update_fenced(conn, self._fence, values)
            await announce(conn, self._fence.sync_id, milestone=milestone)
        self._progress = max(self._progress, values["progress"])

    def _orders(self) -> _Orders:
        """The two counts of orders in the status body."""
        orders = next((s for s in self._states if s.stream.name == "orders"), None)
        if orders is None:
            return {}
        return {"orders_processed": orders.rows, "total_orders": orders.expected_rows()}
