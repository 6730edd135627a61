"""The short way to the routes that are asked most, beside the framework's own way to them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest
from sqlalchemy import text

from recoup.api.buckets import RequestLimits
from recoup.api.short_way import ShortWay
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from tests.api.serving import serving, the_seller
from tests.support.whole_seller import StoredSeller, seller_with_claims

Answers = tuple[httpx2.AsyncClient, httpx2.AsyncClient]

LISTS = (
    *("orders", "inventory", "transactions", "fees", "reimbursements", "returns", "ledger"),
    *("shipments", "removals", "recoveries"),
)
QUERIES = (
    "",
    "limit=2",
    "limit=%32",
    "limit= 2 ",
    "limit=2&limit=3",
    "limit=0",
    "limit=501",
    "limit=two",
    "limit=",
    "limit=2;sku=x",
    "cursor=",
    "cursor=x",
    "sku=",
    "sku=%00",
    "sku=%FF%FE",
    "sku=" + "x" * 3000,
    "nothing=1",
    "Limit=2",
    "=1",
    "&&",
    "%",
    "connectionId=",
    "connectionId=conn_nobody",
    "from=2026-01-01&to=2025-01-01",
    "status=detected&sort=amount",
    "evidence=false&limit=1",
    "&".join(f"sku=S-{n}" for n in range(30)),
)
HEADERS: tuple[Mapping[str, str], ...] = (
    {},
    {"accept": "text/csv"},
    {"accept-encoding": "gzip"},
    {"if-none-match": "*"},
    {"authorization": "Bearer nonsense"},
)
_MANY = RequestLimits(per_second=1e6, burst=1e6)
# When it was asked, and the number of the request.
_OF_ONE_REQUEST = re.compile(r"date|x-request-id|ratelimit.*|retry-after")
_REQUEST_ID = re.compile(r'"requestId":"[^"]*"')


@pytest.fixture(scope="module")
async def both(
    postgres: EmbeddedServer, stored_seller: StoredSeller, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Answers, str]]:
    """Two servers over one seller, with the short way and without, and the id of the seller's sync."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("both"))
    async with seller_with_claims(postgres, stored_seller, "short_way") as seller:
        user = await the_seller(seller.database)
        async with seller.database.reading() as conn:
            sync_id = await conn.scalar(text("select max(sync_id) from sync_progress"))
        async with (
            serving(settings, seller.database, request_limits=_MANY) as short,
            serving(settings, seller.database, request_limits=_MANY) as long,
        ):
            layers = long.app.user_middleware
            layers.remove(next(layer for layer in layers if layer.cls is ShortWay))
            long.app.middleware_stack = None  # made anew at the next request
            async with short.client(user) as one, long.client(user) as other:
                yield (one, other), str(sync_id)


async def _same(both: Answers, url: str, headers: Mapping[str, str]) -> httpx2.Response:
    one, other = [await client.get(url, headers=dict(headers)) for client in both]
    assert (one.status_code, _lasting(one)) == (other.status_code, _lasting(other)), url
    assert _REQUEST_ID.sub("", one.text) == _REQUEST_ID.sub("", other.text), url
    return one


def _lasting(answer: httpx2.Response) -> list[tuple[str, str]]:
    return sorted(one for one in answer.headers.items() if not _OF_ONE_REQUEST.fullmatch(one[0]))


@pytest.mark.parametrize("headers", HEADERS, ids=str)
async def test_both_ways_give_the_same_answer(
    both: tuple[Answers, str], headers: Mapping[str, str]
) -> None:
    """Whatever the query is, to the byte; most of these queries are refused by some list."""
    clients, sync_id = both
    lists = ("orders", "recoveries") if headers else LISTS
    urls = [f"/api/{name}" for name in lists]
    urls += [f"/api/sync/status/{one}" for one in (sync_id, "sync_none", "a%2Fb", "%00", "")]

    seen = {
        (await _same(clients, f"{url}?{query}", headers)).status_code
        for url in urls
        for query in QUERIES
    }

    assert seen >= ({401} if "authorization" in headers else {200, 404, 422})


async def test_both_ways_go_through_all_pages(both: tuple[Answers, str]) -> None:
    """A cursor of one way leads on in the other."""
    clients, _ = both
    for name in LISTS:
        cursor, pages = "", 0
        while cursor is not None and pages < 4:
            page = await _same(clients, f"/api/{name}?limit=3{cursor and f'&cursor={cursor}'}", {})
            cursor, pages = page.json()["nextCursor"], pages + 1
        assert pages > 1, name
