"""Reports from the request to the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.sandbox.asking import (
    ALL_ORDERS,
    AUTUMN,
    LEDGER,
    REPORTS,
    SCHEDULES,
    SETTLEMENTS,
    STOCK,
    ask,
    asked,
    content,
    finished,
    state,
)
from tests.sandbox.running import US, Running, error_of


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with Running(limits=True) as running:
        yield running


def test_a_report_passes_through_its_states(sandbox):
    """Queued, made, done: minutes at speed 1, with the times told and a document at the end."""
    report_id = asked(sandbox)
    seen = [state(sandbox, report_id)]
    while seen[-1]["processingStatus"] != "DONE":
        sandbox.control("clock", {"advance": "PT10S"})
        seen.append(state(sandbox, report_id))

    met = list(dict.fromkeys(one["processingStatus"] for one in seen))
    assert met == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    created, ended = (
        datetime.fromisoformat(seen[-1][f"{name}Time"]) for name in ("created", "processingEnd")
    )
    assert timedelta(minutes=1) <= ended - created <= timedelta(minutes=10)
    assert "processingStartTime" not in seen[0]
    assert all("reportDocumentId" not in one for one in seen[:-1])
    assert seen[-1]["reportDocumentId"]


def test_speed_makes_reports_faster():
    """At speed 1000 a report is done half a second after it was asked for."""
    with Running(speed=1000) as sandbox:
        report_id = asked(sandbox)
        sandbox.control("clock", {"advance": "PT1S"})

        assert state(sandbox, report_id)["processingStatus"] == "DONE"


def test_no_data_ends_cancelled(sandbox):
    """A window without a row gives CANCELLED and no document."""
    dates = {"dataStartTime": "2025-01-01T00:00:00Z", "dataEndTime": "2025-01-02T00:00:00Z"}
    report = finished(sandbox, asked(sandbox, dates=dates))

    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report


@pytest.mark.parametrize(("name", "minutes"), [(STOCK, 30), (LEDGER, 240)])
def test_a_repeat_too_soon_ends_cancelled(sandbox, name, minutes):
    """30 minutes for near real time, 4 hours for daily ones; another marketplace changes nothing."""
    first = asked(sandbox, name)
    again = asked(sandbox, name, marketplaceIds=["A2EUQ1WTGCTBG2"])
    assert finished(sandbox, first)["processingStatus"] == "DONE"
    assert state(sandbox, again)["processingStatus"] == "CANCELLED"

    sandbox.control("clock", {"advance": f"PT{minutes - 15}M"})
    assert finished(sandbox, asked(sandbox, name))["processingStatus"] == "DONE"


def test_windows_next_to_each_other_are_different_reports(sandbox):
    """A backfill may ask for one window after the other."""
    windows = [("2026-09-01", "2026-10-01"), ("2026-10-01", "2026-11-01")]
    ids = [
        asked(sandbox, LEDGER, dates={"dataStartTime": since, "dataEndTime": until})
        for since, until in windows
    ]
    sandbox.control("clock", {"advance": "PT15M"})

    assert [state(sandbox, one)["processingStatus"] for one in ids] == ["DONE", "DONE"]


def test_order_reports_and_a_sandbox_without_limits_know_no_too_soon(sandbox):
    """The All-Orders reports are exempt, and --limits off switches the rule off."""
    ids = [asked(sandbox), asked(sandbox)]
    sandbox.control("clock", {"advance": "PT15M"})
    assert {state(sandbox, one)["processingStatus"] for one in ids} == {"DONE"}

    with Running(limits=False) as free:
        ids = [asked(free, STOCK), asked(free, STOCK)]
        free.control("clock", {"advance": "PT15M"})
        assert {state(free, one)["processingStatus"] for one in ids} == {"DONE"}


def test_types_have_quotas_of_their_own(sandbox):
    """The third stock report within 25 minutes is refused with 429, whatever came of the others."""
    answers = [ask(sandbox, STOCK).status_code for _ in range(3)]
    assert answers == [202, 202, 429]

    sandbox.control("clock", {"advance": "PT25M"})
    assert ask(sandbox, STOCK).status_code == 202


FATAL = [
    (ALL_ORDERS, {"dataStartTime": "2026-08-01", "dataEndTime": "2026-11-01"}, "30 days"),
    (LEDGER, {"dataStartTime": "2020-01-01", "dataEndTime": "2020-01-20"}, "days only"),
    (LEDGER, {"dataEndTime": "2026-11-01"}, "dataStartTime"),
]


@pytest.mark.parametrize(("name", "dates", "words"), FATAL)
def test_a_window_that_cannot_be_had_ends_fatal(sandbox, name, dates, words):
    """Too long, too old, without dates: FATAL, and the document says why."""
    report = finished(sandbox, asked(sandbox, name, dates=dates))

    assert report["processingStatus"] == "FATAL"
    assert words in content(sandbox, report).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"reportType": "GET_NOTHING"},
        {"marketplaceIds": []},
        {"marketplaceIds": US},
        {"dataStartTime": "2026-11-12", "dataEndTime": "2026-11-01"},
        {"dataStartTime": "2027-01-01", "dataEndTime": "2027-01-02"},
        {"reportOptions": {"a": 1}},
        {"reportType": SETTLEMENTS},
    ],
)
def test_wrong_requests_are_refused(sandbox, changes):
    """createReport checks its body; settlements cannot be asked for."""
    assert error_of(ask(sandbox, **changes)) == (400, "InvalidInput")


def test_a_report_can_be_cancelled_in_the_queue_only(sandbox):
    """Later it is refused."""
    report_id, late = asked(sandbox), asked(sandbox)
    answer = sandbox.send("DELETE", f"{REPORTS}/{report_id}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert state(sandbox, report_id)["processingStatus"] == "CANCELLED"
    finished(sandbox, late)
    assert error_of(sandbox.send("DELETE", f"{REPORTS}/{late}")) == (400, "InvalidInput")


def test_lists_go_on_with_the_token_alone(sandbox):
    """getReports pages through all reports, the newest first; the token admits no company."""
    ids = [asked(sandbox) for _ in range(5)]
    page = sandbox.get(REPORTS, reportTypes=ALL_ORDERS, pageSize="2").json()
    found = [one["reportId"] for one in page["reports"]]
    refused = sandbox.get(REPORTS, reportTypes=ALL_ORDERS, nextToken=page["nextToken"])
    while "nextToken" in page:
        # What is asked for meanwhile does not move the pages.
        page = sandbox.get(REPORTS, nextToken=page["nextToken"]).json()
        found += [one["reportId"] for one in page["reports"]]

    assert error_of(refused) == (400, "InvalidInput")
    assert sorted(found) == sorted(ids)
    assert len(found) == 5


def test_lists_can_be_narrowed(sandbox):
    """By type, status and time of creation; 90 days back at most."""
    done = asked(sandbox)
    finished(sandbox, done)
    queued = asked(sandbox, STOCK)
    both = f"{ALL_ORDERS},{STOCK}"

    def ids(**narrowed: str) -> list[str]:
        answer = sandbox.get(REPORTS, reportTypes=both, **narrowed).json()
        return [one["reportId"] for one in answer["reports"]]

    assert ids() == [queued, done]
    assert ids(processingStatuses="DONE") == [done]
    assert ids(createdSince=state(sandbox, queued)["createdTime"]) == [queued]
    assert ids(marketplaceIds="A2EUQ1WTGCTBG2") == []
    old = sandbox.get(REPORTS, reportTypes=both, createdSince="2026-01-01")
    assert error_of(old) == (400, "InvalidInput")
    assert error_of(sandbox.get(REPORTS)) == (400, "InvalidInput")


def test_settlements_exist_by_themselves(sandbox):
    """One about every 14 days, done already, 90 days back and no further."""
    answer = sandbox.get(REPORTS, reportTypes=SETTLEMENTS, pageSize="100").json()
    created = [datetime.fromisoformat(one["createdTime"]) for one in answer["reports"]]

    assert 5 <= len(created) <= 8
    assert created == sorted(created, reverse=True)
    assert {one["processingStatus"] for one in answer["reports"]} == {"DONE"}
    assert content(sandbox, answer["reports"][0]).startswith(b"settlement-id")


def test_reports_are_kept_90_days_and_those_of_orders_30(sandbox):
    """After that getReport does not know them."""
    orders, stock = asked(sandbox), asked(sandbox, STOCK)
    found = []
    for days in (29, 2, 58, 2):
        sandbox.control("clock", {"advance": f"P{days}D"})
        answers = [sandbox.get(f"{REPORTS}/{one}").status_code for one in (orders, stock)]
        found.append(answers)

    assert found == [[200, 200], [404, 200], [404, 200], [404, 404]]


def test_a_schedule_makes_reports(sandbox):
    """One per period, each about the period before it, until it is cancelled."""
    body = {"reportType": ALL_ORDERS, "marketplaceIds": [US], "period": "P1D"}
    schedule_id = sandbox.send("POST", SCHEDULES, body=body).json()["reportScheduleId"]
    sandbox.control("clock", {"advance": "P3D"})
    reports = sandbox.get(REPORTS, reportTypes=ALL_ORDERS).json()["reports"]
    cancelled = sandbox.send("DELETE", f"{SCHEDULES}/{schedule_id}")
    sandbox.control("clock", {"advance": "P3D"})

    assert len(reports) == 4
    assert {one["reportScheduleId"] for one in reports} == {schedule_id}
    spans = [
        datetime.fromisoformat(one["dataEndTime"]) - datetime.fromisoformat(one["dataStartTime"])
        for one in reports
    ]
    assert set(spans) == {timedelta(days=1)}
    assert cancelled.status_code == 200
    assert len(sandbox.get(REPORTS, reportTypes=ALL_ORDERS).json()["reports"]) == 4


def test_ids_never_repeat_for_the_same_seed():
    """Two sandboxes of one seed, one after the other, give other ids; so do two sellers of one."""
    ids: list[str] = []
    for _ in range(2):
        with Running() as sandbox:
            for token in (sandbox.token(), sandbox.token("Atzr|other")):
                body = {"reportType": ALL_ORDERS, "marketplaceIds": [US], **AUTUMN}
                made = sandbox.send("POST", REPORTS, token, body).json()["reportId"]
                sandbox.control("clock", {"advance": "PT15M"})
                document_id = sandbox.get(f"{REPORTS}/{made}", token).json()["reportDocumentId"]
                schedule = body | {"period": "P1D"}
                answer = sandbox.send("POST", SCHEDULES, token, schedule).json()
                ids += [made, document_id, answer["reportScheduleId"]]

    assert len(set(ids)) == len(ids) == 12


def test_reports_and_schedules_survive_a_restart(tmp_path):
    """With --state-dir a new process knows what the old one was asked for."""
    body = {"reportType": STOCK, "marketplaceIds": [US], "period": "P7D"}
    with Running(state_dir=tmp_path / "state") as sandbox:
        report_id = asked(sandbox)
        schedule_id = sandbox.send("POST", SCHEDULES, body=body).json()["reportScheduleId"]
        before = finished(sandbox, report_id)
        first = content(sandbox, before)
    with Running(state_dir=tmp_path / "state") as sandbox:
        after = finished(sandbox, report_id)
        schedules = sandbox.get(SCHEDULES, reportTypes=STOCK).json()["reportSchedules"]

        assert after == before
        assert content(sandbox, after) == first
        assert [one["reportScheduleId"] for one in schedules] == [schedule_id]
        assert asked(sandbox) != report_id
