"""Matches reports to windows: open requests, reports of others, lost answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams._report import Report
from recoup.streams._window import Window, subtract, union
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.windows import MARGIN, asked_window, plan_windows

# A report that was made longer ago than this does not show the present (ours).
_YOUNG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Matched:
    """The result for open requests, and the windows without a request."""

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
    """Matches open requests of all syncs that fit into the remaining work and would return the same
    today: `overlap` is how long after a window rows still arrive.

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
    """Whether a new report may contain more: rows arrived since, or the file could not be read."""
    made_at = request.made_at
    is_settled = window.until <= made_at - overlap and request.remark is None
    return made_at < now - _YOUNG and not is_settled


def _is_for(request: ReportRequest, marketplace_ids: Sequence[str]) -> bool:
    return set(request.marketplace_ids) == set(marketplace_ids)


def _reaches_beyond(window: Window, rest: Sequence[Window], horizon: datetime) -> bool:
    """Whether a part of the window is not to do. Up to two days before all there is do not count."""
    if window.until <= horizon or window.since < horizon - MARGIN:
        return True
    return bool(subtract([Window(max(window.since, horizon), window.until)], rest))


def match_snapshot(
    requests: Sequence[ReportRequest], marketplace_ids: Sequence[str], *, now: datetime
) -> Matched:
    """For a report without a window: uses the newest open request unless it is old."""
    whole = [
        request
        for request in requests
        if request.window is None
        and request.made_at >= now - _YOUNG
        and _is_for(request, marketplace_ids)
    ]
    kept = tuple(whole[-1:])
    dropped = tuple(request for request in requests if request not in kept)
    return Matched(kept, dropped, () if kept else (None,))


def match_others(
    missing: Sequence[Window | None],
    report: Report,
    marketplace_ids: Sequence[str],
    found: Sequence[AmazonReport],
    *,
    now: datetime,
) -> dict[Window | None, AmazonReport]:
    """Matches reports of others to windows without a request of ours, one for each."""
    free, fitting = list(found), dict[Window | None, AmazonReport]()
    for window in missing:
        asked = asked_window(window, report, now=now)
        one = find_fitting(report, asked, marketplace_ids, free)
        if one is not None:
            fitting[window] = one
            free.remove(one)
    return fitting


def find_fitting(
    report: Report,
    asked: Window | None,
    marketplace_ids: Sequence[str],
    found: Sequence[AmazonReport],
) -> AmazonReport | None:
    """A report of somebody else with the data that we would request.

    Amazon does not list the options of a report, so for a type with options none ever fits.
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


def match_lost(request: ReportRequest, found: Sequence[AmazonReport]) -> AmazonReport | None:
    """The report of a request whose answer was lost: requested since then, with equal parameters.

    found: reports that are not in the ledger.
    """
    same = (
        one
        for one in found
        if one.report_type == request.report_type
        and set(one.marketplace_ids) == set(request.marketplace_ids)
        # Amazon names times of its own where none were sent.
        and (request.asked is None or (one.since, one.until) == _ends(request.asked))
        and one.created_at >= request.intended_at - timedelta(minutes=1)
    )
    return next(same, None)


def _ends(window: Window) -> tuple[datetime, datetime]:
    return window.since, window.until
