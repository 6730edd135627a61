"""Entering what units cost: JSON and CSV, all or nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from recoup.api.cost_workbook import MEDIA_TYPE as WORKBOOK
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_connection, new_user

COSTS = "/api/sourcing-costs"
CSV = {"content-type": "text/csv"}
HEADER = "sku,fnsku,cost,currency,validFrom,invoiceReference\n"


def cost(**values: Any) -> dict[str, Any]:
    entry = {"sku": "S-1", "cost": "3.20", "currency": "USD", "validFrom": "2026-01-01"}
    return entry | values


async def put_csv(client: httpx2.AsyncClient, text: str | bytes) -> httpx2.Response:
    return await client.put(COSTS, content=text, headers=CSV)


async def stored(client: httpx2.AsyncClient, query: str = "") -> list[tuple[Any, ...]]:
    items = (await client.get(f"{COSTS}{query}")).json()["items"]
    return [(i["sku"], i["fnsku"], i["cost"], i["currency"], i["validFrom"]) for i in items]


def errors_of(answer: httpx2.Response) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")
    return [(error["field"], error["message"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "body", [{"items": [cost(invoiceReference="INV-7")]}, [cost()], cost(cost=3.20)]
)
async def test_costs_as_json(client: httpx2.AsyncClient, connection: Connection, body: Any) -> None:
    """In `items`, as a list or one alone; the digits are kept."""
    answer = await client.put(COSTS, json=body)

    assert answer.json() == {
        "connectionId": connection.connection_id,
        "saved": 1,
        "unknown": ["S-1"],
    }
    ((sku, fnsku, amount, currency, valid_from),) = await stored(client)
    assert (sku, fnsku, currency, valid_from) == ("S-1", None, "USD", "2026-01-01")
    assert amount in {"3.20", "3.2"}


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "S-1,,3.20,USD,2026-01-01,INV-7\n,X1,4,gbp,2026-02-01,\n",
        (
            "\ufeffSKU;FNSKU;Cost;Currency;Valid from;Invoice reference\r\n"
            "S-1;;3,20;USD;2026-01-01;INV-7\r\n;X1;4;GBP;2026-02-01;\r\n\r\n"
        ),
        (
            "fnsku\tsku\tvalid_from\tcurrency\tcost\n\tS-1\t2026-01-01\tUSD\t3.20\n"
            "X1\t\t2026-02-01\tGBP\t4\n"
        ),
    ],
)
async def test_costs_as_csv(client: httpx2.AsyncClient, connection: Connection, text: str) -> None:
    """Commas, semicolons or tabs, decimal points or commas, headers as people write them, with or
    without a mark in front."""
    answer = await put_csv(client, text.encode())

    assert answer.json()["saved"] == 2, answer.text
    assert await stored(client) == [
        (None, "X1", "4", "GBP", "2026-02-01"),
        ("S-1", None, "3.20", "USD", "2026-01-01"),
    ]


async def test_the_same_product_and_day_is_replaced(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """Another day is another entry; the same one twice changes nothing."""
    await client.put(COSTS, json=[cost()])
    for _ in range(2):
        await client.put(COSTS, json=[cost(cost="4.00"), cost(validFrom="2026-06-01")])

    assert await stored(client) == [
        ("S-1", None, "4.00", "USD", "2026-01-01"),
        ("S-1", None, "3.20", "USD", "2026-06-01"),
    ]


@pytest.mark.parametrize(
    ("lines", "field", "words"),
    [
        ("S-2,,3,USD,2026-01-01,\nS-3,,three,USD,2026-01-01,", "line 3.cost", "decimal"),
        ("S-2,,-1,USD,2026-01-01,", "line 2.cost", "decimal"),
        ("S-2,,0,USD,2026-01-01,", "line 2.cost", "greater than 0"),
        ('S-2,,"3,200",USD,2026-01-01,', "line 2.cost", "decimal"),
        ("S-2,,3,US dollars,2026-01-01,", "line 2.currency", "pattern"),
        ("S-2,,3,USD,01/02/2026,", "line 2.validFrom", "2026-02-01 or 2026-01-02"),
        ("S-2,,3,USD,2026-02-30,", "line 2.validFrom", ""),
        ("S-2,X2,3,USD,2026-01-01,", "line 2", "either"),
        (",,3,USD,2026-01-01,", "line 2", "either"),
        ("S-2,,3,USD,2026-01-01", "line 2", "5 columns"),
        ("S-2,,3,USD,2026-01-01,\nS-2,,4,USD,2026-01-01,", "line 3", "line 2"),
        ("", "body", "no costs"),
    ],
)
async def test_a_bad_line_is_named_and_nothing_is_lost_or_taken(
    client: httpx2.AsyncClient, connection: Connection, lines: str, field: str, words: str
) -> None:
    """All or nothing: what was stored stays, and of the file nothing is."""
    await client.put(COSTS, json=[cost()])

    answer = await put_csv(client, HEADER + lines)

    ((found, message),) = errors_of(answer)
    assert found == field
    assert words in message
    assert await stored(client) == [("S-1", None, "3.20", "USD", "2026-01-01")]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("sku,cost\nS-1,3.20\n", "currency=usd&validFrom=2026-01-01"),
        ("sku,cost,currency\nS-1,3.20,USD\n", "currency=EUR&validFrom=2026-01-01"),
        ("sku,cost,currency,validFrom\nS-1,$ 3.20,,2026-01-01\n", "currency=USD"),
        ("sku;cost;valid from\nS-1;3,20;1.1.2026\n", "currency=USD&validFrom=2020-05-05"),
        ("sku,cost,currency,validFrom\nS-1,3.20,USD,2026-01-01\n", "currency=&validFrom="),
    ],
)
async def test_what_holds_for_a_whole_file_is_given_once(
    client: httpx2.AsyncClient, connection: Connection, text: str, query: str
) -> None:
    """For lines that have none, with and without the column; what a line says itself stands."""
    answer = await client.put(f"{COSTS}?{query}", content=text, headers=CSV)

    assert answer.status_code == 200, answer.text
    assert await stored(client) == [("S-1", None, "3.20", "USD", "2026-01-01")]


async def test_what_holds_for_all_costs_of_a_json_is_given_once(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """For entries without it."""
    entries = [{"sku": "S-1", "cost": "3.20"}, cost(sku="S-2", currency="EUR", validFrom=None)]
    await client.put(f"{COSTS}?currency=USD&validFrom=2026-01-01", json={"items": entries})

    assert await stored(client) == [
        ("S-1", None, "3.20", "USD", "2026-01-01"),
        ("S-2", None, "3.20", "EUR", "2026-01-01"),
    ]


async def test_a_workbook_has_its_own_currencies_and_days(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """What is given for a whole file is refused with it, and not forgotten."""
    as_workbook = {"content-type": WORKBOOK}
    answer = await client.put(f"{COSTS}?currency=USD", content=b"PK", headers=as_workbook)

    ((_, message),) = errors_of(answer)
    assert message == "currency and validFrom are for JSON and CSV, not for a workbook"


async def test_a_place_with_several_faults_is_named_once(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """The faults themselves are listed one by one."""
    answer = await put_csv(client, "sku,cost\nS-1,3\n")

    assert answer.json()["detail"] == "Correct the input: line 1"
    assert len(errors_of(answer)) == 2


@pytest.mark.parametrize(
    ("text", "query", "field", "words"),
    [
        ("sku,cost\nS-1,3\n", "currency=USD", "line 1", "column validFrom is missing: add it, or"),
        (
            HEADER + "S-1,,3,USD,,\n",
            "currency=USD",
            "line 2.validFrom",
            "is empty: fill it, or give",
        ),
        (HEADER + "S-1,,3,,2026-01-01,\n", "", "line 2.currency", "is empty: fill it, or give one"),
        (HEADER + "S-1,,€ 3,,2026-01-01,\n", "currency=USD", "line 2.cost", "USD"),
        (HEADER + "S-1,,3,USD,2026-01-01,\n", "currency=dollars", "currency", "pattern"),
        (HEADER + "S-1,,3,USD,2026-01-01,\n", "validFrom=01/02/2026", "validFrom", "a day"),
    ],
)
async def test_a_currency_or_day_is_never_guessed(
    client: httpx2.AsyncClient,
    connection: Connection,
    text: str,
    query: str,
    field: str,
    words: str,
) -> None:
    """A line without it is named, and what can be done about it; nothing is saved."""
    answer = await client.put(f"{COSTS}?{query}", content=text.encode(), headers=CSV)

    ((found, message),) = errors_of(answer)
    assert found.endswith(field)
    assert words in message
    assert await stored(client) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"sku,cost,currency,validFrom,price\n", "line 1"),
        (b"sku,cost,currency\n", "line 1"),
        (b"sku,sku,cost,currency,validFrom\n", "line 1"),
        (b"\xff\xfe", "line 1"),
        (b"sku,cost\x81\x8d", "body"),
        (b'sku,cost,currency,validFrom\n"S-1', "line 2"),
        (b"", "line 1"),
    ],
)
async def test_a_file_that_is_none(
    client: httpx2.AsyncClient, connection: Connection, body: bytes, field: str
) -> None:
    """Unknown and missing columns, another encoding, an open quote: each is said."""
    assert errors_of(await put_csv(client, body))[0][0] == field


@pytest.mark.parametrize("body", [b"{", b"[]", b"[1]", b"[NaN]", b"[" * 5000, b'[{"cost": 1}]'])
async def test_json_that_is_none(
    client: httpx2.AsyncClient, connection: Connection, body: bytes
) -> None:
    """Is refused with the place."""
    answer = await client.put(COSTS, content=body, headers={"content-type": "application/json"})

    assert errors_of(answer)


async def test_bounds(client: httpx2.AsyncClient, connection: Connection) -> None:
    """10,000 costs go at once, one more does not, and a longer body is cut off."""
    many = [cost(sku=f"S-{n}") for n in range(10_001)]
    long = await put_csv(client, b"x" * 8_400_000)

    most = await client.put(COSTS, content=_compact(many[:10_000]))
    more = await put_csv(
        client, HEADER + "".join(f"S-{n},,1,USD,2026-01-01,\n" for n in range(10_001))
    )

    assert most.json()["saved"] == 10_000
    assert errors_of(more)[0][0] == "line 10002"
    assert long.status_code == 413


def _compact(entries: list[dict[str, Any]]) -> bytes:
    return json.dumps(entries, separators=(",", ":")).encode()


async def test_an_export_can_be_sent_back(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """More than a chunk, and names that a spreadsheet would run keep their meaning."""
    many = [cost(sku=f"=S-{n:05}", invoiceReference='a "b", c') for n in range(1500)]
    await client.put(COSTS, content=_compact(many))

    exported = await client.get(COSTS, headers={"accept": "text/csv"})
    again = await put_csv(client, exported.content)

    assert "'=S-00000" in exported.text
    assert again.json()["saved"] == 1500
    names = [row[0] for row in await stored(client, "?limit=500")]
    assert names == [f"=S-{n:05}" for n in range(500)]


async def test_pages_and_filters(client: httpx2.AsyncClient, connection: Connection) -> None:
    """Every cost comes once; a product is found by its SKU or FNSKU; foreign cursors are refused."""
    await client.put(
        COSTS,
        json=[cost(sku=f"S-{n}") for n in range(5)]
        + [
            cost(sku=None, fnsku="X1"),
        ],
    )
    seen: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = (await client.get(COSTS, params={"limit": 2, "cursor": cursor})).json()
        seen += [item["sku"] or item["fnsku"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert sorted(seen) == ["S-0", "S-1", "S-2", "S-3", "S-4", "X1"]
    assert [row[0] for row in await stored(client, "?sku=S-3")] == ["S-3"]
    assert [row[1] for row in await stored(client, "?fnsku=X1")] == ["X1"]
    assert [row[1] for row in await stored(client, "?search=x1")] == ["X1"]
    assert [row[0] for row in await stored(client, "?search=-3")] == ["S-3"]
    assert await stored(client, "?search=%25") == []
    assert (await client.get(f"{COSTS}?cursor=AAAA")).status_code == 400


async def test_whose_costs(
    client: httpx2.AsyncClient,
    database: Database,
    server: Server,
    user: User,
    connection: Connection,
) -> None:
    """With two accounts one is named; a stranger sees and sets none."""
    await client.put(COSTS, json=[cost()])
    other = await new_connection(database, server.settings, user, seller="B2")
    unnamed = await client.put(COSTS, json=[cost()])
    named = await client.put(f"{COSTS}?connectionId={other.connection_id}", json=[cost()])
    stranger = await new_user(database, "stranger@example.com")
    async with server.client(stranger) as foreign:
        seen = (await foreign.get(COSTS)).json()["items"]
        sent = await foreign.put(f"{COSTS}?connectionId={other.connection_id}", json=[cost()])
        without = await foreign.put(COSTS, json=[cost()])

    assert (unnamed.status_code, unnamed.json()["type"]) == (400, "/problems/ambiguous-connection")
    assert named.json()["connectionId"] == other.connection_id
    assert seen == []
    assert sent.status_code == 404
    assert (without.status_code, without.json()["type"]) == (400, "/problems/no-connection")


async def test_an_entry_can_be_taken_back(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """A wrong day is no end: the entry of this product and day goes, and no other."""
    await client.put(
        COSTS, json=[cost(), cost(validFrom="2062-01-01"), cost(sku=None, fnsku="S-1")]
    )

    gone = await client.delete(COSTS, params={"sku": "S-1", "validFrom": "2062-01-01"})
    again = await client.delete(COSTS, params={"sku": "S-1", "validFrom": "2062-01-01"})

    assert (gone.status_code, gone.content) == (204, b"")
    assert (again.status_code, again.json()["type"]) == (404, "/problems/not-found")
    assert [(row[0], row[1], row[4]) for row in await stored(client)] == [
        (None, "S-1", "2026-01-01"),
        ("S-1", None, "2026-01-01"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "validFrom=2026-01-01",
        "sku=S-1&fnsku=X1&validFrom=2026-01-01",
        "sku=S-1",
        "sku=S-1&validFrom=1",
    ],
)
async def test_an_entry_to_take_back_is_named_whole(
    client: httpx2.AsyncClient, connection: Connection, query: str
) -> None:
    """By one product and a day; half a name deletes nothing."""
    await client.put(COSTS, json=[cost()])

    assert errors_of(await client.delete(f"{COSTS}?{query}"))
    assert len(await stored(client)) == 1


async def test_whose_entry(
    client: httpx2.AsyncClient, database: Database, server: Server, connection: Connection
) -> None:
    """A stranger takes nothing back, as if it did not exist."""
    await client.put(COSTS, json=[cost()])
    stranger = await new_user(database, "stranger@example.com")
    entry = {"sku": "S-1", "validFrom": "2026-01-01", "connectionId": connection.connection_id}
    async with server.client(stranger) as foreign:
        answer = await foreign.delete(COSTS, params=entry)

    assert answer.status_code == 404
    assert len(await stored(client)) == 1
