"""A plan reads each stream from the channel that lets the sync end first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from recoup.streams._window import Window, union
from recoup.sync.pacing.bounds import Usage, lower_bound, seconds_until
from recoup.sync.planning.forecast import REPORT_SECONDS, Known
from recoup.sync.planning.observations import Begun, Ended, PageSeen, ReportMade, UsageSeen
from recoup.sync.planning.plan import Plan, plan_sync, remaining_seconds
from recoup.sync.planning.revise import revise
from recoup.sync.planning.timeline import CREATE
from recoup.sync.record.channel import Channel
from tests.support.catalog import (
    DAY,
    INVENTORY,
    LEDGER,
    NOW,
    ORDERS,
    STREAMS,
    TRANSACTIONS,
    YEAR,
    known,
    missing,
)


def channels(plan: Plan, stream: str) -> list[Channel]:
    return [step.channel for step in plan.steps if step.stream == stream and not step.given_up]


@pytest.mark.parametrize(
    ("calls", "rate", "burst", "seconds"),
    [(20, 0.0056, 20, 0), (1_000, 0.0056, 20, 175_000), (100_000, 0.5, 30, 199_940)],
)
def test_the_bound_follows_from_rate_and_burst(calls, rate, burst, seconds):
    """The formula gives the worked examples of docs/amazon.md#limits: max(0, n - burst) / rate."""
    assert seconds_until(calls, Usage(rate, burst)) == pytest.approx(seconds)


def test_calls_of_different_operations_overlap():
    """The bound of a whole sync is that of its slowest bucket, not their sum."""
    usage = {"a": Usage(1, 0), "b": Usage(1, 0)}
    assert lower_bound({"a": 10, "b": 30}, usage) == 30


@pytest.mark.parametrize(("orders_a_year", "reports"), [(1_000, 0), (100_000, 13), (1_000_000, 13)])
def test_a_first_sync_reads_few_orders_by_pages_and_many_by_reports(orders_a_year, reports):
    """The break-even lies where the burst of searchOrders ends (docs/amazon.md#limits)."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": orders_a_year / 365}))
    assert channels(plan, "orders").count(Channel.REPORT) == reports


@pytest.mark.parametrize(("skus", "expected"), [(500, Channel.API), (25_000, Channel.REPORT)])
def test_a_large_inventory_is_read_from_its_report(skus, expected):
    """Above some 20,000 SKUs a pass by pages outlives its tokens of 30 seconds."""
    plan = plan_sync([missing(INVENTORY)], known(rows={"inventory": skus}))
    assert channels(plan, "inventory") == [expected]


def test_a_day_of_changes_is_read_by_pages():
    """Three hundred changed orders are four pages, which no report can beat."""
    plan = plan_sync([missing(ORDERS, DAY)], known(rows_per_day={"orders": 300}))
    assert channels(plan, "orders") == [Channel.API]
    assert plan.predicted_seconds < 10


def test_a_busy_day_with_an_empty_bucket_is_read_from_a_report():
    """What counts is the calls that are left now, not a full burst."""
    usage = known().usage | {"searchOrders": Usage(0.0056, 0)}
    facts = replace(known(rows_per_day={"orders": 2_000}), usage=usage)
    plan = plan_sync([missing(ORDERS, DAY)], facts)
    assert channels(plan, "orders") == [Channel.REPORT]


def test_windows_of_reports_are_no_longer_than_amazon_allows():
    """A year of ledger is thirteen reports of at most 30 days that leave no gap."""
    plan = plan_sync([missing(LEDGER)], known())
    windows = [step.window for step in plan.steps]
    assert len(windows) == 13
    assert all(window.length <= timedelta(days=30) for window in windows)
    assert union(windows) == [YEAR]


def busy_with_reports(**values: object) -> Known:
    """So many reports are asked for already that one more waits a minute for its turn."""
    facts = known(**values)
    return replace(facts, usage=facts.usage | {CREATE: Usage(0.0167, 0)})


def test_the_newest_windows_are_read_by_pages_while_reports_wait_their_turn():
    """Each window has its channel; the pages that are free spare the reports that queue."""
    facts = busy_with_reports(rows_per_day={"orders": 6_000 / 365})
    plan = plan_sync([missing(ORDERS)], facts)
    by_pages = union(s.window for s in plan.steps if s.channel is Channel.API)
    by_reports = union(s.window for s in plan.steps if s.channel is Channel.REPORT)
    assert by_pages[-1].until == NOW
    assert by_reports[-1].until == by_pages[0].since
    assert union([*by_pages, *by_reports]) == [YEAR]
    assert plan.calls()["searchOrders"] <= 30
    reports_alone = plan_sync([missing(replace(ORDERS, api=None))], facts)
    pages_alone = plan_sync([missing(replace(ORDERS, report=None))], facts)
    assert plan.predicted_seconds < 0.9 * reports_alone.predicted_seconds
    assert plan.predicted_seconds < 0.5 * pages_alone.predicted_seconds
    assert "by both" in plan.steps[0].reason


def test_windows_of_which_reports_are_under_way_stay_with_reports():
    """A worker that takes over asks nobody else for what Amazon is making."""
    since = NOW - timedelta(days=40)
    asked = Window(since, since + timedelta(days=30))
    part = replace(missing(ORDERS), todo=(Window(since, NOW),), asked=(asked,))
    plan = plan_sync([part], known(rows_per_day={"orders": 10}, report_seconds={"ORDERS": 60}))
    assert next(s.window for s in plan.steps if s.channel is Channel.REPORT) == asked
    slow = known(rows_per_day={"orders": 10}, report_seconds={"ORDERS": 7_200}, rows={})
    facts = replace(slow, usage=slow.usage | {CREATE: Usage(0.00001, 0)})
    plan = plan_sync([part], facts)
    assert [(s.channel, s.window) for s in plan.steps] == [
        (Channel.API, Window(asked.until, NOW)),
        (Channel.REPORT, asked),
    ]


def test_a_division_that_gains_no_time_is_none():
    """Reports that are made side by side end together, however many: one channel then."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": 6_000 / 365}))
    assert set(channels(plan, "orders")) == {Channel.REPORT}


def test_pages_of_a_divided_scope_that_turn_out_many_are_left_to_reports():
    """The windows of reports stay as they are; what pages had becomes reports, too."""
    facts = busy_with_reports(rows_per_day={"orders": 6_000 / 365})
    plan = plan_sync([missing(ORDERS)], facts)
    (pages,) = [step for step in plan.steps if step.channel is Channel.API]
    before = channels(plan, "orders").count(Channel.REPORT)
    for step in plan.steps:
        plan = revise(plan, Begun("orders", "", step.channel, step.window), now=0)
    seen = PageSeen("orders", "", pages.window, 100, 1 / 200, {"searchOrders": 1})
    plan = revise(plan, seen, now=1)
    assert set(channels(plan, "orders")) == {Channel.REPORT}
    assert channels(plan, "orders").count(Channel.REPORT) == 13 > before
    assert union(s.window for s in plan.steps if not s.given_up) == [YEAR]


def test_the_prediction_counts_every_report_on_one_bucket():
    """Reports of different streams queue for createReport: 15 at once, then one a minute."""
    streams = [replace(LEDGER, name=f"ledger_{n}") for n in range(4)]
    plan = plan_sync([missing(stream) for stream in streams], known())
    queued = (4 * 13 - 15) / 0.0167
    assert plan.bound_seconds() == pytest.approx(queued)
    assert queued + REPORT_SECONDS <= plan.predicted_seconds <= 1.05 * queued + REPORT_SECONDS


def test_a_report_that_was_just_made_is_waited_for():
    """A type that Amazon refuses for another hour is not predicted to be there in minutes."""
    soon = plan_sync([missing(LEDGER)], known()).predicted_seconds
    later = plan_sync([missing(LEDGER)], known(report_waits={"LEDGER": 3_600})).predicted_seconds
    assert later == pytest.approx(soon + 3_600, abs=5)


def test_this_sellers_own_report_times_count():
    """Before there is a history a report is expected in 15 minutes, afterwards in its p90."""
    plan = plan_sync([missing(LEDGER)], known(report_seconds={"LEDGER": 120}))
    assert plan.predicted_seconds == pytest.approx(120, abs=5)


def test_every_step_says_why():
    """An assumption is called one, and the other channel's time is told beside it."""
    plan = plan_sync([missing(stream) for stream in STREAMS], known())
    assert all(step.reason for step in plan.steps)
    (orders,) = [step for step in plan.steps if step.stream == "orders"]
    assert "assumed" in orders.reason
    assert "by report" in orders.reason


def test_a_first_page_that_shows_sixty_more_moves_the_rest_to_reports():
    """Orders begin by pages; when the first one tells how many there are, reports go on."""
    plan = plan_sync([missing(ORDERS)], known())
    assert channels(plan, "orders") == [Channel.API]
    page = {"searchOrders": 1}
    plan = revise(plan, Begun("orders", "", Channel.API, YEAR), now=0)
    plan = revise(plan, PageSeen("orders", "", YEAR, 100, 1 / 61, page), now=1)

    by_report = [s for s in plan.steps if s.channel is Channel.REPORT]
    assert len(by_report) == 13
    (revision,) = plan.revisions
    assert "60 pages remain" in revision.reason
    assert "report" in revision.reason
    assert remaining_seconds(plan, now=1) < 1_000


def test_a_page_that_is_as_foreseen_changes_nothing():
    """No revision without a reason."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": 1_000 / 365}))
    plan = revise(plan, Begun("orders", "", Channel.API, YEAR), now=0)
    plan = revise(plan, PageSeen("orders", "", YEAR, 100, 0.1, {"searchOrders": 1}), now=1)
    assert not plan.revisions
    assert channels(plan, "orders") == [Channel.API]


def test_slow_reports_move_what_was_not_asked_for_yet_to_pages():
    """A report that takes hours is no longer the faster way."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": 10}))
    assert Channel.REPORT in channels(plan, "orders")
    plan = revise(plan, ReportMade("ORDERS", 6 * 3_600.0, 600.0), now=30)
    assert set(channels(plan, "orders")) == {Channel.API}
    assert "ORDERS takes 6 h" in plan.revisions[-1].reason


def test_a_report_that_is_under_way_is_waited_for():
    """What Amazon is at work on is not asked for a second time."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": 300}))
    under_way = channels(plan, "orders").count(Channel.REPORT)
    for step in plan.steps[:under_way]:
        begun = Begun("orders", "", step.channel, step.window, requested=True, calls={CREATE: 1})
        plan = revise(plan, begun, now=1)
    plan = revise(plan, ReportMade("ORDERS", 6 * 3_600.0, 600.0), now=30)
    assert channels(plan, "orders").count(Channel.REPORT) == under_way


def test_a_faster_rate_brings_orders_back_to_pages():
    """Amazon's header may tell a rate far above the documented one; the plan then uses it."""
    plan = plan_sync([missing(ORDERS)], known(rows_per_day={"orders": 15}))
    assert Channel.REPORT in channels(plan, "orders")
    plan = revise(plan, UsageSeen({"searchOrders": Usage(5.0, 20)}), now=1)
    assert set(channels(plan, "orders")) == {Channel.API}


def test_a_window_read_in_two_parts_ends_when_both_have():
    """A window that was halved leaves a step for its second half."""
    plan = plan_sync([missing(TRANSACTIONS, DAY)], known())
    half = Window(DAY.since, DAY.since + DAY.length / 2)
    plan = revise(plan, Ended("transactions", "", Channel.API, half, 5), now=2)
    assert [step.ended is None for step in plan.steps] == [False, True]
    rest = Window(half.until, NOW)
    plan = revise(plan, Ended("transactions", "", Channel.API, rest, 5), now=3)
    assert all(step.ended is not None for step in plan.steps)
    assert remaining_seconds(plan, now=3) == 0


def test_a_seller_whose_limit_others_eat_is_told_later():
    """Pages that take three times as long as the bucket says will go on doing so."""
    facts = known(rows_per_day={"transactions": 5_000})
    plan = plan_sync([missing(TRANSACTIONS)], facts)
    windows = [step.window for step in plan.steps]
    plan = revise(plan, UsageSeen({"listTransactions": Usage(0.5, 0)}), now=0)
    plan = revise(plan, Begun("transactions", "", Channel.API, windows[0]), now=0)
    undisturbed = remaining_seconds(plan, now=0)
    for page in range(1, 20):
        seen = PageSeen(
            "transactions", "", windows[0], 500, page * 500 / 875_000, {"listTransactions": 1}
        )
        plan = revise(plan, seen, now=6.0 * page)
    assert remaining_seconds(plan, now=120) > 2 * undisturbed
