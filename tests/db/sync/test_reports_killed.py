"""Whatever step of a report a worker dies at, no report is asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.errors import FencedError, ForbiddenError, SpApiError
from recoup.ids import SyncId
from recoup.jobs.stop import stop_sync
from recoup.spapi.client import SpApi
from recoup.spapi.limits import LocalBudget
from recoup.spapi.operations.reports import create_report
from recoup.spapi.retry import RetryPolicy
from recoup.sync.access import SellerAccess
from recoup.sync.record.lease_queries import Fence
from recoup.sync.reports.listing import ReportListing
from recoup.sync.reports.queries import insert_request, store_report_id
from recoup.sync.reports.request import NewRequest, ReportRequest
from recoup.sync.reports.requests import ReportDesk
from recoup.sync.reports.sent_queries import note_refused, note_sent
from tests.support.dying import KilledError, dying_runner
from tests.support.lab import Lab, open_lab
from tests.support.meddling import Send, meddled, meddling_access
from tests.support.patience import PATIENCE
from tests.support.report_files import stream

STREAMS = [stream("reimbursements"), stream("fee_preview")]
STEPS = [
    "intent_stored",
    "report_asked",
    "id_stored",
    "report_done",
    "file_downloaded",
    "rows_written",
    "file_loaded",
]

_UNHEARD = "select count(*) from report_request where status = 'intended' and sent_at is not null"
# Of the minute that the next attempt waits for Amazon (seconds).
_BEFORE_IT_SETTLES = 30
# The first look is over by then, in which nothing was heard.
_A_LOOK_SECONDS = 0.5


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, streams=STREAMS) as lab:
        yield lab


async def content(lab: Lab) -> list[Any]:
    async with lab.database.reading() as conn:
        rows = await conn.execute(
            text(
                "select to_jsonb(r) - 'connection_id' - 'source' - 'loaded_at'"
                " from reimbursements r order by 1"
            )
        )
        return [row[0] for row in rows]


async def long_ago(lab: Lab, *, seconds: int = 90) -> None:
    """As if so much time had passed since createReport was sent."""
    async with lab.database.writing() as conn:
        await conn.execute(
            text(f"update report_request set sent_at = sent_at - interval '{seconds} seconds'")
        )


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [1, 3])
async def test_a_worker_that_dies_at_a_step_repeats_no_request(
    lab: Lab, step: str, at: int
) -> None:
    """The next worker goes on with the reports that were asked for, and loads each once."""
    sync_id = await lab.start()
    if step == "intent_stored":
        at = min(at, 2)
    with pytest.raises(KilledError):
        await dying_runner(lab, STREAMS, step, at=at).run(sync_id)

    await long_ago(lab)
    async with asyncio.timeout(PATIENCE):
        await lab.runner.run(sync_id)

    sync = await lab.read(sync_id)
    assert sync.status == "complete", sync.error
    assert sync.attempt == 2
    windows = await lab.scalar("select count(distinct (stream, since)) from report_request")
    assert await lab.scalar("select count(*) from report_request") == windows
    assert (await lab.calls())["createReport"] == windows
    stored = await lab.scalar("select count(*) from reimbursements")
    counts = next(one for one in sync.streams if one.name == "reimbursements")
    assert counts.rows == counts.rows_read == stored > 0


@pytest.mark.parametrize("step", ["report_asked", "id_stored", "report_done"])
async def test_a_cancelled_sync_leaves_its_reports_to_the_next_one(lab: Lab, step: str) -> None:
    """What was asked for is not asked for again by another sync."""
    sync_id = await lab.start()
    with pytest.raises(KilledError):
        await dying_runner(lab, STREAMS, step, at=2).run(sync_id)
    async with lab.database.writing() as conn:
        await conn.execute(
            text("update sync_progress set status = 'cancelled', completed_at = now()")
        )
    await long_ago(lab)

    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    made = await lab.scalar("select count(*) from report_request where status <> 'dropped'")
    assert (await lab.calls())["createReport"] == made
    assert await lab.scalar("select count(*) from report_request where status = 'dropped'") == 0


class _LateAmazon:
    """Takes the first request for a report, and accepts it when `accepts` is set, even if whoever
    sent it has gone.
    """

    def __init__(self) -> None:
        self.has_taken, self.accepts = asyncio.Event(), asyncio.Event()
        self._accepted: asyncio.Task[httpx2.Response] | None = None

    async def answer(self, request: httpx2.Request, send: Send) -> httpx2.Response:
        if self._accepted is not None or not _is_create_report(request):
            return await send(request)
        self._accepted = asyncio.create_task(self._accept(request, send))
        self.has_taken.set()
        return await asyncio.shield(self._accepted)

    async def _accept(self, request: httpx2.Request, send: Send) -> httpx2.Response:
        await self.accepts.wait()
        return await send(request)


def _is_create_report(request: httpx2.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/reports")


async def test_a_report_that_was_being_asked_for_is_not_asked_for_again(lab: Lab) -> None:
    """A cancel comes while Amazon works on createReport, and the next sync begins at once: Amazon
    lists the report only later.
    """
    amazon = _LateAmazon()
    async with meddled(lab, amazon.answer, *STREAMS), asyncio.timeout(PATIENCE):
        sync_id = await lab.start()
        first = asyncio.create_task(lab.runner.run(sync_id))
        await amazon.has_taken.wait()
        await stop_sync(lab.database, lab.workspace_id, sync_id)
        lab.runner.interrupt(sync_id)
        await first
        # Of the minute that the next one waits for Amazon.
        await long_ago(lab, seconds=50)
        asyncio.get_running_loop().call_later(0.5, amazon.accepts.set)

        sync = await lab.sync()

    assert sync.status == "complete", sync.error
    made = await lab.scalar("select count(*) from report_request where status <> 'dropped'")
    assert (await lab.calls())["createReport"] == made


async def intended(lab: Lab, sync_id: SyncId) -> ReportRequest:
    """A request of this sync that is not made yet."""
    async with lab.database.writing() as conn:
        return await insert_request(
            conn,
            NewRequest(
                connection_id=lab.connection.connection_id,
                stream="reimbursements",
                scope="",
                report_type="GET_FBA_REIMBURSEMENTS_DATA",
                marketplace_ids=lab.connection.marketplace_ids,
                options={},
                window=None,
                asked=None,
                intended_at=utc_now(),
                sync_id=sync_id,
            ),
        )


async def kept(request: ReportRequest, report_id: str) -> ReportRequest:
    """As if the id was stored."""
    return replace(request, report_id=report_id)


async def created(api: SpApi, request: ReportRequest) -> str:
    """The id of a report that Amazon makes for it, of which the ledger knows nothing."""
    return await create_report(
        api,
        report_type=request.report_type,
        marketplace_ids=request.marketplace_ids,
        since=None,
        until=None,
        options={},
        before_sending=partial(asyncio.sleep, 0),
    )


async def test_who_has_lost_a_sync_asks_for_nothing(lab: Lab) -> None:
    """A worker that wakes up when another has the sync must not request what that one requests."""
    sync_id = await lab.start()
    request = await intended(lab, sync_id)
    api = await lab.access.open(lab.connection, LocalBudget())
    connection_id = lab.connection.connection_id
    old = ReportDesk(api, lab.database, connection_id, fence=Fence(sync_id, 7), types=[])

    with pytest.raises(FencedError):
        await old.ask(request, kept)

    assert "createReport" not in await lab.calls()


@pytest.mark.parametrize(("fault", "least"), [("reset", 30.0), ("503", 0.0)])
async def test_a_broken_connection_has_half_a_minute(lab: Lab, fault: str, least: float) -> None:
    """What Amazon accepted and could not say is listed by then; after an answer nothing is open."""
    sync_id = await lab.start()
    request = await intended(lab, sync_id)
    await lab.faults(f"{fault}@createReport:1")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    api = await lab.access.open(lab.connection, LocalBudget())
    desk = ReportDesk(
        *(api, lab.database, lab.connection.connection_id),
        fence=Fence(sync_id, await lab.scalar("select attempt from sync_progress")),
        types=[],
        retry=RetryPolicy(sleep=sleep),
    )

    assert (await desk.ask(request, kept)).report_id
    assert len(slept) == 1
    assert least <= slept[0] < least + 1


async def test_what_was_listed_too_early_shows_no_report(lab: Lab) -> None:
    """A worker that is stopped between the note and the sending may still send for a while. The next
    one listed the reports when it began, which may be before that.
    """
    sync_id = await lab.start()
    request = await intended(lab, sync_id)
    api = await lab.access.open(lab.connection, LocalBudget())
    listing = ReportListing(
        api, lab.database, lab.connection.connection_id, types=[request.report_type]
    )
    assert await listing.list_unclaimed(request.report_type) == []
    async with lab.database.writing() as conn:
        await note_sent(conn, request.request_id)
    report_id = await created(api, request)

    await long_ago(lab, seconds=60)
    request, must_list = await listing.let_answer_pass(request)
    lost = await listing.find_lost(request, anew=must_list)

    assert lost is not None
    assert lost.report_id == report_id


@pytest.mark.parametrize("is_taken", [True, False])
async def test_an_answer_that_is_heard_meanwhile_ends_the_waiting(lab: Lab, is_taken: bool) -> None:
    """The worker of a cancelled sync may hear it when the next sync has begun."""
    request = await intended(lab, await lab.start())
    api = await lab.access.open(lab.connection, LocalBudget())
    async with lab.database.writing() as conn:
        sent = await note_sent(conn, request.request_id)
    listing = ReportListing(
        api, lab.database, lab.connection.connection_id, types=[request.report_type]
    )
    waiting = asyncio.create_task(listing.let_answer_pass(request))
    done, _ = await asyncio.wait({waiting}, timeout=_A_LOOK_SECONDS)
    assert not done
    async with lab.database.writing() as conn:
        if is_taken:
            await store_report_id(conn, request.request_id, "R7", created_at=utc_now())
        else:
            await note_refused(conn, request.request_id, sent)

    async with asyncio.timeout(_BEFORE_IT_SETTLES):
        heard, must_list = await waiting

    assert heard.report_id == ("R7" if is_taken else None)
    assert not must_list


async def test_a_type_that_was_not_planned_is_listed_too(lab: Lab) -> None:
    """A stream that began with pages may go on with reports: what was not listed is not missing."""
    request = await intended(lab, await lab.start())
    api = await lab.access.open(lab.connection, LocalBudget())
    listing = ReportListing(api, lab.database, lab.connection.connection_id, types=["GET_OTHERS"])
    report_id = await created(api, request)

    lost = await listing.find_lost(request)

    assert lost is not None
    assert lost.report_id == report_id


async def test_a_listing_that_came_late_enough_is_made_once(lab: Lab) -> None:
    """Each one costs of getReports, which has a call in 45 seconds."""
    sync_id = await lab.start()
    request = await intended(lab, sync_id)
    api = await lab.access.open(lab.connection, LocalBudget())
    async with lab.database.writing() as conn:
        await note_sent(conn, request.request_id)
    await long_ago(lab)
    listing = ReportListing(
        api, lab.database, lab.connection.connection_id, types=[request.report_type]
    )
    await listing.list_unclaimed(request.report_type)

    request, must_list = await listing.let_answer_pass(request)

    assert await listing.find_lost(request, anew=must_list) is None
    assert (await lab.calls())["getReports"] == 1


async def test_a_request_that_was_left_long_ago_hinders_nobody(lab: Lab) -> None:
    """Its stream is read by pages since, or not at all: Amazon lists reports for 90 days, and refuses
    to be asked for older ones.
    """
    left = await intended(lab, SyncId("sync_left"))
    async with lab.database.writing() as conn:
        await conn.execute(
            text("update report_request set intended_at = now() - interval '100 days'")
        )

    api = await lab.access.open(lab.connection, LocalBudget())
    listing = ReportListing(
        api, lab.database, lab.connection.connection_id, types=[left.report_type]
    )

    assert await listing.list_unclaimed(left.report_type) == []


@pytest.mark.parametrize("status", [429, 403])
async def test_what_amazon_refused_is_not_waited_for(lab: Lab, status: int) -> None:
    """A sync that begins right after a failed one would look for its reports for a minute."""
    desk, request = await asking(lab)
    if status == 429:
        await lab.faults("429@createReport:1")
    else:
        await lab.refuse("createReport")

    with pytest.raises(SpApiError) as refused:
        await desk.ask(request, kept)

    assert refused.value.status == status
    assert await lab.scalar(_UNHEARD) == 0


async def test_a_refusal_says_nothing_of_an_earlier_sending(lab: Lab) -> None:
    """Amazon may have taken the first one: who comes after a death must look for its report."""
    desk, request = await asking(lab)
    await lab.faults("500@createReport:1", "429@createReport:2")

    with pytest.raises(SpApiError) as refused:
        await desk.ask(request, kept)

    assert refused.value.status == 429
    assert await lab.scalar(_UNHEARD) == 1


async def test_a_refused_part_does_not_hide_the_part_that_amazon_took(
    database: Database, tmp_path: Path
) -> None:
    """Its report has no id in the ledger yet."""
    async with open_lab(database, tmp_path, profile="eu", streams=STREAMS) as lab:
        desk, request = await asking(lab)
        first, second = request.marketplace_ids[:2]
        await lab.refuse(second)

        taken = await desk.ask_for_some(
            replace(request, marketplace_ids=(first, second)),
            ForbiddenError("both", operation="createReport"),
        )

        assert taken.marketplace_ids == (first,)
        assert await lab.scalar(_UNHEARD) == 1


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_cancel_waits_for_the_answer_to_what_was_sent(lab: Lab, is_taken: bool) -> None:
    """So the next sync knows it, and need not wait until Amazon lists it."""
    amazon = _LateAmazon()
    async with meddling_access(lab, amazon.answer) as access, asyncio.timeout(PATIENCE):
        desk, request = await asking(lab, access)
        if not is_taken:
            await lab.faults("429@createReport:1")
        stored: list[str] = []

        async def store(request: ReportRequest, report_id: str) -> ReportRequest:
            stored.append(report_id)
            return request

        sending = asyncio.create_task(desk.ask(request, store))
        await amazon.has_taken.wait()
        async with lab.database.writing() as conn:
            await conn.execute(
                text("update sync_progress set status = 'cancelled', completed_at = now()")
            )
        sending.cancel()
        amazon.accepts.set()
        await asyncio.wait({sending})

    assert sending.cancelled()
    assert len(stored) == is_taken
    assert await lab.scalar(_UNHEARD) == is_taken, "as nothing was really stored"


async def asking(lab: Lab, access: SellerAccess | None = None) -> tuple[ReportDesk, ReportRequest]:
    """A desk of a sync, and a request that was not made yet."""
    sync_id = await lab.start()
    request = await intended(lab, sync_id)
    api = await (access or lab.access).open(lab.connection, LocalBudget())
    desk = ReportDesk(
        *(api, lab.database, lab.connection.connection_id),
        fence=Fence(sync_id, await lab.scalar("select attempt from sync_progress")),
        types=[],
        retry=RetryPolicy(throttled_for=timedelta(seconds=-1)),
        last_words=timedelta(seconds=PATIENCE),
    )
    return desk, request
