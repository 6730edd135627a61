"""Claims by stage: PATCH, filters, answers, payments, texts and figures."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, update

from recoup.claims.answers import Reason
from recoup.claims.bodies.ready_text import MOST_CHARACTERS
from recoup.claims.tables import claim, claim_payment
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import day, store_claims

CLAIM = "/api/recoveries/claim-0000"
LETTER = "Hello,\n\n  we found the units.\n\nRegards,\nSeller Support"


@pytest.fixture
async def stored(database: Database, connection: Connection) -> Connection:
    await store_claims(database, connection.connection_id, range(1))
    return connection


async def patch(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.patch(CLAIM, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pay(
    database: Database,
    connection: Connection,
    number: int,
    amount: str,
    *,
    by: str = "case",
    days: int = 0,
    currency: str = "USD",
) -> None:
    """A row of the report, as detection stores it."""
    at = utc_now() - timedelta(days=days)
    async with database.writing() as conn:
        await conn.execute(
            insert(claim_payment).values(
                connection_id=connection.connection_id,
                claim_id=f"claim-{number:04}",
                by=by,
                reimbursement_id=f"R-{number}-{amount}",
                case_id="4711",
                reason="Lost_Warehouse",
                approved_at=at,
                approved_on=at.date(),
                amount=Decimal(amount),
                currency=currency,
                units=1 if Decimal(amount) > 0 else -1,
            )
        )
        await conn.execute(
            update(claim)
            .where(claim.c.claim_id == f"claim-{number:04}")
            .values(paid_amount=Decimal(amount), paid_currency=currency, paid_units=1)
        )


async def test_a_claim_on_its_way(
    client: httpx2.AsyncClient, stored: Connection, user: User
) -> None:
    """Each step has its status, one next action, and an entry in the history."""
    held = await patch(client, stage="on_hold", holdReason="The invoice is missing.")
    assert (held["stage"], held["status"], held["holdReason"]) == (
        "on_hold",
        "detected",
        "The invoice is missing.",
    )
    assert held["nextAction"]["action"] == "resolve_hold"
    filed = await patch(client, stage="filed", caseId="4711", filedOn=day(-3).isoformat())
    assert (filed["stage"], filed["filedOn"], filed["holdReason"]) == (
        "filed",
        day(-3).isoformat(),
        None,
    )
    assert filed["chaseOn"] == day(11).isoformat()
    asked = await patch(client, stage="info_requested", response={"text": "Send the invoice."})
    assert asked["nextAction"] == {
        "action": "reply",
        "text": "Send Amazon what it asked for.",
        "stage": "filed",
        "on": None,
    }
    replied = await patch(client, stage="filed")
    assert replied["filedOn"] == day(-3).isoformat()
    assert replied["chaseOn"] == (utc_now().date() + timedelta(days=14)).isoformat()
    answer = {"text": LETTER, "receivedOn": day(-1).isoformat(), "reason": "units_found"}
    denied = await patch(client, stage="denied", response=answer)
    assert (denied["status"], denied["answerReason"]) == ("rejected", "units_found")
    appealed = await patch(client, stage="appealed")
    paid = await patch(client, stage="paid")

    assert (appealed["status"], paid["status"]) == ("filed", "approved")
    last = denied["responses"][0] if len(denied["responses"]) == 1 else denied["responses"][-1]
    assert LETTER in [one["text"] for one in denied["responses"]]
    assert last["enteredBy"] == user.email
    moved = [one["changes"]["stage"][1] for one in paid["history"]]
    assert moved == ["on_hold", "filed", "info_requested", "filed", "denied", "appealed", "paid"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"stage": "on_hold"}, 400),
        ({"stage": "paid"}, 409),
        ({"stage": "waiting"}, 409),
        ({"stage": "filed", "status": "dismissed"}, 400),
        ({"stage": "filed", "filedOn": day(9).isoformat()}, 400),
        ({"holdReason": "because"}, 400),
        ({"filedOn": day(-1).isoformat()}, 400),
        ({"stage": "lost"}, 422),
        ({"response": {"reason": "other"}}, 422),
        ({"response": {"amount": {"amount": "0.00", "currency": "USD"}}}, 422),
        ({"response": {"amount": {"amount": 12.34, "currency": "USD"}}}, 422),
        ({"response": {"text": "Yes", "receivedOn": day(9).isoformat()}}, 400),
    ],
)
async def test_what_a_stage_lacks(
    client: httpx2.AsyncClient, stored: Connection, body: dict[str, Any], status: int
) -> None:
    """Refused with a reason; nothing is changed and nothing is written down."""
    answer = await client.patch(CLAIM, json=body)

    assert answer.status_code == status, answer.text
    detail = (await client.get(CLAIM)).json()
    assert (detail["stage"], detail["history"], detail["responses"]) == ("ready", [], [])


async def test_a_part_has_an_amount_or_units(
    client: httpx2.AsyncClient, stored: Connection
) -> None:
    """What a person enters is unconfirmed until the report shows it."""
    await patch(client, stage="filed", caseId="4711")
    refused = await client.patch(CLAIM, json={"stage": "paid_in_part"})
    assert refused.status_code == 400
    said = {"amount": {"amount": "5.00", "currency": "USD"}, "units": 1}

    part = await patch(client, stage="paid_in_part", response=said)

    assert (part["stage"], part["status"], part["paidAmount"]) == ("paid_in_part", "filed", None)
    assert part["unconfirmedAmount"] == {"amount": "5.00", "currency": "USD"}
    again = await patch(client, stage="paid_in_part", response=said)
    assert len(again["responses"]) == 1
    assert len(again["history"]) == 2


async def test_the_report_confirms_what_was_entered(
    client: httpx2.AsyncClient, stored: Connection, database: Database
) -> None:
    """Only what is beyond the report stays unconfirmed."""
    await patch(client, stage="filed", caseId="4711")
    said = {"amount": {"amount": "12.34", "currency": "USD"}}
    await patch(client, stage="paid", response=said)
    await pay(database, stored, 0, "10.00")

    detail = (await client.get(CLAIM)).json()

    assert detail["paidAmount"] == {"amount": "10.00", "currency": "USD"}
    assert detail["unconfirmedAmount"] == {"amount": "2.34", "currency": "USD"}
    assert detail["payments"][0]["recovered"] is True
    assert detail["nextAction"]["action"] == "nothing"


async def test_the_filter_by_stage(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Each claim is in the list of the stage that it shows, and in no other."""
    seller = connection.connection_id
    await store_claims(database, seller, range(1))
    await store_claims(database, seller, range(1, 2), confidence=Decimal("0.3"))
    await store_claims(database, seller, range(2, 3), deadline=day(-3))
    await store_claims(
        database, seller, range(3, 4), stage="filed", status="filed", waiting_since=day(-3)
    )
    await store_claims(
        database, seller, range(4, 5), stage="filed", status="filed", waiting_since=day(-20)
    )
    await store_claims(database, seller, range(5, 6), stage="filed", status="filed")
    await store_claims(database, seller, range(6, 7), stage="on_hold", hold_reason="Invoice")
    await store_claims(database, seller, range(7, 8), stage="denied", status="rejected")
    whole = (await client.get("/api/recoveries")).json()["items"]

    assert len(whole) == 8
    stages = {one["stage"] for one in whole}
    assert stages == {"ready", "found", "filed", "waiting", "on_hold", "denied"}
    for stage in stages:
        listed = (await client.get("/api/recoveries", params={"stage": stage})).json()["items"]
        expected = {one["claimId"] for one in whole if one["stage"] == stage}
        assert {one["claimId"] for one in listed} == expected


async def test_recovered_is_what_the_report_shows(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Per currency and month; what Amazon paid by itself is apart, and no success."""
    seller = connection.connection_id
    filed = {"filed_at": utc_now() - timedelta(days=40), "case_id": "4711"}
    await store_claims(database, seller, range(2), status="approved", **filed)
    await store_claims(database, seller, range(2, 3), status="rejected", **filed)
    await store_claims(database, seller, range(3, 4), status="withdrawn", stage="paid_by_itself")
    await pay(database, connection, 0, "10.01")
    await pay(database, connection, 0, "-10.01")
    await pay(database, connection, 1, "7.77")
    await pay(database, connection, 1, "3.33", currency="EUR", days=35)
    await pay(database, connection, 3, "99.00", by="allocation")

    body = (await client.get("/api/metrics/recoveries")).json()
    listed = (await client.get("/api/recoveries?recovered=true&paidCurrency=USD")).json()
    apart = (await client.get("/api/recoveries?paidByItself=true")).json()

    sums = {one["currency"]: one["amount"] for one in body["recovered"]["byCurrency"]}
    assert sums == {"USD": "7.77", "EUR": "3.33"}
    assert [one["amount"] for one in body["paidByItself"]["byCurrency"]] == ["99.00"]
    assert body["successRate"] == round(2 / 3, 4)
    now = body["periods"][0]["recovered"]["byCurrency"]
    assert [(one["currency"], one["amount"]) for one in now] == [("USD", "7.77")]
    assert {one["claimId"] for one in listed["items"]} == {"claim-0000", "claim-0001"}
    assert listed["totals"]["paid"]["byCurrency"][0]["amount"] == "7.77"
    assert [one["claimId"] for one in apart["items"]] == ["claim-0003"]


@pytest.mark.parametrize("stage", ["info_requested", "denied"])
@pytest.mark.parametrize("reason", list(Reason))
async def test_a_text_for_each_reason(
    client: httpx2.AsyncClient, stored: Connection, stage: str, reason: Reason
) -> None:
    """In the seller's words: short, without ids of recoup, times of machines, or unproven facts."""
    await patch(client, stage="filed", caseId="4711")
    body = await patch(client, stage=stage, response={"text": LETTER, "reason": reason})

    (text,) = body["texts"]
    assert text["kind"] == ("reply" if stage == "info_requested" else "appeal")
    assert text["reason"] == reason
    assert len(text["text"]) < MOST_CHARACTERS
    assert "claim-0000" not in text["text"]
    assert "recoup" not in text["text"].lower()
    assert not re.search(r"\d{4}-\d\d-\d\d", text["text"])
    assert stored.connection_id not in text["text"]
    assert f"{day(-40).day} {day(-40):%B %Y}" in text["text"]
    assert "SKU-0" in text["text"]
    assert "None" not in text["text"]


async def test_a_text_states_only_what_the_rows_show(
    client: httpx2.AsyncClient, stored: Connection, database: Database
) -> None:
    """That nothing was paid is said where nothing was; else the reimbursement is named."""
    await patch(client, stage="filed", caseId="4711")
    answer = {"text": LETTER, "reason": "already_reimbursed"}
    before = await patch(client, stage="denied", response=answer)
    await pay(database, stored, 0, "4.00")

    after = (await client.get(CLAIM)).json()

    assert "shows no payment" in before["texts"][0]["text"]
    assert "R-0-4.00" in after["texts"][0]["text"]
    assert "shows no payment" not in after["texts"][0]["text"]


async def test_a_text_for_the_rest_counts_no_units_that_were_paid(
    client: httpx2.AsyncClient, stored: Connection, database: Database
) -> None:
    """What a person has entered is off the claim only when the report shows it."""
    await patch(client, stage="filed", caseId="4711")
    entered = await patch(client, stage="paid_in_part", response={"units": 1})
    await pay(database, stored, 0, "4.00")

    shown = (await client.get(CLAIM)).json()

    assert "Part of this case is still open." in entered["texts"][0]["text"]
    assert re.search(
        r"shows 4\.00 USD for this case\. \d units? of this", shown["texts"][0]["text"]
    )


async def test_the_audit_log_keeps_no_letters(
    client: httpx2.AsyncClient, stored: Connection
) -> None:
    """Amazon's words are for the people of the claim; the log says that there was an answer."""
    await patch(client, stage="filed", caseId="4711")
    await patch(client, stage="denied", response={"text": LETTER, "reason": "units_found"})

    entries = (await client.get("/api/audit")).text

    assert "units_found" in entries
    assert "Seller Support" not in entries
