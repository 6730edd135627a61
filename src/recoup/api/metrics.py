"""Metrics for Prometheus. One registry per application, so that two in one process do not mix."""

from __future__ import annotations

import math
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from recoup.db.engine import Database
from recoup.errors import DatabaseUnreachableError
from recoup.jobs.queries import count_live_workers
from recoup.sync.pacing.call_queries import count_calls
from recoup.sync.record.queries import count_syncs_by_status
from recoup.sync.record.states import OF_A_SYNC


class Metrics:
    """worker_restarts: of the worker that this process supervises; None where it has none."""

    def __init__(self, worker_restarts: Callable[[], int] | None = None) -> None:
        self._registry = CollectorRegistry()
        if worker_restarts is not None:
            Gauge(
                "recoup_worker_restarts",
                "How often the worker of this `recoup serve` ended by itself and was started again.",
                registry=self._registry,
            ).set_function(worker_restarts)
        self.requests = Counter(
            "recoup_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "recoup_http_response_start_seconds",
            "Seconds until the first byte of an answer.",
            ["method", "route"],
            registry=self._registry,
        )
        self.sse_readers = Gauge(
            "recoup_sse_readers", "Open event streams.", registry=self._registry
        )
        self._calls = Gauge(
            "recoup_spapi_calls",
            "Calls to Amazon's Selling Partner API, of all connections that are stored.",
            ["operation", "method"],
            registry=self._registry,
        )
        self._syncs = Gauge(
            "recoup_syncs", "Syncs of all users by status.", ["status"], registry=self._registry
        )

        self._workers = Gauge(
            "recoup_workers",
            "Workers that have reported to the database lately; not a number while it cannot be read.",
            registry=self._registry,
        )

    async def render(self, database: Database) -> bytes:
        """The text format. Without a database it still contains the numbers of this process."""
        self._syncs.clear()
        self._calls.clear()
        self._workers.set(math.nan)
        try:
            async with database.reading() as conn:
                counts = await count_syncs_by_status(conn)
                calls = await count_calls(conn)
                self._workers.set(await count_live_workers(conn))
            for status in OF_A_SYNC:
                self._syncs.labels(status).set(counts.get(status, 0))
            for one in calls:
                self._calls.labels(one.operation, one.method).set(one.calls)
        except DatabaseUnreachableError:
            # A scrape that fails would hide the rest just when it is looked at.
            pass
        return generate_latest(self._registry)
