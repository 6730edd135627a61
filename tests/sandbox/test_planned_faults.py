"""Faults at the n-th call, and those of pages and reports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.asking import REPORTS, ask, asked, content, finished, state
from tests.sandbox.running import (
    ALL_STOCK,
    INVENTORY,
    ORDERS,
    SELLERS,
    YEAR_AGO,
    YEAR_IN_WINDOWS,
    Running,
    error_of,
)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with Running(orders=3000) as running:
        yield running


def plan(sandbox: Running, *faults: str) -> None:
    answer = sandbox.control("faults", {"faults": list(faults)})
    assert answer.json() == {"faults": list(faults)}


def test_the_nth_call_of_an_operation_fails(sandbox):
    """Only that call, counted from when the fault was set."""
    token = sandbox.token()
    sandbox.get(ORDERS, token, createdAfter=YEAR_AGO)
    plan(sandbox, "500@searchOrders:3", "503@getMarketplaceParticipations:1")
    statuses = [sandbox.get(ORDERS, token, createdAfter=YEAR_AGO).status_code for _ in range(5)]

    assert statuses == [200, 200, 500, 200, 200]
    assert [sandbox.get(SELLERS, token).status_code for _ in "ab"] == [503, 200]


def test_the_token_endpoint_can_be_planned_too(sandbox):
    """Its operation is called lwaToken."""
    plan(sandbox, "500@lwaToken:2")

    assert [sandbox.exchange().status_code for _ in range(3)] == [200, 500, 200]


PAGED = {
    "searchOrders": lambda sandbox: [
        one["orderId"] for one in sandbox.orders(createdAfter=YEAR_AGO)
    ],
    "getInventorySummaries": lambda sandbox: [one["sellerSku"] for one in sandbox.stock()],
    "listTransactions": lambda sandbox: [
        one["transactionId"] for one in sandbox.transactions(**YEAR_IN_WINDOWS[0])
    ],
}


@pytest.mark.parametrize("operation", PAGED)
def test_a_duplicate_page_repeats_its_rows_and_loses_none(sandbox, operation):
    """The page comes twice in a row; all others once."""
    read = PAGED[operation]
    undisturbed = read(sandbox)
    plan(sandbox, f"duplicate-page@{operation}:2")
    disturbed = read(sandbox)

    assert len(disturbed) > len(undisturbed)
    assert list(dict.fromkeys(disturbed)) == undisturbed


@pytest.mark.parametrize("operation", PAGED)
def test_an_empty_page_has_a_token_and_nothing_is_lost(sandbox, operation):
    """Even when every page is preceded by an empty one, the rows are the same."""
    read = PAGED[operation]
    undisturbed = read(sandbox)
    plan(sandbox, "empty-page-with-token:1")

    assert read(sandbox) == undisturbed


def test_an_empty_page_is_empty(sandbox):
    """No rows, and a token."""
    plan(sandbox, "empty-page-with-token@getInventorySummaries:1")
    page = sandbox.get(INVENTORY, **ALL_STOCK).json()

    assert page["payload"]["inventorySummaries"] == []
    assert page["pagination"]["nextToken"]


def test_a_fatal_report_has_a_document(sandbox):
    """It says that something went wrong inside."""
    plan(sandbox, "fatal@createReport:1")
    report = finished(sandbox, asked(sandbox))

    assert report["processingStatus"] == "FATAL"
    assert b"internal error" in content(sandbox, report)
    assert finished(sandbox, asked(sandbox))["processingStatus"] == "DONE"


def test_a_lost_report_is_unknown_or_never_done(sandbox):
    """It is accepted; then about half of these are unknown, the others wait for ever."""
    plan(sandbox, "lost-report:1")
    ids = [ask(sandbox).json()["reportId"] for _ in range(12)]
    sandbox.control("clock", {"advance": "P1D"})
    answers = [sandbox.get(f"{REPORTS}/{one}") for one in ids]

    known = [one.json()["processingStatus"] for one in answers if one.status_code == 200]
    assert {error_of(one) for one in answers if one.status_code != 200} == {(404, "NotFound")}
    assert set(known) == {"IN_QUEUE"}
    assert 0 < len(known) < 12


def test_faults_that_do_not_fit_an_operation_pass_it_by(sandbox):
    """A page cannot be duplicated where there are no pages."""
    plan(sandbox, "duplicate-page:1", "lost-report:1", "truncated-gzip:1", "fatal:1")

    assert sandbox.get(SELLERS).status_code == 200
    calls = sandbox.client.get("/_sandbox/calls").json()
    assert calls["getMarketplaceParticipations"]["faults"] == {}


def test_calls_beyond_the_bucket_are_told_without_limits_too(sandbox):
    """`bucketExceeded` says whether Amazon would have refused, and of which operation."""
    token = sandbox.token()
    for _ in range(16):
        assert sandbox.get(SELLERS, token).status_code == 200
    sandbox.get(ORDERS, token, createdAfter=YEAR_AGO)
    calls = sandbox.client.get("/_sandbox/calls").json()

    assert calls["getMarketplaceParticipations"]["bucketExceeded"]
    assert calls["getMarketplaceParticipations"]["throttled"] == 0
    assert not calls["searchOrders"]["bucketExceeded"]


def test_state_and_truth_are_told_to_tests(sandbox):
    """The control routes answer JSON."""
    report_id = asked(sandbox)

    assert state(sandbox, report_id)["reportId"] == report_id
    assert sandbox.client.get("/_sandbox/truth").status_code == 200
