"""A page of claims, which PostgreSQL writes, beside the body of a claim, which defines it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import select

from recoup.claims.bodies import page_queries
from recoup.claims.bodies.claim import ClaimBody, claim_body
from recoup.claims.bodies.page_queries import read_claims
from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.reading.claims import list_claims, total_claims, total_payments
from recoup.claims.reading.selection import ClaimSelection, Period
from recoup.claims.reading.sort import ClaimOrder, Sort
from recoup.claims.rule import ClaimType
from recoup.claims.stages import Stage
from recoup.connections.queries import Connection
from recoup.connections.tables import amazon_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.record.note_queries import CURRENT
from tests.api.claim_rows import TODAY
from tests.api.odd_claims import combinations, oddities, store
from tests.support.whole_seller import StoredSeller, seller_with_claims

MOST = 10_000
NOON = datetime.combine(TODAY, time(12), UTC)


async def same(
    database: Database, selection: ClaimSelection, sort: Sort = Sort.DEADLINE
) -> list[dict[str, Any]]:
    """What the page shows, which is what the bodies say; and so are the totals."""
    order = ClaimOrder(sort, selection.now)
    walled = database.of(selection.workspace_id)
    page = await read_claims(
        walled, selection, order, limit=MOST, after=None, with_evidence=True, more=CURRENT,
        connection_id=None, stream=None,
    )  # fmt: skip
    async with walled.reading() as conn:
        rows = await list_claims(conn, selection, order, limit=MOST)
        totals = await total_claims(conn, selection)
        paid = await total_payments(conn, selection)
    shown = [json.loads(text) for _, text in page.rows]
    assert shown == [claim_body(row).document() for row in rows]
    assert [place for place, _ in page.rows] == [row.place for row in rows]
    assert set(page.totals) == set(totals)
    assert page.paid == paid
    return shown


@pytest.mark.parametrize("hour", [0, 12, 23])
async def test_a_page_says_what_the_body_says(
    database: Database, connection: Connection, hour: int
) -> None:
    """In each stage, window and wait, whatever the day is in the marketplace."""
    count = await store(database, connection, combinations())
    now = datetime.combine(TODAY, time(hour, 30), UTC)

    shown = await same(database, ClaimSelection(connection.workspace_id, now))

    assert len(shown) == count
    assert list(shown[0]) == [info.alias for info in ClaimBody.model_fields.values()]


async def test_odd_values_are_written_as_ever(database: Database, connection: Connection) -> None:
    """Quotes, line breaks, trailing zeros, microseconds and nothing at all."""
    count = await store(database, connection, oddities())

    assert len(await same(database, ClaimSelection(connection.workspace_id, NOON))) == count


async def test_what_rules_store_is_shown_as_it_is(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> None:
    """Keys, evidence and parts of the confidence of each rule."""
    async with seller_with_claims(postgres, stored_seller, "claims_json") as seller:
        async with seller.database.reading() as conn:
            owner = select(amazon_connection.c.workspace_id)
            workspace_id = (await conn.execute(owner)).scalar_one()

        shown = await same(seller.database, ClaimSelection(workspace_id, NOON))

    assert {one["type"] for one in shown} == {one.value for one in ClaimType}


EACH_TWICE: Mapping[str, tuple[Any, Any]] = {
    "workspace_id": (WorkspaceId("one"), WorkspaceId("two")),
    "now": (NOON, NOON + timedelta(days=3, hours=9)),
    "connection_id": (ConnectionId("conn_one"), ConnectionId("conn_two")),
    "status": (Status.FILED, Status.DETECTED),
    "type": (ClaimType.LOST_IN_WAREHOUSE, ClaimType.REMOVAL_LOST),
    "min_confidence": (Decimal("0.35"), Decimal("0.65")),
    "expiring_within_days": (31, 47),
    "standing": (Standing.OWED, Standing.FILED),
    "review": (Review.AUTO, Review.MANUAL),
    "currency": ("USD", "EUR"),
    "sync_id": ("sync_one", "sync_two"),
    "search": ("one", "two"),
    "detected": (Period(NOON, NOON), Period(NOON - timedelta(days=1), NOON - timedelta(days=1))),
    "status_set": (Period(NOON, NOON), Period(NOON - timedelta(days=1), NOON - timedelta(days=1))),
    "filed": (Period(NOON, NOON), Period(NOON - timedelta(days=1), NOON - timedelta(days=1))),
    "stage": (Stage.READY, Stage.DENIED),
    "paid": (Period(NOON, NOON), Period(NOON - timedelta(days=1), NOON - timedelta(days=1))),
    "paid_currency": ("USD", "EUR"),
}
"""Filters with two values each that are asked with one statement."""
OF_TWO_SHAPES: Mapping[str, tuple[Any, Any]] = {
    "window_state": (WindowState.OPEN, WindowState.EXPIRED),
    **dict.fromkeys(("owed", "valued", "discarded", "recovered", "paid_by_itself"), (True, False)),
}
"""Filters with two values each that are asked with a statement of their own."""


def texts(selection: ClaimSelection, sort: Sort = Sort.DEADLINE) -> list[str]:
    """The statements as they would be made for this selection."""
    order = ClaimOrder(sort, selection.now)
    place = ("0", "2026-01-01", str(selection.workspace_id))
    made = page_queries._statements(selection, order, 7, place, with_evidence=True)
    return [one.text for one in made]


@pytest.mark.parametrize("name", EACH_TWICE)
def test_no_value_of_a_selection_is_in_its_statements(name: str) -> None:
    """They are kept and serve others: who asks for the same with another value gets that value's."""
    one = ClaimSelection(WorkspaceId("any"), NOON)
    first, second = (replace(one, **{name: value}) for value in EACH_TWICE[name])

    assert page_queries.shape_of(first) == page_queries.shape_of(second)
    assert texts(first) == texts(second)


@pytest.mark.parametrize("name", OF_TWO_SHAPES)
def test_what_changes_the_statements_has_statements_of_its_own(name: str) -> None:
    """Two values of such a filter never share a kept statement."""
    one = ClaimSelection(WorkspaceId("any"), NOON)
    first, second = (replace(one, **{name: value}) for value in OF_TWO_SHAPES[name])

    assert texts(first) != texts(second)
    assert page_queries.shape_of(first) != page_queries.shape_of(second)


def test_each_filter_is_looked_at_here() -> None:
    """A new one belongs to one of the two kinds."""
    names = {one.name for one in fields(ClaimSelection)}

    assert names == EACH_TWICE.keys() | OF_TWO_SHAPES.keys()


async def test_a_kept_statement_finds_what_a_new_one_finds(
    database: Database, connection: Connection
) -> None:
    """For one value after the other of each filter."""
    await store(database, connection, islice(combinations(), 0, None, 31))
    one = ClaimSelection(connection.workspace_id, NOON)
    for name, values in {**EACH_TWICE, **OF_TWO_SHAPES}.items():
        for value in values:
            await same(database, replace(one, **{name: value}), Sort.AMOUNT_DOWN)
