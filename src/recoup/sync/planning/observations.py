"""Observations during a sync, and their effect on the steps of its plan. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from recoup.spapi.bucket import SAFETY
from recoup.streams._stream import Api, Stream
from recoup.streams._window import Window
from recoup.sync.pacing.bounds import Calls, Usage, total_calls
from recoup.sync.planning.forecast import Known, expect
from recoup.sync.planning.timeline import PlanStep
from recoup.sync.record.channel import Channel

# Below this share of a window its newest item says too little about how much is in it.
_TELLING_FRACTION = 0.0005
# The pace follows the last few calls. A factor beyond this is an outage, not a pace.
_PACE_CALLS = 4
_SLOWEST = 20.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A step has begun; `requested`: its report has an id and Amazon is working on it."""

    stream: str
    scope: str
    channel: Channel
    window: Window | None
    requested: bool = False
    calls: Calls = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page of a window was stored. fraction: the share of the window read so far, 0 to 1.

    rows, calls: what this page adds.
    """

    stream: str
    scope: str
    window: Window | None
    rows: int
    fraction: float
    calls: Calls

    @property
    def channel(self) -> Channel:
        """Only an API has pages."""
        return Channel.API


@dataclass(frozen=True, slots=True)
class Ended:
    """A window was read to its end. rows, calls: those not reported before."""

    stream: str
    scope: str
    channel: Channel
    window: Window | None
    rows: int = 0
    calls: Calls = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScopeEnded:
    """A scope has been read completely."""

    stream: str
    scope: str


@dataclass(frozen=True, slots=True)
class ReportMade:
    """Amazon has made a report. p90: this seller's seconds for the type, this one included;
    p90_of_all: for all types together.
    """

    report_type: str
    p90: float
    p90_of_all: float


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """The current state of the buckets."""

    usage: Mapping[str, Usage]


OfStep: TypeAlias = Begun | PageSeen | Ended
Observation: TypeAlias = OfStep | ScopeEnded | ReportMade | UsageSeen


def find_step(steps: Sequence[PlanStep], seen: OfStep) -> int | None:
    """The step that is being read; None if it was not planned."""
    named = (seen.stream, seen.scope, seen.channel)
    for number, step in enumerate(steps):
        if step.ended is not None or (step.stream, step.scope, step.channel) != named:
            continue
        if step.window is None or seen.window is None:
            return number
        if step.window.since <= seen.window.since < step.window.until:
            return number
    return None


def advanced(step: PlanStep, seen: OfStep, now: float) -> PlanStep:
    """The step with the observation added, and its forecast corrected accordingly."""
    made = dict(total_calls([step.made, seen.calls]))
    step = replace(step, made=made, begun=now if step.begun is None else step.begun)
    if isinstance(seen, Begun):
        requested = now if seen.requested and step.requested is None else step.requested
        return replace(step, requested=requested)
    step = replace(step, read=step.read + seen.rows)
    if isinstance(seen, Ended):
        return replace(step, ended=now)
    step = replace(step, seen=now)
    if seen.fraction < _TELLING_FRACTION or step.window is None:
        return step
    whole = {name: math.ceil(n / seen.fraction) for name, n in step.made.items()}
    return replace(step, calls={**step.calls, **whole}, rows=step.read / seen.fraction)


def split(step: PlanStep, until: Window) -> tuple[PlanStep, ...]:
    """The step, plus a step for the rest if only part of its window was requested."""
    if step.window is None or until.until >= step.window.until:
        return (step,)
    rest = Window(until.until, step.window.until)
    share = rest.length / step.window.length
    later = replace(
        step,
        window=rest,
        calls={name: max(1, round(n * share)) for name, n in step.calls.items()},
        rows=step.rows * share,
        made={},
        read=0,
        begun=None,
        requested=None,
        seen=None,
    )
    return replace(step, window=Window(step.window.since, until.until)), later


def density(steps: Sequence[PlanStep], stream: str, seen: PageSeen | None) -> float | None:
    """Rows per day, from what this sync has read of the stream; None if not known yet."""
    rows = days = 0.0
    for step in steps:
        if step.stream != stream or step.window is None or step.given_up:
            continue
        share = 1.0 if step.ended is not None else 0.0
        if seen is not None and step.ended is None and step.begun is not None:
            share = seen.fraction
        if share >= _TELLING_FRACTION:
            rows += step.read
            days += share * step.window.length.total_seconds() / 86_400
    return rows / days if days else None


def forecast_anew(step: PlanStep, stream: Stream, known: Known) -> PlanStep:
    """A step that has not begun, with its newly forecast calls."""
    if step.begun is not None or step.window is None:
        return step
    forecast = expect(stream, step.window, known)
    calls = step.calls
    if step.channel is Channel.API and isinstance(stream.api, Api):
        calls = {stream.api.operation.name: forecast.pages(stream.api.page_size)}
    return replace(step, calls=calls, rows=forecast.rows)


def paces(step: PlanStep, seen: PageSeen, known: Known, now: float) -> Mapping[str, float]:
    """Known.paces, by the time since the step's last page, if pages wait for a bucket."""
    if step.seen is None:
        return known.paces
    found = dict(known.paces)
    for name, calls in seen.calls.items():
        usage, before = known.usage[name], found.get(name, 1.0)
        if usage.tokens < 2:
            factor = (now - step.seen) * usage.rate * SAFETY / calls
            found[name] = before + (min(max(factor, 1.0), _SLOWEST) - before) / _PACE_CALLS
    return found
