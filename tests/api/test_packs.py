"""Filing packs: how claims are grouped, what a pack tells, and that it is filed once and as it was read."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, select, update

from recoup.claims.packs.tables import pack_filing
from recoup.claims.tables import claim, claim_history
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import UK, day, store_claims, unvalued
from tests.api.serving import Server, new_connection, new_user

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def shipment(database: Database, connection: Connection, numbers: range, **more: Any) -> None:
    """Claims about units of one shipment, each for a product of its own."""
    for number in numbers:
        key = {"shipmentId": "FBA15ABC", "sku": f"SKU-{number}"}
        values = {"type": "inbound_shortage", "key": key, **more}
        await store_claims(database, connection.connection_id, range(number, number + 1), **values)


async def packs(client: httpx2.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/packs", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def only_pack(client: httpx2.AsyncClient) -> dict[str, Any]:
    (one,) = await packs(client)
    return (await client.get(f"/api/packs/{one['packId']}")).json()


async def statuses(database: Database) -> dict[str, tuple[str, str | None]]:
    async with database.reading() as conn:
        rows = await conn.execute(select(claim.c.claim_id, claim.c.status, claim.c.case_id))
        return {claim_id: (status, case_id) for claim_id, status, case_id in rows}


def read_of(pack: dict[str, Any]) -> dict[str, str]:
    return {item["claimId"]: item["version"] for item in pack["items"]}


async def test_a_shipment_is_one_pack_and_an_order_another(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Whatever the products; what can be filed soonest until comes first."""
    await shipment(database, connection, range(3), deadline=day(30))
    await store_claims(
        database,
        connection.connection_id,
        range(3, 4),
        type="customer_return_missing",
        key={"orderId": "111-1"},
        order_id="111-1",
    )

    found = await packs(client)

    assert [(one["about"], one["claimCount"]) for one in found] == [
        ({"kind": "order", "code": "111-1"}, 1),
        ({"kind": "shipment", "code": "FBA15ABC"}, 3),
    ]
    assert found[1]["amount"] == {"amount": "36.90", "currency": "USD"}
    assert found[1]["deadline"] == day(30).isoformat()


async def test_a_pack_tells_all_that_filing_needs(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Where to click, facts, text, checks and attachments."""
    await shipment(database, connection, range(2))

    pack = await only_pack(client)

    assert pack["how"]["title"] == "Research missing units on the shipment's page"
    assert pack["how"]["sellerCentral"] == "https://sellercentral.amazon.com"
    assert pack["how"]["isConfirmed"] is True
    assert {"label": "Shipment ID", "value": "FBA15ABC"} in pack["facts"]
    assert pack["subject"] == "Units missing from a shipment: FBA15ABC"
    assert "4 units that I sent" in pack["text"]
    assert "$24.60 is due" in pack["text"]
    assert "claim-" not in pack["text"]
    assert len(pack["checks"]) >= 3
    needs = [(one["kind"], one["about"]["code"], one["isMissing"]) for one in pack["attachments"]]
    assert needs == [
        ("invoice", "X0000", True),
        ("invoice", "X0001", True),
        ("proof_of_delivery", "FBA15ABC", True),
        ("packing_slip", "FBA15ABC", True),
    ]
    assert len(pack["missing"]) == 3


async def test_the_three_other_forms(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A page to print without scripts, text that reads on its own, and the claims as CSV."""
    evil = "<script>alert(1)</script>"
    await shipment(database, connection, range(2), fnsku=evil)
    (one,) = await packs(client)
    path = f"/api/packs/{one['packId']}"

    page = await client.get(path, headers={"accept": BROWSER})
    text = await client.get(path, headers={"accept": "text/plain"})
    sheet = await client.get(path, headers={"accept": "text/csv"})

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert text.headers["content-type"].startswith("text/plain")
    for words in ("Where to click", "Shipping Queue > the shipment", "Text to paste", "MISSING"):
        assert words in text.text
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [(row["Shipment ID"], row["SKU"]) for row in rows] == [
        ("FBA15ABC", "SKU-0"),
        ("FBA15ABC", "SKU-1"),
    ]


async def test_currencies_marketplaces_and_standings_are_never_mixed(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """One shipment, four packs; those of weak claims and of unknown windows are asked for apart."""
    await shipment(database, connection, range(1))
    await shipment(database, connection, range(1, 2), currency="CAD")
    await shipment(database, connection, range(2, 3), marketplace_id=UK, currency="GBP")
    await shipment(database, connection, range(3, 4), confidence=Decimal("0.4"))
    await shipment(database, connection, range(4, 5), deadline=None)

    owed = await packs(client)
    weak = await packs(client, standing="toReview")
    unknown = await packs(client, standing="windowUnknown")

    assert sorted(one["amount"]["currency"] for one in owed) == ["CAD", "GBP", "USD"]
    assert len({one["packId"] for one in (*owed, *weak, *unknown)}) == 5
    assert [one["standing"] for one in (*weak, *unknown)] == ["toReview", "windowUnknown"]
    told = (await client.get(f"/api/packs/{weak[0]['packId']}")).json()
    assert "evidence is weak" in told["checks"][0]


async def test_what_cannot_be_filed_today_is_in_no_pack(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Too early, too late, filed, dismissed and withdrawn claims."""
    await shipment(database, connection, range(1), fileable_from=day(5))
    await shipment(database, connection, range(1, 2), deadline=day(-5))
    for number, status in enumerate(("filed", "dismissed", "withdrawn", "approved"), start=2):
        await shipment(database, connection, range(number, number + 1), status=status)

    found = [await packs(client, standing=one) for one in ("owed", "toReview", "windowUnknown")]

    assert found == [[], [], []]


async def test_an_unknown_amount_stays_in_its_shipment_and_is_told(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The sum counts what is known, says what is not, and the text names no sum at all."""
    await shipment(database, connection, range(1))
    before = (await packs(client))[0]["packId"]
    await shipment(database, connection, range(1, 2), **unvalued())

    pack = await only_pack(client)

    assert pack["packId"] == before
    assert pack["amount"] == {"amount": "12.30", "currency": "USD"}
    assert pack["unvaluedCount"] == 1
    assert "is due" not in pack["text"]


async def test_each_claim_of_a_pack_has_its_units_and_its_amount(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """In all forms; an amount that is not known is no zero, and no gap either."""
    await shipment(database, connection, range(1))
    await shipment(database, connection, range(1, 2), quantity=3, **unvalued())
    (one,) = await packs(client)
    path = f"/api/packs/{one['packId']}"

    pack = (await client.get(path)).json()
    page = await client.get(path, headers={"accept": BROWSER})
    text = await client.get(path, headers={"accept": "text/plain"})
    sheet = await client.get(path, headers={"accept": "text/csv"})

    assert [(item["quantity"], item["amount"]) for item in pack["items"]] == [
        (2, {"amount": "12.30", "currency": "USD"}),
        (3, None),
    ]
    assert re.findall(r"^- units missing (\d), .*, (.*)$", pack["text"], re.MULTILINE) == [
        ("2", "$12.30"),
        ("3", "amount not known"),
    ]
    assert ", 2 units, $12.30\n" in text.text
    assert ", 3 units, amount not known\n" in text.text
    assert "(2 claims, 5 units)" in text.text
    cells = re.findall(r'data-title="(Units|Amount)">([^<]*)', page.text)
    assert cells == [
        *(("Units", "2"), ("Amount", "$12.30")),
        *(("Units", "3"), ("Amount", "amount not known")),
    ]
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [(row["Units"], row["Amount"], row["Currency"]) for row in rows] == [
        ("2", "12.30", "USD"),
        ("3", "", ""),
    ]


async def test_small_claims_of_a_kind_and_month_are_one_pack(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Ten losses of 12.30 are filed together, one of 80.00 alone; an unknown amount is not small."""
    seller = connection.connection_id
    await store_claims(database, seller, range(10))
    await store_claims(database, seller, range(10, 11), amount=Decimal("80.00"))
    await store_claims(database, seller, range(11, 12), **unvalued())

    found = await packs(client)

    about = sorted((str(one["about"] and one["about"]["code"]), one["claimCount"]) for one in found)
    assert about == [("None", 10), ("X0010", 1), ("X0011", 1)]
    (batch,) = (one for one in found if one["about"] is None)
    assert batch["month"] == f"{day(-40):%Y-%m}"


async def test_a_pack_is_filed_in_one_step(
    client: httpx2.AsyncClient, database: Database, connection: Connection, user: User
) -> None:
    """Every claim under the case, with its history, an entry of the audit log, and the pack is gone."""
    await shipment(database, connection, range(3))
    pack = await only_pack(client)

    done = await client.post(f"/api/packs/{pack['packId']}/filed", json={"caseId": "4711"})

    assert (done.status_code, done.json()["isRepeat"]) == (200, False)
    assert set((await statuses(database)).values()) == {("filed", "4711")}
    detail = (await client.get("/api/recoveries/claim-0001")).json()
    assert [(one["who"], one["toStatus"]) for one in detail["history"]] == [(user.email, "filed")]
    (entry,) = (await client.get("/api/audit?action=pack_filed")).json()["items"]
    assert entry["details"] == {"case_id": "4711", "claims": [f"claim-000{n}" for n in range(3)]}
    assert await packs(client) == []


async def test_the_same_request_again_files_nothing_again(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """With and without the versions; of many at once one files, and all are told the same."""
    await shipment(database, connection, range(2))
    pack = await only_pack(client)
    path = f"/api/packs/{pack['packId']}/filed"
    body = {"caseId": "4711", "claims": read_of(pack)}

    answers = await asyncio.gather(*(client.post(path, json=body) for _ in range(5)))
    bare = await client.post(path, json={"caseId": "4711"})

    assert [one.status_code for one in (*answers, bare)] == [200] * 6
    assert sorted(one.json()["isRepeat"] for one in answers) == [False, True, True, True, True]
    assert {one.json()["filedAt"] for one in (*answers, bare)} == {bare.json()["filedAt"]}
    async with database.reading() as conn:
        filings = (await conn.execute(select(pack_filing))).all()
        entries = (await conn.execute(select(claim_history))).all()
    assert (len(filings), len(entries)) == (1, 2)


async def test_another_case_for_what_is_filed_is_refused(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """409 names the case; nothing moves to the other one."""
    await shipment(database, connection, range(1))
    pack = await only_pack(client)
    path = f"/api/packs/{pack['packId']}/filed"
    await client.post(path, json={"caseId": "1"})

    bare = await client.post(path, json={"caseId": "2"})
    named = await client.post(path, json={"caseId": "2", "claims": read_of(pack)})

    for answer in (bare, named):
        assert answer.status_code == 409
        assert answer.json()["moved"] == [
            {"claimId": "claim-0000", "what": "is filed now, under case 1"}
        ]
    assert await statuses(database) == {"claim-0000": ("filed", "1")}


@pytest.mark.parametrize("names_claims", [True, False])
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"status": "withdrawn"}, "is withdrawn now"),
        ({"status": "dismissed"}, "is dismissed now"),
        ({"status": "filed", "case_id": "9"}, "is filed now, under case 9"),
        ({"quantity": 1, "amount": Decimal("6.15")}, "changed"),
        ({"confidence": Decimal("0.3")}, "belongs to another pack now"),
    ],
)
async def test_a_pack_that_moved_files_nothing(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    change: dict[str, Any],
    what: str,
    names_claims: bool,
) -> None:
    """One claim of three changes after the pack was read: 409 names it, the others stay as they are."""
    await shipment(database, connection, range(3))
    pack = await only_pack(client)
    await change_claim(database, "claim-0001", change)
    before = await statuses(database)

    body = {"caseId": "4711"} | ({"claims": read_of(pack)} if names_claims else {})
    answer = await client.post(f"/api/packs/{pack['packId']}/filed", json=body)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    (moved,) = answer.json()["moved"]
    assert moved["claimId"] == "claim-0001"
    assert what in moved["what"] or "other units" in moved["what"]
    assert await statuses(database) == before


async def change_claim(database: Database, claim_id: str, change: dict[str, Any]) -> None:
    """As a detection or a person does, with its line of history."""
    async with database.writing() as conn:
        row = (
            (await conn.execute(select(claim).where(claim.c.claim_id == claim_id))).mappings().one()
        )
        await conn.execute(update(claim).where(claim.c.claim_id == claim_id).values(**change))
        await conn.execute(
            insert(claim_history).values(
                claim_id=claim_id,
                connection_id=row["connection_id"],
                who="recoup",
                from_status=row["status"],
                to_status=change.get("status", row["status"]),
                why="Changed by new data",
                changes={name: [str(row[name]), str(change[name])] for name in change},
            )
        )


async def test_a_new_claim_of_a_pack_that_was_read_stops_its_filing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The person has not seen it: read again, then both are filed."""
    await shipment(database, connection, range(1))
    pack = await only_pack(client)
    await shipment(database, connection, range(1, 2))
    path = f"/api/packs/{pack['packId']}/filed"

    stale = await client.post(path, json={"caseId": "1", "claims": read_of(pack)})
    again = await only_pack(client)
    fresh = await client.post(path, json={"caseId": "1", "claims": read_of(again)})

    assert stale.json()["moved"] == [{"claimId": "claim-0001", "what": "is new in the pack"}]
    assert (again["packId"], fresh.status_code) == (pack["packId"], 200)


async def test_later_claims_of_a_filed_pack_are_filed_too(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The pack has the same id and names its earlier case."""
    await shipment(database, connection, range(1))
    path = f"/api/packs/{(await only_pack(client))['packId']}/filed"
    await client.post(path, json={"caseId": "1"})
    await shipment(database, connection, range(1, 2))

    pack = await only_pack(client)
    done = await client.post(path, json={"caseId": "2"})

    assert [(one["caseId"], one["claimCount"]) for one in pack["filings"]] == [("1", 1)]
    assert (done.status_code, done.json()["claimIds"]) == (200, ["claim-0001"])
    assert (await statuses(database))["claim-0000"] == ("filed", "1")


async def test_claims_of_other_packs_cannot_be_filed_with_one(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Naming them is refused, and files nothing."""
    await shipment(database, connection, range(1))
    await store_claims(
        database, connection.connection_id, range(1, 2), amount=Decimal(80), type="removal_lost"
    )
    found = await packs(client)
    bodies = [(await client.get(f"/api/packs/{one['packId']}")).json() for one in found]
    both = read_of(bodies[0]) | read_of(bodies[1])

    answer = await client.post(
        f"/api/packs/{bodies[0]['packId']}/filed", json={"caseId": "1", "claims": both}
    )

    assert answer.status_code == 409
    assert [one["what"] for one in answer.json()["moved"]] == ["belongs to another pack now"]
    assert {status for status, _ in (await statuses(database)).values()} == {"detected"}


async def test_another_workspaces_packs_do_not_exist(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    connection: Connection,
) -> None:
    """404 for reading and filing; the list is empty."""
    await shipment(database, connection, range(1))
    stranger = await new_user(database, "stranger@example.com")
    await new_connection(database, settings, stranger, seller="A2")
    pack_id = (await packs(client))[0]["packId"]
    async with server.client(stranger) as other:
        answers = [
            await other.get(f"/api/packs/{pack_id}"),
            await other.post(f"/api/packs/{pack_id}/filed", json={"caseId": "1"}),
            await other.get("/api/packs", params={"connectionId": connection.connection_id}),
        ]
        assert await packs(other) == []

    assert [one.status_code for one in answers] == [404, 404, 404]
    assert await statuses(database) == {"claim-0000": ("detected", None)}


@pytest.mark.parametrize(
    "body", [{}, {"caseId": ""}, {"caseId": "1", "claims": {}}, [], {"caseId": 1}]
)
async def test_a_filing_that_means_nothing(client: httpx2.AsyncClient, body: Any) -> None:
    """Is refused before anything is looked at."""
    answer = await client.post("/api/packs/pack_x/filed", json=body)

    assert answer.status_code == 422
