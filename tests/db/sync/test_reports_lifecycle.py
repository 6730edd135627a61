"""Reports from the intent to the rows: what Amazon makes of them, and what we make of that."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from recoup.clock import parse_rfc3339, utc_now
from recoup.db.engine import Database
from recoup.ids import SyncId
from recoup.sandbox.report_jobs.documents import DOCUMENTS_PATH
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operations.reports import ProcessingStatus, create_report, get_report
from recoup.streams._report import Field
from recoup.streams._stream import Stream, Windows
from recoup.sync.record.lease_queries import Fence
from recoup.sync.record.queries import SyncRow
from recoup.sync.reports.request import ReportRequest
from recoup.sync.reports.requests import ReportDesk
from tests.support.lab import US, Lab, named, open_lab
from tests.support.meddling import Send, meddled
from tests.support.patience import PATIENCE
from tests.support.report_files import stream

NOBODYS = Fence(SyncId("sync_of_nobody"), 1)


@asynccontextmanager
async def reports_lab(
    database: Database, folder: Path, *names: str, **options: Any
) -> AsyncIterator[Lab]:
    """A lab whose syncs read these streams, all by reports; Amazon's four hours pass in seven seconds."""
    streams = [stream(name) for name in names]
    options.setdefault("speed", 2000)
    async with open_lab(database, folder, streams=streams, **options) as lab:
        yield lab


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with reports_lab(database, tmp_path, "reimbursements") as lab:
        yield lab


async def statuses(lab: Lab) -> dict[str, int]:
    async with lab.database.reading() as conn:
        rows = await conn.execute(text("select status, count(*) from report_request group by 1"))
        return {row[0]: row[1] for row in rows}


async def refuse_the_oldest(request: httpx2.Request, send: Send) -> httpx2.Response:
    """createReport at an Amazon that answers 400 for what is nearly a year old."""
    if request.method == "POST" and request.url.path.endswith("/reports"):
        asked = json.loads(request.content)
        if utc_now() - parse_rfc3339(asked["dataStartTime"]) > timedelta(days=350):
            error = {"code": "InvalidInput", "message": "too old"}
            return httpx2.Response(400, json={"errors": [error]})
    return await send(request)


def of(sync: SyncRow, name: str) -> Any:
    return next(one for one in sync.streams if one.name == name)


async def test_a_stream_of_reports_arrives_whole(lab: Lab) -> None:
    """Every window is asked for once, loaded once and closed; the counts add up."""
    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    counts = of(sync, "reimbursements")
    stored = await lab.scalar("select count(*) from reimbursements")
    assert counts.rows == counts.rows_read == stored > 0
    made = await statuses(lab)
    assert set(made) <= {"loaded", "empty"}
    assert (await lab.calls())["createReport"] == sum(made.values())
    span = "select upper(closed) - lower(closed) >= interval '365 days' from stream_cursor where stream = 'reimbursements'"
    assert await lab.scalar(span)
    assert await lab.scalar(
        "select bool_and(report_id is not null and rows_read = rows) from report_request"
    )


async def test_a_second_sync_at_once_asks_for_nothing(database: Database, tmp_path: Path) -> None:
    """Amazon makes a report every four hours: sooner there is nothing new, and a cancelled report."""
    async with reports_lab(database, tmp_path, "reimbursements", speed=300) as lab:
        await lab.sync()
        before = await lab.calls()

        sync = await lab.sync()

        assert sync.status == "complete"
        assert (await lab.calls())["createReport"] == before["createReport"]


async def test_a_sync_a_day_later_asks_for_one_report_and_changes_no_row_twice(lab: Lab) -> None:
    """The overlap is one report; rows that are stored already are unchanged."""
    await lab.sync()
    before = (await lab.calls())["createReport"]
    await lab.advance("P1D")

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert (await lab.calls())["createReport"] == before + 1
    stored = await lab.scalar("select count(*) from reimbursements")
    assert stored == await lab.scalar("select sum(rows) from report_request")


async def test_a_window_up_to_now_is_asked_for_without_a_look_at_others_reports(lab: Lab) -> None:
    """Nobody has made one for a time that has just ended; the one report is awaited by its id."""
    await lab.sync()
    before = (await lab.calls())["getReports"]
    await lab.advance("P1D")

    await lab.sync()

    assert (await lab.calls())["getReports"] == before


async def test_a_fatal_report_is_asked_for_again(lab: Lab) -> None:
    """FATAL once: the reason is read and stored, the window asked for again after the interval."""
    await lab.faults("fatal@createReport:1")

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    made = await statuses(lab)
    assert made["fatal"] == 1
    remark = await lab.scalar("select remark from report_request where status = 'fatal'")
    assert remark == "The report could not be made because of an internal error."


@asynccontextmanager
async def one_window(database: Database, folder: Path, **options: Any) -> AsyncIterator[Lab]:
    """A lab where only the last weeks are left to read, so that one report is asked for."""
    async with reports_lab(database, folder, "reimbursements", **options) as lab:
        await lab.sync()
        await lab.advance("P20D")
        yield lab


async def test_a_window_that_fails_twice_is_halved(database: Database, tmp_path: Path) -> None:
    """FATAL again: two reports for half the time each bring the rows."""
    async with one_window(database, tmp_path) as lab:
        before = await lab.scalar("select max(request_id) from report_request")
        await lab.faults("fatal@createReport:1", "fatal@createReport:2")

        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        async with lab.database.reading() as conn:
            rows = await conn.execute(
                text(
                    "select status, tries, until - since from report_request"
                    " where request_id > :before order by request_id"
                ),
                {"before": before},
            )
            steps = [tuple(row) for row in rows]
        assert [step[:2] for step in steps[:2]] == [("fatal", 1), ("fatal", 2)]
        assert [step[1] for step in steps[2:]] == [3, 3]
        assert sum((step[2] for step in steps[3:]), steps[2][2]) == steps[0][2]


async def test_a_report_that_cannot_be_had_fails_its_stream_by_name(
    database: Database, tmp_path: Path
) -> None:
    """FATAL to the end: the sync names the report and Amazon's reason, and the next one brings it."""
    async with one_window(database, tmp_path) as lab:
        await lab.faults(*(f"fatal@createReport:{n}" for n in range(1, 5)))

        failed = await lab.sync()

        assert failed.status == "failed"
        report_id = await lab.scalar(
            "select report_id from report_request where status = 'fatal' order by request_id desc limit 1"
        )
        assert "could not be made because of an internal error" in (failed.error or "")
        assert "GET_FBA_REIMBURSEMENTS_DATA report " in (failed.error or "")
        assert report_id
        await lab.faults()
        assert (await lab.sync()).status == "complete"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_report_that_amazon_forgets_is_asked_for_again(
    database: Database, tmp_path: Path, seed: int
) -> None:
    """Unknown, or in the queue for days: a new one brings the rows."""
    async with one_window(database, tmp_path, seed=seed) as lab:
        # Whether the report is hidden or stays in the queue is drawn by the sandbox from its seed.
        await lab.faults("lost-report@createReport:1")
        sync_id = await lab.start()
        running = asyncio.create_task(lab.runner.run(sync_id))
        asked = (
            f"select bool_or(report_id is not null) from report_request where sync_id = '{sync_id}'"
        )
        async with asyncio.timeout(PATIENCE):
            while not await lab.scalar(asked):
                await asyncio.sleep(0.05)
            await lab.advance("P3D")
            await running

        sync = await lab.read(sync_id)
        assert sync.status == "complete", sync.error
        assert (await statuses(lab)).get("failed") == 1


async def test_too_soon_is_not_empty(database: Database, tmp_path: Path) -> None:
    """CANCELLED after a report of somebody else's: it is asked for again after the interval."""
    async with reports_lab(database, tmp_path, "reimbursements", orders=1500) as lab:
        await lab.sync()
        await lab.advance("P20D")
        api = await lab.access.open(lab.connection, LocalBudget())
        # A time in common, and not all of ours: it stands in the way and does not serve.
        since = await lab.scalar("select upper(closed) - interval '10 days' from stream_cursor")
        await create_report(
            api,
            report_type="GET_FBA_REIMBURSEMENTS_DATA",
            marketplace_ids=[US],
            since=since,
            until=api.now(),
            options={},
            before_sending=partial(asyncio.sleep, 0),
        )

        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        made = await statuses(lab)
        assert made.get("too_soon", 0) >= 1, made


async def test_nothing_where_there_were_rows_is_an_alarm_and_no_delete(lab: Lab) -> None:
    """A time that had rows and has none now keeps them, and the stream is not available."""
    await lab.sync()
    stored = await lab.scalar("select count(*) from reimbursements")
    async with lab.database.writing() as conn:
        # As if the windows that are empty had had rows when they were read before.
        await conn.execute(text("update report_request set rows_read = 5 where status = 'empty'"))
        await conn.execute(text("update stream_cursor set closed = '{}', read_at = null"))
    await lab.advance("P1D")

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert of(sync, "reimbursements").status == "unavailable"
    assert "as if there were no data" in of(sync, "reimbursements").error
    assert await lab.scalar("select count(*) from reimbursements") == stored


async def test_a_type_that_is_refused_waits_and_the_others_do_not(
    database: Database, tmp_path: Path
) -> None:
    """createReport answers 429 for one type: that type cools down, and the wait is stored."""
    async with reports_lab(database, tmp_path, "reimbursements", "returns") as lab:
        await lab.know_the_rates()
        await lab.faults("429@createReport:1")

        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        assert await lab.scalar("select count(*) from report_cooldown") == 1
        throttled = await lab.scalar(
            "select rate from rate_budget where operation = 'createReport'"
        )
        assert throttled > 16, "the common limit is not slowed down"


async def test_refusals_and_outages_change_no_row(database: Database, tmp_path: Path) -> None:
    """Whatever goes wrong on the way, the tables end the same."""
    async with reports_lab(database, tmp_path, "reimbursements", "ledger") as lab:
        await lab.know_the_rates()
        await lab.faults("429:0.1", "500:0.1", "reset:0.1", "malformed:0.1", "truncated-gzip:0.2")

        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        stored = await lab.scalar("select count(*) from reimbursements")
        read = await lab.scalar(
            "select sum(rows) from report_request where stream = 'reimbursements'"
        )
        assert stored == read > 0
        await lab.faults()
        again = await lab.scalar("select count(*) from ledger")
        assert again > 0


async def test_an_expired_address_is_asked_for_again(lab: Lab) -> None:
    """A file that breaks off is downloaded again, from a new address."""
    await lab.faults("truncated-gzip@reportDocumentFile:1", "500@reportDocumentFile:2")

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    calls = await lab.calls()
    loaded = (await statuses(lab))["loaded"]
    assert calls["reportDocumentFile"] in {loaded + 1, loaded + 2}
    assert calls["getReportDocument"] == calls["reportDocumentFile"]


async def test_settlements_are_archived_and_loaded_once(database: Database, tmp_path: Path) -> None:
    """Found with getReports, kept as they came, and not downloaded a second time."""
    async with reports_lab(database, tmp_path, "settlements") as lab:
        await lab.sync()
        first = await lab.calls()
        found = await lab.scalar("select count(*) from settlements")
        assert found == await lab.scalar("select count(*) from report_archive") > 0
        assert await lab.scalar("select bool_and(is_balanced) from settlements")
        assert await lab.scalar("select min(length(content)) from report_archive") > 0

        await lab.advance("P15D")
        await lab.sync()

        calls = await lab.calls()
        assert "createReport" not in calls
        new = await lab.scalar("select count(*) from settlements") - found
        assert new >= 1
        assert calls["reportDocumentFile"] - first["reportDocumentFile"] == new
        assert calls["getReports"] == first["getReports"] + 1


async def test_a_report_of_somebody_else_serves(lab: Lab) -> None:
    """A fresh report of the same time, type and marketplaces is loaded instead of asked for."""
    api = await lab.access.open(lab.connection, LocalBudget())
    mine = stream("reimbursements")
    assert isinstance(mine.cursor, Windows)
    assert mine.report is not None
    assert mine.report.longest is not None
    midnight = api.now().replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight - mine.cursor.history + 2 * mine.report.longest
    report_id = await create_report(
        api,
        report_type=mine.report.report_type,
        marketplace_ids=[US],
        since=begins,
        until=begins + mine.report.longest,
        options={},
        before_sending=partial(asyncio.sleep, 0),
    )
    async with asyncio.timeout(PATIENCE):
        while (await get_report(api, report_id)).status != ProcessingStatus.DONE:
            await asyncio.sleep(0.05)

    desk = ReportDesk(api, lab.database, lab.connection.connection_id, fence=NOBODYS, types=[])
    since = api.now() - timedelta(days=1)

    async def unclaimed() -> list[str]:
        found = await desk.listing.list_unclaimed(mine.report.report_type, since=since)  # type: ignore[union-attr] # it has one
        return [one.report_id for one in found]

    assert await unclaimed() == [report_id]
    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert await unclaimed() == [], "the ledger has all that were asked for"
    adopted = await lab.scalar("select report_id from report_request where adopted")
    assert adopted == report_id
    asked_for = await lab.scalar("select count(*) from report_request")
    assert (await lab.calls())["createReport"] == asked_for, "the other one's included"


async def test_a_cancel_ends_the_wait_for_reports_at_once(
    database: Database, tmp_path: Path
) -> None:
    """A cancelled sync ends before the reports that it waits for: none of them is read."""
    async with reports_lab(database, tmp_path, "reimbursements", speed=1) as lab:
        sync_id = await lab.start()
        running = asyncio.create_task(lab.runner.run(sync_id))
        async with asyncio.timeout(PATIENCE):
            while (
                "Waiting for Amazon's reimbursements report"
                not in (await lab.read(sync_id)).message
            ):
                await asyncio.sleep(0.05)
        lab.runner.interrupt(sync_id)
        async with asyncio.timeout(PATIENCE):
            await running

        assert await lab.scalar("select count(*) from reimbursements") == 0
        held = await lab.scalar("select count(*) from report_request where report_id is not null")
        calls = (await lab.calls())["createReport"]
        assert calls - 1 <= held, "of the call that was under way no answer was heard"


async def test_a_document_that_stays_broken_is_made_anew_and_then_given_up(
    database: Database, tmp_path: Path
) -> None:
    """Another report is asked for once; no request stays open to fail every later sync."""
    async with reports_lab(database, tmp_path, "reimbursements") as lab:
        await lab.know_the_rates()
        await lab.faults("truncated-gzip:1")
        broken = await lab.sync()
        left = await statuses(lab)
        await lab.faults()
        await lab.advance("P1D")

        mended = await lab.sync()

    assert broken.status == "failed"
    assert "is truncated" in str(broken.error)
    assert "done" not in left
    assert mended.status == "complete", mended.error


async def test_a_window_that_is_refused_does_not_keep_the_others(
    database: Database, tmp_path: Path
) -> None:
    """A 400 on one createReport fails the stream by name, and the other windows are loaded."""
    async with reports_lab(database, tmp_path, "reimbursements") as lab:
        await lab.know_the_rates()
        async with meddled(lab, refuse_the_oldest, stream("reimbursements")):
            sync = await lab.sync()

        assert sync.status == "failed"
        assert "too old" in str(sync.error)
        assert await lab.scalar("select count(*) from reimbursements") > 0


def demanding(one: Stream) -> Stream:
    """The stream as a recoup reads it that needs a column which Amazon's file does not have."""
    assert one.report is not None
    unheard_of = Field("unheard_of", ("no-such-heading",), required=True)
    return replace(one, report=replace(one.report, fields=(*one.report.fields, unheard_of)))


async def test_a_file_that_cannot_be_read_is_read_again_and_not_asked_for_again(
    database: Database, tmp_path: Path
) -> None:
    """Today's recoup cannot, tomorrow's may: until then the stream fails, and no row is lost.

    A settlement cannot even be asked for again.
    """
    names = ("settlements", "reimbursements")
    # Slow enough that no new time comes up between the syncs for which a report is worth asking.
    async with reports_lab(database, tmp_path, *names, speed=300) as lab:
        await lab.know_the_rates()
        lab.only(*(demanding(stream(name)) for name in names))
        for _ in range(2):
            failed = await lab.sync()
            assert failed.status == "failed"
            assert "has no column no-such-heading" in (failed.error or "")
        assert await lab.scalar(
            "select bool_and(remark like '%has no column no-such-heading%') "
            "from report_request where status = 'done'"
        )
        calls = await lab.calls()
        lab.only(*map(stream, names))

        mended = await lab.sync()

        assert mended.status == "complete", mended.error
        assert (await lab.calls())["createReport"] == calls["createReport"]
        assert await lab.scalar("select count(*) from reimbursements") > 0
        found = await lab.scalar("select count(*) from settlements")
        assert found == await lab.scalar("select count(*) from report_archive") > 0


async def test_after_a_sync_that_failed_in_part_only_the_rest_is_asked_for(
    database: Database, tmp_path: Path
) -> None:
    """The windows that came a moment ago would be refused for four hours, and waited for."""
    async with reports_lab(database, tmp_path, "reimbursements", speed=300) as lab:
        await lab.know_the_rates()
        async with meddled(lab, refuse_the_oldest, stream("reimbursements")):
            assert (await lab.sync()).status == "failed"
        asked = (await lab.calls())["createReport"]

        mended = await lab.sync()

        assert mended.status == "complete", mended.error
        assert (await lab.calls())["createReport"] == asked + 1
        assert "too_soon" not in await statuses(lab)


async def test_reports_of_several_marketplaces_wait_for_each_other_in_a_line(
    database: Database, tmp_path: Path
) -> None:
    """Where Amazon makes one of a type at a time in a region, each comes on its second try."""
    by_report = replace(named("inventory"), api=None)
    # Slow enough for a busy machine to ask for the second report before the first one is made.
    async with open_lab(database, tmp_path, profile="eu", speed=500, streams=[by_report]) as lab:
        await lab.know_the_rates()
        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        assert (await statuses(lab)).pop("too_soon") == 1
        api = await lab.access.open(lab.connection, LocalBudget())
        desk = ReportDesk(api, lab.database, lab.connection.connection_id, fence=NOBODYS, types=[])
        request = ReportRequest(**{one.name: None for one in fields(ReportRequest)})  # type: ignore[arg-type] # a request without a time
        waits = [desk.wait_in_line(request, timedelta(minutes=30)) for _ in range(4)]
        assert [round(wait / timedelta(minutes=30)) for wait in waits] == [1, 2, 3, 4]


async def tell_a_third(request: httpx2.Request, send: Send) -> httpx2.Response:
    """An Amazon whose files have a third of the rows."""
    answer = await send(request)
    if not request.url.path.startswith(DOCUMENTS_PATH):
        return answer
    content = await answer.aread()
    head, *lines = gzip.decompress(content).splitlines(keepends=True)
    part = gzip.compress(b"".join([head, *lines[::3]]))
    content_type = answer.headers["content-type"]
    return httpx2.Response(
        200, stream=httpx2.ByteStream(part), headers={"content-type": content_type}
    )


async def test_a_file_with_a_part_is_asked_for_again_by_the_next_sync(
    database: Database, tmp_path: Path
) -> None:
    """Its time stays open, the seller is told, and no row goes; a whole one mends it."""
    notes = "select count(*) from stream_note where code = 'file_shrunk'"
    async with reports_lab(database, tmp_path, "reimbursements", orders=2000) as lab:
        await lab.sync()
        stored = await lab.scalar("select count(*) from reimbursements")
        await lab.advance("P1D")

        async with meddled(lab, tell_a_third, stream("reimbursements")):
            short = await lab.sync()

        assert short.status == "complete", short.error
        assert await lab.scalar("select count(*) from report_request where shrunk") == 1
        remark = await lab.scalar("select remark from report_request where shrunk")
        assert "requested again" in remark
        assert await lab.scalar(notes) == 1
        assert await lab.scalar("select count(*) from reimbursements") >= stored
        open_days = (
            "select extract(days from r.until - upper(c.closed))::integer "
            "from stream_cursor c, report_request r where r.shrunk and c.stream = r.stream"
        )
        assert await lab.scalar(open_days) > 20

        await lab.advance("P1D")
        whole = await lab.sync()

        assert whole.status == "complete", whole.error
        assert await lab.scalar(notes) == 0
        assert await lab.scalar(open_days) <= 0
