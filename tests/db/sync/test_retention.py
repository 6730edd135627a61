"""What is deleted with age, what is kept, and that it can be interrupted anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from recoup.audit.queries import EntrySelection, list_entries
from recoup.audit.words import Action
from recoup.claims.detection.detect import detect
from recoup.clock import Clock
from recoup.connections.queries import Connection, list_connections
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.errors import ConflictError
from recoup.ids import WorkspaceId
from recoup.streams import all_streams
from recoup.sync.cursors.coverage import read_coverage
from recoup.sync.record.legal_hold_queries import end_legal_hold, set_legal_hold
from recoup.sync.record.purge_queries import purge_connection
from recoup.sync.retention.apply import apply_retention
from recoup.sync.retention.periods import DEMANDED_MONTHS, limits, months_before
from recoup.sync.retention.queries import list_overdue
from tests.support.whole_seller import DOUBLE, StoredSeller, WholeSeller, add_double, whole_seller

LONG = timedelta(hours=1)
AGED = [stream for stream in all_streams() if stream.aged_by is not None]


@pytest.fixture
async def seller(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> AsyncIterator[WholeSeller]:
    async with whole_seller(postgres, stored_seller, "retention") as one:
        yield one


def at(day: date) -> Clock:
    return lambda: datetime.combine(day, time(4), UTC)


def later(seller: WholeSeller, age: int = 200) -> date:
    """A day on which what was of `age` days when it was read is too old."""
    return seller.day + timedelta(days=548 - age)


def rows_from(seller: WholeSeller) -> date:
    return limits(later(seller), months=18).rows_from


async def apply(seller: WholeSeller, now: Clock | None = None, at_most: timedelta = LONG) -> None:
    await apply_retention(seller.database, months=18, now=now or at(later(seller)), at_most=at_most)


async def connection_of(database: Database) -> Connection:
    async with database.reading() as conn:
        owner = (await conn.execute(text("select workspace_id from workspace"))).scalar_one()
        return (await list_connections(conn, WorkspaceId(owner)))[0]


async def counted(seller: WholeSeller, connection_id: str | None = None) -> dict[str, int]:
    """The rows of each table of streams."""
    counts = {}
    async with seller.database.reading() as conn:
        for stream in all_streams():
            kept = [stream.history.table] if stream.history else []
            for table in (stream.table, *stream.parts, *kept):
                found = await conn.execute(
                    text(f"select count(*) from {table.name} where connection_id = :seller"),
                    {"seller": connection_id or seller.connection_id},
                )
                counts[table.name] = found.scalar_one()
    return counts


async def split_by_age(seller: WholeSeller) -> dict[str, tuple[int, int]]:
    """The rows of each main table that are older than the limit, and all others."""
    found = {}
    async with seller.database.reading() as conn:
        for stream in AGED:
            row = await conn.execute(
                text(
                    f"select count(*) filter (where old), count(*) filter (where not old) from "
                    f"(select {stream.aged_by} < cast(:day as date) as old from {stream.table.name} "
                    "where connection_id = :seller) as t"
                ),
                {"seller": seller.connection_id, "day": rows_from(seller)},
            )
            found[stream.name] = tuple(row.one())
    return found  # type: ignore[return-value]  # two counts


async def one_of(seller: WholeSeller, sql: str, **values: object) -> Any:
    async with seller.database.writing() as conn:
        found = await conn.execute(text(sql), {"seller": seller.connection_id, **values})
        return found.scalar_one() if found.returns_rows else None


async def test_what_is_older_is_deleted_and_nothing_else(seller: WholeSeller) -> None:
    """In every stream, with the parts of its rows; what shows the present stays."""
    before, counts = await split_by_age(seller), await counted(seller)
    await apply(seller)
    after, left = await split_by_age(seller), await counted(seller)

    assert sum(old > 0 for old, _ in before.values()) >= 12, before
    assert after == {name: (0, young) for name, (_, young) in before.items()}
    for present in ("inventory", "fee_preview", "marketplaces"):
        assert left[present] == counts[present] > 0
    for part, main, key in (
        ("order_items", "orders", "order_id"),
        ("fees", "transactions", "transaction_id"),
        ("settlement_lines", "settlements", "settlement_id"),
        ("shipment_items", "shipments", "shipment_id"),
        ("shipments_history", "shipments", "shipment_id"),
    ):
        orphans = f"select count(*) from {part} where {key} not in (select {key} from {main})"
        assert await one_of(seller, orphans) == 0
        # A sync reads settlements of 90 days only.
        assert 0 < left[part] < counts[part] or part == "settlement_lines"


async def test_the_value_of_the_day_stays_in_our_own_history(seller: WholeSeller) -> None:
    """Of earlier values those that were superseded before go; the one that counted then is kept."""
    day = rows_from(seller)
    await one_of(
        seller,
        "insert into inventory_history select made.* from "
        "(select * from inventory_history where connection_id = :seller limit 1) as i "
        "cross join generate_series(1, 3) as n "
        "cross join lateral jsonb_populate_record(null::inventory_history, "
        "to_jsonb(i) || jsonb_build_object('seen_at', cast(:day as date) - n)) as made",
        day=day,
    )
    await apply(seller)
    oldest = "select min(seen_at)::date from inventory_history where connection_id = :seller"

    assert await one_of(seller, oldest) == day - timedelta(days=1)


async def test_a_killed_deletion_goes_on_where_it_was(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> None:
    """Each batch is a transaction; in the end the tables are as if nobody had disturbed it."""

    async def left_by(name: str, *, is_killed: bool) -> tuple[dict[str, int], int]:
        async with whole_seller(postgres, stored_seller, name) as seller:
            done, runs = "select retention_on is not null from amazon_connection", 0
            while is_killed and not await one_of(seller, done):
                runs += 1
                seconds = count()

                def ticking(seller: WholeSeller = seller, seconds: Any = seconds) -> datetime:
                    return at(later(seller))() + timedelta(seconds=next(seconds))

                await apply(seller, ticking, timedelta(seconds=1))
            await apply(seller)
            return await counted(seller), runs

    undisturbed, _ = await left_by("undisturbed", is_killed=False)
    disturbed, runs = await left_by("disturbed", is_killed=True)

    assert disturbed == undisturbed
    assert runs > 3


async def test_a_second_deletion_finds_nothing(seller: WholeSeller) -> None:
    """The week is done; a week later the next one goes."""
    await apply(seller)
    counts = await counted(seller)
    await apply(seller)
    assert await counted(seller) == counts

    await apply(seller, at(later(seller) + timedelta(days=14)))

    assert await counted(seller) != counts


async def test_others_lose_nothing(seller: WholeSeller) -> None:
    """The seller's rows are too old, those of the double are under a hold of their own."""
    async with seller.database.writing() as conn:
        await add_double(conn, seller.connection_id)
        await conn.execute(
            text(
                "update amazon_connection set legal_hold = 'a suit', legal_hold_since = now() "
                "where connection_id = :double"
            ),
            {"double": DOUBLE},
        )
    before = await counted(seller, DOUBLE)
    await apply(seller)

    assert await counted(seller, DOUBLE) == before
    assert (await split_by_age(seller))["ledger"][0] == 0


@pytest.mark.parametrize("is_whole", [True, False], ids=["the workspace", "the connection"])
async def test_a_legal_hold_keeps_everything_until_it_ends(
    seller: WholeSeller, *, is_whole: bool
) -> None:
    """Rows, files and quarantine; nor can the data be purged. When it ends, what is due goes."""
    connection = await connection_of(seller.database)
    workspace_id, held = connection.workspace_id, None if is_whole else connection.connection_id
    async with seller.database.writing() as conn:
        await set_legal_hold(conn, workspace_id, held, "a suit")
    before = await counted(seller)
    await apply(seller)
    assert await counted(seller) == before
    with pytest.raises(ConflictError, match="a suit"):
        async with seller.database.writing() as conn:
            await purge_connection(conn, workspace_id, connection.connection_id)
    async with seller.database.reading() as conn:
        overdue = await list_overdue(conn, months_before(later(seller), DEMANDED_MONTHS))
    assert [one.is_held for one in overdue] == [True]

    async with seller.database.writing() as conn:
        await end_legal_hold(conn, workspace_id, held, "it was settled")
    await apply(seller)

    assert (await split_by_age(seller))["ledger"][0] == 0


async def test_a_filed_claim_keeps_what_it_rests_on_until_it_is_decided(
    seller: WholeSeller,
) -> None:
    """With the rows of 180 days before its event; everything older goes."""
    async with seller.database.writing() as conn:
        await detect(conn, seller.connection_id, seller.day)
        await conn.execute(
            text(
                "update claim set status = 'filed', filed_at = now(), case_id = '1' "
                "where claim_id = (select claim_id from claim order by event_on desc limit 1)"
            )
        )
    filed = "select min(event_on) from claim where status = 'filed'"
    event_on = await one_of(seller, filed)
    oldest = "select min(event_on) from ledger where connection_id = :seller"
    await apply(seller, at(later(seller, age=0)))
    kept = await one_of(seller, oldest)
    await one_of(seller, "update claim set status = 'rejected' where status = 'filed'")
    await apply(seller, at(later(seller, age=0) + timedelta(days=7)))

    assert event_on - timedelta(days=180) <= kept <= event_on - timedelta(days=170)
    assert await one_of(seller, oldest) is None


async def test_a_connection_that_is_being_synced_waits(seller: WholeSeller) -> None:
    """What it loads would pass for a consequence of the deletion."""
    running = "update sync_progress set status = 'in_progress', completed_at = null"
    await one_of(seller, running)
    before = await counted(seller)
    await apply(seller)
    assert await counted(seller) == before

    await one_of(seller, "update sync_progress set status = 'complete', completed_at = now()")
    await apply(seller)

    assert await counted(seller) != before


async def test_coverage_begins_where_rows_are_held(seller: WholeSeller) -> None:
    """No stream says that it holds an earlier day."""
    connection = await connection_of(seller.database)
    await apply(seller)
    async with seller.database.reading() as conn:
        covered = await read_coverage(conn, connection, now=at(seller.day)())
    begins = {one.since for one in covered.streams if one.since is not None}

    assert min(begins) == datetime.combine(rows_from(seller), time(), UTC)


async def test_the_audit_log_counts_what_was_deleted(seller: WholeSeller) -> None:
    """By recoup, for each batch: from when on rows are held, and how many went, by table."""
    before = await counted(seller)
    await apply(seller)
    after = await counted(seller)
    async with seller.database.reading() as conn:
        selection = EntrySelection(action=Action.ROWS_DELETED_WITH_AGE)
        entries = await list_entries(conn, selection, limit=100)

    assert entries[0].who == "recoup"
    assert entries[0].subject == seller.connection_id
    assert entries[0].details["held_from"] == rows_from(seller).isoformat()
    told = sum(one.details["rows"].get("ledger", 0) for one in entries)
    assert told == before["ledger"] - after["ledger"] > 0


async def test_raw_files_and_unreadable_rows_go_after_six_months(seller: WholeSeller) -> None:
    """Although all other rows of that time are kept."""
    today = seller.day + timedelta(days=1)
    for name, days in (("old", 190), ("young", 170)):
        values = {"name": name, "at": at(today - timedelta(days=days))()}
        await one_of(
            seller,
            "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, source, "
            "told_at) values (:seller, 'ledger', 'sync_1', 'no number', '{}', :name, :name, :at)",
            **values,
        )
        await one_of(
            seller,
            "insert into report_archive (connection_id, report_type, report_id, document_id, content, "
            "archived_at) values (:seller, 'GET_X', :name, 'd', '', :at)",
            **values,
        )
    before = await counted(seller)
    await apply(seller, at(today))

    names = "select string_agg({}, ',') from {} where connection_id = :seller and {} in ('old', 'young')"
    assert await one_of(seller, names.format("source", "quarantine", "source")) == "young"
    assert await one_of(seller, names.format("report_id", "report_archive", "report_id")) == "young"
    assert await counted(seller) == before


async def test_a_candidate_that_an_unreadable_row_held_back_is_no_claim_without_it(
    seller: WholeSeller,
) -> None:
    """The row may have been what settles it: it stays unclaimed when the row is deleted."""
    async with seller.database.writing() as conn:
        await detect(conn, seller.connection_id, seller.day)
        named = await conn.execute(
            text("delete from claim where type = 'lost_in_warehouse' returning key, fnsku")
        )
        fnskus = [row.fnsku for row in named]
        await conn.execute(
            text(
                "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, "
                "source, told_at) select :seller, 'reimbursements', 'sync_1', 'no number', "
                "jsonb_build_object('fnsku', fnsku), fnsku, 'test', :at "
                "from unnest(cast(:fnskus as text[])) as fnsku group by fnsku"
            ),
            {
                "seller": seller.connection_id,
                "fnskus": fnskus,
                "at": at(seller.day - timedelta(days=200))(),
            },
        )
        await detect(conn, seller.connection_id, seller.day)
    lost = "select count(*) from claim where type = 'lost_in_warehouse'"
    assert fnskus
    assert await one_of(seller, lost) == 0

    await apply(seller, at(seller.day))
    async with seller.database.writing() as conn:
        await detect(conn, seller.connection_id, seller.day)

    assert await one_of(seller, "select count(*) from quarantine where source = 'test'") == 0
    assert await one_of(seller, lost) == 0


@pytest.mark.parametrize(
    ("today", "months", "expected"),
    [
        (date(2026, 11, 29), 18, date(2025, 6, 2)),
        (date(2026, 12, 2), 18, date(2025, 6, 2)),
        (date(2026, 12, 3), 18, date(2025, 6, 9)),
        (date(2027, 8, 31), 18, date(2026, 3, 2)),
    ],
)
def test_a_week_goes_at_once_and_never_late(today: date, months: int, expected: date) -> None:
    """The limit is a Monday, on or up to six days after the day so many months ago."""
    limit = limits(today, months=months).rows_from

    assert limit == expected
    assert timedelta(0) <= limit - months_before(today, months) < timedelta(days=7)
