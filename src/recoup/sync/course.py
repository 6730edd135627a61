"""The plan of a running sync: its streams ask it and tell it, the reporter writes it down."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from recoup.clock import Clock
from recoup.spapi.operations.reports import CREATE_REPORT, GET_REPORT_DOCUMENT
from recoup.streams.window import Window
from recoup.sync.bounds import Usage
from recoup.sync.forecast import ANY_REPORT
from recoup.sync.observations import (
    Begun,
    Ended,
    Observation,
    PageSeen,
    ReportMade,
    ScopeEnded,
    UsageSeen,
    find_step,
)
from recoup.sync.plan import Plan, remaining_seconds
from recoup.sync.plan_body import PlanRow, plan_row
from recoup.sync.revise import revise
from recoup.sync.sources import Source
from recoup.sync.steps import WHOLE
from recoup.sync.timeline import Step


class Course:
    """One attempt's plan. Seconds count from `planned_at`, when the first attempt planned.

    usage: the buckets as they are now. earlier: what attempts before this one have stored.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        usage: Callable[[], Mapping[str, Usage]],
        clock: Clock,
        earlier: PlanRow | None = None,
    ) -> None:
        self._plan = plan
        self._usage = usage
        self._clock = clock
        self._earlier = earlier
        self._planned_at = earlier.planned_at if earlier else clock()
        self._history = plan.known.report_seconds
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._is_written = False

    @property
    def plan(self) -> Plan:
        return self._plan

    def sources(self, stream: str, scope: str) -> frozenset[Source]:
        """Where what is left of a scope is read from now; none when nothing is left."""
        return frozenset(step.source for step in self._open(stream, scope))

    def page_windows(self, stream: str, scope: str) -> list[Window]:
        """The windows of a scope that are left to pages now. When the newest of all is among them it
        has no end: time went on since the plan was made.
        """
        open_ = self._open(stream, scope)
        newest = max((step.window.until for step in open_ if step.window), default=None)
        return [
            Window(step.window.since, WHOLE.until) if step.window.until == newest else step.window
            for step in open_
            if step.source is Source.API and step.window is not None
        ]

    def _open(self, stream: str, scope: str) -> list[Step]:
        return [
            step
            for step in self._plan.steps
            if (step.stream, step.scope) == (stream, scope) and step.ended is None
        ]

    def report_types(self) -> list[str]:
        """What the plan asks Amazon to make."""
        steps = [step for step in self._plan.steps if CREATE_REPORT.name in step.calls]
        return list(dict.fromkeys(step.report_type for step in steps))

    def page_read(
        self,
        stream: str,
        scope: str,
        window: Window | None,
        *,
        rows: int,
        fraction: float,
        calls: Mapping[str, int],
    ) -> bool:
        """A page of a window is stored. False: leave the window, the plan has divided anew."""
        seen = PageSeen(stream, scope, window, rows, fraction, calls)
        self._see(seen)
        # With nothing planned in its scope it is read although nobody foresaw it.
        return find_step(self._plan.steps, seen) is not None or not self._open(stream, scope)

    def window_read(
        self,
        stream: str,
        scope: str,
        window: Window | None,
        *,
        rows: int,
        calls: Mapping[str, int],
    ) -> None:
        """The last page of a window is stored."""
        self._see(Ended(stream, scope, Source.API, window, rows, calls))

    def window_begun(self, stream: str, scope: str, window: Window | None) -> None:
        """Its first page is asked for."""
        self._see(Begun(stream, scope, Source.API, window))

    def report_intended(self, stream: str, scope: str, window: Window | None) -> None:
        """The report is in the line for createReport."""
        self._see(Begun(stream, scope, Source.REPORT, window))

    def report_asked(self, stream: str, scope: str, window: Window | None) -> None:
        """Amazon has taken the request and makes the report."""
        calls = {CREATE_REPORT.name: 1}
        self._see(Begun(stream, scope, Source.REPORT, window, requested=True, calls=calls))

    def report_made(
        self, stream: str, scope: str, window: Window | None, *, report_type: str, seconds: float
    ) -> None:
        """Amazon has made the report, in so many seconds, and its file comes next."""
        for kind in (report_type, ANY_REPORT):
            self._times[kind].append(seconds)
        self._see(ReportMade(report_type, self._p90(report_type), self._p90(ANY_REPORT)))
        calls = {GET_REPORT_DOCUMENT.name: 1}
        self._see(Begun(stream, scope, Source.REPORT, window, requested=True, calls=calls))

    def report_ended(self, stream: str, scope: str, window: Window | None, *, rows: int) -> None:
        """The report is loaded, or Amazon said that it has no data."""
        self._see(Ended(stream, scope, Source.REPORT, window, rows))

    def scope_read(self, stream: str, scope: str) -> None:
        """Nothing is left of a scope, whatever was foreseen."""
        self._see(ScopeEnded(stream, scope))

    def estimated_completion(self) -> datetime:
        """When the sync should be done, by what has been seen so far."""
        self._see(UsageSeen(self._usage()), is_news=False)
        now = self._clock()
        return now + timedelta(seconds=remaining_seconds(self._plan, now=self._now()))

    def unwritten(self) -> PlanRow | None:
        """The plan to store, when there is news since this was last asked."""
        if self._is_written:
            return None
        self._is_written = True
        return plan_row(self._plan, self._planned_at, self._earlier)

    def _see(self, seen: Observation, *, is_news: bool = True) -> None:
        before = self._plan
        self._plan = revise(before, seen, now=self._now())
        if is_news or self._plan.revisions != before.revisions:
            self._is_written = False

    def _now(self) -> float:
        return (self._clock() - self._planned_at).total_seconds()

    def _p90(self, report_type: str) -> float:
        """Of this sync's own reports, and what was known before as one more."""
        known = self._history.get(report_type)
        times = sorted([*self._times[report_type], *([known] if known is not None else [])])
        return times[math.ceil(0.9 * (len(times) - 1))]
