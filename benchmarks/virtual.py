"""A sync on a virtual clock: Amazon's buckets, pages and reports without Amazon, for planning only.

The streams of a seller follow their plan as the runner lets them do: pages one after another, the
reports of a stream all at once, one budget for all. Amazon counts with buckets of its own, of which
other software may take a share, and answers 429 when one is empty. Hours pass in milliseconds.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from recoup.spapi.bucket import (
    Bucket,
    after_throttling,
    full_bucket,
    refilled,
    seconds_until_call,
    spend,
)
from recoup.spapi.operation import UsagePlan
from recoup.spapi.operations.reports import GET_REPORT
from recoup.streams._stream import Stream
from recoup.streams._window import Window
from recoup.sync.pacing.bounds import Usage, full, lower_bound
from recoup.sync.planning.channel_choice import Missing
from recoup.sync.planning.forecast import ROWS_PER_SECOND, Known
from recoup.sync.planning.observations import (
    Begun,
    Ended,
    Observation,
    PageSeen,
    ReportMade,
    UsageSeen,
)
from recoup.sync.planning.plan import Plan, plan_sync, remaining_seconds
from recoup.sync.planning.revise import revise
from recoup.sync.planning.timeline import CREATE, DOCUMENT, LIST, PlanStep
from recoup.sync.record.channel import Channel
from recoup.sync.reports.request import ANY_REPORT

Process = Generator[float, None, None]
"""Gives the seconds to sleep."""

_DAY = timedelta(days=1)
_POLL_SECONDS = (30.0, 300.0)


@dataclass(frozen=True)
class Seller:
    """What there is to read, and how Amazon behaves to this seller.

    rows_per_day: by stream, at a moment of the year between 0 and 1. rows: of what has no window.
    others: calls per second that other software takes of each operation.
    """

    rows_per_day: Mapping[str, Callable[[float], float]]
    rows: Mapping[str, int]
    generation: Callable[[], float]
    latency: Callable[[], float] = lambda: 0.3
    others: Mapping[str, float] = field(default_factory=dict)

    def count(self, stream: str, window: Window, whole: Window) -> int:
        """Rows of a window, by the middle of each of its days."""
        days = max(1, round(window.length / _DAY))
        step = window.length / days
        return round(
            sum(
                self.rows_per_day[stream](
                    (window.since + step * (n + 0.5) - whole.since) / whole.length
                )
                * (step / _DAY)
                for n in range(days)
            )
        )


@dataclass
class Outcome:
    """What a virtual sync came to.

    bound_seconds: what the buckets impose on the calls that were made. reports_seconds: the longest
    that Amazon took for a report, until that was noticed. estimates: when, and how long the whole
    was then thought to take.
    """

    plan: Plan
    seconds: float
    calls: Counter[str]
    refused: int
    reports_seconds: float
    estimates: list[tuple[float, float]]
    bound_seconds: float

    def error_at_half(self) -> float:
        """How far off the estimate was half-way, as a share of the whole."""
        half = self.seconds / 2
        told = next((est for at, est in reversed(self.estimates) if at <= half), 0.0)
        return abs(told - self.seconds) / self.seconds


class VirtualSync:
    """Runs one sync of a seller. `plans`: the usage plans of all operations, by name."""

    def __init__(
        self,
        seller: Seller,
        missing: Iterable[Missing],
        known: Known,
        plans: Mapping[str, UsagePlan],
    ) -> None:
        self._seller = seller
        self._plans = plans
        self.plan = plan_sync(list(missing), known)
        self._whole = {
            (m.stream.name, m.scope): Window(m.todo[0].since, m.todo[-1].until)
            for m in self.plan.missing
        }
        self.now = 0.0
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self._reports_seconds = 0.0
        self._ours: dict[str, Bucket] = {}
        self._amazons: dict[str, Bucket] = {}
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._estimates: list[tuple[float, float]] = []
        self._queue: list[tuple[float, int, Process]] = []
        self._numbers = itertools.count()

    def run(self) -> Outcome:
        """To the end; the estimate is asked for once a minute, as a person would look."""
        for missing in self.plan.missing:
            self._spawn(self._read(missing))
        next_look = 0.0
        while self._queue:
            at, _, process = heapq.heappop(self._queue)
            while next_look <= at:
                self._look(next_look)
                next_look += max(1.0, next_look / 50)
            self.now = at
            self._resume(process)
        usage = {name: full(self._plans[name]) for name in self.calls}
        return Outcome(
            plan=self.plan,
            seconds=self.now,
            calls=self.calls,
            refused=self.refused,
            reports_seconds=self._reports_seconds,
            estimates=self._estimates,
            bound_seconds=lower_bound(self.calls, usage),
        )

    def _look(self, at: float) -> None:
        self.now = at
        self._observe(UsageSeen(self._usage()))
        self._estimates.append((at, at + remaining_seconds(self.plan, now=at)))

    def _usage(self) -> dict[str, Usage]:
        usage = {}
        for name, bucket in self._ours.items():
            level = refilled(bucket, self.now).level
            blocked = max(0.0, bucket.blocked_until - self.now) * bucket.rate
            usage[name] = Usage(bucket.rate, level - blocked)
        return usage

    def _spawn(self, process: Process) -> None:
        heapq.heappush(self._queue, (self.now, next(self._numbers), process))

    def _resume(self, process: Process) -> None:
        try:
            nap = next(process)
        except StopIteration:
            return
        heapq.heappush(self._queue, (self.now + nap, next(self._numbers), process))

    def _observe(self, seen: Observation) -> None:
        self.plan = revise(self.plan, seen, now=self.now)

    def _call(self, operation: str) -> Process:
        """Budget, request, and again after a 429."""
        plan = self._plans[operation]
        while True:
            ours = self._ours.setdefault(operation, full_bucket(plan, self.now))
            while wait := seconds_until_call(ours, self.now):
                yield wait
                ours = self._ours[operation]
            self._ours[operation] = spend(ours, self.now)
            self.calls[operation] += 1
            if self._allowed(operation, plan):
                yield self._seller.latency()
                return
            self.refused += 1
            self._ours[operation] = after_throttling(self._ours[operation], self.now)

    def _allowed(self, operation: str, plan: UsagePlan) -> bool:
        """Amazon's own count: the bucket fills more slowly by what others take."""
        bucket = self._amazons.get(operation) or full_bucket(plan, self.now)
        flows = max(0.0, plan.rate - self._seller.others.get(operation, 0.0))
        level = min(float(plan.burst), bucket.level + (self.now - bucket.at) * flows)
        allowed = level >= 1 - 1e-9
        self._amazons[operation] = replace(bucket, level=level - allowed, at=self.now)
        return allowed

    def _read(self, missing: Missing) -> Process:
        """A stream's scope: its reports at once, its pages in turn, whatever the plan says now."""
        stream, scope = missing.stream, missing.scope
        while open_ := [s for s in self.plan.steps if _is_of(s, stream, scope)]:
            for step in open_:
                if step.channel is Channel.REPORT and step.begun is None:
                    self._observe(Begun(step.stream, step.scope, step.channel, step.window))
                    self._spawn(self._report(stream, step))
            pages = next((s for s in open_ if s.channel is Channel.API), None)
            if pages is None:
                yield 1.0
                continue
            yield from self._pages(stream, pages)

    def _pages(self, stream: Stream, step: PlanStep) -> Process:
        assert stream.api is not None
        name, window = stream.api.operation.name, step.window
        self._observe(Begun(step.stream, step.scope, step.channel, window))
        total = self._rows(stream, step.scope, window)
        read = 0
        while True:
            yield from self._call(name)
            rows = min(stream.api.page_size, total - read)
            read += rows
            if read >= total:
                self._observe(Ended(step.stream, step.scope, step.channel, window, rows, {name: 1}))
                return
            seen = PageSeen(step.stream, step.scope, window, rows, read / total, {name: 1})
            self._observe(seen)
            if not any(s.window == window and _is_begun(s, step) for s in self.plan.steps):
                return  # the plan has left this window to reports

    def _report(self, stream: Stream, step: PlanStep) -> Process:
        here = (step.stream, step.scope, step.channel, step.window)
        if CREATE in step.calls:
            yield from self._call(CREATE)
            self._observe(Begun(*here, requested=True, calls={CREATE: 1}))
            yield from self._generated(step)
        else:
            yield from self._call(LIST)
            self._observe(Begun(*here, calls={LIST: 1}))
        yield from self._call(DOCUMENT)
        self._observe(Begun(*here, calls={DOCUMENT: 1}))
        rows = self._rows(stream, step.scope, step.window)
        yield self._seller.latency() + rows / ROWS_PER_SECOND
        self._observe(Ended(*here, rows))

    def _generated(self, step: PlanStep) -> Process:
        """Polled at growing intervals until it is done."""
        took, asked = self._seller.generation(), self.now
        nap, least = 0.0, asked + took
        while self.now < least:
            nap = min(max(_POLL_SECONDS[0], nap * 1.5), _POLL_SECONDS[1])
            yield min(nap, max(_POLL_SECONDS[0], least - self.now))
            yield from self._call(GET_REPORT.name)
        self._reports_seconds = max(self._reports_seconds, self.now - asked)
        for kind in (step.report_type, ANY_REPORT):
            self._times[kind].append(self.now - asked)
        p90, of_all = (_p90(self._times[kind]) for kind in (step.report_type, ANY_REPORT))
        self._observe(ReportMade(step.report_type, p90, of_all))

    def _rows(self, stream: Stream, scope: str, window: Window | None) -> int:
        if window is None:
            return self._seller.rows[stream.name]
        return self._seller.count(stream.name, window, self._whole[stream.name, scope])


def _is_of(step: PlanStep, stream: Stream, scope: str) -> bool:
    return (step.stream, step.scope) == (stream.name, scope) and step.ended is None


def _is_begun(step: PlanStep, other: PlanStep) -> bool:
    same = (step.stream, step.scope, step.channel) == (other.stream, other.scope, other.channel)
    return same and step.begun is not None and step.ended is None


def _p90(times: list[float]) -> float:
    return sorted(times)[round(0.9 * (len(times) - 1))]


def lognormal(dice: random.Random, median: float, spread: float) -> Callable[[], float]:
    """Report times as they are seen: mostly near the median, at times a multiple of it."""
    return lambda: median * dice.lognormvariate(0, spread)
