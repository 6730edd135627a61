"""The channel for each window of a stream: the choice with which the sync ends first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from recoup.streams._report import Report
from recoup.streams._stream import Api, Snapshot, Stream
from recoup.streams._window import Window, intersect, next_window, subtract
from recoup.sync.planning.forecast import Known, expect
from recoup.sync.planning.timeline import (
    CREATE,
    DOCUMENT,
    LIST,
    PlanStep,
    by_stream,
    end_of,
    lay_out,
)
from recoup.sync.record.channel import Channel
from recoup.sync.reports.windows import plan_windows

# An inventory page token lives 30 seconds, so a pass cannot pause and a failure begins it again:
# above some 20,000 SKUs, 50 a page, the report is safer (docs/amazon.md#inventory).
_MOST_PAGES_IN_ONE_GO = 400
# Two predictions that differ by no more than this are the same.
_SAME_SECONDS = 1.0
_SAME_SHARE = 0.05
# Asking for it, its share of the polls, its document; and pages contain more about an order than a file.
_CALLS_OF_A_REPORT = 6


@dataclass(frozen=True, slots=True)
class Missing:
    """The unread part of one scope of a stream.

    asked: of these windows reports are under way already. longest: the longest window to request,
    after one was too long.
    """

    stream: Stream
    scope: str
    todo: tuple[Window, ...]
    asked: tuple[Window, ...] = ()
    longest: timedelta | None = None


def choose_channels(
    missing: Missing,
    others: Sequence[PlanStep],
    known: Known,
    *,
    kept: Sequence[PlanStep] = (),
    now: float = 0.0,
) -> tuple[PlanStep, ...]:
    """The steps that read the missing part, alongside the steps of all other streams.

    kept: a window that is being requested from the API at present. It belongs to `missing`, and
    costs only the calls that are left of it when its stream stays with the API.
    """
    options = _options(missing, known, kept)
    if len(options) == 1:
        return options[0]
    costs = [_cost(option, others, known, now) for option in options]
    best = _find_best(costs)
    ends = f"{duration(costs[0].own)} by API, {duration(costs[-1].own)} by report"
    if 0 < best < len(options) - 1:
        ends += f", {duration(costs[best].own)} by both"
    return tuple(replace(step, reason=f"{ends}: {step.reason}") for step in options[best])


def duration(seconds: float) -> str:
    """A duration in the unit that a person would use."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Seconds until the sync ends, and until the stream does; whether both channels are used, and
    the number of calls.
    """

    whole: float
    own: float
    divided: bool
    calls: int


def _find_best(costs: Sequence[_Cost]) -> int:
    """The choice that ends the sync first; if equal, a single channel and the fewest calls.

    A daily sync waits for some reports in any case: one more costs no time, and less of the limits.
    Using both must save time, as the number of pages is a forecast and may be higher.
    """
    first = min(cost.whole for cost in costs)
    latest = first + max(_SAME_SECONDS, _SAME_SHARE * first)
    soon = [number for number, cost in enumerate(costs) if cost.whole <= latest]
    return min(soon, key=lambda n: (costs[n].divided, costs[n].calls, costs[n].own))


def _cost(
    option: Sequence[PlanStep], others: Sequence[PlanStep], known: Known, now: float
) -> _Cost:
    steps = [*others, *option]
    spans = lay_out(steps, known, now=now)
    own = by_stream(steps, spans)[option[0].stream]
    reports = sum(step.channel is Channel.REPORT for step in option)
    pages = sum(sum(s.left.values()) for s in option if s.channel is Channel.API)
    return _Cost(
        whole=end_of(spans) - now,
        own=own - now,
        divided=len({step.channel for step in option}) > 1,
        calls=pages + _CALLS_OF_A_REPORT * reports,
    )


def _options(
    missing: Missing, known: Known, kept: Sequence[PlanStep]
) -> list[tuple[PlanStep, ...]]:
    """The options, from all by the API to all by reports, as far as each is possible."""
    stream = missing.stream
    api, report = stream.api, stream.report
    if api is None or _is_too_long(stream, api, known):
        assert report is not None
        return [_by_report(missing, missing.todo, report, known)]
    if report is None:
        return [_by_api(missing, missing.todo, api, known, kept)]
    if isinstance(stream.cursor, Snapshot):
        by_report = _by_report(missing, missing.todo, report, known)
        by_api = _by_api(missing, missing.todo, api, known, kept)
        return [by_report] if missing.asked else [by_api, by_report]
    asked = _by_report(missing, intersect(missing.todo, missing.asked), report, known)
    return [
        (
            *_by_api(missing, by_pages, api, known, going_on),
            *asked,
            *_by_report(missing, by_reports, report, known),
        )
        for going_on, by_pages, by_reports in _divisions(missing, report, kept)
    ]


def _divisions(
    missing: Missing, report: Report, kept: Sequence[PlanStep]
) -> Iterator[tuple[Sequence[PlanStep], Sequence[Window], Sequence[Window]]]:
    """The ways to divide the free windows: open ones that continue, those for the API, for reports.

    The API gets the newest: its pages contain more of an order than a file. Who leaves an open
    window leaves all to reports, as pages have turned out to be many.
    """
    free = subtract(missing.todo, missing.asked)
    rest = subtract(free, _windows(kept))
    windows = plan_windows(rest, report, longest=missing.longest)
    for oldest in range(len(windows) + 1):
        yield kept, subtract(rest, windows[:oldest]), windows[:oldest]
    if kept:
        yield (), (), free


def _windows(steps: Sequence[PlanStep]) -> list[Window]:
    return [step.window for step in steps if step.window is not None]


def _is_too_long(stream: Stream, api: Api, known: Known) -> bool:
    """Whether a pass would take too long, and a report is available instead."""
    if stream.report is None or not isinstance(stream.cursor, Snapshot):
        return False
    return expect(stream, None, known).pages(api.page_size) > _MOST_PAGES_IN_ONE_GO


def _by_api(
    missing: Missing, todo: Sequence[Window], api: Api, known: Known, kept: Sequence[PlanStep]
) -> tuple[PlanStep, ...]:
    """Continues the open window; divides the rest into the longest windows that the API answers."""
    stream = missing.stream
    limits = [span for span in (api.longest, missing.longest) if span is not None]
    longest = min(limits) if limits else None
    rest = subtract(todo, [w for step in kept for w in step.windows(todo)])
    steps = list(kept)
    while (window := next_window(rest, longest=longest)) is not None:
        steps.append(_api_step(stream, missing.scope, window, api, known))
        rest = subtract(rest, [window])
    return tuple(steps)


def _api_step(stream: Stream, scope: str, window: Window, api: Api, known: Known) -> PlanStep:
    span = None if isinstance(stream.cursor, Snapshot) else window
    forecast = expect(stream, span, known)
    return PlanStep(
        stream=stream.name,
        scope=scope,
        channel=Channel.API,
        window=span,
        calls={api.operation.name: forecast.pages(api.page_size)},
        rows=forecast.rows,
        reason=forecast.basis,
    )


def _by_report(
    missing: Missing, todo: Sequence[Window], report: Report, known: Known
) -> tuple[PlanStep, ...]:
    """One step per report; reports that Amazon makes by itself are one step."""
    stream = missing.stream
    windows: Sequence[Window | None] = (None,)
    if not report.discovered and not isinstance(stream.cursor, Snapshot):
        windows = plan_windows(todo, report, longest=missing.longest)
    steps = []
    for window in windows:
        forecast = expect(stream, window, known)
        steps.append(
            PlanStep(
                stream=stream.name,
                scope=missing.scope,
                channel=Channel.REPORT,
                window=window,
                calls=_DISCOVERED if report.discovered else _REQUESTED,
                rows=forecast.rows,
                reason=forecast.basis,
                report_type=report.report_type,
            )
        )
    return tuple(steps)


# Several reports are polled by one call, so a poll belongs to none of them.
_REQUESTED = {CREATE: 1, DOCUMENT: 1}
_DISCOVERED = {LIST: 1, DOCUMENT: 1}
