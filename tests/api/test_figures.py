"""What the Overview shows: each number counts exactly the rows that its link lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import func, select, text

from recoup.claims.policy import load_policy
from recoup.claims.reading.claims import list_claims, total_claims
from recoup.claims.reading.day import today_on
from recoup.claims.reading.figures import total_facets
from recoup.claims.reading.selection import ClaimSelection
from recoup.claims.reading.sort import ClaimOrder, Sort
from recoup.claims.tables import claim
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database, Reader
from recoup.ids import first_workspace_id
from recoup.users.queries import User
from tests.api.claim_rows import UK, day, store_claims, unvalued
from tests.api.every_row import store_each_claim
from tests.api.test_numbers import METRICS, check, numbers

LIST = "/api/recoveries"
Shown = Iterator[tuple[int, str, dict[str, str]]]


def ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


@pytest.fixture
async def seller(database: Database, connection: Connection) -> str:
    """Claims of each kind, found, filed and approved at different times, in two currencies."""
    account = connection.connection_id
    await store_each_claim(database, account)
    places: tuple[dict[str, Any], ...] = ({}, {"currency": "GBP", "marketplace_id": UK}, unvalued())
    number = 1000
    for days in (0.01, 13, 15, 29, 31, 59, 61, 400):
        for status in ("detected", "filed", "approved", "dismissed"):
            for place in places:
                values: dict[str, Any] = {"status": status, "detected_at": ago(days), **place}
                values |= {"status_at": ago(days / 2), "deadline": day(int(days * 0.8) + 2)}
                values |= {"filed_at": ago(days)} if status in {"filed", "approved"} else {}
                await store_claims(database, account, range(number, number + 1), **values)
                number += 1
    return account


def of_page(metrics: Mapping[str, Any]) -> Shown:
    """The numbers of the Overview's tiles and bars, with the query of each one's link."""
    for one in metrics["owedByType"]:
        yield from numbers(one, {"standing": "owed", "type": one["type"]})
    for one in metrics["expiring"]:
        days = str(one["withinDays"])
        yield from numbers(one, {"standing": "owed", "expiringWithinDays": days})
    for one in metrics["filedByAge"]:
        ends = {name: one[name] for name in ("filedFrom", "filedTo") if one[name]}
        yield from numbers(one, {"standing": "filed", **ends})
    for one in (*metrics["periods"], *metrics["byMonth"]):
        since, until = one["from"], one["to"]
        found = {"discarded": "false", "detectedFrom": since, "detectedTo": until}
        yield from numbers(one["detected"], found)
        approved = {"standing": "approved", "statusFrom": since, "statusTo": until}
        yield from numbers(one["approved"], approved)


async def test_each_number_is_a_link_to_its_rows(client: httpx2.AsyncClient, seller: str) -> None:
    """By type, by days left, by age, by month, and of two periods: count, sums, unknown amounts."""
    metrics = (await client.get(METRICS)).json()

    await check(client, of_page(metrics))
    assert sum(one["claimCount"] for one in metrics["owedByType"]) == metrics["owed"]["claimCount"]
    counts = [one["claimCount"] for one in metrics["expiring"]]
    assert 0 < counts[0] < counts[1] < counts[2]
    assert [one["toDays"] for one in metrics["filedByAge"]] == [14, 30, None]
    assert all(one["claimCount"] for one in metrics["filedByAge"])
    now, before = metrics["periods"]
    assert (now["from"], before["detected"]["claimCount"] > 0) == (before["to"], True)
    names = [one["month"] for one in metrics["byMonth"]]
    assert names == sorted(names, reverse=True)
    assert len(names) > 3


@pytest.mark.parametrize(
    ("query", "ages"),
    [
        ("detectedFrom={}", [1]),
        ("detectedTo={}", [3]),
        ("statusFrom={}&detectedTo={}", [3]),
        ("statusTo={}", []),
        ("filedFrom={}", [1]),
        ("filedTo={}", [3]),
        ("discarded=true", []),
        ("discarded=false&status=filed", [1, 3]),
    ],
)
async def test_claims_of_a_time(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    query: str,
    ages: list[int],
) -> None:
    """From includes its instant, To does not; a claim that was never filed has no such time."""
    middle = ago(2).replace(microsecond=0)
    for age in (1, 3):
        moment = middle + timedelta(days=2 - age)
        times = {"detected_at": moment, "filed_at": moment, "status": "filed"}
        await store_claims(database, connection.connection_id, range(age, age + 1), **times)

    asked = query.format(*[middle.strftime("%Y-%m-%dT%H:%M:%SZ")] * 2)
    items = (await client.get(f"{LIST}?{asked}")).json()["items"]

    assert sorted(int(one["claimId"].split("-")[1]) for one in items) == ages


async def test_the_instant_itself_belongs_to_the_later_time(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """So two months or periods side by side count each claim once."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    await store_claims(database, connection.connection_id, range(1), detected_at=at)

    found = [
        (await client.get(f"{LIST}?{name}=2026-11-01T00:00:00Z")).json()["totals"]["claimCount"]
        for name in ("detectedFrom", "detectedTo")
    ]

    assert found == [1, 0]


async def test_a_list_without_evidence(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Evidence is most of a claim, and no list shows it; without it everything else is the same."""
    await store_claims(database, connection.connection_id, range(2))

    whole = (await client.get(LIST)).json()
    short = (await client.get(f"{LIST}?evidence=false")).json()

    assert all(one.pop("evidence") for one in whole["items"])
    assert [one.pop("evidence") for one in short["items"]] == [None, None]
    assert short == whole


@pytest.mark.parametrize("hour", range(0, 24, 3))
async def test_the_day_is_that_of_each_marketplace(
    database: Database, connection: Connection, hour: int
) -> None:
    """As PostgreSQL's own time zones have it, at any time of the day."""
    places = {one.marketplace_id: one.zone for one in load_policy().marketplaces}
    for number, place in enumerate((*places, None)):
        await store_claims(
            database, connection.connection_id, range(number, number + 1), marketplace_id=place
        )
    now = datetime(2026, 3, 29, hour, 30, tzinfo=UTC)

    async with database.reading() as conn:
        days = await conn.execute(select(claim.c.marketplace_id, today_on(now)))
        told: dict[str | None, date] = dict(days.all())
        zones = {
            place: (await conn.execute(select(func.timezone(zone, now)))).scalar_one().date()
            for place, zone in places.items()
        }

    assert told == zones | {None: now.date()}


async def test_figures_and_lists_do_not_read_the_claims(
    database: Database, database_url: str, user: User, seller: str
) -> None:
    """Filters, orders and sums need claim_figures_idx alone: long rows are read for those shown only."""
    filters = {
        "status": "detected",
        "type": "lost_in_warehouse",
        "window_state": "open",
        "min_confidence": Decimal("0.5"),
        "expiring_within_days": 30,
        "standing": "owed",
        "review": "auto",
        "currency": "USD",
        "sync_id": "sync_0",
        "discarded": False,
    }
    now, workspace_id = utc_now(), first_workspace_id(user.user_id)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "drop index claim_deadline_idx, claim_detected_at_idx, claim_unvalued_idx, claim_key"
        )
        owner.execute("vacuum analyze claim")
    async with database.reading() as conn:
        # With so few rows PostgreSQL would rather read them all.
        for name in ("enable_seqscan", "enable_bitmapscan"):
            await conn.execute(text(f"set local {name} = off"))
        await total_facets(conn, workspace_id, now)
        for name, value in filters.items():
            selection = ClaimSelection(workspace_id, now, **{name: value})  # type: ignore[arg-type] # one of them
            await total_claims(conn, selection)
        assert await _rows_read(conn) == 0
        for sort in Sort:
            found = await list_claims(
                conn, ClaimSelection(workspace_id, now), ClaimOrder(sort, now), limit=2
            )
            assert len(found) == 2
        assert await _rows_read(conn) == 2 * len(Sort)


async def _rows_read(conn: Reader) -> int:
    """Claims that this transaction has read from the table itself."""
    rows = await conn.execute(
        text(
            "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'claim'"
        )
    )
    read: int = rows.scalar_one()
    return read
