"""Progress of a running sync into its row and its events, at most four times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from recoup.clock import Clock
from recoup.db.engine import Database
from recoup.spapi.operation import Operation
from recoup.sync.announce import announce
from recoup.sync.course import Course
from recoup.sync.lease_queries import Fence, hold_fence, update_progress
from recoup.sync.plan_queries import write_plan
from recoup.sync.progress import (
    FETCHING,
    MESSAGES,
    MILESTONES,
    PROCESSING,
    Hindrance,
    message,
    milestones_between,
    percent,
)
from recoup.sync.stream_state import StreamState

_EVERY_SECONDS = 0.25
_PLAN_EVERY_SECONDS = 2.0
_MESSAGES_BY_MILESTONE = frozenset({FETCHING, PROCESSING})


class Reporter:
    """Writes what the streams' states say, when it differs from what was written last."""

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
        self._told: dict[str, Any] = {}
        self._stored_at = 0.0

    def waiting(self, operation: Operation, seconds: float) -> None:
        """A stream must wait this long for its limit (zero: not any more)."""
        for state in self._states:
            if operation in state.operations:
                state.waiting_until = time.monotonic() + seconds

    def hindered(self, operation: Operation, hindrance: Hindrance | None) -> None:
        """Amazon refuses the operation, or does not answer it (None: not any more)."""
        for state in self._states:
            if operation in state.operations:
                state.hindrance = hindrance

    async def run(self, course: Course) -> None:
        """Report until cancelled. Raises FencedError when the sync is somebody else's."""
        while True:
            await self.report(course)
            if time.monotonic() >= self._stored_at + _PLAN_EVERY_SECONDS:
                await self.store(course)
            await asyncio.sleep(_EVERY_SECONDS)

    async def report(self, course: Course) -> None:
        at = time.monotonic()
        streams = [state.progress(at=at) for state in self._states]
        now = percent(streams, before=self._progress)
        told: dict[str, Any] = {"progress": now, "message": message(streams), **self._orders()}
        if told == self._told:
            return
        estimate = course.estimated_completion()
        for milestone in milestones_between(self._progress, now):
            if milestone != now and milestone in _MESSAGES_BY_MILESTONE:
                await self._write(
                    {"progress": milestone, "message": MESSAGES[milestone]}, milestone=True
                )
        await self._write(
            {**told, "estimated_completion": estimate},
            milestone=now in MILESTONES and now > self._progress,
        )
        self._told = told

    async def store(self, course: Course) -> None:
        """Write the plan down when it has changed. Raises FencedError."""
        plan = course.unwritten()
        if plan is None:
            return
        async with self._database.writing() as conn:
            await write_plan(conn, self._fence.sync_id, plan)
            await hold_fence(conn, self._fence)
        self._stored_at = time.monotonic()

    async def milestone(self, milestone: int) -> None:
        """Say that a step of the whole sync has begun."""
        for step in milestones_between(self._progress, milestone):
            await self._write(
                {"progress": step, "message": MESSAGES[step], **self._orders()}, milestone=True
            )

    @property
    def progress(self) -> int:
        return self._progress

    async def _write(self, values: dict[str, Any], *, milestone: bool) -> None:
        async with self._database.writing() as conn:
            await update_progress(conn, self._fence, values)
            await announce(conn, self._fence.sync_id, milestone=milestone)
        self._progress = max(self._progress, values["progress"])

    def _orders(self) -> dict[str, int | None]:
        """The two counts that the status body gives the orders."""
        orders = next((s for s in self._states if s.stream.name == "orders"), None)
        if orders is None:
            return {}
        return {"orders_processed": orders.rows, "total_orders": orders.expected_rows()}
