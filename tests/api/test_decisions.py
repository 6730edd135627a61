"""What a person makes of a claim: steps, case ids, parcels, and the trace they leave."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import store_claims

CLAIM = "/api/recoveries/claim-0000"


@pytest.fixture
async def stored(database: Database, connection: Connection) -> Connection:
    await store_claims(database, connection.connection_id, range(1))
    return connection


async def patch(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.patch(CLAIM, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_claim_is_filed_rejected_appealed_and_approved(
    client: httpx2.AsyncClient, stored: Connection, user: User
) -> None:
    """Each step is in the history with who, when, why and what changed."""
    filed = await patch(client, status="filed", caseId="12345")
    await patch(client, status="rejected", note="They say it was found.")
    await patch(client, status="filed", caseId="67890", note="Appealed with the ledger.")
    approved = await patch(client, status="approved")

    assert (filed["status"], filed["caseId"]) == ("filed", "12345")
    assert filed["filedAt"] is not None
    assert filed["possibleSteps"] == ["approved", "rejected", "dismissed"]
    assert approved["possibleSteps"] == []
    told = [(h["who"], h["fromStatus"], h["toStatus"], h["why"]) for h in approved["history"]]
    assert told == [
        (user.email, "detected", "filed", "Marked as filed by a person."),
        (user.email, "filed", "rejected", "They say it was found."),
        (user.email, "rejected", "filed", "Appealed with the ledger."),
        (user.email, "filed", "approved", "Marked as approved by a person."),
    ]
    assert approved["history"][2]["changes"] == {
        "case_id": ["12345", "67890"],
        "note": ["They say it was found.", "Appealed with the ledger."],
        "stage": ["denied", "appealed"],
    }
    times = [entry["at"] for entry in approved["history"]]
    assert times == sorted(times)


async def test_an_impossible_step_says_what_is_possible(
    client: httpx2.AsyncClient, stored: Connection
) -> None:
    """409, nothing is changed and nothing is written down."""
    answer = await client.patch(CLAIM, json={"status": "approved", "caseId": "1"})

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/conflict")
    assert problem["possible"] == ["filed", "dismissed"]
    detail = (await client.get(CLAIM)).json()
    assert (detail["status"], detail["caseId"], detail["history"]) == ("detected", None, [])


async def test_a_repeat_leaves_no_trace(client: httpx2.AsyncClient, stored: Connection) -> None:
    """The same decision twice is one decision."""
    first = await patch(client, status="filed", caseId="1")
    second = await patch(client, status="filed", caseId="1")
    empty = await patch(client)

    assert first == second == empty
    assert len(empty["history"]) == 1


async def test_a_case_id_can_be_added_later(client: httpx2.AsyncClient, stored: Connection) -> None:
    """It is no step, but it is in the history."""
    await patch(client, status="filed")
    later = await patch(client, caseId="99")

    assert (later["status"], later["caseId"]) == ("filed", "99")
    assert later["history"][-1]["changes"] == {"case_id": [None, "99"]}


async def test_of_two_decisions_at_once_one_is_told(
    client: httpx2.AsyncClient, stored: Connection
) -> None:
    """They wait for each other: after `dismissed` there is nothing to approve."""
    await patch(client, status="filed")
    answers = await asyncio.gather(
        *(client.patch(CLAIM, json={"status": s}) for s in ("approved", "rejected") * 3)
    )

    statuses = sorted(answer.status_code for answer in answers)
    detail = (await client.get(CLAIM)).json()
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 409}
    assert len(detail["history"]) == 2


async def test_a_parcel_that_arrived_is_no_loss(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The claim is withdrawn; when the seller corrects that, it stands again."""
    await store_claims(database, connection.connection_id, range(1), type="removal_lost")

    arrived = await patch(client, arrived=True, note="UPS 1Z999")
    corrected = await patch(client, arrived=False)

    assert (arrived["status"], arrived["arrived"]) == ("withdrawn", True)
    assert arrived["history"][0]["why"] == "UPS 1Z999"
    assert (corrected["status"], corrected["arrived"]) == ("detected", False)


async def test_only_a_parcel_can_arrive(client: httpx2.AsyncClient, stored: Connection) -> None:
    """Of another claim the question means nothing: 409."""
    answer = await client.patch(CLAIM, json={"arrived": True})

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"status": "lost"}, {"caseId": ""}, {"note": "x" * 2001}, {"arrived": "yes"}, [], "filed"],
)
async def test_a_decision_that_means_nothing(
    client: httpx2.AsyncClient, stored: Connection, body: Any
) -> None:
    """Is refused before anything is looked at."""
    answer = await client.patch(CLAIM, json=body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")


async def test_an_unknown_claim(client: httpx2.AsyncClient) -> None:
    """Is 404, whatever is asked of it."""
    for answer in (
        await client.get("/api/recoveries/none"),
        await client.patch("/api/recoveries/none", json={"status": "filed"}),
        await client.get("/api/recoveries/none/packet"),
    ):
        assert answer.status_code == 404
