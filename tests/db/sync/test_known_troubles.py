"""Troubles that users of other services reported, acted out with the sandbox's faults.

Troubles that concern less than a whole sync are tested beside the module that handles them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from recoup.db.engine import Database
from recoup.errors import BadRequestError
from recoup.spapi.auth import AccessTokens
from recoup.spapi.client import RetryPolicy, SpApi, new_http_client
from recoup.spapi.operations.finances import LIST_TRANSACTIONS
from recoup.spapi.paging import OperationPage
from recoup.spapi.servers import SANDBOX_APPLICATION
from recoup.streams._stream import Request, Stream
from recoup.sync.access import SellerAccess
from recoup.sync.record.queries import SyncRow
from recoup.sync.runner import SyncRunner
from tests.support.lab import CANADA, US, Lab, named, open_lab, with_api
from tests.support.patience import PATIENCE

Pages = Callable[[Any, Request], Any]


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    """Twelve pages of orders, four of transactions."""
    async with open_lab(database, tmp_path, orders=1200) as lab:
        yield lab


def before_page(stream: Stream, number: int, act: Callable[[], Any]) -> Stream:
    """The stream, whose n-th request is sent once `act` is done."""
    fetch = stream.api.fetch  # type: ignore[union-attr] # streams of an API only
    asked = 0

    async def fetch_after_it(api: Any, request: Request) -> OperationPage:
        nonlocal asked
        asked += 1
        if asked == number:
            await act()
        return await fetch(api, request)

    return with_api(stream, fetch=fetch_after_it)


def error_of(sync: SyncRow, name: str) -> str:
    return next(stream.error for stream in sync.streams if stream.name == name) or ""


async def test_items_come_with_their_orders_and_a_restart_goes_on(lab: Lab) -> None:
    """No call per order; what a stopped worker had read is not read again by the next one."""
    reached = asyncio.Event()

    async def stand_still() -> None:
        reached.set()
        await asyncio.Event().wait()

    lab.only(before_page(named("orders"), 7, stand_still))
    sync_id = await lab.start()
    work = asyncio.create_task(lab.runner.run(sync_id))
    await reached.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    read = await lab.scalar("select count(*) from orders")
    lab.only(named("orders"))
    await lab.runner.run(sync_id)

    calls, world = await lab.calls(), await lab.world()
    assert 500 <= read <= 600
    assert (await lab.read(sync_id)).status == "complete"
    assert await lab.scalar("select count(*) from order_items") == world["orderItems"]
    assert calls["searchOrders"] <= 13, "twelve pages, and one whose answer was not waited for"
    assert not {name for name in calls if name.startswith("getOrder")}


async def test_other_software_on_the_account_is_waited_out_and_shown(
    database: Database, tmp_path: Path
) -> None:
    """While somebody else spends the limit the sync waits and says so; then it recovers and ends."""
    async with open_lab(database, tmp_path, orders=1200, speed=4) as lab, greedy(lab) as rival:
        await lab.know_the_rates()
        lab.only(named("transactions"))
        sync_id = await lab.start()
        work = asyncio.create_task(lab.runner.run(sync_id))
        async with asyncio.timeout(PATIENCE):
            while "throttled by Amazon since" not in (await lab.read(sync_id)).message:
                await asyncio.sleep(0.05)
        rival.cancel()
        async with asyncio.timeout(PATIENCE):
            await work

        sync = await lab.read(sync_id)
        assert sync.status == "complete"
        count = (await lab.world())["transactions"]["count"]
        assert await lab.scalar("select count(*) from transactions") == count


@asynccontextmanager
async def greedy(lab: Lab) -> AsyncIterator[asyncio.Task[None]]:
    """Other software of the same application that calls listTransactions as often as it can."""

    async def hardly(_seconds: float) -> None:
        await asyncio.sleep(0.02)

    async with new_http_client() as http:
        tokens = AccessTokens(
            http,
            endpoint=lab.sandbox_url,
            application=SANDBOX_APPLICATION,
        )
        api = SpApi(
            http=http,
            endpoint=lab.sandbox_url,
            tokens=tokens,
            refresh_token="Atzr|test",
            budget=Unlimited(),
            retry=RetryPolicy(sleep=hardly),
        )

        async def spend() -> None:
            query = {"postedAfter": "2099-01-01T00:00:00Z"}
            while True:
                with suppress(BadRequestError):  # a call that finds nothing is spent as well
                    await api.call(LIST_TRANSACTIONS, query=query)

        task = asyncio.create_task(spend())
        while not (await lab.calls_in_full()).get("listTransactions", {}).get("throttled"):
            await asyncio.sleep(0.02)
        yield task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Unlimited:
    """The budget of software that keeps none."""

    async def acquire(self, operation: object) -> None: ...
    async def learned(self, operation: object, rate: float) -> None: ...
    async def throttled(self, operation: object, retry_after: object) -> None: ...
    async def unanswered(self, operation: object) -> None: ...
    async def recovered(self, operation: object) -> None: ...


async def test_two_workers_of_one_seller_stay_within_the_bucket(
    lab: Lab, database_url: str
) -> None:
    """Two users connected the same seller: their syncs share one budget and no call is refused."""
    other = Database(database_url)
    second = await lab.connected_again()
    runners = [
        SyncRunner(db, lab.access, owner=name, streams=[named("orders"), named("transactions")])
        for db, name in ((lab.database, "first"), (other, "second"))
    ]
    ids = [await lab.start(), await second.start()]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(runner.run(i) for runner, i in zip(runners, ids, strict=True)))
    await other.close()

    calls = await lab.calls_in_full()
    assert await lab.scalar("select count(*) from orders") == 2 * 1200
    assert calls["searchOrders"]["calls"] == 24, "more than a burst of 20"
    exceeded = [name for name, one in calls.items() if one["bucketExceeded"]]
    assert exceeded == []


async def test_two_workers_on_one_sync_load_no_window_twice(lab: Lab, database_url: str) -> None:
    """The lease gives the sync to one of them; the other has nothing to do."""
    other = Database(database_url)
    lab.only(named("orders"))
    sync_id = await lab.start()
    second = SyncRunner(other, lab.access, owner="second", streams=[named("orders")])
    await asyncio.gather(lab.runner.run(sync_id), second.run(sync_id))
    await other.close()

    assert (await lab.read(sync_id)).status == "complete"
    assert (await lab.calls())["searchOrders"] == 12


async def test_a_regional_source_is_asked_once_for_all_marketplaces(lab: Lab) -> None:
    """Two marketplaces do not double the calls, nor the rows."""
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql(
            "update amazon_connection set marketplace_ids = array[%s, %s]", (US, CANADA)
        )
    names = ("orders", "transactions", "inventory")
    lab.only(*(named(name) for name in names))
    sync, calls, world = await lab.sync(), await lab.calls(), await lab.world()

    assert sync.status == "complete"
    assert calls["searchOrders"] == 12
    assert calls["listTransactions"] <= world["transactions"]["count"] // 500 + 4, "three windows"
    assert await lab.scalar("select count(*) from orders") == world["orders"]
    assert await lab.scalar("select count(*) from transactions") == world["transactions"]["count"]


async def test_a_token_that_dies_in_the_middle_costs_its_window_only(lab: Lab) -> None:
    """The window begins again, half as long, and what was read stays."""
    lab.only(before_page(named("orders"), 5, lambda: lab.advance("PT25H")))
    first = await lab.sync()
    longest = await lab.scalar("select longest_window from stream_cursor where stream = 'orders'")

    assert first.status == "complete"
    assert timedelta(days=180) < longest < timedelta(days=185)
    assert (await lab.sync()).status == "complete"
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]


async def test_a_deferred_transaction_is_followed_until_it_is_released(lab: Lab) -> None:
    """Its status changes weeks later, in a time that was read already."""
    lab.only(named("transactions"))
    await lab.sync()
    deferred = "select count(*) from transactions where status = 'DEFERRED'"
    assert await lab.scalar(deferred) > 0
    open_ids = await lab.scalar(
        "select array_agg(transaction_id) from transactions where status = 'DEFERRED'"
    )

    await lab.advance("P15D")
    await lab.sync()

    ids = ", ".join(f"'{one}'" for one in open_ids)
    released = f"select count(*) from transactions where transaction_id in ({ids}) and "
    assert await lab.scalar(released + "status = 'DEFERRED_RELEASED'") == len(open_ids)
    statuses = (await lab.world())["transactions"]["byStatus"]
    for status, count in statuses.items():
        stored = f"select count(*) from transactions where status = upper('{status}')"
        assert await lab.scalar(stored) == count


@pytest.mark.parametrize(
    "faults",
    [
        ("duplicate-page@listTransactions:2",),
        ("empty-page-with-token@listTransactions:2", "empty-page-with-token@listTransactions:4"),
        ("500@listTransactions:2", "503@listTransactions:3", "reset@listTransactions:4"),
    ],
    ids=["loop", "empty", "500"],
)
async def test_odd_pages_of_transactions_change_nothing(lab: Lab, faults: tuple[str, ...]) -> None:
    """A token that leads to itself, empty pages with a token and outages: the same rows."""
    lab.only(named("transactions"))
    await lab.faults(*faults)
    sync, world = await lab.sync(), await lab.world()

    assert sync.status == "complete", sync.error
    assert sum(world["calls"]["listTransactions"]["faults"].values()) == len(faults)
    total = await lab.scalar("select sum(total_amount)::text from transactions")
    assert total == world["transactions"]["totalAmount"]["USD"]


async def test_pages_that_never_end_are_given_up(lab: Lab) -> None:
    """A loop that stays ends the stream after a few tries, and says what it was."""
    fetch = named("transactions").api.fetch  # type: ignore[union-attr] # it has one

    async def round_and_round(api: Any, request: Request) -> OperationPage:
        page = await fetch(api, replace(request, page_token=None))
        return replace(page, next_token="again")

    lab.only(with_api(named("transactions"), fetch=round_and_round))
    sync = await lab.sync()

    assert sync.status == "failed"
    assert "Amazon sent the same page token twice" in error_of(sync, "transactions")
    assert (await lab.calls())["listTransactions"] < 30


async def test_a_dead_inventory_token_restarts_the_pass(database: Database, tmp_path: Path) -> None:
    """The token lives 30 seconds; when it is dead the pass begins again and brings every SKU."""
    async with open_lab(database, tmp_path, orders=20_000) as lab:
        lab.only(before_page(named("inventory"), 2, lambda: lab.advance("PT31S")))
        sync = await lab.sync()
        calls = (await lab.calls())["getInventorySummaries"]
        rows = (await lab.world())["inventory"]["rows"]

        assert sync.status == "complete"
        assert await lab.scalar("select count(*) from inventory") == rows > 50
        assert calls == -(-rows // 50) + 2, "the first page again, and the refused one"


async def test_a_sku_that_one_pass_missed_is_kept(lab: Lab) -> None:
    """Passes were seen to miss SKUs that exist; a row goes only when Amazon says so."""
    lab.only(named("inventory"))
    await lab.sync()
    before = await lab.scalar("select count(*) from inventory")
    fetch = named("inventory").api.fetch  # type: ignore[union-attr] # it has one

    async def all_but_one(api: Any, request: Request) -> OperationPage:
        page = await fetch(api, request)
        return replace(page, items=page.items[1:])

    lab.only(with_api(named("inventory"), fetch=all_but_one))
    assert (await lab.sync()).status == "complete"
    assert await lab.scalar("select count(*) from inventory") == before


async def ask_as(lab: Lab, **credentials: Any) -> SyncRow:
    """A sync of orders in production, which the sandbox plays, with credentials of our own."""
    sync_id = await lab.start()
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql("update amazon_connection set environment = 'production'")
    there = {"spapi_endpoint": lab.sandbox_url, "lwa_endpoint": lab.sandbox_url}
    ours = {"lwa_client_id": SANDBOX_APPLICATION.client_id, **credentials}
    access = SellerAccess(lab.settings.model_copy(update=there | ours))
    runner = SyncRunner(lab.database, access, owner="lab", streams=[named("orders")])
    await runner.run(sync_id)
    await access.close()
    return await lab.read(sync_id)


async def test_a_refused_application_is_not_a_revoked_seller(lab: Lab) -> None:
    """The secret is too old: the sync says what to do, and no seller is asked to come again."""
    sync = await ask_as(lab, lwa_client_secret=SecretStr("of last year"))

    assert sync.status == "failed"
    assert "check RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET" in error_of(sync, "orders")
    assert await lab.scalar("select status from amazon_connection") == "active"


async def test_the_secret_before_serves_when_the_new_one_is_refused(lab: Lab) -> None:
    """Rotating the secret needs no minute without syncs."""
    good = SecretStr(SANDBOX_APPLICATION.client_secret)
    sync = await ask_as(
        lab, lwa_client_secret=SecretStr("not yet known"), lwa_client_secret_previous=good
    )

    assert sync.status == "complete"


async def test_an_environment_that_is_not_set_up_fails_the_sync_at_once(lab: Lab) -> None:
    """Without an application there is nothing to try: the sync ends and names the settings."""
    sync = await ask_as(lab)

    assert sync.status == "failed"
    assert "set RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET" in error_of(sync, "orders")


async def test_orders_that_show_up_late_are_found(lab: Lab) -> None:
    """An order that Amazon did not show at its time comes with the overlap, each one once."""
    orders = named("orders")
    fetch = orders.api.fetch  # type: ignore[union-attr] # it has one
    hidden: list[str] = []

    async def hide_some(api: Any, request: Request) -> OperationPage:
        page = await fetch(api, request)
        late = page.items[-3:] if page.next_token is None else ()
        hidden.extend(item["orderId"] for item in late)
        return replace(page, items=tuple(item for item in page.items if item not in late))

    wide = replace(orders, cursor=replace(orders.cursor, overlap=timedelta(days=5)))
    lab.only(with_api(wide, fetch=hide_some))
    await lab.sync()
    assert await lab.scalar("select count(*) from orders") == 1200 - len(hidden) == 1197

    lab.only(wide)
    sync = await lab.sync()

    assert sync.orders_processed == 3, "what came again and had not changed is no news"
    assert await lab.scalar("select count(*) from orders") == 1200


async def test_the_watermark_is_amazons_own(lab: Lab) -> None:
    """What Amazon says it has not got yet is not taken for read."""
    orders = named("orders")
    fetch = orders.api.fetch  # type: ignore[union-attr] # it has one

    async def behind(api: Any, request: Request) -> OperationPage:
        page = await fetch(api, request)
        return replace(page, until=page.until and page.until - timedelta(days=3))

    lab.only(with_api(orders, fetch=behind))
    await lab.sync()
    read_until = "select now() - upper(closed) from stream_cursor where stream = 'orders'"
    assert await lab.scalar(read_until) > timedelta(days=2, hours=23)

    lab.only(orders)
    await lab.sync()
    assert await lab.scalar(read_until) < timedelta(hours=1)
