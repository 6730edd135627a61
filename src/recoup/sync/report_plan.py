"""What to ask Amazon's reports for, and what an ended report means. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams.report import ReplaceDays, Report, Upsert
from recoup.streams.window import Window, subtract, union
from recoup.sync.report_load_queries import Days
from recoup.sync.report_queries import ReportRequest

# A report's days are those of the marketplace, whose midnight is up to 14 hours before or 12 after
# that of UTC. So a day is told in full only when the time asked for begins two days before, and a
# window [since, until) brings the days from the one before `since` to the second last before `until`.
_DAY = timedelta(days=1)
_MARGIN = 2 * _DAY
_SHORTEST_WINDOW = _DAY
# Amazon wants the start to be "at least" so long ago; its clock and ours differ by a second.
_LEAD_MARGIN = timedelta(hours=1)
_MOST_FATAL_REPEATS = 1
# A report that was made longer ago than this does not tell the present (ours).
_YOUNG = _DAY


def plan_windows(
    todo: Sequence[Window], report: Report, *, longest: timedelta | None
) -> list[Window]:
    """One window per report to ask for; together they hold all of `todo` that can be had now.

    `longest` is what was learned; the report's own limit holds as well.
    """
    limits = [span for span in (report.longest, longest) if span is not None]
    span = min(limits) if limits else None
    if report.by_month:
        return _months(todo, span)
    pieces = union(todo)
    if isinstance(report.load, ReplaceDays):
        pieces = union(Window(_midnight(piece.since), piece.until) for piece in pieces)
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
    """Whole calendar months that `todo` reaches the end of, as many to a report as fit into `span`."""
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
    return _midnight(moment).replace(day=1)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def asked_window(window: Window | None, report: Report, *, now: datetime) -> Window | None:
    """The times to send with createReport for a window of the cursor; None: without times."""
    if window is None:
        now = now.replace(microsecond=0)  # Amazon tells times to the second
        return None if report.lead is None else Window(now - report.lead - _LEAD_MARGIN, now)
    since = window.since
    until = window.until
    if isinstance(report.load, ReplaceDays):
        since -= _MARGIN
    if isinstance(report.load, Upsert) and report.load.within is not None:
        since, until = since - _MARGIN, min(until + _MARGIN, now.replace(microsecond=0))
    if report.lead is not None:
        since = min(since, until - report.lead - _LEAD_MARGIN)
    # Amazon tells times to the second, and by them a lost answer is found again.
    return Window(since.replace(microsecond=0), until.replace(microsecond=0))


def told_days(
    window: Window, report: Report, *, made_at: datetime, newer: datetime | None = None
) -> Days | None:
    """The days that a report of this window tells in full, or as far as they are known.

    None where the rows of every day are taken as they come. newer: where the window of a report
    begins that was made later, reaches further and is loaded already: what it told stays.
    """
    if isinstance(report.load, Upsert) and report.load.within is not None:
        return Days(window.since.date(), (window.until - _DAY).date())
    if not isinstance(report.load, ReplaceDays):
        return None
    first = (window.since - _DAY).date()
    if window.until > made_at - _DAY:
        return Days(first, None if newer is None else (newer - _MARGIN).date())
    return Days(first, (window.until - _MARGIN).date())


@dataclass(frozen=True, slots=True)
class Matched:
    """What becomes of the requests that are open, and the windows that nobody has asked for."""

    kept: tuple[ReportRequest, ...]
    dropped: tuple[ReportRequest, ...]
    missing: tuple[Window | None, ...]


def match_requests(
    todo: Sequence[Window],
    requests: Sequence[ReportRequest],
    report: Report,
    marketplace_ids: Sequence[str],
    *,
    longest: timedelta | None,
    interval: timedelta,
    overlap: timedelta,
    now: datetime,
) -> Matched:
    """Open requests, of whatever sync, serve again where they fit into what is to do and would tell
    the same today: `overlap` is for how long after a window rows still come.

    What is left at the end of a window that serves again, and is shorter than the `interval` in
    which Amazon makes no new report, is left to the next sync.
    """
    rest = union(plan_windows(todo, report, longest=longest))
    # Asked for on another day, one may begin before what is to do, which moves on with the days.
    horizon = rest[0].since if rest else None
    kept: list[ReportRequest] = []
    dropped: list[ReportRequest] = []
    for request in requests:
        window = request.window
        if (
            window is None
            or horizon is None
            or _is_stale(request, window, overlap, now)
            or not _is_for(request, marketplace_ids)
            or _reaches_beyond(window, rest, horizon)
        ):
            dropped.append(request)
            continue
        kept.append(request)
        rest = subtract(rest, [window])
    ends = {request.window.until for request in kept if request.window is not None}
    rest = [piece for piece in rest if piece.since not in ends or piece.length >= interval]
    missing = plan_windows(rest, report, longest=longest)
    return Matched(tuple(kept), tuple(dropped), tuple(missing))


def _is_stale(request: ReportRequest, window: Window, overlap: timedelta, now: datetime) -> bool:
    """Whether a new report may tell more: rows came since, or the file could not be read."""
    made_at = _made_at(request)
    is_settled = window.until <= made_at - overlap and request.remark is None
    return made_at < now - _YOUNG and not is_settled


def _is_for(request: ReportRequest, marketplace_ids: Sequence[str]) -> bool:
    return set(request.marketplace_ids) == set(marketplace_ids)


def _reaches_beyond(window: Window, rest: Sequence[Window], horizon: datetime) -> bool:
    """Whether a part of the window is not to do. Up to two days before all there is do not count."""
    if window.until <= horizon or window.since < horizon - _MARGIN:
        return True
    return bool(subtract([Window(max(window.since, horizon), window.until)], rest))


def match_snapshot(
    requests: Sequence[ReportRequest], marketplace_ids: Sequence[str], *, now: datetime
) -> Matched:
    """A report without a time: the newest open request serves unless it is old, or a new one."""
    whole = [
        request
        for request in requests
        if request.window is None
        and _made_at(request) >= now - _YOUNG
        and _is_for(request, marketplace_ids)
    ]
    kept = tuple(whole[-1:])
    dropped = tuple(request for request in requests if request not in kept)
    return Matched(kept, dropped, () if kept else (None,))


def _made_at(request: ReportRequest) -> datetime:
    return request.report_created_at or request.intended_at


def find_fitting(
    report: Report,
    asked: Window | None,
    marketplace_ids: Sequence[str],
    found: Sequence[AmazonReport],
) -> AmazonReport | None:
    """A report that somebody else asked for and that tells what we would ask for.

    Amazon does not tell the options of a report, so of a type that takes some none ever fits.
    """
    if report.options or report.takes_options or asked is None:
        return None
    fitting = (
        one
        for one in found
        if one.report_type == report.report_type
        and one.status in {ProcessingStatus.DONE, ProcessingStatus.IN_PROGRESS}
        and one.since is not None
        and one.until is not None
        and one.since <= asked.since
        and one.until >= asked.until
        and one.created_at >= asked.until
        and (report.longest is None or one.until - one.since <= max(report.longest, asked.length))
        and set(one.marketplace_ids) == set(marketplace_ids)
    )
    return next(fitting, None)


def find_lost(
    request: ReportRequest, found: Sequence[AmazonReport], known_ids: frozenset[str]
) -> AmazonReport | None:
    """The report of a request whose answer was lost: asked for since then, with the same words."""
    same = (
        one
        for one in found
        if one.report_id not in known_ids
        and one.report_type == request.report_type
        and set(one.marketplace_ids) == set(request.marketplace_ids)
        # Amazon names times of its own where none were sent.
        and (request.asked is None or (one.since, one.until) == _ends(request.asked))
        and one.created_at >= request.intended_at - timedelta(minutes=1)
    )
    return next(same, None)


def _ends(window: Window) -> tuple[datetime, datetime]:
    return window.since, window.until


class Verdict(enum.Enum):
    """What to do about a report that has ended."""

    LOAD = "load"
    EMPTY = "empty"
    TOO_SOON = "too soon"
    REPEAT = "repeat"
    HALVE = "halve"
    FAIL = "fail"


def judge(
    status: ProcessingStatus | None, request: ReportRequest, *, similar_before: bool, halvable: bool
) -> Verdict:
    """What an ended report means; `status` None: Amazon does not know it, or it is never made.

    CANCELLED says no data, or that a similar report was made too short a time before: only whether
    there was one tells which (docs/amazon.md #reports).
    """
    if status is ProcessingStatus.DONE:
        return Verdict.LOAD
    if status is ProcessingStatus.CANCELLED:
        return Verdict.TOO_SOON if similar_before else Verdict.EMPTY
    if request.tries <= _MOST_FATAL_REPEATS:
        return Verdict.REPEAT
    if status is ProcessingStatus.FATAL and halvable and request.tries == _MOST_FATAL_REPEATS + 1:
        return Verdict.HALVE
    return Verdict.FAIL


def halves(window: Window, report: Report) -> tuple[Window, Window] | None:
    """Two windows in the place of one; None where it cannot be shorter."""
    if report.by_month or window.length < 2 * _SHORTEST_WINDOW:
        return None
    middle = _midnight(window.since + window.length / 2)
    return Window(window.since, middle), Window(middle, window.until)


def overlaps(one: Window | None, since: datetime | None, until: datetime | None) -> bool:
    """Whether a report of one time is similar to one of another. Without times, always.

    Similar are those that share half of the shorter one: neighbours that share the days of a margin
    are asked for side by side, and an empty one among them must not wait for hours.
    """
    if one is None or since is None or until is None:
        return True
    common = min(one.until, until) - max(one.since, since)
    return common > timedelta(0) and 2 * common >= min(one.length, until - since)
