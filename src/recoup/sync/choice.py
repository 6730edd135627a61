"""Which source a stream is read from: the one that lets the sync end first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from recoup.streams.report import Report
from recoup.streams.stream import Api, Snapshot, Stream
from recoup.streams.window import Window, next_window, subtract
from recoup.sync.forecast import Known, expect
from recoup.sync.report_plan import plan_windows
from recoup.sync.sources import Source
from recoup.sync.timeline import CREATE, DOCUMENT, LIST, Step, by_stream, end_of, lay_out

# An inventory page token lives 30 seconds, so a pass cannot pause and a failure begins it again:
# above some 20,000 SKUs, 50 a page, the report is safer (docs/amazon.md #inventory).
_MOST_PAGES_IN_ONE_GO = 400
# Two predictions that differ by no more than this are the same.
_SAME_SECONDS = 1.0
_SAME_SHARE = 0.05
# Asking for it, its share of the polls, its document; and pages tell more of an order than a file.
_CALLS_OF_A_REPORT = 6


@dataclass(frozen=True, slots=True)
class Missing:
    """What is to be read of one scope of a stream.

    asked: reports of it are under way already. longest: the longest window to ask for, after one
    was too long.
    """

    stream: Stream
    scope: str
    todo: tuple[Window, ...]
    asked: bool = False
    longest: timedelta | None = None


def choose(
    missing: Missing,
    others: Sequence[Step],
    known: Known,
    *,
    kept: Sequence[Step] = (),
    now: float = 0.0,
) -> tuple[Step, ...]:
    """The steps that read what is missing, beside the steps of all other streams.

    kept: a window that the API is being asked for at present. It belongs to `missing`, and costs
    only the calls that are left of it when its stream stays with the API.
    """
    options = _options(missing, known, kept)
    if len(options) == 1:
        return options[0]
    costs = [_cost(option, others, known, now) for option in options]
    best = options[0] if _is_better(*costs) else options[1]
    ends = f"{duration(costs[0].own)} by API, {duration(costs[1].own)} by report"
    return tuple(replace(step, reason=f"{ends}: {step.reason}") for step in best)


def duration(seconds: float) -> str:
    """In the unit that a person would use."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Seconds until the sync ends, and until the stream does; the calls it takes."""

    whole: float
    own: float
    calls: int


def _is_better(one: _Cost, other: _Cost) -> bool:
    """Whichever lets the sync end first; where that is the same, the one that spends fewer calls.

    A daily sync waits for some reports in any case: one more costs no time, and less of the limits.
    """
    first = min(one.whole, other.whole)
    if abs(one.whole - other.whole) > max(_SAME_SECONDS, _SAME_SHARE * first):
        return one.whole < other.whole
    return (one.calls, one.own) <= (other.calls, other.own)


def _cost(option: Sequence[Step], others: Sequence[Step], known: Known, now: float) -> _Cost:
    steps = [*others, *option]
    spans = lay_out(steps, known, now=now)
    own = by_stream(steps, spans)[option[0].stream]
    reports = sum(step.source is Source.REPORT for step in option)
    pages = sum(sum(s.left.values()) for s in option if s.source is Source.API)
    return _Cost(end_of(spans) - now, own - now, pages + _CALLS_OF_A_REPORT * reports)


def _options(missing: Missing, known: Known, kept: Sequence[Step]) -> list[tuple[Step, ...]]:
    """By the API, by reports, or both in this order."""
    stream = missing.stream
    api, report = stream.api, stream.report
    options = []
    if api is not None and not (missing.asked or _is_too_long(stream, api, known)):
        options.append(_by_api(missing, api, known, kept))
    if report is not None:
        options.append(_by_report(missing, report, known))
    return options


def _is_too_long(stream: Stream, api: Api, known: Known) -> bool:
    """Whether a pass cannot be made in one go, and there is a report instead."""
    if stream.report is None or not isinstance(stream.cursor, Snapshot):
        return False
    return expect(stream, None, known).pages(api.page_size) > _MOST_PAGES_IN_ONE_GO


def _by_api(missing: Missing, api: Api, known: Known, kept: Sequence[Step]) -> tuple[Step, ...]:
    """What is open goes on; the rest in windows as long as the API answers."""
    stream = missing.stream
    limits = [span for span in (api.longest, missing.longest) if span is not None]
    longest = min(limits) if limits else None
    rest = subtract(missing.todo, [w for step in kept for w in step.windows(missing.todo)])
    steps = list(kept)
    while (window := next_window(rest, longest=longest)) is not None:
        steps.append(_api_step(stream, missing.scope, window, api, known))
        rest = subtract(rest, [window])
    return tuple(steps)


def _api_step(stream: Stream, scope: str, window: Window, api: Api, known: Known) -> Step:
    span = None if isinstance(stream.cursor, Snapshot) else window
    forecast = expect(stream, span, known)
    return Step(
        stream=stream.name,
        scope=scope,
        source=Source.API,
        window=span,
        calls={api.operation.name: forecast.pages(api.page_size)},
        rows=forecast.rows,
        reason=forecast.basis,
    )


def _by_report(missing: Missing, report: Report, known: Known) -> tuple[Step, ...]:
    """A step per report; those that Amazon makes by itself are one step."""
    stream = missing.stream
    windows: Sequence[Window | None] = (None,)
    if not report.discovered and not isinstance(stream.cursor, Snapshot):
        windows = plan_windows(missing.todo, report, longest=missing.longest)
    steps = []
    for window in windows:
        forecast = expect(stream, window, known)
        steps.append(
            Step(
                stream=stream.name,
                scope=missing.scope,
                source=Source.REPORT,
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
