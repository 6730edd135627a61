"""Amazon's workbook of sourcing costs over HTTP: in, out with the seller's costs, and what was refused."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from python_calamine import CalamineWorkbook

from recoup.api.cost_workbook import MEDIA_TYPE
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.serving import Server, new_user
from tests.unit.test_cost_workbook import ROWS, workbook

COSTS = "/api/sourcing-costs"


async def put(client: httpx2.AsyncClient, content: bytes) -> httpx2.Response:
    return await client.put(COSTS, content=content, headers={"content-type": MEDIA_TYPE})


async def to_send(client: httpx2.AsyncClient) -> list[Any]:
    """The column `Seller New Cost` of the workbook that is downloaded."""
    answer = await client.get(COSTS, headers={"accept": MEDIA_TYPE})
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return [row[7] for row in book.get_sheet_by_name("Part_1").to_python()[1:]]


async def own(client: httpx2.AsyncClient, fnsku: str, cost: str) -> None:
    entry = {"fnsku": fnsku, "cost": cost, "currency": "USD", "validFrom": "2026-01-01"}
    assert (await client.put(COSTS, json=entry)).status_code == 200


async def test_the_workbook_comes_back_with_the_sellers_costs(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """All but those that Amazon pays by already."""
    missing = await client.get(COSTS, headers={"accept": MEDIA_TYPE})
    assert (missing.status_code, "Load Amazon's workbook" in missing.json()["detail"]) == (
        400,
        True,
    )
    assert (await put(client, workbook(ROWS))).json()["saved"] == 0
    await own(client, "X000000001", "4.27")
    await own(client, "X000000003", "6.255")
    assert await to_send(client) == [4.27, "", ""]
    items = (await client.get(f"{COSTS}/amazon")).json()["items"]
    first = next(one for one in items if one["fnsku"] == "X000000001")
    assert (first["approvedCost"], first["approvedSource"], first["approvedOn"]) == (
        "2.5",
        "AMAZON",
        "2026-05-01",
    )
    assert (first["estimatedCost"], first["ownCost"], first["costToSend"]) == (
        "3.1",
        "4.27",
        "4.27",
    )


async def test_costs_that_stand_in_the_workbook_are_the_sellers(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """They count from today; the same workbook again changes nothing."""
    rows = [[*row[:7], 5.5] if row[1] == "X000000002" else row for row in ROWS]
    assert (await put(client, workbook(rows))).json()["saved"] == 1
    assert (await put(client, workbook(rows))).json()["saved"] == 0
    [stored] = (await client.get(COSTS)).json()["items"]
    assert (stored["fnsku"], stored["cost"]) == ("X000000002", "5.5")


async def test_a_refused_cost_comes_back_on_day_30(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """Until then it is not sent; then it is listed as due, and filled in again."""
    await put(client, workbook(ROWS))
    await own(client, "X000000001", "4.27")
    today = utc_now().astimezone(ZoneInfo("America/Los_Angeles")).date()
    for days, sent in ((29, ""), (30, 4.27)):
        refusal = {"fnsku": "X000000001", "cost": "4.27", "currency": "USD"}
        refused_on = (today - timedelta(days=days)).isoformat()
        answer = await client.put(
            f"{COSTS}/amazon/refusals", json=refusal | {"refusedOn": refused_on}
        )
        assert answer.status_code == 204, answer.text
        assert (await to_send(client))[0] == sent
        due = (await client.get(f"{COSTS}/amazon", params={"due": True})).json()
        assert due["productCount"] == (1 if sent else 0)
        assert (await client.get(f"{COSTS}/amazon/due")).json() == {"dueCount": 1 if sent else 0}
    approved = [[*ROWS[0][:3], 4.27, "SELLER", "USD", today.isoformat(), ""], *ROWS[1:]]
    await put(client, workbook(approved))
    assert (await client.get(f"{COSTS}/amazon/due")).json() == {"dueCount": 0}


async def test_a_workbook_of_something_else_changes_nothing(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """A workbook with a row that cannot be read is refused with that row, and the loaded one stays."""
    await put(client, workbook(ROWS))
    answer = await put(client, workbook([["B1", "X1", "1.234", "", "", "USD", "", ""]]))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Part_1 row 2"
    assert (await client.get(f"{COSTS}/amazon")).json()["productCount"] == 3


async def test_nobody_elses_workbook(
    client: httpx2.AsyncClient, connection: Connection, server: Server, database: Database
) -> None:
    """The account of another workspace is 404, and so is its workbook."""
    await put(client, workbook(ROWS))
    async with server.client(await new_user(database, "other@example.com")) as other:
        query = {"connectionId": connection.connection_id}
        for path in (COSTS, f"{COSTS}/amazon"):
            answer = await other.get(path, params=query, headers={"accept": MEDIA_TYPE})
            assert answer.status_code == 404


async def test_our_own_csv_is_never_mistaken(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """Three decimals could be thousands elsewhere: the export adds a zero, so that it can be sent back."""
    await own(client, "X000000001", "1.234")
    text = (await client.get(COSTS, headers={"accept": "text/csv"})).text
    assert "1.2340" in text
    again = await client.put(COSTS, content=text, headers={"content-type": "text/csv"})
    assert again.json()["saved"] == 1
