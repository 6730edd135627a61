"""Progress of a running sync into its row and its events, at most four times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from recoup.clock import Clock
from recoup.db.engine import Database
from recoup.spapi.operation import Operation
from recoup.sync.announce import announce
from recoup.sync.estimate import pages_left, seconds_left
from recoup.sync.lease_queries import Fence, update_progress
from recoup.sync.limits_pg import Usage
from recoup.sync.progress import (
    FETCHING,
    MESSAGES,
    MILESTONES,
    PROCESSING,
    message,
    milestones_between,
    percent,
)
from recoup.sync.sources import Source
from recoup.sync.stream_state import StreamState

UsageOf = Callable[[Operation], Usage]

_EVERY_SECONDS = 0.25
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

    def waiting(self, operation: Operation, seconds: float) -> None:
        """A stream must wait this long for its limit (zero: not any more)."""
        for state in self._states:
            if operation in state.operations:
                state.waiting_until = time.monotonic() + seconds

    def throttling(self, operation: Operation, since: datetime | None) -> None:
        """Amazon answers the operation with 429 since then (None: not any more)."""
        for state in self._states:
            if state.stream.api is not None and state.stream.api.operation == operation:
                state.throttled_since = since

    async def run(self, usage: UsageOf) -> None:
        """Report until cancelled. Raises FencedError when the sync is somebody else's."""
        while True:
            await self.report(usage)
            await asyncio.sleep(_EVERY_SECONDS)

    async def report(self, usage: UsageOf) -> None:
        at = time.monotonic()
        streams = [state.progress(at=at) for state in self._states]
        now = percent(streams, before=self._progress)
        told: dict[str, Any] = {"progress": now, "message": message(streams), **self._orders()}
        if told == self._told:
            return
        estimate = self._estimate(usage, at=at)
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

    def _estimate(self, usage: UsageOf, *, at: float) -> datetime:
        """When the slowest stream should be done; they run side by side."""
        left = [
            seconds_left(
                pages=pages_left(pages=state.pages, fraction=state.fraction),
                rate=usage(state.api.operation).rate,
                tokens=usage(state.api.operation).tokens,
                seconds_per_page=state.seconds_per_page,
                waiting_seconds=state.waiting_until - at,
            )
            for state in self._states
            if state.source is Source.API
        ]
        left += [state.awaited_until - at for state in self._states if not state.finished]
        return self._clock() + timedelta(seconds=max([0.0, *left]))
