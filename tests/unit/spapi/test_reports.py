"""Reports: what is asked, and what is not asked twice."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import partial

import pytest

from recoup.errors import (
    BadRequestError,
    MalformedAnswerError,
    ThrottledError,
    UnavailableError,
)
from recoup.spapi.client import ONCE_LIMIT
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    LISTED,
    AmazonReport,
    ProcessingStatus,
    create_report,
    get_more_reports,
    get_report,
    get_reports,
)
from tests.support.scripted_server import BREAK, Reply

pytestmark = pytest.mark.anyio

AT_ONCE = partial(asyncio.sleep, 0)
REPORTS = "/reports/2021-06-30/reports"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 20, tzinfo=UTC)
REPORT = {
    "reportId": "R1",
    "reportType": "GET_THINGS",
    "createdTime": "2026-11-23T12:00:00+00:00",
    "processingStatus": "DONE",
    "dataStartTime": "2026-11-01T00:00:00Z",
    "dataEndTime": "2026-11-20T00:00:00Z",
    "marketplaceIds": ["ATVPDKIKX0DER"],
    "processingEndTime": "2026-11-23T12:03:00Z",
    "reportDocumentId": "D1",
}


async def ask(api, before_sending=AT_ONCE):
    return await create_report(
        api,
        report_type="GET_THINGS",
        marketplace_ids=["ATVPDKIKX0DER"],
        since=SINCE,
        until=UNTIL,
        options={"eventType": ""},
        before_sending=before_sending,
    )


async def test_a_report_is_asked_for_with_its_times_and_options(api, server) -> None:
    """Type, marketplaces, both times and the options travel in the body."""
    server.script(REPORTS, Reply(202, {"reportId": "R1"}))

    assert await ask(api) == "R1"

    assert json.loads(server.received[-1].body) == {
        "reportType": "GET_THINGS",
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "dataStartTime": "2026-11-01T00:00:00Z",
        "dataEndTime": "2026-11-20T00:00:00Z",
        "reportOptions": {"eventType": ""},
    }


@pytest.mark.parametrize("answer", [Reply(500, {"errors": []}), Reply(503), BREAK, Reply(202, "{")])
async def test_what_may_have_reached_amazon_is_not_repeated(api, server, answer) -> None:
    """A lost answer to createReport is raised at once: the caller looks before it asks again."""
    server.script(REPORTS, answer)

    with pytest.raises((UnavailableError, MalformedAnswerError)):
        await ask(api)

    assert len([one for one in server.received if one.path == REPORTS]) == 1


async def test_who_wakes_up_too_late_asks_for_nothing(api, server, time) -> None:
    """A process may be stopped when it has noted that it sends; later another believes it did not."""
    with pytest.raises(UnavailableError):
        await ask(api, before_sending=partial(time.sleep, ONCE_LIMIT.total_seconds()))

    assert [one for one in server.received if one.path == REPORTS] == []


async def test_a_refusal_of_a_type_does_not_slow_the_others_down(api, server, budget) -> None:
    """A 429 is raised; the common budget hears of it only when it is told."""
    server.script(REPORTS, Reply(429, {"errors": [{"code": "QuotaExceeded"}]}))

    with pytest.raises(ThrottledError) as caught:
        await ask(api)
    assert budget.throttlings == []

    await api.throttled(caught.value, CREATE_REPORT)
    assert budget.throttlings == [None]


async def test_a_refused_access_token_is_renewed(api, server) -> None:
    """Amazon did nothing then, so the request is made again."""
    refused = Reply(403, {"errors": [{"code": "Unauthorized", "message": "access token expired"}]})
    server.script(REPORTS, refused, Reply(202, {"reportId": "R1"}))

    assert await ask(api) == "R1"


async def test_a_report_is_read(api, server) -> None:
    """Status, times and document, each where Amazon has it."""
    server.script(f"{REPORTS}/R1", Reply(200, REPORT))

    assert await get_report(api, "R1") == AmazonReport(
        report_id="R1",
        report_type="GET_THINGS",
        status=ProcessingStatus.DONE,
        created_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        marketplace_ids=("ATVPDKIKX0DER",),
        since=SINCE,
        until=UNTIL,
        ended_at=datetime(2026, 11, 23, 12, 3, tzinfo=UTC),
        document_id="D1",
    )


async def test_the_token_of_the_next_page_travels_alone(api, server) -> None:
    """Unlike elsewhere: with any other parameter Amazon answers 400."""
    server.script(
        REPORTS, Reply(200, {"reports": [REPORT], "nextToken": "T"}), Reply(200, {"reports": []})
    )

    first = await get_reports(api, report_types=["GET_A", "GET_B"], created_since=SINCE)
    assert first.next_token == "T"
    await get_more_reports(api, "T")

    asked, more = (one.query for one in server.received if one.path == REPORTS)
    assert asked == {
        "reportTypes": ["GET_A,GET_B"],
        "createdSince": ["2026-11-01T00:00:00Z"],
        "pageSize": ["100"],
    }
    assert more == {"nextToken": ["T"]}


_TOO_OLD = Reply(400, {"errors": [{"code": "InvalidInput", "message": "createdSince"}]})
_AN_HOUR_LATER = {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}


def created_since(server) -> list[str]:
    return [one.query["createdSince"][0] for one in server.received if one.path == REPORTS]


async def test_nothing_is_asked_for_that_amazon_no_longer_lists(api, server, time) -> None:
    """90 days back by a clock that is not quite Amazon's, of a call that waits for its turn."""
    server.script(REPORTS, Reply(200, {"reports": []}))

    await get_reports(api, report_types=["GET_A"], created_since=time.now - LISTED)

    assert created_since(server) == ["2026-08-25T13:00:00Z"]


async def test_a_time_that_amazon_no_longer_lists_is_moved(api, server, time) -> None:
    """The refusal tells Amazon's clock, which was more than an hour ahead of ours."""
    late = Reply(400, _TOO_OLD.body, _AN_HOUR_LATER)
    server.script(REPORTS, late, Reply(200, {"reports": [REPORT]}))

    page = await get_reports(api, report_types=["GET_A"], created_since=time.now - LISTED)

    assert [one.report_id for one in page.reports] == ["R1"]
    assert created_since(server) == ["2026-08-25T13:00:00Z", "2026-08-25T15:00:00Z"]


async def test_another_refusal_of_a_listing_is_raised_at_once(api, server, time) -> None:
    """It is within Amazon's sight: to ask again would change nothing."""
    server.script(REPORTS, _TOO_OLD)

    with pytest.raises(BadRequestError):
        await get_reports(api, report_types=["GET_A"], created_since=time.now - LISTED)

    assert len(created_since(server)) == 1


@pytest.mark.parametrize(
    "change", [{"processingStatus": None}, {"createdTime": "now"}, {"reportId": ""}]
)
async def test_a_report_that_is_not_as_documented_is_an_error(api, server, change) -> None:
    """Nothing is guessed."""
    server.always(f"{REPORTS}/R1", Reply(200, {**REPORT, **change}))

    with pytest.raises(MalformedAnswerError):
        await get_report(api, "R1")


async def test_a_status_of_next_year_is_no_end(api, server) -> None:
    """A word that nobody knows says that the report is not there yet: it is asked for again."""
    server.always(f"{REPORTS}/R1", Reply(200, {**REPORT, "processingStatus": "BORED"}))

    found = await get_report(api, "R1")

    assert found.status is ProcessingStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "change",
    [{"processingStatus": 7}, {"createdTime": "now"}, {"reportId": None}, {"dataEndTime": "later"}],
)
async def test_an_odd_report_of_others_does_not_hide_ours(api, server, change) -> None:
    """A listing leaves out the one that cannot be read."""
    reports = [{**REPORT, "reportId": "R0", **change}, REPORT]
    server.script(REPORTS, Reply(200, {"reports": reports}))

    page = await get_reports(api, report_types=["GET_THINGS"], created_since=SINCE)

    assert [one.report_id for one in page.reports] == ["R1"]
