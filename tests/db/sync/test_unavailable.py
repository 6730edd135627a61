"""What an account cannot have: told with the day of the next look, and no failure of anything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recoup.db.engine import Database
from recoup.errors import ReauthorizationRequiredError
from recoup.notes.note import Note, NoteCode
from recoup.sandbox.answers import ApiError, throttled
from recoup.sandbox.gateway import Call
from recoup.sandbox.report_jobs.desk import Desk
from recoup.sandbox.report_jobs.record import Outcome
from recoup.sandbox.reports import removal_shipments as parcels
from recoup.sandbox.world.instants import to_instant, to_offset_text
from recoup.sync.record.queries import StreamRow, SyncRow
from tests.support.lab import CANADA, US, Lab, named, open_lab

pytestmark = pytest.mark.anyio

_FEES = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"
_MEXICO = "A1AM78C64UM0Y8"


@asynccontextmanager
async def lab_of(
    database: Database, folder: Path, *names: str, orders: int = 100, **options: Any
) -> AsyncIterator[Lab]:
    """A lab whose syncs read these streams, at a server that is in a hurry."""
    options = {"speed": 5000, **options}
    streams = [named(name) for name in names]
    async with open_lab(database, folder, orders=orders, streams=streams, **options) as lab:
        await lab.know_the_rates()
        yield lab


def of(sync: SyncRow, name: str) -> StreamRow:
    return next(one for one in sync.streams if one.name == name)


def notes_of(sync: SyncRow, name: str) -> list[Note]:
    return [note for note in sync.notes if note.stream == name]


async def calls_of(lab: Lab, operation: str) -> int:
    return (await lab.calls()).get(operation, 0)


async def tomorrow(lab: Lab) -> SyncRow:
    await lab.advance("P1D")
    return await lab.sync()


# The account.


async def test_an_account_without_fba_stock_is_no_failure_and_asked_once_a_day(
    database: Database, tmp_path: Path
) -> None:
    """The 400 of its inventory says so; the same day nothing is asked, the next day once."""
    ids = (US, CANADA)
    async with lab_of(
        database, tmp_path, "inventory", "transactions", odd=("no-fba",), marketplace_ids=ids
    ) as lab:
        first = await lab.sync()
        asked = await calls_of(lab, "getInventorySummaries")
        second = await lab.sync()
        assert await calls_of(lab, "getInventorySummaries") == asked == len(ids)
        third = await tomorrow(lab)
        assert await calls_of(lab, "getInventorySummaries") == asked + 1

    for sync in (first, second, third):
        assert sync.status == "complete", sync.error
        assert of(sync, "inventory").status == "unavailable"
        assert "this account has no FBA stock" in (of(sync, "inventory").error or "")
        assert "recoup tries again on 2" in (of(sync, "inventory").error or "")
        assert [note.code for note in notes_of(sync, "inventory")] == [NoteCode.NOT_AVAILABLE]
    assert first.message == "Sync completed; 1 thing to look at"


async def test_what_becomes_available_is_read_at_the_next_look(
    database: Database, tmp_path: Path
) -> None:
    """The note goes with its cause, and the activity has told of it once."""
    async with lab_of(database, tmp_path, "inventory", "transactions") as lab:
        await lab.refuse("getInventorySummaries")
        assert of(await lab.sync(), "inventory").status == "unavailable"
        assert of(await lab.sync(), "inventory").status == "unavailable"
        await lab.refuse()
        sync = await tomorrow(lab)
        told = await lab.scalar("select count(*) from activity where type = 'role_missing'")

        assert (of(sync, "inventory").status, sync.notes) == ("complete", ())
        assert await lab.scalar("select count(*) from inventory") > 0
        assert told == 1


@pytest.mark.parametrize(
    ("operation", "stream", "role"),
    [
        ("listTransactions", "transactions", "Finance and Accounting"),
        ("getMarketplaceParticipations", "marketplaces", "Finance and Accounting"),
        ("getShipments", "shipments", "Amazon Fulfillment"),
        ("createReport", "returns", "Amazon Fulfillment"),
    ],
)
async def test_a_missing_role_is_named_with_what_to_do(
    database: Database, tmp_path: Path, operation: str, stream: str, role: str
) -> None:
    """By pages or by reports: the stream is unavailable, the others complete, and one call a day asks
    whether that is still so.
    """
    async with lab_of(database, tmp_path, stream, "inventory") as lab:
        await lab.refuse(operation)
        sync = await lab.sync()
        await lab.sync()

        assert sync.status == "complete", sync.error
        assert of(sync, stream).status == "unavailable"
        [note] = notes_of(sync, stream)
        assert (note.code, note.subject) == (NoteCode.ROLE_MISSING, role)
        assert role in note.message
        assert "Seller Central" in note.message
        asked = await refused_calls(lab, database, operation)
        assert of(await tomorrow(lab), stream).status == "unavailable"
        assert await refused_calls(lab, database, operation) == asked + 1


async def refused_calls(lab: Lab, database: Database, operation: str) -> int:
    """Calls that recoup has counted; the sandbox does not count those that it refuses."""
    del database
    found: int = await lab.scalar(
        f"select coalesce(sum(calls), 0) from api_call where operation = '{operation}'"
    )
    return found


async def test_when_everything_is_refused_it_is_no_role_that_is_missing(
    database: Database, tmp_path: Path
) -> None:
    """A storm of 403s fails the sync, says what it is, and is over with the next sync."""
    async with lab_of(database, tmp_path, "transactions", "inventory", "returns") as lab:
        await lab.refuse("listTransactions", "getInventorySummaries", "createReport")
        storm = await lab.sync()
        await lab.refuse()
        after = await lab.sync()

    assert storm.status == "failed"
    assert "denied every request" in (storm.error or "")
    assert (after.status, after.notes) == ("complete", ())


async def test_a_refused_authorisation_concerns_its_connection_only(
    database: Database, tmp_path: Path
) -> None:
    """invalid_grant may hit one seller while the application works for others."""
    async with lab_of(database, tmp_path, "inventory") as lab:
        other = await lab.connected_again()
        async with database.writing() as conn:
            await conn.execute(
                text(
                    "update amazon_connection set refresh_token_sealed = :sealed where workspace_id = :user"
                ),
                {"sealed": lab.access.seal("revoked"), "user": other.workspace_id},
            )
        with pytest.raises(ReauthorizationRequiredError):
            await other.start()

        assert (await lab.sync()).status == "complete"
        status = "select status from amazon_connection where workspace_id = '{}'"
        assert await lab.scalar(status.format(lab.workspace_id)) == "active"


# Marketplaces.


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("ids", [(US, CANADA), (CANADA, _MEXICO, US)], ids=["two", "three"])
async def test_one_refused_marketplace_never_takes_the_others_with_it(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    ids: tuple[str, ...],
) -> None:
    """By pages and by reports, each stream completes for the others and tells of the one."""
    check = Call.check_marketplaces

    def refuse(call: Call, asked: tuple[str, ...]) -> None:
        if CANADA in asked:
            raise ApiError(status, "InvalidInput" if status == 400 else "Unauthorized", "refused")
        check(call, tuple(one for one in asked if one != _MEXICO))

    monkeypatch.setattr(Call, "check_marketplaces", refuse)
    names = ("orders", "inventory", "returns", "removals", "shipments")
    async with lab_of(database, tmp_path, *names, marketplace_ids=ids) as lab:
        sync = await lab.sync()
        again = await lab.sync()

        for one in (sync, again):
            assert one.status == "complete", one.error
            told = [note for note in one.notes if note.code is not NoteCode.RULE_WAITS]
            assert {(note.stream, note.code, note.subject) for note in told} == {
                (name, NoteCode.MARKETPLACE_REFUSED, CANADA) for name in names
            }
        assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]
        assert await lab.scalar("select count(*) from inventory") > 0
        assert await lab.scalar("select count(*) from returns") > 0
        asked = "select count(*) from report_request where marketplace_ids ? '{}' and status = '{}'"
        assert await lab.scalar(asked.format(US, "loaded")) > 0
        assert await lab.scalar(asked.format(CANADA, "loaded")) == 0


async def test_a_marketplace_that_is_no_longer_refused_joins_the_reports_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look finds out; from then on one report is asked for all of them."""
    check = Call.check_marketplaces
    refused = {CANADA}

    def refuse(call: Call, asked: tuple[str, ...]) -> None:
        if refused & set(asked):
            raise ApiError(403, "Unauthorized", "refused")
        check(call, asked)

    monkeypatch.setattr(Call, "check_marketplaces", refuse)
    async with lab_of(database, tmp_path, "removals", marketplace_ids=(US, CANADA)) as lab:
        await lab.sync()
        refused.clear()
        sync = await tomorrow(lab)
        await tomorrow(lab)
        scopes = await lab.scalar("select string_agg(scope, '|') from stream_cursor")
        last = "select marketplace_ids from report_request order by request_id desc limit 1"

        assert (sync.status, sync.notes) == ("complete", ())
        assert scopes == ""
        assert set(await lab.scalar(last)) == {US, CANADA}


async def test_shadow_marketplaces_are_told_and_never_asked(
    database: Database, tmp_path: Path
) -> None:
    """Also those of a connection that was made before they were known."""
    async with lab_of(
        database,
        tmp_path,
        *("marketplaces", "orders", "inventory", "returns"),
        odd=("shadow-marketplaces",),
        marketplace_ids=("AHRY1CZE9ZY4H", US, "A1MQXOICRS2Z7M"),
    ) as lab:
        sync = await lab.sync()

        assert sync.status == "complete", sync.error
        told = {note.subject for note in sync.notes}
        assert {note.code for note in sync.notes} == {NoteCode.MARKETPLACE_IGNORED}
        assert {"AHRY1CZE9ZY4H", "A1MQXOICRS2Z7M", "A3H6HPSLHAK3XG", "A1ZFFQZ3HTUKT9"} <= told
        asked = (
            "select count(*) from report_request where marketplace_ids ?| array['AHRY1CZE9ZY4H']"
        )
        assert await lab.scalar(asked) == 0


async def test_a_connection_without_a_known_marketplace_says_so(
    database: Database, tmp_path: Path
) -> None:
    """Nothing is asked for it, and it is no silent success."""
    ids = ("AHRY1CZE9ZY4H",)
    async with lab_of(database, tmp_path, "orders", marketplace_ids=ids) as lab:
        sync = await lab.sync()

    assert sync.status == "failed"
    assert "connect the account again" in (sync.error or "")


# Reports and pages that never come.


async def test_a_type_that_is_refused_for_ever_is_given_up_and_holds_no_other(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few 429s in a row it is not available; the next day one call asks again."""
    take, tried = Desk.take, []

    def refuse(desk: Desk, order: Any, *rest: Any) -> Any:
        if order.report_type == _FEES:
            tried.append(order)
            raise throttled()
        return take(desk, order, *rest)

    monkeypatch.setattr(Desk, "take", refuse)
    async with lab_of(database, tmp_path, "fee_preview", "returns") as lab:
        sync = await lab.sync()
        first = len(tried)
        await lab.sync()
        assert len(tried) == first
        again = await tomorrow(lab)

    for one in (sync, again):
        assert one.status == "complete", one.error
        assert of(one, "fee_preview").status == "unavailable"
        assert "429" in (of(one, "fee_preview").error or "")
    assert of(sync, "returns").rows > 0
    assert 2 <= first <= 8
    assert len(tried) <= first + 1


async def test_a_report_of_the_present_that_is_always_cancelled_is_not_available(
    database: Database, tmp_path: Path
) -> None:
    """Its "no data" is not believed: a seller with stock has fees."""
    async with lab_of(
        database, tmp_path, "fee_preview", "returns", odd=("cancelled-fee-previews",)
    ) as lab:
        sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert of(sync, "fee_preview").status == "unavailable"
    [note] = notes_of(sync, "fee_preview")
    assert note.code is NoteCode.NOT_AVAILABLE
    assert "cancelled" in note.message


async def test_a_time_that_had_rows_is_not_believed_to_have_none(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CANCELLED for what had rows is "not available", rows stay; where there were none it is "no data"."""
    settle = Desk._settle

    def cancel(desk: Desk, *order: Any) -> Any:
        return replace(settle(desk, *order), outcome=Outcome.CANCELLED)

    async with lab_of(database, tmp_path, "returns", "replacements", orders=400) as lab:
        with monkeypatch.context() as patched:
            patched.setattr(
                Desk,
                "_settle",
                lambda desk, kind, order, earlier: (
                    cancel if "REPLACEMENT" in kind.name else settle
                )(desk, kind, order, earlier),
            )
            before = await lab.sync()
        stored = await lab.scalar("select count(*) from returns")
        monkeypatch.setattr(Desk, "_settle", cancel)
        after = await tomorrow(lab)

        assert of(before, "replacements").status == "complete"
        assert of(before, "returns").status == "complete"
        assert after.status == "complete", after.error
        assert of(after, "replacements").status == "complete"
        assert of(after, "returns").status == "unavailable"
        assert await lab.scalar("select count(*) from returns") == stored > 0


async def test_inventory_that_answers_with_the_same_token_ends_and_keeps_its_pages(
    database: Database, tmp_path: Path
) -> None:
    """No loop and no "complete": what was read stays, and the reason can be read."""
    async with lab_of(
        database, tmp_path, "inventory", "transactions", odd=("endless-token",)
    ) as lab:
        sync = await lab.sync()
        stored = await lab.scalar("select count(*) from inventory")
        asked = await calls_of(lab, "getInventorySummaries")

    assert sync.status == "complete", sync.error
    assert of(sync, "inventory").status == "unavailable"
    assert "keeps sending the same page" in (of(sync, "inventory").error or "")
    assert stored > 0
    assert asked < 30


async def test_one_report_that_is_not_made_holds_nothing_up(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all else has ended it is waited for a while; its request stays, and the next sync takes it."""
    settle = Desk._settle
    lost: list[str] = []

    def lose(desk: Desk, kind: Any, *order: Any) -> Any:
        record = settle(desk, kind, *order)
        if kind.name != _FEES or lost:
            return record
        lost.append(record.report_id)
        return replace(record, outcome=Outcome.LOST)

    monkeypatch.setattr(Desk, "_settle", lose)
    async with lab_of(database, tmp_path, "fee_preview", "returns") as lab:
        sync = await lab.sync()

        assert sync.status == "failed"
        assert of(sync, "returns").status == "complete"
        assert of(sync, "fee_preview").status == "failed"
        assert "Amazon has not made the report yet" in (of(sync, "fee_preview").error or "")
        [note] = notes_of(sync, "fee_preview")
        assert note.code is NoteCode.REPORT_NOT_MADE
        status = f"select status from report_request where report_id = '{lost[0]}'"
        assert await lab.scalar(status) == "in_queue"

        await lab.sync()
        requests = "select count(*) from report_request where stream = 'fee_preview'"
        assert await lab.scalar(requests) == 1, "the open request is taken up"
        mended = await tomorrow(lab)
        assert (of(mended, "fee_preview").status, mended.notes) == ("complete", ())


async def test_a_server_that_repeats_a_report_id_is_survived(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox that is started again counts from the beginning: the newer report has the id."""
    settle = Desk._settle
    monkeypatch.setattr(
        Desk, "_settle", lambda desk, *order: replace(settle(desk, *order), report_id="50000000001")
    )
    async with lab_of(database, tmp_path, "fee_preview") as lab:
        syncs = [await lab.sync()]
        for _ in range(3):
            await lab.advance("P4D")
            syncs.append(await lab.sync())
        ids = await lab.scalar(
            "select array_agg(report_id order by request_id) from report_request"
        )

    assert [sync.status for sync in syncs] == ["complete"] * 4, [sync.error for sync in syncs]
    assert ids[-1] == "50000000001"
    assert len(set(ids)) == len(ids) == 4


# What a source tells only when it is asked in the right way.


async def test_parcels_of_an_old_removal_order_are_found(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report finds parcels by the day of their order's request: its time is read until it ends."""
    async with lab_of(database, tmp_path, "removal_shipments") as lab:
        now = await lab.advance("PT1S")
        days = {name: to_instant(now.replace(hour=9)) + n * 86_400 for name, n in _PARCELS.items()}

        def made(world: Any, request: Any) -> Any:
            del world
            for order, units in (("OLD", 3), ("OPEN", 2)):
                asked, sent = days[f"{order} asked"], days[f"{order} sent"]
                if request.begins <= asked < request.ends and sent < request.as_of:
                    yield (
                        *(to_offset_text(asked), order, to_offset_text(sent), "SKU-1", "X001"),
                        *("Unsellable", str(units), "UPS", f"1Z{order}", "Return"),
                    )

        rows = parcels.REPORT.rows
        object.__setattr__(parcels.REPORT, "rows", made)
        try:
            await lab.sync()
            assert await lab.scalar("select count(*) from removal_shipments") == 1
            async with lab.database.writing() as conn:
                await conn.exec_driver_sql(
                    "insert into removals (connection_id, order_id, sku, fnsku, disposition, "
                    "requested_at, last_updated_at, status, source) select connection_id, 'OPEN', "
                    "'SKU-1', 'X001', 'Unsellable', now() - interval '200 days', "
                    "now() - interval '199 days', 'Pending', 'test' from amazon_connection"
                )
            await lab.forget_readings()
            await tomorrow(lab)
            await lab.forget_readings()
            sync = await tomorrow(lab)
        finally:
            object.__setattr__(parcels.REPORT, "rows", rows)

        assert sync.status == "complete", sync.error
        assert await lab.scalar("select sum(shipped_quantity) from removal_shipments") == 5
        longest = "select max(asked_until - asked_since) < interval '183 days' from report_request"
        assert await lab.scalar(longest)


_PARCELS = {"OLD asked": -300, "OLD sent": -280, "OPEN asked": -200, "OPEN sent": 1}
