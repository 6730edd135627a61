"""Schedules: reports that make themselves. What is due is made when somebody looks. Source: docs/amazon.md#report-schedules."""

from __future__ import annotations

import contextlib
from calendar import monthrange
from dataclasses import replace
from datetime import datetime, timedelta

from recoup.sandbox.answers import ApiError
from recoup.sandbox.report_jobs.desk import Desk, Order
from recoup.sandbox.report_jobs.record import RETENTION
from recoup.sandbox.report_jobs.store import Schedule
from recoup.sandbox.sellers import Seller
from recoup.sandbox.state import Sandbox
from recoup.sandbox.world.instants import to_instant

_MONTH = "P1M"
PERIODS = {
    **{f"PT{minutes}M": timedelta(minutes=minutes) for minutes in (5, 15, 30)},
    **{f"PT{hours}H": timedelta(hours=hours) for hours in (1, 2, 4, 8, 12, 84)},
    **{f"P{days}D": timedelta(days=days) for days in (1, 2, 3, 7, 14, 15, 18, 30)},
    _MONTH: timedelta(days=30),
}
_MOST_AT_ONCE = 500


def run_due(sandbox: Sandbox, seller: Seller, now: datetime) -> None:
    """Makes the reports that schedules should have made by now.

    After a long leap of the clock only the latest: older ones would not be kept any more.
    """
    seller_id = seller.world.seller_id
    for schedule in sandbox.reports.schedules(seller_id):
        at = schedule.next_at
        while at <= now:
            behind = (now - at) // PERIODS[schedule.period]
            if at >= now - RETENTION and behind <= _MOST_AT_ONCE:
                _make(Desk(sandbox, seller, at), schedule, at)
            at = _next(at, schedule.period)
        if at != schedule.next_at:
            sandbox.reports.put_schedule(seller_id, replace(schedule, next_at=at))


def _make(desk: Desk, schedule: Schedule, at: datetime) -> None:
    order = Order(
        report_type=schedule.report_type,
        marketplace_ids=schedule.marketplace_ids,
        since=to_instant(at - PERIODS[schedule.period]),
        until=to_instant(at),
        options=schedule.options,
    )
    # Beyond the type's quota Amazon makes no report, without notice.
    with contextlib.suppress(ApiError):
        desk.take(order, schedule_id=schedule.schedule_id)


def _next(at: datetime, period: str) -> datetime:
    if period != _MONTH:
        return at + PERIODS[period]
    year, month = at.year + at.month // 12, at.month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))
