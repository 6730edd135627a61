"""How much there is to read, and how long reports take, estimated from earlier syncs. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from recoup.spapi.bucket import SAFETY
from recoup.streams._stream import Snapshot, Stream
from recoup.streams._window import Window
from recoup.sync.pacing.bounds import Usage
from recoup.sync.reports.request import ANY_REPORT

REPORT_SECONDS = 15 * 60.0
"""Until a seller's own times are known; Amazon documents none (docs/amazon.md#reports)."""
SECONDS_PER_CALL = 0.5
"""An answer and the storing of its page, where no limit binds."""
ROWS_PER_SECOND = 50_000.0
"""A report's file into its table: far below what was measured (docs/benchmarks.md)."""

# Before anything was read a small seller is assumed: the first page then tells better, and costs
# one call, while a report that was not needed costs its whole generation.
_ROWS_PER_DAY = 5.0
_ROWS_OF_SNAPSHOT = 100.0


@dataclass(frozen=True, slots=True)
class Known:
    """The inputs of a plan; anything missing is assumed, and the plan says so.

    usage: the buckets, by operation. report_seconds: p90 of this seller's own generation times, by
    report type; that of ANY_REPORT is over all types. rows_per_day: by stream with windows; rows: by stream that is a snapshot, for one
    scope. report_waits: seconds until Amazon makes a report of the type again. paces: by operation,
    how much longer than the bucket says its calls take, as somebody else spends from it.
    """

    usage: Mapping[str, Usage]
    report_seconds: Mapping[str, float] = field(default_factory=dict)
    rows_per_day: Mapping[str, float] = field(default_factory=dict)
    rows: Mapping[str, float] = field(default_factory=dict)
    report_waits: Mapping[str, float] = field(default_factory=dict)
    paces: Mapping[str, float] = field(default_factory=dict)
    assumed_report_seconds: float = REPORT_SECONDS

    def paced(self, operation: str) -> Usage:
        """The bucket as recoup spends from it: a little more slowly than Amazon fills it."""
        usage = self.usage[operation]
        return Usage(usage.rate * SAFETY / self.paces.get(operation, 1.0), usage.tokens)

    def generation(self, report_type: str) -> float:
        """Seconds from the request of a report until it is done."""
        any_report = self.report_seconds.get(ANY_REPORT, self.assumed_report_seconds)
        return self.report_seconds.get(report_type, any_report)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected rows, and the basis of the number in words."""

    rows: float
    basis: str

    def pages(self, page_size: int) -> int:
        """At least one page: an empty answer is an answer too."""
        return max(1, math.ceil(self.rows / page_size))


def expect(stream: Stream, window: Window | None, known: Known) -> Forecast:
    """The expected rows of a stream's window; without a window, of a snapshot's whole scope."""
    if window is None or isinstance(stream.cursor, Snapshot):
        rows = known.rows.get(stream.name)
        if rows is None:
            return Forecast(_ROWS_OF_SNAPSHOT, f"{_ROWS_OF_SNAPSHOT:.0f} assumed, nothing is known")
        return Forecast(rows, f"{rows:,.0f} {stream.noun} as last seen")
    density = known.rows_per_day.get(stream.name)
    basis = "as last seen"
    if density is None:
        density, basis = _ROWS_PER_DAY, "assumed, nothing is known"
    return Forecast(
        density * (window.length / timedelta(days=1)),
        f"{density:,.4g} {stream.noun} a day {basis}",
    )
