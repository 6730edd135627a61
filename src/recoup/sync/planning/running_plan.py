"""The plan of a running sync: used and updated by its streams, stored by the progress writer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from recoup.clock import Clock
from recoup.spapi.operations.reports import CREATE_REPORT, GET_REPORT_DOCUMENT
from recoup.streams._window import Window
from recoup.sync.cursors.next_window import WHOLE
from recoup.sync.pacing.bounds import Usage
from recoup.sync.planning.body import PlanRow, plan_row
from recoup.sync.planning.observations import (
    Begun,
    Ended,
    Observation,
    PageSeen,
    ReportMade,
    ScopeEnded,
    UsageSeen,
    find_step,
)
from recoup.sync.planning.plan import Plan, remaining_seconds
from recoup.sync.planning.revise import revise
from recoup.sync.planning.timeline import PlanStep, lay_out
from recoup.sync.record.channel import Channel
from recoup.sync.reports.request import ANY_REPORT


class RunningPlan:
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
        self._version = 1
        self._stored_version = 0

    @property
    def plan(self) -> Plan:
        return self._plan

    def channels(self, stream: str, scope: str) -> frozenset[Channel]:
        """The current channels for the rest of a scope; empty if nothing is left."""
        return frozenset(step.channel for step in self._open(stream, scope))

    def page_windows(self, stream: str, scope: str) -> list[Window]:
        """The windows of a scope that are left to pages now. When the newest of all is among them it
        has no end: time went on since the plan was made.
        """
        open_ = self._open(stream, scope)
        newest = max((step.window.until for step in open_ if step.window), default=None)
        return [
            Window(step.window.since, WHOLE.until) if step.window.until == newest else step.window
            for step in open_
            if step.channel is Channel.API and step.window is not None
        ]

    def _open(self, stream: str, scope: str) -> list[PlanStep]:
        return [
            step
            for step in self._plan.steps
            if (step.stream, step.scope) == (stream, scope) and step.ended is None
        ]

    def report_types(self) -> list[str]:
        """The report types that the plan requests from Amazon."""
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
        """Records a stored page of a window. False: leave the window, as the plan has changed."""
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
        """Records that the last page of a window is stored."""
        self._see(Ended(stream, scope, Channel.API, window, rows, calls))

    def window_begun(self, stream: str, scope: str, window: Window | None) -> None:
        """Records that the window's first page is requested."""
        self._see(Begun(stream, scope, Channel.API, window))

    def report_intended(self, stream: str, scope: str, window: Window | None) -> None:
        """Records that the report waits for createReport."""
        self._see(Begun(stream, scope, Channel.REPORT, window))

    def report_asked(self, stream: str, scope: str, window: Window | None) -> None:
        """Records that Amazon has accepted the request and is making the report."""
        calls = {CREATE_REPORT.name: 1}
        self._see(Begun(stream, scope, Channel.REPORT, window, requested=True, calls=calls))

    def report_made(
        self, stream: str, scope: str, window: Window | None, *, report_type: str, seconds: float
    ) -> None:
        """Records that Amazon made the report in this many seconds, and that its file is next."""
        for kind in (report_type, ANY_REPORT):
            self._times[kind].append(seconds)
        self._see(ReportMade(report_type, self._p90(report_type), self._p90(ANY_REPORT)))
        calls = {GET_REPORT_DOCUMENT.name: 1}
        self._see(Begun(stream, scope, Channel.REPORT, window, requested=True, calls=calls))

    def report_ended(self, stream: str, scope: str, window: Window | None, *, rows: int) -> None:
        """Records that the report is loaded, or that Amazon has no data for it."""
        self._see(Ended(stream, scope, Channel.REPORT, window, rows))

    def scope_read(self, stream: str, scope: str) -> None:
        """Records that nothing is left of a scope, whatever the forecast was."""
        self._see(ScopeEnded(stream, scope))

    def estimated_completion(self) -> datetime:
        """The expected end of the sync, based on observations so far."""
        self._see(UsageSeen(self._usage()), is_news=False)
        now = self._clock()
        return now + timedelta(seconds=remaining_seconds(self._plan, now=self._now()))

    def reports_expected(self) -> dict[str, datetime]:
        """When the next awaited report should be ready, by stream."""
        spans = lay_out(self._plan.steps, self._plan.known, now=self._now())
        ready: dict[str, float] = {}
        for step, span in zip(self._plan.steps, spans, strict=True):
            if step.channel is Channel.REPORT and step.ended is None:
                ready[step.stream] = min(ready.get(step.stream, span.ends), span.ends)
        return {
            stream: self._planned_at + timedelta(seconds=seconds)
            for stream, seconds in ready.items()
        }

    @property
    def version(self) -> int:
        """Grows with each change that is worth storing."""
        return self._version

    def unstored(self) -> PlanRow | None:
        """The plan to store; None if its version is stored."""
        if self._version == self._stored_version:
            return None
        return plan_row(self._plan, self._planned_at, self._earlier)

    def note_stored(self, version: int) -> None:
        """Records that this version is committed: a write that is cancelled stores nothing."""
        self._stored_version = version

    def _see(self, seen: Observation, *, is_news: bool = True) -> None:
        before = self._plan
        self._plan = revise(before, seen, now=self._now())
        if is_news or self._plan.revisions != before.revisions:
            self._version += 1

    def _now(self) -> float:
        return (self._clock() - self._planned_at).total_seconds()

    def _p90(self, report_type: str) -> float:
        """The 90th percentile of this sync's own reports, with the earlier value as one more."""
        known = self._history.get(report_type)
        times = sorted([*self._times[report_type], *([known] if known is not None else [])])
        return times[math.ceil(0.9 * (len(times) - 1))]
