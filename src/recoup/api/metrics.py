"""What Prometheus reads. One registry per application, so that two in one process do not mix."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from recoup.db.engine import Database
from recoup.errors import DatabaseUnreachableError
from recoup.sync.queries import count_syncs_by_status


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
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
        self._syncs = Gauge(
            "recoup_syncs", "Syncs of all users by status.", ["status"], registry=self._registry
        )

    async def render(self, database: Database) -> bytes:
        """The text format. Without a database the numbers of this process are still told."""
        self._syncs.clear()
        try:
            async with database.reading() as conn:
                for status, count in (await count_syncs_by_status(conn)).items():
                    self._syncs.labels(status).set(count)
        except DatabaseUnreachableError:
            # A scrape that fails would hide the rest just when it is looked at.
            pass
        return generate_latest(self._registry)
