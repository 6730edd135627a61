"""Which source a stream is read from, window by window: the one that lets the sync end first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from recoup.streams.report import Report
from recoup.streams.stream import Api, Snapshot, Stream
from recoup.streams.window import Window, next_window, subtract
from recoup.sync.forecast import SECONDS_PER_CALL, Known, expect
from recoup.sync.timeline import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
    Source,
    Step,
    by_stream,
    end_of,
    lay_out,
)

# An inventory page token lives 30 seconds, so a pass cannot pause and a failure begins it again:
# above some 20,000 SKUs, 50 a page, the report is safer (docs/amazon.md #inventory).
_MOST_PAGES_IN_ONE_GO = 400
_POLLS = 2


@dataclass(frozen=True, slots=True)
class Missing:
    """What is to be read of one scope of a stream."""

    stream: Stream
    scope: str
    todo: tuple[Window, ...]


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
    options = list(_options(missing, known, kept))
    if len(options) == 1:
        return options[0]
    costs = [_cost(option, others, known, now) for option in options]
    best = min(range(len(options)), key=costs.__getitem__)
    ends = f"{duration(costs[0].own)} by API, {duration(costs[-1].own)} by report"
    return tuple(replace(step, reason=f"{ends} ({step.reason})") for step in options[best])


def report_windows(report: Report, todo: Sequence[Window]) -> list[Window]:
    """The windows to ask a report for, oldest first: none is longer than Amazon allows."""
    windows, rest = [], list(todo)
    while (window := next_window(rest, longest=report.longest)) is not None:
        windows.append(window)
        rest = subtract(rest, [window])
    return windows


def duration(seconds: float) -> str:
    """In the unit that a person would use."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


@dataclass(frozen=True, slots=True, order=True)
class _Cost:
    """Seconds until the sync ends, then until the stream does; then the reports it takes."""

    whole: float
    own: float
    reports: int


def _cost(option: Sequence[Step], others: Sequence[Step], known: Known, now: float) -> _Cost:
    steps = [*others, *option]
    spans = lay_out(steps, known, now=now)
    own = by_stream(steps, spans)[option[0].stream]
    reports = sum(step.source is Source.REPORT for step in option)
    # Whole seconds: a difference below one decides nothing.
    return _Cost(round(end_of(spans) - now), round(own - now), reports)


def _options(missing: Missing, known: Known, kept: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """From all by the API to all by reports. In between the oldest windows go to reports."""
    stream = missing.stream
    api, report = stream.api, stream.report
    if report is None:
        assert api is not None
        yield _by_api(missing, api, known, kept)
    elif api is None:
        yield _by_report(missing, report, known, report_windows(report, missing.todo))
    elif isinstance(stream.cursor, Snapshot):
        if expect(stream, None, known).pages(api.page_size) <= _MOST_PAGES_IN_ONE_GO:
            yield _by_api(missing, api, known, kept)
        yield _by_report(missing, report, known, missing.todo)
    else:
        windows = report_windows(report, missing.todo)
        yield _by_api(missing, api, known, kept)
        for count in range(1, len(windows) + 1):
            rest = replace(missing, todo=tuple(subtract(missing.todo, windows[:count])))
            yield (
                *_by_report(missing, report, known, windows[:count]),
                *_by_api(rest, api, known, ()),
            )


def _by_api(missing: Missing, api: Api, known: Known, kept: Sequence[Step]) -> tuple[Step, ...]:
    """What is open goes on; the rest in windows as long as the API answers."""
    stream = missing.stream
    rest = subtract(missing.todo, [w for step in kept for w in step.windows(missing.todo)])
    steps = list(kept)
    while (window := next_window(rest, longest=_longest(stream, api, known))) is not None:
        steps.append(_api_step(stream, missing.scope, window, api, known))
        rest = subtract(rest, [window])
    return tuple(steps)


def _longest(stream: Stream, api: Api, known: Known) -> timedelta | None:
    """Of the API's own limit and what can be read while a page token is good."""
    density = known.rows_per_day.get(stream.name)
    if not density or not api.token_lifetime:
        return api.longest
    usage = known.paced(api.operation.name)
    seconds = api.token_lifetime.total_seconds()
    pages = seconds * min(usage.rate, 1 / SECONDS_PER_CALL)
    fits = timedelta(days=max(1.0, pages * api.page_size / density))
    return fits if api.longest is None else min(fits, api.longest)


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


def _by_report(
    missing: Missing, report: Report, known: Known, windows: Sequence[Window]
) -> tuple[Step, ...]:
    stream = missing.stream
    steps = []
    for window in windows:
        span = None if isinstance(stream.cursor, Snapshot) else window
        forecast = expect(stream, span, known)
        steps.append(
            Step(
                stream=stream.name,
                scope=missing.scope,
                source=Source.REPORT,
                window=span,
                calls=_REQUESTED if not report.discovered else _DISCOVERED,
                rows=forecast.rows,
                reason=forecast.basis,
                report_type=report.report_type,
            )
        )
    return tuple(steps)


_REQUESTED = {CREATE_REPORT: 1, GET_REPORT: _POLLS, GET_REPORT_DOCUMENT: 1}
_DISCOVERED = {GET_REPORTS: 1, GET_REPORT_DOCUMENT: 1}
