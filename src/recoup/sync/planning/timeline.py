"""When each step of a plan begins and ends if the forecast is right. Pure.

Streams run side by side. The pages of one stream follow one another; its reports are made by
Amazon at the same time. Calls of one operation queue for one bucket, whichever step makes them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recoup.spapi.operations.reports import CREATE_REPORT, GET_REPORT_DOCUMENT, GET_REPORTS
from recoup.streams._window import Window
from recoup.sync.pacing.bounds import Calls, seconds_until
from recoup.sync.planning.forecast import ROWS_PER_SECOND, SECONDS_PER_CALL, Known
from recoup.sync.record.channel import Channel

CREATE, LIST, DOCUMENT = CREATE_REPORT.name, GET_REPORTS.name, GET_REPORT_DOCUMENT.name

# Of a report that takes longer than foreseen the best guess is: as long again as it has taken.
_OVERDUE_SHARE = 1.0


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A window of a stream, read by one channel. `window` is None for a snapshot.

    calls: foreseen, by operation; made: already made. rows: foreseen; read: already read.
    Times are seconds since the sync began: begun, requested (the report's id is known), seen (its
    last page), ended; None before that. given_up: ended early, as other steps read its window.
    """

    stream: str
    scope: str
    channel: Channel
    window: Window | None
    calls: Calls
    rows: float
    reason: str
    report_type: str = ""
    made: Calls = field(default_factory=dict)
    read: int = 0
    begun: float | None = None
    requested: float | None = None
    seen: float | None = None
    ended: float | None = None
    given_up: bool = False

    @property
    def left(self) -> dict[str, int]:
        """The remaining calls. The last one is known only at the end."""
        if self.ended is not None:
            return {}
        left = {name: n - self.made.get(name, 0) for name, n in self.calls.items()}
        if self.channel is Channel.API and sum(left.values()) <= 0:
            return {next(iter(self.calls)): 1}
        return {name: n for name, n in left.items() if n > 0}

    def windows(self, whole: Sequence[Window]) -> tuple[Window, ...]:
        """Its part of `whole`: its window, or everything for a snapshot."""
        return tuple(whole) if self.window is None else (self.window,)


@dataclass(frozen=True, slots=True)
class StepSpan:
    """A period in seconds since the start of the sync."""

    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        return self.ends - self.begins


def lay_out(steps: Sequence[PlanStep], known: Known, *, now: float = 0.0) -> tuple[StepSpan, ...]:
    """The span of each step. `known` is as of `now`; ended steps keep their own times."""
    queue = _Queue(known, now)
    return tuple(queue.span(step) for step in steps)


def end_of(spans: Sequence[StepSpan]) -> float:
    """The end of the last step: the length of the critical path."""
    return max((span.ends for span in spans), default=0.0)


class _Queue:
    """Calls that queue for the buckets, in the order of the steps."""

    def __init__(self, known: Known, now: float) -> None:
        self._known = known
        self._now = now
        self._spent: Counter[str] = Counter()
        self._lanes: defaultdict[str, float] = defaultdict(lambda: now)

    def span(self, step: PlanStep) -> StepSpan:
        if step.ended is not None:
            return StepSpan(step.ended if step.begun is None else step.begun, step.ended)
        begins, ends = self._pages(step) if step.channel is Channel.API else self._report(step)
        return StepSpan(begins if step.begun is None else step.begun, ends)

    def _pages(self, step: PlanStep) -> tuple[float, float]:
        begins = self._lanes[step.stream]
        left = step.left
        allowed = max(self._allowed(name, n) for name, n in left.items()) - self._now
        answers = begins + sum(left.values()) * SECONDS_PER_CALL
        ends = max(answers, self._now + allowed)
        self._lanes[step.stream] = ends
        return begins, ends

    def _report(self, step: PlanStep) -> tuple[float, float]:
        ready = self._ready(step)
        documents = step.left.get(DOCUMENT, 0)
        if documents:
            ready = max(ready, self._allowed(DOCUMENT, documents))
        return self._now, ready + 2 * SECONDS_PER_CALL + step.rows / ROWS_PER_SECOND

    def _ready(self, step: PlanStep) -> float:
        """When Amazon has made the report."""
        if step.made.get(DOCUMENT, 0):
            return self._now
        generation = self._known.generation(step.report_type)
        if step.requested is not None:
            passed = self._now - step.requested
            return max(step.requested + generation, self._now + passed * _OVERDUE_SHARE)
        if CREATE in step.calls:
            wait = self._now + self._known.report_waits.get(step.report_type, 0.0)
            return max(self._allowed(CREATE, 1), wait) + SECONDS_PER_CALL + generation
        # Amazon made it by itself: it is there as soon as the list of reports was read.
        return self._allowed(LIST, step.left.get(LIST, 1))

    def _allowed(self, operation: str, calls: int) -> float:
        self._spent[operation] += calls
        waited = seconds_until(self._spent[operation], self._known.paced(operation))
        return self._now + waited


def by_stream(steps: Sequence[PlanStep], spans: Sequence[StepSpan]) -> Mapping[str, float]:
    """The end of each stream."""
    ends: dict[str, float] = {}
    for step, span in zip(steps, spans, strict=True):
        ends[step.stream] = max(ends.get(step.stream, 0.0), span.ends)
    return ends
