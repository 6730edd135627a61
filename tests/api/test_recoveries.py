"""Lists of claims: what one says, filters, orders, pages, totals, CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from recoup.api.cursors import encode_cursor
from recoup.claims.reading.sort import Sort
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import UK, day, store_claims, unvalued
from tests.api.serving import Server, new_connection, new_user

AS_CSV = {"accept": "text/csv"}


async def ids_of(client: httpx2.AsyncClient, query: str) -> list[str]:
    answer = await client.get(f"/api/recoveries?{query}")
    assert answer.status_code == 200, answer.text
    return [item["claimId"] for item in answer.json()["items"]]


async def all_ids(client: httpx2.AsyncClient, **query: Any) -> list[str]:
    ids: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await client.get("/api/recoveries", params={**query, "cursor": cursor})).json()
        ids += [item["claimId"] for item in page["items"]]
        cursor = page["nextCursor"]
    return ids


async def test_a_claim_has_every_field_of_the_guide(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Every field that docs/api.md#recoveries promises: money as a decimal string, days as dates."""
    await store_claims(database, connection.connection_id, range(1))

    (item,) = (await client.get("/api/recoveries")).json()["items"]

    told = {name: item[name] for name in item if name not in {"detectedAt", "confirmedAt"}}
    assert told == {
        "claimId": "claim-0000",
        "type": "lost_in_warehouse",
        "title": item["title"],
        "key": {"fnsku": "X0000", "date": day(-40).isoformat(), "n": 0},
        "status": "detected",
        "windowState": "open",
        "connectionId": connection.connection_id,
        "marketplaceId": "ATVPDKIKX0DER",
        "sku": "SKU-0",
        "fnsku": "X0000",
        "asin": "B0TEST",
        "orderId": None,
        "quantity": 2,
        "amount": {"amount": "12.30", "currency": "USD"},
        "amountBasis": "2 units at 6.15 USD, the sourcing cost from 2026-01-01",
        "amountMissing": None,
        "confidence": 0.9,
        "confidenceParts": [{"part": "base", "change": 0.9, "why": "both counts agree"}],
        "review": "auto",
        "eventDate": day(-40).isoformat(),
        "fileableFrom": day(-10).isoformat(),
        "deadline": day(20).isoformat(),
        "windowNote": None,
        "daysLeft": item["daysLeft"],
        "reason": "2 units lost, 0 found, 0 paid: 2 are open.",
        "evidence": item["evidence"],
        "policyVersion": "2026-11",
        "ruleVersion": 1,
        "asOf": day(0).isoformat(),
        "syncId": None,
        "caseId": None,
        "note": None,
        "arrived": None,
        "filedAt": None,
        "stage": "ready",
        "nextAction": {
            "action": "file",
            "text": "File the claim in Seller Central and enter the case id.",
            "stage": "filed",
            "on": day(20).isoformat(),
        },
        "allowedStages": ["filed", "on_hold", "paid_by_itself", "closed"],
        "filedOn": None,
        "paidAmount": None,
        "paidUnits": None,
        "holdReason": None,
        "answerReason": None,
        "waitingDays": None,
        "chaseOn": None,
    }
    assert item["evidence"]["rows"][0]["source_line"] == 7
    assert item["daysLeft"] in {20, 21}  # it may still be yesterday in Seattle


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=filed", {1}),
        ("type=removal_lost", {2}),
        ("minConfidence=0.7", {0, 1, 2, 4}),
        ("minConfidence=0.71", {0, 1, 2}),
        ("windowState=expired", {3}),
        ("windowState=wait", {4}),
        ("windowState=unknown", {2}),
        ("windowState=open", {0, 1}),
        ("expiringWithinDays=10", {1}),
        ("expiringWithinDays=30", {0, 1}),
        ("status=detected&windowState=open&type=&minConfidence=", {0}),
        ("", {0, 1, 2, 3, 4}),
    ],
)
async def test_filters(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    query: str,
    expected: set[int],
) -> None:
    """All conditions must hold, and what has expired is not about to expire."""
    seller = connection.connection_id
    await store_claims(database, seller, range(1))
    await store_claims(database, seller, range(1, 2), status="filed", deadline=day(5))
    await store_claims(database, seller, range(2, 3), type="removal_lost", deadline=None)
    await store_claims(database, seller, range(3, 4), deadline=day(-2), confidence=Decimal("0.3"))
    await store_claims(
        database,
        seller,
        range(4, 5),
        fileable_from=day(5),
        deadline=day(60),
        confidence=Decimal("0.7"),
    )

    assert set(await ids_of(client, query)) == {f"claim-{n:04}" for n in expected}


@pytest.mark.parametrize("sort", [sort.value for sort in Sort])
async def test_every_order_has_every_claim_once(
    client: httpx2.AsyncClient, database: Database, connection: Connection, sort: str
) -> None:
    """Whatever the sort and the page, with ties and with values that are not known (these last)."""
    seller = connection.connection_id
    await store_claims(database, seller, range(4))
    await store_claims(database, seller, range(4, 6), amount=Decimal("0.5"), deadline=day(3))
    await store_claims(database, seller, range(6, 8), currency="GBP", event_on=day(-50))
    await store_claims(database, seller, range(8, 11), deadline=None, **unvalued())
    await store_claims(database, seller, range(11, 12), deadline=day(-9), **unvalued())

    whole = await all_ids(client, sort=sort, limit=500)
    paged = await all_ids(client, sort=sort, limit=3)

    assert paged == whole
    assert sorted(whole) == [f"claim-{n:04}" for n in range(12)]
    unknown = {"claim-0008", "claim-0009", "claim-0010"}
    if sort.lstrip("-") == "amount":
        assert set(whole[-4:]) == unknown | {"claim-0011"}
    if sort == "-deadline":
        assert set(whole[-3:]) == unknown
    if sort == "deadline":
        assert set(whole[:2]) == {"claim-0004", "claim-0005"}
        assert (set(whole[-4:-1]), whole[-1]) == (unknown, "claim-0011")


async def test_claims_that_come_between_two_pages_shift_nothing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The second page neither repeats nor skips what was there before."""
    await store_claims(database, connection.connection_id, range(10))
    first = (await client.get("/api/recoveries?limit=5")).json()
    await store_claims(database, connection.connection_id, range(10, 20))

    second = (
        await client.get("/api/recoveries", params={"limit": 5, "cursor": first["nextCursor"]})
    ).json()

    ids = [item["claimId"] for page in (first, second) for item in page["items"]]
    assert sorted(ids) == [f"claim-{n:04}" for n in range(10)]
    assert second["nextCursor"] is None


async def test_totals_are_per_currency_and_of_the_whole_selection(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Pounds are never added to dollars, and what has no amount is counted apart."""
    seller = connection.connection_id
    await store_claims(database, seller, range(3))
    await store_claims(database, seller, range(3, 5), currency="GBP", marketplace_id=UK)
    await store_claims(database, seller, range(5, 6), **unvalued())

    page = (await client.get("/api/recoveries?limit=1")).json()
    filtered = (await client.get("/api/recoveries?status=filed")).json()

    whole = {
        "claimCount": 6,
        "unvaluedCount": 1,
        "byCurrency": [
            {"amount": "36.90", "currency": "USD", "claimCount": 3},
            {"amount": "24.60", "currency": "GBP", "claimCount": 2},
        ],
    }
    none = {"claimCount": 0, "unvaluedCount": 0, "byCurrency": []}
    standings = [{"standing": "owed", **whole}]
    assert page["totals"] == {**whole, "owed": whole, "paid": none, "byStanding": standings}
    assert filtered["totals"] == {**none, "owed": none, "paid": none, "byStanding": []}


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        encode_cursor("recoveries -detectedAt", ["soon", "claim"]),
        encode_cursor("recoveries -detectedAt", ["2026-W01-1", "claim"]),
        encode_cursor("recoveries -detectedAt", ["infinity"]),
        encode_cursor("recoveries amount", ["USD", "1", "claim"]),
        encode_cursor("recoveries -detectedAt", ["2026-02-30 00:00:00+00", "claim"]),
    ],
)
async def test_a_cursor_that_recoup_never_gave(client: httpx2.AsyncClient, cursor: str) -> None:
    """Also one of another sort is answered with 400."""
    answer = await client.get("/api/recoveries", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")


@pytest.mark.parametrize(
    "query", ["status=lost", "minConfidence=2", "expiringWithinDays=-1", "sort=name", "limit=501"]
)
async def test_a_filter_that_means_nothing(client: httpx2.AsyncClient, query: str) -> None:
    """Is named in a 422."""
    answer = await client.get(f"/api/recoveries?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["errors"][0]["field"]


async def test_the_csv_holds_the_whole_selection(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """More than a page or a chunk, in the order asked for, each line with its source rows."""
    await store_claims(database, connection.connection_id, range(1200), note="=cmd()")

    answer = await client.get("/api/recoveries?sort=eventDate&limit=5", headers=AS_CSV)

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["claimId"] for row in rows] == [f"claim-{n:04}" for n in range(1200)]
    assert rows[0]["evidenceRows"] == "GET_LEDGER_DETAIL_VIEW_DATA 501 doc-1 line 7"
    assert (rows[0]["amount"], rows[0]["currency"]) == ("12.30", "USD")
    assert rows[0]["note"] == "'=cmd()"


async def test_the_columns_of_the_csv_keep_their_order(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """People count columns: new ones come behind those that are known."""
    await store_claims(database, connection.connection_id, range(1))

    answer = await client.get("/api/recoveries", headers=AS_CSV)

    known = (
        "claimId,type,status,windowState,review,confidence,marketplaceId,sku,fnsku,asin,orderId,"
        "quantity,amount,currency,amountBasis,amountMissing,eventDate,fileableFrom,deadline,"
        "daysLeft,windowNote,caseId,note,reason,key,evidenceRows,connectionId,policyVersion,"
        "ruleVersion,detectedAt,filedAt"
    )
    assert answer.text.startswith(known)


async def test_another_users_claims_do_not_exist(
    server: Server, database: Database, connection: Connection
) -> None:
    """Not in lists, exports, sums or explanations, and each one by its id is 404."""
    await store_claims(database, connection.connection_id, range(1))
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as client:
        page = (await client.get("/api/recoveries")).json()
        export = await client.get("/api/recoveries", headers=AS_CSV)
        summary = (await client.get("/api/v1/integrations/amazon/recoveries")).json()
        named = await client.get(f"/api/recoveries?connectionId={connection.connection_id}")
        refused = [
            await client.get("/api/recoveries/claim-0000"),
            await client.get("/api/recoveries/claim-0000/packet"),
            await client.patch("/api/recoveries/claim-0000", json={"status": "filed"}),
        ]

    assert (page["items"], page["totals"]["claimCount"]) == ([], 0)
    assert len(export.text.splitlines()) == 1
    assert summary["claimCount"] == 0
    assert [answer.status_code for answer in (named, *refused)] == [404] * 4


async def test_one_connection_of_several(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    server: Server,
    connection: Connection,
) -> None:
    """connectionId narrows list and totals to one seller."""
    other = await new_connection(database, server.settings, user, seller="B2")
    await store_claims(database, connection.connection_id, range(2))
    await store_claims(database, other.connection_id, range(2, 5))

    page = (await client.get(f"/api/recoveries?connectionId={other.connection_id}")).json()

    assert (len(page["items"]), page["totals"]["claimCount"]) == (3, 3)
