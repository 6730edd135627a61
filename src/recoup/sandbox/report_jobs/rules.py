"""How often a report may be requested, and how long it takes. Source: docs/amazon.md#reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recoup.sandbox.report_jobs.record import Outcome, ReportRecord
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import Instant, to_instant

INTERVALS = {
    Cadence.NEAR_REAL_TIME: timedelta(minutes=30),
    Cadence.DAILY: timedelta(hours=4),
    Cadence.MONTHLY: timedelta(hours=4),
}
"""A similar report is not made again before this has passed (docs/amazon.md#reports)."""
QUOTAS = {
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL": (12, timedelta(minutes=480)),
    "GET_AFN_INVENTORY_DATA": (2, timedelta(minutes=25)),
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA": (2000, timedelta(minutes=60)),
}
"""Hidden limits per type that Amazon named to an integrator: so many requests in so long."""
LATEST_STARTS = {"GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA": timedelta(hours=72)}
"""How long before now the requested time must begin (docs/amazon.md#reports)."""
_QUEUE_SECONDS = (15, 90)
_WORK_SECONDS = (45, 360)


@dataclass(frozen=True)
class MakingTimes:
    """When Amazon begins and finishes a report, in seconds after its creation."""

    begins: timedelta
    ends: timedelta


def making_times(key: bytes, number: int, speed: float) -> MakingTimes:
    """Minutes at speed 1: the same for the same number. Amazon documents no times (docs/amazon.md#reports)."""
    dice = Dice(key, "report-times", number)
    queued = dice.between(*_QUEUE_SECONDS) / speed
    made = dice.between(*_WORK_SECONDS) / speed
    return MakingTimes(timedelta(seconds=queued), timedelta(seconds=queued + made))


def find_fatal_reason(
    kind: ReportType, since: Instant | None, until: Instant, now: datetime
) -> str | None:
    """Why a report of this window fails, as its document says; None if it does not."""
    if not kind.needs_dates:
        return None
    if since is None:
        return f"{kind.name} needs dataStartTime and dataEndTime."
    latest = LATEST_STARTS.get(kind.name)
    if latest is not None and since > to_instant(now - latest):
        hours = latest // timedelta(hours=1)
        return f"{kind.name} needs a dataStartTime at least {hours} hours ago."
    longest, history = kind.longest_window, kind.history
    if longest is not None and timedelta(seconds=until - since) > longest:
        return f"{kind.name} can be requested only upto {longest.days} days."
    oldest = datetime.fromtimestamp(since, UTC)
    if history is not None and oldest < now - history:
        return f"{kind.name} is available for the last {history.days} days only."
    return None


def is_too_soon(
    kind: ReportType, request: ReportRequest, earlier: ReportRecord, now: datetime, speed: float
) -> bool:
    """Whether an earlier report of the same seller prevents this one.

    The marketplace does not matter: the counter is shared within a region. Reports about
    different times are different reports; those that overlap by half are similar.
    """
    interval = INTERVALS.get(kind.cadence)
    if interval is None:
        return False
    if earlier.outcome is not Outcome.DONE or earlier.stopped_at is not None:
        return False
    if now - earlier.created_at >= interval / speed:
        return False
    return is_alike(kind, request, earlier)


def is_alike(kind: ReportType, request: ReportRequest, earlier: ReportRecord) -> bool:
    """Whether both are of one type, and their times are about equal or overlap by half."""
    if earlier.report_type != kind.name:
        return False
    return not kind.needs_dates or _overlap_by_half(request, earlier)


def longest_memory(kind: ReportType, speed: float) -> timedelta:
    """For how long earlier reports of a type affect a new one."""
    interval = INTERVALS.get(kind.cadence, timedelta(0))
    return max(interval, QUOTAS.get(kind.name, (0, timedelta(0)))[1]) / speed


def exceeds_quota(
    kind: ReportType, earlier: list[ReportRecord], now: datetime, speed: float
) -> bool:
    """Whether one more report of the type exceeds its quota: createReport then answers 429."""
    count, span = QUOTAS.get(kind.name, (0, timedelta(0)))
    recent = [
        one
        for one in earlier
        if one.report_type == kind.name and now - one.created_at < span / speed
    ]
    return 0 < count <= len(recent)


def _overlap_by_half(request: ReportRequest, earlier: ReportRecord) -> bool:
    since, until = request.since.timestamp(), request.until.timestamp()
    common = min(until, earlier.until) - max(since, earlier.since)
    shorter = min(until - since, earlier.until - earlier.since)
    return common > 0 and common * 2 >= shorter
