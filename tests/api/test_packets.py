"""The filing packet in its three forms, and why something is no claim."""

from __future__ import annotations

import csv
import io
import re

import httpx2
import pytest
from sqlalchemy import select

from recoup.claims.rule import ClaimType
from recoup.claims.tables import claim
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import (
    day,
    store_allocation,
    store_candidate,
    store_claims,
    unvalued,
)

PACKET = "/api/recoveries/claim-0000/packet"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_the_packet_tells_all_that_filing_needs(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Text to paste, arithmetic in words, source rows with file and line, policy, no submission."""
    await store_claims(database, connection.connection_id, range(1))

    packet = (await client.get(PACKET)).json()

    assert "submits nothing" in packet["notice"]
    assert "X0000" in packet["subject"]
    for words in ("records 2 units of mine as lost", "$12.30 is due", "SKU: SKU-0"):
        assert words in packet["text"]
    assert "doc-1" not in packet["text"]
    assert packet["arithmetic"] == [
        "2 units lost, 0 found, 0 paid: 2 are open.",
        "Amount: 12.30 USD (2 units at 6.15 USD, the sourcing cost from 2026-01-01).",
        f"Window: file from {day(-10)} to {day(20)}, the last safe day.",
        "Confidence 0.90: 0.90 both counts agree.",
    ]
    assert packet["rows"][0]["source_line"] == 7
    assert packet["policy"]["version"] == "2026-11"


async def test_the_page_is_escaped_and_runs_nothing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """What stands in a title or a note stays text, and the policy of the page forbids scripts."""
    evil = "<script>alert(1)</script>"
    rows = [{"table": "ledger", "source": evil, evil: evil}]
    await store_claims(
        database,
        connection.connection_id,
        range(1),
        note=evil,
        reason=evil,
        evidence={"rows": rows, "numbers": {}, "notes": [evil]},
    )

    page = await client.get(PACKET, headers={"accept": BROWSER})

    assert page.headers["content-type"].startswith("text/html")
    assert "Last safe day<dd>" in page.text
    assert not re.search(r"<dd>\d{4}-\d\d-\d\d", page.text)
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d", page.text.partition("<h2>History</h2>")[2])
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_the_packet_as_csv_has_a_line_per_source_row(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """With every value of each row."""
    await store_claims(database, connection.connection_id, range(1))

    answer = await client.get(PACKET, headers={"accept": "text/csv"})

    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["claimId"], row["source_line"], row["quantity"]) == ("claim-0000", "7", "-2")


@pytest.mark.parametrize("claim_type", list(ClaimType))
async def test_every_type_has_a_packet(
    client: httpx2.AsyncClient, database: Database, connection: Connection, claim_type: ClaimType
) -> None:
    """Also without evidence, amount, deadline or product."""
    await store_claims(
        database,
        connection.connection_id,
        range(1),
        type=claim_type.value,
        evidence={},
        confidence_parts=[],
        deadline=None,
        fileable_from=None,
        sku=None,
        fnsku=None,
        marketplace_id=None,
        **unvalued(),
    )

    packet = (await client.get(PACKET)).json()
    page = await client.get(PACKET, headers={"accept": BROWSER})

    assert packet["text"].startswith("Hello,")
    assert "claim-" not in packet["text"]
    assert "Amount: not known. No sourcing cost" in packet["arithmetic"][1]
    assert any("check Seller Central" in line for line in packet["arithmetic"])
    assert page.status_code == 200


async def test_an_event_that_is_settled_says_by_what(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Candidates are found by product, order and day, each with what took its units off."""
    seller = connection.connection_id
    await store_candidate(database, seller)
    await store_candidate(database, seller, key={"order": "O-1"}, order_id="O-1", fnsku="X0009")
    await store_candidate(database, seller, key={"n": 2}, event_on=day(-50))

    found = (await client.get(f"/api/recoveries/explain?fnsku=X0001&date={day(-40)}")).json()
    by_order = (await client.get("/api/recoveries/explain?orderId=O-1")).json()
    of_product = (await client.get("/api/recoveries/explain?fnsku=X0001")).json()

    (item,) = found["items"]
    assert (item["units"], item["quantity"], item["claimId"]) == (3, 0, None)
    assert item["settledInWords"] == [
        "1 unit by find line 9: found at PHL7",
        "2 units by payment R-1: paid 2026-10-20",
    ]
    assert [entry["fnsku"] for entry in by_order["items"]] == ["X0009"]
    assert [entry["eventDate"] for entry in of_product["items"]] == [
        day(-40).isoformat(),
        day(-50).isoformat(),
    ]
    assert of_product["hasMore"] is False


async def test_every_event_of_a_product_can_be_read(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """501 events are two pages, also of one day; each comes once, and what is left is said."""
    for number in range(501):
        event_on = day(-40 - number // 400)
        await store_candidate(
            database, connection.connection_id, key={"n": number}, event_on=event_on
        )
    path = "/api/recoveries/explain?fnsku=X0001"

    first = (await client.get(path)).json()
    second = (await client.get(f"{path}&cursor={first['nextCursor']}")).json()
    foreign = await client.get(f"{path}&cursor=AAAA")

    numbers = [item["key"]["n"] for page in (first, second) for item in page["items"]]
    assert (len(first["items"]), sorted(numbers)) == (500, list(range(501)))
    assert [page["hasMore"] for page in (first, second)] == [True, False]
    assert second["nextCursor"] is None
    assert foreign.status_code == 400


async def test_an_event_that_is_a_claim_names_it(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """And the claim names what settled other units of its event."""
    seller = connection.connection_id
    await store_claims(database, seller, range(1))
    async with database.reading() as conn:
        key = (await conn.execute(select(claim.c.key))).scalar_one()
    await store_candidate(database, seller, key=key, fnsku="X0000", quantity=2)
    await store_allocation(database, seller, 1, key, "payment")

    (item,) = (await client.get("/api/recoveries/explain?fnsku=X0000")).json()["items"]
    detail = (await client.get("/api/recoveries/claim-0000")).json()

    assert (item["claimId"], item["status"]) == ("claim-0000", "detected")
    assert detail["allocation"] == [
        {"by": "payment", "reference": {"reimbursement_id": "R-1"}, "units": 1}
    ]


async def test_to_explain_needs_a_name(client: httpx2.AsyncClient) -> None:
    """Everything of a seller is no explanation: 400; a day that is none: 422."""
    nameless = await client.get("/api/recoveries/explain?date=2026-01-01")
    dayless = await client.get("/api/recoveries/explain?fnsku=X&date=soon")

    assert (nameless.status_code, dayless.status_code) == (400, 422)
