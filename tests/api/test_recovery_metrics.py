"""What claims are worth in sum, and how right the rules were."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx2
from sqlalchemy import select

from recoup.claims.lifecycle import Standing
from recoup.claims.tables import claim
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import UK, day, store_allocation, store_claims, unvalued

SUMMARY = "/api/v1/integrations/amazon/recoveries"
METRICS = "/api/metrics/recoveries"


async def store_all_kinds(database: Database, seller: str) -> None:
    """Two currencies, each status, an expired one, one of an unknown window, one of thin evidence."""
    await store_claims(database, seller, range(2), currency="GBP", marketplace_id=UK)
    await store_claims(database, seller, range(2, 5), status="filed", type="removal_lost")
    await store_claims(database, seller, range(5, 6), **unvalued())
    await store_claims(database, seller, range(6, 7), status="approved", status_at=utc_now())
    await store_claims(database, seller, range(7, 9), status="rejected")
    await store_claims(database, seller, range(9, 10), status="dismissed")
    await store_claims(database, seller, range(10, 11), status="withdrawn")
    await store_claims(database, seller, range(11, 12), deadline=day(-2))
    await store_claims(database, seller, range(12, 13), confidence=Decimal("0.49"))
    await store_claims(database, seller, range(13, 14), deadline=None)


def counts(body: dict[str, Any], *names: str) -> list[int]:
    return [body[name]["claimCount"] for name in names]


async def test_the_summary_is_of_what_amazon_owes(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The first currency is that with the most claims; expired and doubtful ones are no money."""
    await store_all_kinds(database, connection.connection_id)

    body = (await client.get(SUMMARY)).json()

    assert (body["totalAmount"], body["currency"], body["claimCount"]) == ("24.60", "GBP", 3)
    assert body["byCurrency"] == [{"amount": "24.60", "currency": "GBP", "claimCount": 2}]
    assert [(entry["type"], entry["claimCount"]) for entry in body["byType"]] == [
        ("lost_in_warehouse", 3)
    ]
    assert body["unvaluedCount"] == 1
    left_out = ("toReviewCount", "windowUnknownCount", "expiredCount")
    assert [body[name] for name in left_out] == [1, 1, 1]


async def test_a_sum_of_unknown_amounts_is_unknown(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Claims without a known amount are counted and said; they are never worth 0."""
    await store_claims(database, connection.connection_id, range(2), **unvalued())

    body = (await client.get(SUMMARY)).json()

    assert (body["totalAmount"], body["currency"]) == (None, None)
    assert (body["claimCount"], body["unvaluedCount"]) == (2, 2)


async def test_the_summary_of_nothing(client: httpx2.AsyncClient) -> None:
    """No claims are worth nothing in no currency."""
    body = (await client.get(SUMMARY)).json()

    assert (body["totalAmount"], body["currency"], body["claimCount"]) == ("0", None, 0)


async def test_metrics_count_each_standing_and_month(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Every claim has one standing; the success rate is of what Amazon has decided."""
    await store_all_kinds(database, connection.connection_id)

    body = (await client.get(METRICS)).json()

    assert counts(body, *Standing) == [3, 1, 1, 1, 3, 1, 2, 1, 1]
    assert body["pending"] == body["owed"]
    assert body["successRate"] == 0.3333
    (month,) = body["byMonth"]
    assert month["month"] == utc_now().strftime("%Y-%m")
    assert counts(month, "detected", "approved") == [12, 1]
    assert month["approved"]["byCurrency"] == [
        {"amount": "12.30", "currency": "USD", "claimCount": 1}
    ]


async def test_calibration_counts_outcomes_per_rule_and_band(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A payment that came by itself confirms a claim, a find refutes it."""
    seller = connection.connection_id
    low = {"confidence": Decimal("0.6")}
    await store_claims(database, seller, range(3), status="approved")
    await store_claims(database, seller, range(3, 4), status="rejected")
    await store_claims(database, seller, range(4, 7), status="withdrawn", **low)
    await store_claims(database, seller, range(7, 8), type="removal_lost", **low)
    async with database.reading() as conn:
        rows = await conn.execute(select(claim.c.claim_id, claim.c.key))
        keys = {row.claim_id: row.key for row in rows}
    await store_allocation(database, seller, 1, keys["claim-0004"], "payment")
    await store_allocation(database, seller, 2, keys["claim-0005"], "find")

    lines = (await client.get(METRICS)).json()["calibration"]

    zero = dict.fromkeys(("approved", "paid", "rejected", "found", "withdrawn", "open"), 0)
    lost = {**zero, "type": "lost_in_warehouse"}
    assert lines == [
        {**lost, "band": "auto", "approved": 3, "rejected": 1, "confirmedRate": 0.75},
        {**lost, "band": "prompt", "paid": 1, "found": 1, "withdrawn": 1, "confirmedRate": 0.5},
        {**zero, "type": "removal_lost", "band": "prompt", "open": 1, "confirmedRate": None},
    ]


async def test_looking_changes_nothing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A GET leaves every claim as it was."""
    await store_all_kinds(database, connection.connection_id)
    async with database.reading() as conn:
        before = (await conn.execute(select(claim).order_by(claim.c.claim_id))).all()

    for path in (SUMMARY, METRICS, "/api/recoveries", "/api/recoveries/claim-0000/packet"):
        assert (await client.get(path)).status_code == 200

    async with database.reading() as conn:
        after = (await conn.execute(select(claim).order_by(claim.c.claim_id))).all()
    assert before == after
