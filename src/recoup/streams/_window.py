"""Half-open windows of time and the set arithmetic of cursors; whole days. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """[since, until): both aware UTC, since before until."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise ValueError(f"an empty window: {self.since} to {self.until}")

    def __str__(self) -> str:
        """For people: the days of the window."""
        return f"{self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"

    @property
    def length(self) -> timedelta:
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a file contains in full, both included; `last` None: up to the present."""

    first: date
    last: date | None


def union(windows: Iterable[Window]) -> list[Window]:
    """The same instants as few windows, in order; adjacent ones are joined."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.since <= merged[-1].until:
            last = merged.pop()
            window = Window(last.since, max(last.until, window.until))  # noqa: PLW2901 - grows
        merged.append(window)
    return merged


def subtract(windows: Iterable[Window], holes: Iterable[Window]) -> list[Window]:
    """The instants of `windows` that are in none of `holes`."""
    rest = union(windows)
    for hole in holes:
        rest = [
            Window(since, until)
            for window in rest
            for since, until in (
                (window.since, min(window.until, hole.since)),
                (max(window.since, hole.until), window.until),
            )
            if since < until
        ]
    return rest


def intersect(windows: Sequence[Window], others: Sequence[Window]) -> list[Window]:
    """The instants that are in both."""
    return subtract(windows, subtract(windows, others))


def plan_todo(
    closed: Sequence[Window],
    *,
    since: datetime,
    until: datetime,
    overlap: timedelta,
    again: Sequence[Window] = (),
    only_holes: bool = False,
) -> list[Window]:
    """What to read now: all of [since, until) that is not closed, and the last `overlap` and `again`
    although they are.

    The overlap is counted back from the end of what is closed: it is there for rows that Amazon
    adds late to a time already read. With `only_holes` nothing is read twice, nor anything after
    that end.
    """
    if since >= until:
        return []
    horizon = Window(since, until)
    if not closed:
        return [horizon]
    end = max(window.until for window in closed)
    if only_holes:
        return subtract([Window(since, end)], closed) if since < end else []
    settled_until = end - overlap
    settled = [
        Window(window.since, min(window.until, settled_until))
        for window in closed
        if window.since < settled_until
    ]
    return subtract([horizon], subtract(settled, again))


def next_window(todo: Sequence[Window], *, longest: timedelta | None) -> Window | None:
    """The oldest piece of the remaining work, as long as the source allows. None: all is done."""
    if not todo:
        return None
    first = min(todo)
    if longest is None or first.length <= longest:
        return first
    return Window(first.since, first.since + longest)


def share_done(whole: Sequence[Window], todo: Sequence[Window]) -> float:
    """The share of `whole` that is done, from 0 to 1."""
    total = sum((window.length for window in whole), timedelta())
    left = sum((window.length for window in union(todo)), timedelta())
    return 1.0 if not total else max(0.0, 1.0 - left / total)
