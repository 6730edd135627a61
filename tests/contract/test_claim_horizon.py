"""Rows that are deleted with age change no claim: none is withdrawn, none is new, none is worth more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.detect import delete_unseen, detect
from recoup.claims.detection.horizon import LOOKS_BACK
from recoup.claims.policy import load_policy
from recoup.claims.rule import ClaimType
from recoup.config import LEAST_RETENTION_MONTHS
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Writer
from recoup.streams import all_streams
from recoup.streams._stream import Windows
from recoup.sync.retention.delete_queries import delete_rows_before
from recoup.sync.retention.periods import months_before
from recoup.sync.retention.queries import set_held_from, shorten_cursors
from tests.support.whole_seller import StoredSeller, WholeSeller, seller_with_claims, stored, undone

# Since when the seller has rows: the first sync reads a year.
_YEAR = 365


@pytest.fixture(scope="module")
async def seller(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> AsyncIterator[WholeSeller]:
    """Each test takes back what it changes."""
    async with seller_with_claims(postgres, stored_seller, "horizon") as one:
        yield one


async def claims_of(conn: Writer, seller: WholeSeller) -> dict[tuple[str, str, str], Any]:
    found = await stored(conn, seller.connection_id)
    return {key: rows for key, rows in found.items() if key[0] == "claim"}


async def delete_before(
    conn: Writer, seller: WholeSeller, day: date, *, looks_back: timedelta = LOOKS_BACK
) -> dict[str, int]:
    """looks_back: in place of 180 days; with less than none, only comparing helps."""
    deleted: dict[str, int] = {}

    async def delete() -> None:
        deleted.update(await delete_rows_before(conn, seller.connection_id, day))
        await set_held_from(conn, seller.connection_id, day - LOOKS_BACK + looks_back)
        await shorten_cursors(conn, seller.connection_id)

    await delete_unseen(conn, seller.connection_id, seller.day, delete=delete)
    return deleted


@pytest.mark.parametrize(
    "looks_back", [LOOKS_BACK, -timedelta(days=400)], ids=["as it is", "only compared"]
)
@pytest.mark.parametrize("age", [10, 90, 175, 260, 340, _YEAR])
async def test_no_claim_changes_when_rows_are_deleted_with_age(
    seller: WholeSeller, age: int, looks_back: timedelta
) -> None:
    """For every rule, wherever the deletion cuts, and however often it is detected again."""
    day = seller.day - timedelta(days=age)
    async with undone(seller) as conn:
        before = await claims_of(conn, seller)
        deleted = await delete_before(conn, seller, day, looks_back=looks_back)
        await detect(conn, seller.connection_id, seller.day)
        after = await claims_of(conn, seller)
        await detect(conn, seller.connection_id, seller.day)
        again = await claims_of(conn, seller)

    assert {key[1] for key in before} == set(ClaimType)
    assert sum(deleted.values()) > 0
    assert after == before
    assert again == before


async def test_deletions_week_by_week_change_no_claim(seller: WholeSeller) -> None:
    """As it happens: each is held against what the one before has left."""
    async with undone(seller) as conn:
        before = await claims_of(conn, seller)
        for age in range(330, 120, -30):
            await delete_before(
                conn, seller, seller.day - timedelta(days=age), looks_back=-timedelta(days=400)
            )
            await detect(conn, seller.connection_id, seller.day)

        assert await claims_of(conn, seller) == before


async def test_rows_that_vanish_unseen_do_change_claims(seller: WholeSeller) -> None:
    """Without the horizon they would: what is tested above is not true by itself."""
    day = seller.day - timedelta(days=130)
    async with undone(seller) as conn:
        before = await claims_of(conn, seller)
        await delete_rows_before(conn, seller.connection_id, day)
        await detect(conn, seller.connection_id, seller.day)
        after = await claims_of(conn, seller)

    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert len(changed) > 10


async def test_an_event_of_before_the_horizon_is_no_new_claim(seller: WholeSeller) -> None:
    """Not even if its rows come late, after those that could settle it were deleted."""
    day = seller.day - timedelta(days=300)
    lost_on = day + LOOKS_BACK - timedelta(days=1)
    async with undone(seller) as conn:
        await delete_before(conn, seller, day)
        before = await claims_of(conn, seller)
        for event_on in (lost_on, lost_on + timedelta(days=1)):
            await conn.execute(
                text(
                    "insert into ledger (connection_id, event_on, source_line, fnsku, asin, msku, "
                    "event_type, reference_id, quantity, fulfillment_center, disposition, reason, "
                    "country, source) values (:seller, :event_on, 999999, 'X00LATE001', 'B0LATE0001', "
                    "'LATE', 'Adjustments', '77770000000001', -1, 'ABE2', 'SELLABLE', 'M', 'US', 'test')"
                ),
                {"seller": seller.connection_id, "event_on": event_on},
            )
        await detect(conn, seller.connection_id, seller.day)
        after = await claims_of(conn, seller)

    new = [row for key in after.keys() - before.keys() for row in after[key]]
    assert [(row["fnsku"], row["event_on"]) for row in new] == [
        ("X00LATE001", lost_on + timedelta(days=1))
    ]


async def test_a_later_payment_withdraws_what_is_within_the_horizon(seller: WholeSeller) -> None:
    """What is judged is judged as ever: the horizon freezes nothing else."""
    day = seller.day - timedelta(days=300)
    async with undone(seller) as conn:
        await delete_before(conn, seller, day)
        await detect(conn, seller.connection_id, seller.day)
        lost = (
            await conn.execute(
                text(
                    "select claim_id, fnsku, sku, event_on, quantity from claim "
                    "where type = 'lost_in_warehouse' and status = 'detected' and event_on >= :horizon "
                    "and (type, key) not in (select type, key from judged_event) "
                    "order by event_on desc limit 1"
                ),
                {"horizon": day + LOOKS_BACK},
            )
        ).one()
        await conn.execute(
            text(
                "insert into reimbursements (connection_id, reimbursement_id, fnsku, sku, reason, "
                "order_id, case_id, occurrence, approved_at, currency, amount_per_unit, amount_total, "
                "quantity_cash, quantity_inventory, quantity_total, source) values (:seller, '999000', "
                ":fnsku, :sku, 'Lost_Warehouse', '', '', 1, :paid_on, 'USD', 5, 50, 10, 0, 10, 'test')"
            ),
            {
                "seller": seller.connection_id,
                "fnsku": lost.fnsku,
                "sku": lost.sku,
                "paid_on": lost.event_on + timedelta(days=1),
            },
        )
        await detect(conn, seller.connection_id, seller.day)
        status = await conn.execute(
            text("select status from claim where claim_id = :claim_id"), {"claim_id": lost.claim_id}
        )

    assert status.scalar_one() == "withdrawn"


@pytest.mark.parametrize("stream", all_streams(), ids=[stream.name for stream in all_streams()])
def test_every_stream_with_a_past_says_how_old_its_rows_are(stream: object) -> None:
    """Or its rows would be kept for ever; what shows only the present has no age."""
    assert isinstance(stream.cursor, Windows) == (stream.aged_by is not None)  # type: ignore[attr-defined]


def test_no_sync_reads_what_is_deleted_again() -> None:
    """The shortest retention is longer than any stream reads back, the week's rows that go early
    included.
    """
    today = date(2026, 3, 1)
    kept = today - months_before(today, LEAST_RETENTION_MONTHS) - timedelta(days=7)
    longest = max(one.cursor.history for one in all_streams() if isinstance(one.cursor, Windows))

    assert longest + timedelta(days=1) <= kept


def test_what_can_be_filed_is_within_the_horizon() -> None:
    """With the shortest retention, for each window that Amazon names: an event is judged until its
    last day. Windows of a year and a half are of old copies that no newer page confirms.
    """
    today = date(2026, 3, 1)
    judged = today - months_before(today, LEAST_RETENTION_MONTHS) - timedelta(days=7) - LOOKS_BACK
    named = [
        one.closes_days or 31 * (one.closes_months or 0)
        for one in load_policy().windows
        if one.confidence in {"high", "medium"} and one.valid_to > today
    ]

    assert 270 <= max(named) <= judged.days
