"""Reports that people download by hand: the same claims as the API's, and nothing lost or made up."""

from __future__ import annotations

import io
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.detect import detect
from recoup.claims.rules import all_rules
from recoup.connections.queries import (
    Connection,
    choose_synced_connection,
    list_authorized,
    list_connections_by_server_schedule,
)
from recoup.db.engine import Database
from recoup.errors import InvalidRequestError, NoConnectionError
from recoup.ids import first_workspace_id
from recoup.sync.files.account import open_account
from recoup.sync.files.archive import GivenFile
from recoup.sync.files.bodies import read_check
from recoup.sync.files.days import DayOrder
from recoup.sync.files.load import FileOutcome, Told, load_given
from recoup.users.queries import add_user
from tests.support.hand_files import BY_HAND, SHAPES, by_hand, world_of, written
from tests.support.whole_seller import whole_seller

US = "ATVPDKIKX0DER"
TYPES = (
    "lost_in_warehouse",
    "damaged_in_warehouse",
    "removal_lost",
    "removal_discrepancy",
    "disposed_without_permission",
)
_COSTS = """
    insert into sourcing_cost (connection_id, sku, fnsku, valid_from, cost, currency, entered_by)
    select cast(:into as text), '', fnsku, date '2020-01-01', 15, 'USD', 'test'
    from ledger where connection_id = :of group by fnsku
"""
_CLAIMS = """
    select type, cast(key as text), quantity, amount, currency, deadline, event_on, fnsku
    from claim where connection_id = :connection_id and type = any(:types) and status = 'detected'
    order by 1, 2
"""


@pytest.fixture
async def seller(postgres, stored_seller, request):
    name = f"byhand_{abs(hash(request.node.name)) % 10**9}"
    async with whole_seller(postgres, stored_seller, name) as one:
        yield one


async def _account(database: Database, of: str) -> Connection:
    async with database.writing() as conn:
        workspace = (
            await conn.execute(
                text("select workspace_id from amazon_connection where connection_id = :id"),
                {"id": of},
            )
        ).scalar_one()
        return await open_account(conn, workspace, name="by hand", marketplace_ids=[US])


async def _load(
    database: Database, account: Connection, content: bytes, told: Told, name: str = "file.txt"
) -> FileOutcome:
    given = GivenFile(name, io.BytesIO(content))
    return await load_given(database, account, given, told, now=datetime.now(UTC))


async def _claims(database: Database, connection_id: str) -> list[tuple[Any, ...]]:
    async with database.reading() as conn:
        found = await conn.execute(
            text(_CLAIMS), {"connection_id": connection_id, "types": list(TYPES)}
        )
        return [tuple(row) for row in found]


@pytest.mark.parametrize("language", SHAPES)
async def test_files_downloaded_by_hand_give_the_claims_of_the_api(seller, language):
    """In each of six languages, encodings and ways to write days and numbers."""
    database, now = seller.database, datetime.now(UTC)
    account = await _account(database, seller.connection_id)
    world = world_of(120, datetime.combine(seller.day, time(), UTC))
    since = datetime.combine(now.date() - timedelta(days=365), time(), UTC)
    # On some days of the year a file of so small a shop has no day beyond the 12th of a month.
    order = DayOrder.UNKNOWN if language == "en" else DayOrder.DAY
    told = Told(days=(since.date(), now.date()), order=order)
    for stream in BY_HAND:
        content = by_hand(stream, SHAPES[language], world, since, now)
        outcome = await _load(database, account, content, told)
        assert (outcome.stream.name, outcome.file.language) == (stream, language)
        assert outcome.file.rows_quarantined == 0, outcome.file
    async with database.writing() as conn:
        for into in (seller.connection_id, account.connection_id):
            await conn.execute(text(_COSTS), {"into": into, "of": seller.connection_id})
            await detect(conn, into, seller.day)
    expected = await _claims(database, seller.connection_id)
    assert {row[0] for row in expected} == set(TYPES)
    assert await _claims(database, account.connection_id) == expected


RETURNS = [
    *("return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity"),
    *("fulfillment-center-id", "detailed-disposition", "reason", "status", "license-plate-number"),
]


def _return(order: int, day: str, sku: str = "SKU-1") -> list[str]:
    return [
        *(f"2026-{day}T08:00:00+00:00", f"111-0000000-000000{order}", sku, "B000000001"),
        *("X000000001", "Büroklammern", "1", "LEJ1", "SELLABLE", "UNWANTED_ITEM", "ok", ""),
    ]


@pytest.fixture
async def account(database: Database) -> Connection:
    async with database.writing() as conn:
        user = await add_user(conn, "files@example.com")
        workspace = first_workspace_id(user.user_id)
        return await open_account(conn, workspace, name="by hand", marketplace_ids=[US])


async def _rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as conn:
        return [tuple(row) for row in await conn.execute(text(sql))]


@pytest.mark.parametrize("language", SHAPES)
async def test_the_same_file_twice_changes_nothing(database, account, language):
    """The second time the file is known, whatever its name, and no row is written."""
    content = written(
        "returns", SHAPES[language], RETURNS, [_return(1, "11-14"), _return(2, "11-15")]
    )
    first = await _load(database, account, content, Told())
    before = await _rows(database, "select *, ctid from returns")
    again = await _load(database, account, content, Told(), name="renamed.csv")
    assert (first.is_known, again.is_known) == (False, True)
    assert await _rows(database, "select *, ctid from returns") == before
    assert await _rows(database, "select count(*) from loaded_file") == [(1,)]


async def test_files_that_overlap_load_as_one(database, account):
    """Days of both are the same rows; what they cover is joined."""
    shape = SHAPES["en"]
    early = written("returns", shape, RETURNS, [_return(1, "11-02"), _return(2, "11-14")])
    late = written("returns", shape, RETURNS, [_return(2, "11-14"), _return(3, "11-20")])
    await _load(database, account, early, Told())
    second = await _load(database, account, late, Told())
    assert (second.file.rows, second.file.rows_unchanged) == (1, 1)
    assert await _rows(database, "select count(*) from returns") == [(3,)]
    covered = await _rows(database, "select cast(closed as text) from stream_cursor")
    assert covered == [('{["2026-11-02 00:00:00+00","2026-11-21 00:00:00+00")}',)]


async def test_a_half_file_loses_nothing(database, account):
    """The line in which it breaks off, and a row that cannot be read, are counted and kept."""
    whole = written(
        "returns",
        SHAPES["de"],
        RETURNS,
        [_return(1, "11-14"), ["someday", *_return(2, "11-15")[1:]], _return(3, "11-16")],
    )
    cut = whole[: whole.rindex(b"X000000001")]
    outcome = await _load(database, account, cut, Told())
    file = outcome.file
    assert (file.rows_read, file.rows, file.rows_quarantined) == (3, 1, 2)
    kept = await _rows(database, "select reason, cast(raw as text) from quarantine order by 1")
    assert any("someday" in raw for _, raw in kept)
    assert any('"line": 4' in raw for _, raw in kept)


async def test_a_rule_judges_only_the_days_that_all_its_files_cover(seller):
    """A loss of a day of which the payments are not known is no claim, and the file says so."""
    database, now = seller.database, datetime.now(UTC)
    account = await _account(database, seller.connection_id)
    world = world_of(120, datetime.combine(seller.day, time(), UTC))
    since = datetime.combine(now.date() - timedelta(days=365), time(), UTC)
    paid_since = datetime.combine(now.date() - timedelta(days=25), time(), UTC)
    for stream in ("ledger", "ledger_summary", "returns", "reimbursements"):
        begin = paid_since if stream == "reimbursements" else since
        content = by_hand(stream, SHAPES["en"], world, begin, now)
        await _load(database, account, content, Told(days=(begin.date(), now.date())))
    async with database.writing() as conn:
        for one in (seller.connection_id, account.connection_id):
            await detect(conn, one, seller.day)
    warehouse = ("lost_in_warehouse", "damaged_in_warehouse")
    expected = await _claims(database, seller.connection_id)
    known = {row[:2] for row in expected if row[0] in warehouse and row[6] >= paid_since.date()}
    assert {row[:2] for row in await _claims(database, account.connection_id)} == known
    async with database.reading() as conn:
        check = await read_check(conn, account, seller.day)
    searched = {rule.type: rule for rule in check.rules if rule.is_searched}
    assert searched.keys() == set(warehouse)
    assert searched["lost_in_warehouse"].first_on == paid_since.date()
    missing = {one.stream: one for rule in check.rules for one in rule.missing}
    assert "Removal Order Detail" in str(missing["removals"].path)
    assert missing["transactions"].path is None
    assert all(rule.missing for rule in check.rules if not rule.is_searched)


async def test_files_that_end_long_ago_are_no_news_of_today(seller):
    """That nothing was paid since then is not known, so nothing is claimed."""
    database, now = seller.database, datetime.now(UTC)
    account = await _account(database, seller.connection_id)
    world = world_of(120, datetime.combine(seller.day, time(), UTC))
    since, until = now - timedelta(days=365), now - timedelta(days=60)
    for stream in ("ledger", "ledger_summary", "returns", "reimbursements"):
        content = by_hand(stream, SHAPES["en"], world, since, until)
        await _load(database, account, content, Told(days=(since.date(), until.date())))
    async with database.writing() as conn:
        found = await detect(conn, account.connection_id, seller.day)
    assert len(found.skipped) == len(all_rules())
    assert await _claims(database, account.connection_id) == []


async def test_nothing_starts_a_sync_of_files(database, account):
    """Neither a person nor the schedule, nor does the expiry of an authorization concern it."""
    async with database.reading() as conn:
        assert await list_connections_by_server_schedule(conn) == []
        assert await list_authorized(conn) == []
        with pytest.raises(InvalidRequestError, match="consists of files"):
            await choose_synced_connection(conn, account.workspace_id, account.connection_id)
        with pytest.raises(NoConnectionError):
            await choose_synced_connection(conn, account.workspace_id, None)
