"""What is asked for by reports, and what an ended one means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from recoup.ids import ConnectionId, SyncId
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams._report import DAILY, Field, ReplaceDays, Report, Upsert
from recoup.streams._window import Days, Window, subtract, union
from recoup.sync.reports.matching import (
    Matched,
    find_fitting,
    match_lost,
    match_others,
    match_requests,
    match_snapshot,
)
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.verdict import Verdict, judge
from recoup.sync.reports.windows import asked_window, halves, overlaps, plan_windows, told_days

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)
FIELDS = (Field("a", ("a",)),)
PLAIN = Report("GET_A", FIELDS, Upsert(), DAILY, longest=30 * DAY)
DAYS = Report("GET_B", FIELDS, ReplaceDays("a"), DAILY, longest=30 * DAY)
MONTHS = Report("GET_C", FIELDS, Upsert(), DAILY, by_month=True)
QUARTERS = Report("GET_D", FIELDS, Upsert(), DAILY, by_month=True, longest=92 * DAY)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(since: str, until: str) -> Window:
    return Window(day(since), day(until))


def request(asked: Window | None = None, **values: object) -> ReportRequest:
    request = {
        "request_id": 1,
        "connection_id": ConnectionId("c"),
        "stream": "a",
        "scope": "",
        "report_type": "GET_A",
        "marketplace_ids": ("US",),
        "options": {},
        "window": asked,
        "asked": asked,
        "status": "in_queue",
        "report_id": "R1",
        "document_id": None,
        "adopted": False,
        "tries": 1,
        "ask_at": None,
        "intended_at": NOW,
        "report_created_at": None,
        "sync_id": SyncId("s"),
        "remark": None,
    }
    return ReportRequest(**{**request, **values})  # type: ignore[arg-type] # values of a test


def matched_with(
    todo: Sequence[Window],
    requests: Sequence[ReportRequest],
    report: Report,
    *,
    interval: timedelta = DAILY,
    now: datetime = NOW,
) -> Matched:
    return match_requests(
        todo, requests, report, ("US",), longest=None, interval=interval, overlap=9 * DAY, now=now
    )


moments = st.integers(0, 5_000).map(lambda hours: NOW - timedelta(hours=hours))
pieces = st.lists(
    st.tuples(moments, moments).filter(lambda two: two[0] < two[1]).map(lambda two: Window(*two)),
    max_size=4,
)


@given(pieces, st.sampled_from([PLAIN, DAYS]))
def test_windows_hold_all_of_it_and_none_is_too_long(todo: list[Window], report: Report) -> None:
    """Together they cover what is to do, apart from each other, none longer than allowed."""
    windows = plan_windows(todo, report, longest=None)

    assert subtract(todo, windows) == []
    assert all(one.length <= 30 * DAY for one in windows)
    assert sum((one.length for one in windows), timedelta()) == sum(
        (one.length for one in union(windows)), timedelta()
    )


@given(pieces)
def test_months_are_whole_and_over(todo: list[Window]) -> None:
    """A month of which the end is not to be read yet is left to a later sync."""
    for one in plan_windows(todo, MONTHS, longest=None):
        assert one.since.day == 1
        assert one.since.hour == 0
        assert one.until == (one.since + 31 * DAY).replace(day=1)
        assert any(piece.since < one.until <= piece.until for piece in union(todo))


def test_several_months_fit_into_one_report() -> None:
    """As many as the longest window holds."""
    months = plan_windows([window("2026-01-10", "2026-05-20")], QUARTERS, longest=None)

    assert months == [window("2026-01-01", "2026-04-01"), window("2026-04-01", "2026-05-01")]


def test_days_are_asked_for_with_a_margin_and_told_without() -> None:
    """Marketplaces have other midnights: every day is told in full by exactly one report."""
    first, second = plan_windows([window("2026-10-01", "2026-11-20")], DAYS, longest=None)

    assert asked_window(first, DAYS, now=NOW) == window("2026-09-29", "2026-10-31")
    last = Window(day("2026-11-20"), NOW)
    assert [told_days(one, DAYS, made_at=NOW) for one in (first, second, last)] == [
        Days(date(2026, 9, 30), date(2026, 10, 29)),
        Days(date(2026, 10, 30), date(2026, 11, 18)),
        Days(date(2026, 11, 19), None),
    ]


def test_a_snapshot_with_a_lead_begins_so_long_ago() -> None:
    """Amazon wants the start at least 72 hours ago."""
    report = Report("GET_A", FIELDS, Upsert(), DAILY, lead=timedelta(hours=72))

    asked = asked_window(None, report, now=NOW)

    assert asked is not None
    assert NOW - asked.since > timedelta(hours=72)
    assert asked_window(None, PLAIN, now=NOW) is None


def test_open_requests_serve_again_where_they_fit() -> None:
    """Kept: what lies in what is to do. Asked for: the rest. Dropped: what nobody needs."""
    todo = [window("2026-10-01", "2026-11-20")]
    fits = request(window("2026-10-31", "2026-11-20"))
    stale = request(window("2026-09-20", "2026-10-10"))

    matched = matched_with(todo, [stale, fits], PLAIN)

    assert matched.kept == (fits,)
    assert matched.dropped == (stale,)
    assert matched.missing == (window("2026-10-01", "2026-10-31"),)


@pytest.mark.parametrize("report", [PLAIN, DAYS])
def test_midnight_drops_no_request(report: Report) -> None:
    """A restart after midnight has a history that begins a day later; the requests still serve."""
    before = [Window(NOW - 90 * DAY, NOW)]
    asked = [request(one) for one in plan_windows(before, report, longest=None)]
    after = [Window(NOW - 89 * DAY, NOW + timedelta(minutes=20))]

    matched = matched_with(after, asked, report)

    assert matched.dropped == ()
    assert matched.missing == ()


def test_what_passed_since_a_request_is_left_to_the_next_sync() -> None:
    """Within Amazon's interval no new report would be made for the little that is new."""
    asked = Window(NOW - 20 * DAY, NOW - timedelta(hours=1))
    todo = [Window(NOW - 20 * DAY, NOW)]

    assert matched_with(todo, [request(asked)], PLAIN).missing == ()
    later = matched_with(todo, [request(asked)], PLAIN, interval=timedelta(minutes=30))
    assert later.missing == (Window(NOW - timedelta(hours=1), NOW),)


def test_an_old_request_serves_only_where_a_new_report_would_tell_the_same() -> None:
    """Rows come late: what a report told of last week may have changed since."""
    week_ago = NOW - 7 * DAY
    settled = request(window("2026-10-01", "2026-10-31"), intended_at=week_ago)
    fresh = request(window("2026-10-31", "2026-11-18"), intended_at=week_ago)
    unreadable = replace(settled, remark="lacks a column")
    todo = [Window(day("2026-10-01"), NOW)]

    matched = matched_with(todo, [settled, fresh], PLAIN)

    assert (matched.kept, matched.dropped) == ((settled,), (fresh,))
    assert matched_with(todo, [unreadable], PLAIN).dropped == (unreadable,)
    assert matched_with(todo, [unreadable], PLAIN, now=week_ago).kept == (unreadable,)
    assert match_snapshot([request(intended_at=week_ago)], ("US",), now=NOW).missing == (None,)
    young = request(intended_at=NOW - DAY / 2)
    assert match_snapshot([young], ("US",), now=NOW).kept == (young,)


def test_a_request_for_other_marketplaces_does_not_serve() -> None:
    """One was added since: what was asked for lacks it."""
    asked = request(window("2026-10-01", "2026-10-31"), marketplace_ids=("CA",))
    snapshot = request(marketplace_ids=("CA",))

    assert matched_with([window("2026-10-01", "2026-10-31")], [asked], PLAIN).dropped == (asked,)
    assert match_snapshot([snapshot], ("US",), now=NOW).dropped == (snapshot,)


def test_the_days_of_a_newer_report_are_not_told_again_by_an_older_one() -> None:
    """Two reports of the present, loaded in the wrong order."""
    older, made_at = Window(NOW - 20 * DAY, NOW - 2 * DAY / 24), NOW - DAY / 24

    assert told_days(older, DAYS, made_at=made_at) == Days(date(2026, 11, 4), None)
    newer = told_days(older, DAYS, made_at=made_at, newer=older.until)
    assert newer == Days(date(2026, 11, 4), date(2026, 11, 23))
    first_of_newer = told_days(Window(older.until, NOW), DAYS, made_at=NOW)
    assert first_of_newer == Days(date(2026, 11, 24), None)


def test_times_are_asked_for_to_the_second() -> None:
    """Amazon tells no smaller ones, and a report is found again by them."""
    odd = Window(NOW + timedelta(seconds=0.5), NOW + DAY + timedelta(seconds=0.25))

    assert asked_window(odd, PLAIN, now=NOW) == Window(NOW, NOW + DAY)


def report_of(**values: object) -> AmazonReport:
    report = {
        "report_id": "R9",
        "report_type": "GET_A",
        "status": ProcessingStatus.DONE,
        "created_at": NOW,
        "marketplace_ids": ("US",),
        "since": day("2026-10-01"),
        "until": day("2026-11-01"),
    }
    return AmazonReport(**{**report, **values})  # type: ignore[arg-type] # values of a test


@pytest.mark.parametrize(
    ("values", "serves"),
    [
        ({}, True),
        ({"since": day("2026-09-30")}, True),
        ({"since": day("2026-08-01")}, False),
        ({"status": ProcessingStatus.IN_PROGRESS}, True),
        ({"status": ProcessingStatus.CANCELLED}, False),
        ({"since": day("2026-10-02")}, False),
        ({"until": day("2026-10-30")}, False),
        ({"marketplace_ids": ("CA",)}, False),
        ({"report_type": "GET_B"}, False),
        ({"since": None, "until": None}, False),
        ({"created_at": day("2026-10-20")}, False),
    ],
)
def test_a_report_of_others_serves_when_it_tells_as_much(
    values: dict[str, object], *, serves: bool
) -> None:
    """Type, time, marketplaces, no longer than is wise, and made after the time it tells of."""
    report, asked = replace(PLAIN, longest=40 * DAY), window("2026-10-01", "2026-11-01")
    found = find_fitting(report, asked, ("US",), [report_of(**values)])

    assert (found is not None) is serves


def test_a_report_of_others_serves_for_one_window() -> None:
    """Each window gets a report of its own, and what nobody has made is still asked for."""
    october, november = window("2026-10-01", "2026-11-01"), window("2026-11-01", "2026-11-20")
    missing = [october, october, november]

    served = match_others(missing, PLAIN, ("US",), [report_of()], now=NOW)

    assert served == {october: report_of()}


def test_a_report_with_options_is_never_taken_from_others() -> None:
    """Amazon does not tell the options."""
    report = Report("GET_A", FIELDS, Upsert(), DAILY, options={"a": "b"})

    assert find_fitting(report, window("2026-10-01", "2026-11-01"), ("US",), [report_of()]) is None


def test_a_lost_answer_is_found_by_its_words_and_its_time() -> None:
    """The same request, made since it was intended."""
    mine = request(window("2026-10-01", "2026-11-01"), report_id=None, status="intended")

    assert match_lost(mine, [report_of()]) is not None
    assert match_lost(mine, [report_of(created_at=NOW - DAY)]) is None
    assert match_lost(mine, [report_of(until=NOW)]) is None


DONE, CANCELLED, FATAL = (
    ProcessingStatus.DONE,
    ProcessingStatus.CANCELLED,
    ProcessingStatus.FATAL,
)


@pytest.mark.parametrize(
    ("status", "tries", "similar", "halvable", "verdict"),
    [
        (DONE, 1, False, True, Verdict.LOAD),
        (CANCELLED, 1, False, True, Verdict.EMPTY),
        (CANCELLED, 1, True, True, Verdict.TOO_SOON),
        (FATAL, 1, False, True, Verdict.REPEAT),
        (FATAL, 2, False, True, Verdict.HALVE),
        (FATAL, 2, False, False, Verdict.FAIL),
        (FATAL, 3, False, True, Verdict.FAIL),
        (None, 1, False, True, Verdict.REPEAT),
        (None, 2, False, True, Verdict.FAIL),
    ],
)
def test_what_an_end_means(
    status: ProcessingStatus | None, tries: int, *, similar: bool, halvable: bool, verdict: Verdict
) -> None:
    """CANCELLED is empty or too soon; FATAL is repeated, then halved, then told."""
    assert judge(status, request(tries=tries), similar_before=similar, halvable=halvable) is verdict


def test_halves_are_the_whole() -> None:
    """Two windows that touch at a midnight; a day and a calendar month cannot be halved."""
    whole = Window(day("2026-10-01"), NOW)

    one, two = halves(whole, PLAIN) or (whole, whole)

    assert (one.since, one.until, two.until) == (whole.since, two.since, whole.until)
    assert halves(window("2026-10-01", "2026-10-02"), PLAIN) is None
    assert halves(window("2026-10-01", "2026-11-01"), MONTHS) is None


def test_neighbours_that_share_a_margin_are_not_similar() -> None:
    """An empty month of a small seller is empty, and no reason to wait four hours."""
    month = window("2026-09-29", "2026-10-31")

    assert not overlaps(month, day("2026-10-29"), day("2026-11-20"))
    assert overlaps(month, day("2026-10-10"), day("2026-11-20"))
    assert overlaps(month, None, None)


def test_a_part_of_a_report_is_not_taken_for_the_whole() -> None:
    """Others may have asked for one kind of event only, which Amazon does not tell."""
    asked = window("2026-10-01", "2026-10-20")
    made = AmazonReport(
        report_id="R9",
        report_type="GET_A",
        status=ProcessingStatus.DONE,
        created_at=day("2026-10-21"),
        since=asked.since,
        until=asked.until,
        marketplace_ids=("US",),
        document_id="D9",
    )

    assert find_fitting(PLAIN, asked, ["US"], [made]) == made
    assert find_fitting(replace(PLAIN, takes_options=True), asked, ["US"], [made]) is None
