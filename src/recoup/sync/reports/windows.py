"""The windows of reports: which to request, with which times, and which days each covers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from recoup.streams._report import ReplaceDays, Report, Upsert
from recoup.streams._turns import midnight_of
from recoup.streams._window import Days, Window, union

# A report's days are those of the marketplace, whose midnight is up to 14 hours before or 12 after
# that of UTC. So a day is told in full only when the time asked for begins two days before, and a
# window [since, until) brings the days from the one before `since` to the second last before `until`.
_DAY = timedelta(days=1)
MARGIN = 2 * _DAY
_SHORTEST_WINDOW = _DAY
# Amazon wants the start to be "at least" so long ago; its clock and ours differ by a second.
_LEAD_MARGIN = timedelta(hours=1)


def plan_windows(
    todo: Sequence[Window], report: Report, *, longest: timedelta | None
) -> list[Window]:
    """One window per report to request; together they cover all of `todo` that is available now.

    `longest` is what was learned; the report's own limit holds as well.
    """
    limits = [span for span in (report.longest, longest) if span is not None]
    span = min(limits) if limits else None
    if report.by_month:
        return _months(todo, span)
    pieces = union(todo)
    if isinstance(report.load, ReplaceDays):
        pieces = union(Window(midnight_of(piece.since), piece.until) for piece in pieces)
        span = None if span is None else max(_DAY, timedelta(days=span.days))
    return [part for piece in pieces for part in _parts(piece, span)]


def _parts(piece: Window, span: timedelta | None) -> list[Window]:
    parts, since = [], piece.since
    while since < piece.until:
        until = piece.until if span is None else min(piece.until, since + span)
        parts.append(Window(since, until))
        since = until
    return parts


def _months(todo: Sequence[Window], span: timedelta | None) -> list[Window]:
    """Whole calendar months that end within `todo`, as many per report as fit into `span`."""
    windows: list[Window] = []
    for piece in union(todo):
        since = _first_of_month(piece.since)
        while (until := _first_of_month(since + timedelta(days=31))) <= piece.until:
            last = windows[-1] if windows else None
            if last is not None and last.until == since and span and until - last.since <= span:
                windows[-1] = Window(last.since, until)
            else:
                windows.append(Window(since, until))
            since = until
    return windows


def _first_of_month(moment: datetime) -> datetime:
    return midnight_of(moment).replace(day=1)


def asked_window(window: Window | None, report: Report, *, now: datetime) -> Window | None:
    """The times to send with createReport for a window of the cursor; None: without times."""
    if window is None:
        now = now.replace(microsecond=0)  # Amazon reports times to the second
        return None if report.lead is None else Window(now - report.lead - _LEAD_MARGIN, now)
    since = window.since
    until = window.until
    if isinstance(report.load, ReplaceDays):
        since -= MARGIN
    if isinstance(report.load, Upsert) and report.load.within is not None:
        since, until = since - MARGIN, min(until + MARGIN, now.replace(microsecond=0))
    if report.lead is not None:
        since = min(since, until - report.lead - _LEAD_MARGIN)
    # Amazon reports times to the second, which help to find a lost answer.
    return Window(since.replace(microsecond=0), until.replace(microsecond=0))


def told_days(
    window: Window, report: Report, *, made_at: datetime, newer: datetime | None = None
) -> Days | None:
    """The days that a report of this window contains in full, or as far as known.

    None where that is not known. newer: where the window of a report
    begins that was made later, reaches further and is loaded already: its rows stay.
    """
    if isinstance(report.load, Upsert) and report.load.within is not None:
        return Days(window.since.date(), (window.until - _DAY).date())
    if isinstance(report.load, Upsert) and report.load.dated is not None and report.by_month:
        return Days(window.since.date(), (window.until - _DAY).date())
    if isinstance(report.load, Upsert) and report.load.dated is not None:
        # Whatever the time zone of the days is, those in the middle are complete.
        first, last = (window.since + MARGIN).date(), (window.until - MARGIN).date()
        return Days(first, last) if first <= last else None
    if not isinstance(report.load, ReplaceDays):
        return None
    first = (window.since - _DAY).date()
    if window.until > made_at - _DAY:
        return Days(first, None if newer is None else (newer - MARGIN).date())
    return Days(first, (window.until - MARGIN).date())


def halves(window: Window, report: Report) -> tuple[Window, Window] | None:
    """Two windows in place of one; None if it cannot be divided."""
    if report.by_month or window.length < 2 * _SHORTEST_WINDOW:
        return None
    middle = midnight_of(window.since + window.length / 2)
    return Window(window.since, middle), Window(middle, window.until)


def overlaps(one: Window | None, since: datetime | None, until: datetime | None) -> bool:
    """Whether a report of one time is similar to one of another. Always true without times.

    Similar are those that share half of the shorter one: neighbours that share the days of a margin
    are requested side by side, and an empty one among them must not wait for hours.
    """
    if one is None or since is None or until is None:
        return True
    common = min(one.until, until) - max(one.since, since)
    return common > timedelta(0) and 2 * common >= min(one.length, until - since)
