"""The progress of a sync as a number and in words for a seller. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

STARTING = 10
FETCHING = 30
PROCESSING = 60
FINALIZING = 90
COMPLETE = 100
MILESTONES = (STARTING, FETCHING, PROCESSING, FINALIZING, COMPLETE)

# Below a thousandth of the way an estimate is noise.
_TELLING_FRACTION = 0.001
_TELLING_WAIT = timedelta(seconds=15)

MESSAGES = {
    STARTING: "Starting sync...",
    FETCHING: "Fetching inventory...",
    PROCESSING: "Processing data...",
    FINALIZING: "Finalizing...",
    COMPLETE: "Sync completed successfully",
}


@dataclass(frozen=True, slots=True)
class AwaitedReports:
    """Reports that Amazon makes for a stream: how many of all are ready."""

    title: str
    ready: int
    total: int


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What prevents Amazon from answering, and since when."""

    what: str
    since: datetime


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """One stream's part. `fraction` is the share of its finished work, 0 to 1.

    `expected` is None while nothing is known, an estimate until `fraction` is 1.
    """

    noun: str
    rows: int
    expected: int | None
    fraction: float
    waiting_seconds: float = 0.0
    awaited: AwaitedReports | None = None
    hindrance: Hindrance | None = None


def percent(streams: Sequence[StreamProgress], *, before: int) -> int:
    """Between STARTING and FINALIZING by the finished work; never below `before`."""
    done = sum(min(1.0, max(0.0, s.fraction)) for s in streams) / len(streams) if streams else 1.0
    return max(before, STARTING, int(STARTING + (FINALIZING - STARTING) * done))


def milestones_between(before: int, now: int) -> list[int]:
    """The milestones between `before` and `now`, including the last one."""
    return [m for m in MILESTONES if before < m <= now]


def message(streams: Sequence[StreamProgress]) -> str:
    """The current activity: of the streams with something to report, the one with most to do."""
    unfinished = [s for s in streams if s.fraction < 1]
    if not unfinished:
        return MESSAGES[FINALIZING]
    stream = min(unfinished, key=lambda s: (not s.rows and not s.awaited, s.fraction))
    text = f"Processing {stream.noun}... {_counts(stream)} processed"
    if stream.awaited is not None:
        text = f"Waiting for Amazon's {_reports(stream.awaited)}"
    if stream.hindrance is not None:
        text += f" ({stream.hindrance.what} since {stream.hindrance.since:%H:%M} UTC)"
    elif stream.waiting_seconds >= 1:
        text += f" (waiting for Amazon's limit, about {_duration(stream.waiting_seconds)})"
    return text


def differs(told: datetime | None, until: datetime | None, *, now: datetime) -> bool:
    """Whether the end of a wait differs from the announced one: by a quarter of the rest, and by at
    least 15 s.
    """
    if told is None or until is None:
        return told is not until
    moved, left = abs(until - told), abs(until - now)
    return moved >= max(_TELLING_WAIT, left / 4)


def estimate_rows(*, rows: int, read: int, fraction: float) -> int | None:
    """Estimates the final number of a stream's rows from those so far.

    None before enough was read to tell. Exact, by definition, when `fraction` is 1.
    """
    if fraction >= 1:
        return rows
    if read == 0 or fraction < _TELLING_FRACTION:
        return None
    return max(rows, round(rows / fraction))


def _reports(awaited: AwaitedReports) -> str:
    if awaited.total == 1:
        return f"{awaited.title} report"
    return f"{awaited.title} report ({awaited.ready} of {awaited.total} ready)"


def _counts(stream: StreamProgress) -> str:
    if stream.expected is None:
        return f"{stream.rows:,} {stream.noun}"
    return f"{stream.rows:,} of {stream.expected:,} {stream.noun}"


def _duration(seconds: float) -> str:
    """Coarse on purpose: each change of the text is an event."""
    if seconds < 90:
        return f"{math.ceil(seconds / 15) * 15} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
