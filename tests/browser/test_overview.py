"""The Overview: what is owed, what is urgent, what came back, and what needs a person."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, FloatRect, Locator, Page, Route, ViewportSize, expect
from sqlalchemy import insert, text

from recoup.claims.tables import claim_payment
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import add_note
from tests.api.claim_rows import UK, day, store_claims, unvalued
from tests.api.serving import Server, finish, new_user
from tests.browser.shop import Seat, seated
from tests.browser.test_accessible import serious
from tests.support.patience import PATIENCE

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LIST = re.compile(r"/api/recoveries\?")
COUNT = re.compile(
    r"(?<![$£\d.,])(\d+)(?= (?:claim|owed|without|with|to review|rejected|too late|paid by)|$)"
)
MONEY = re.compile(r"[$£][\d,.]*\d")


async def store(seat: Seat, account: Connection, numbers: range, **values: Any) -> None:
    """Claims whose ids no other test has."""
    for number in numbers:
        claim_id = {"claim_id": f"{account.connection_id}-{number:04}"}
        one = range(number, number + 1)
        await store_claims(seat.database, account.connection_id, one, **values | claim_id)


async def with_money(seat: Seat) -> Connection:
    """Owed at three distances, filed and approved at three ages, two currencies, unknown amounts."""
    (account,) = await seat.connect("A1")
    now = utc_now()
    for number, days in enumerate((3, 10, 25, 60)):
        await store(seat, account, range(number, number + 1), deadline=day(days))
    pounds = {"currency": "GBP", "marketplace_id": UK, "type": "removal_lost"}
    await store(seat, account, range(10, 12), **pounds)
    await store(seat, account, range(20, 21), **unvalued())
    for number, days in enumerate((2, 20, 50)):
        at = {"filed_at": now - timedelta(days=days), "detected_at": now - timedelta(days=days)}
        at |= {"status_at": now - timedelta(days=days)}
        await store(seat, account, range(30 + number, 31 + number), status="filed", **at)
        paid = {"status": "approved", "amount": Decimal(100 * (number + 1))}
        await store(seat, account, range(40 + number, 41 + number), **paid, **at)
        await pay(seat, account, 40 + number, paid["amount"], at["status_at"])
    return account


async def pay(
    seat: Seat, account: Connection, number: int, amount: object, approved_at: datetime
) -> None:
    """What the reimbursements report shows for a claim's case."""
    async with seat.database.writing() as conn:
        await conn.execute(
            insert(claim_payment).values(
                connection_id=account.connection_id,
                claim_id=f"{account.connection_id}-{number:04}",
                by="case",
                reimbursement_id=f"R{number}",
                approved_at=approved_at,
                approved_on=approved_at.date(),
                amount=amount,
                currency="USD",
                units=1,
            )
        )


def hold(held: list[Route]) -> Callable[[Route], Awaitable[None]]:
    """Requests that are neither answered nor refused."""

    async def keep(route: Route) -> None:
        held.append(route)

    return keep


def region(page: Page, name: str) -> Locator:
    return page.get_by_label(name, exact=True)


async def test_every_number_leads_to_its_rows(seat: Seat) -> None:
    """Each link of tiles, comparison, bars and tables opens what it says: so many claims, or that sum."""
    await with_money(seat)
    page = await seat.page()
    await expect(page.get_by_role("heading", name="In USD")).to_be_visible()
    links = {
        await one.get_attribute("href") or "": await name_of(one)
        for one in await page.locator("main a[href^='#/claims?']").all()
    }
    assert len(links) > 25
    other = await seat.page("/#/claims")
    for address, name in links.items():
        await other.goto("about:blank")
        await other.goto(f"/{address}")
        told = await other.locator(".results p").first.inner_text()
        count, money = COUNT.search(name), MONEY.search(name)
        assert count or money, name
        if count:
            found = COUNT.search(told)
            assert found is not None
            assert found[1] == count[1], name
        if money:
            assert money[0] in told, name


async def name_of(link: Locator) -> str:
    return await link.get_attribute("aria-label") or await link.text_content() or ""


async def test_what_is_urgent_and_what_waits(seat: Seat) -> None:
    """Owed within 7, 14 and 30 days; filed by age; recovered, and compared with before."""
    await with_money(seat)
    page = await seat.page()

    soon = page.locator(".soon li")
    await expect(soon).to_have_text(
        [
            re.compile("within 7 days.*1 claim"),
            re.compile("within 14 days.*2 claims"),
            # The pounds and the unknown amount end in 20 days.
            re.compile("within 30 days.*6 claims"),
        ]
    )
    filed = page.locator(".card", has_text="Filed, not answered yet")
    for words in ("1 filed in the last 14 days", "1 filed 14 to 30 days ago", "more than 30 days"):
        await expect(filed).to_contain_text(words)
    recovered = region(page, "Last 30 days, in USD").get_by_role("row", name="Recovered")
    await expect(recovered).to_contain_text("$300.00")
    await expect(recovered).to_contain_text("0%")


async def test_each_currency_has_its_own_bars(seat: Seat) -> None:
    """Currencies are never added; the bars say their numbers to who does not see them."""
    await with_money(seat)
    page = await seat.page()

    dollars = region(page, "Owed by kind of claim, in USD")
    await expect(dollars.get_by_role("link")).to_have_count(1)
    await expect(dollars).to_contain_text("$49.20")
    await page.get_by_role("heading", name="In GBP").click()
    await expect(region(page, "Owed by kind of claim, in GBP")).to_contain_text("£24.60")
    months = region(page, "Found and recovered by month, in USD").first
    names = [await one.get_attribute("aria-label") for one in await months.locator("a").all()]
    assert all(
        re.fullmatch(r"\w+ \d{4}, (Found|Recovered): \$[\d,.]+, \d+ claims?", one or "")
        for one in names
    )
    assert len(names) >= 4
    # A bar without script: an address that can be opened in another tab.
    assert await months.locator("a").first.get_attribute("href")
    await expect(page.get_by_text("Not in the chart")).to_contain_text("1 owed claim")


async def test_what_needs_a_person(seat: Seat) -> None:
    """An account to authorize again, and costs that are missing; each with what to do."""
    first, second = await seat.connect("A1FIRST", "A2SECOND")
    await finish(seat.database, await seat.start(first))
    await finish(seat.database, await seat.start(second), "failed")
    await store(seat, first, range(3), **unvalued())
    async with seat.database.writing() as conn:
        await conn.execute(
            text(
                "update amazon_connection set status = :status, status_reason = 'the seller ended it' "
                "where connection_id = :id"
            ),
            {"status": ConnectionStatus.REAUTHORIZATION_REQUIRED, "id": first.connection_id},
        )
    page = await seat.page()

    needs = region(page, "Needs attention")
    await expect(needs).to_contain_text("A1FIRST (NA)")
    await expect(needs).to_contain_text("the seller ended it")
    await expect(needs.get_by_role("button", name="Authorize again")).to_be_visible()
    await needs.get_by_role("link", name="3 products without a sourcing cost").click()
    await expect(page.get_by_text("3 products without a cost")).to_be_visible()
    await page.go_back()
    accounts = region(page, "Amazon accounts")
    await expect(accounts).to_contain_text("Authorization required")
    await expect(accounts).to_contain_text("Last sync failed")
    await expect(accounts).to_contain_text("Amazon.com")
    await expect(accounts).to_contain_text("Next sync")


async def test_rules_that_wait_for_the_same_are_one_thing_to_look_at(seat: Seat) -> None:
    """With all their names; no sentence is repeated for each of them, and the count is that of the list."""
    (account,) = await seat.connect("A1")
    await finish(seat.database, await seat.start(account))
    why = "were not searched: the last sync did not read orders to the end."
    async with seat.database.writing() as conn:
        for name in ("Lost", "Damaged", "Disposed"):
            note = Note("claims", NoteCode.RULE_WAITS, f'Claims "{name}" {why}', subject=name)
            await add_note(conn, account.connection_id, note)
    page = await seat.page()

    needs = region(page, "Needs attention")
    await needs.get_by_text("1 thing to look at in the data").click()
    await expect(needs.get_by_text(why)).to_have_count(1)
    for name in ("Lost", "Damaged", "Disposed"):
        await expect(needs.get_by_text(why)).to_contain_text(f'"{name}"')


async def test_all_products_without_a_cost_can_be_reached(seat: Seat) -> None:
    """Not the first fifty only."""
    (account,) = await seat.connect("A1")
    await store(seat, account, range(60), **unvalued())
    page = await seat.page("/#/costs")
    missing = region(page, "Missing costs")
    await expect(missing.locator("tbody tr")).to_have_count(50)
    await missing.get_by_role("button", name="Show more").click()
    await expect(missing.locator("tbody tr")).to_have_count(60)
    await expect(missing.get_by_role("button", name="Show more")).to_be_hidden()
    codes = await missing.locator("td.lead").all_inner_texts()
    assert len(set(codes)) == 60


async def test_a_server_that_hangs_is_noticed(seat: Seat) -> None:
    """Neither an error nor an answer: after half a minute the page says so, and later that it is back."""
    await seat.context.add_init_script("delete window.SharedWorker")
    await seat.context.clock.install()
    await seat.connect("A1")
    page = await seat.page()
    await expect(region(page, "Sync of A1 (NA)")).to_be_visible()
    banner = page.locator("#banner")
    held: list[Route] = []
    await page.route("**/api/**", hold(held))
    await page.clock.fast_forward(16_000)
    await expect(banner).to_contain_text("recoup does not answer")
    await page.unroute("**/api/**")
    await expect(banner).to_be_hidden()


async def test_a_late_answer_is_said(seat: Seat) -> None:
    """Who waits for one request knows that it takes long; the page is there when it comes."""
    await seat.context.clock.install()
    page = await seat.page()
    await expect(region(page, "First steps")).to_be_visible()
    held: list[Route] = []
    await page.route(LIST, hold(held))
    async with page.expect_request(LIST):
        await page.evaluate("location.hash = '#/claims'")
    await page.clock.fast_forward(11_000)
    await expect(page.locator("#banner")).to_contain_text("has not answered")
    await held[0].continue_()
    await expect(page.get_by_text("Claims are found in the data")).to_be_visible()
    await expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_no_state_of_it_keeps_anybody_out(
    browser: Browser,
    shop: Server,
    shop_database: Database,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """Empty, while a sync runs, after one that failed, and with claims; nothing scrolls sideways."""
    user = await new_user(shop_database, f"overview{scheme}{width}@example.com")
    viewport = ViewportSize(width=width, height=900)
    options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    async with seated(browser, shop, shop_database, user, **options) as seat:

        async def check_page(words: str) -> None:
            page = await seat.page()
            await expect(page.get_by_text(words).first).to_be_visible()
            for summary in await page.locator("summary:visible").all():
                await summary.click()
            assert await serious(page) == [], words
            assert await page.evaluate(WIDE) <= 0, words
            await page.close()

        await check_page("First steps")
        account = await with_money(seat)
        sync_id = await seat.start(account)
        await check_page("In progress")
        await finish(seat.database, sync_id, "failed")
        await check_page("Last sync failed")
        await finish(seat.database, await seat.start(account))
        await check_page("Found and recovered")
        assert seat.troubles == []


async def test_no_corner_stays_empty(seat: Seat) -> None:
    """Under a short card of a sync is room for the accounts; beside a long one they make way."""
    (account,) = await seat.connect("A1")
    await finish(seat.database, await seat.start(account))
    page = await seat.page()
    sync, accounts = region(page, "Sync of A1 (NA)"), region(page, "Amazon accounts")

    await until_placed(sync, accounts, _is_right_below)
    await sync.get_by_text("By kind of data").click()

    await until_placed(sync, accounts, _is_beside)


async def until_placed(
    one: Locator, other: Locator, is_so: Callable[[FloatRect, FloatRect], bool]
) -> None:
    """Returns once they lie so; news may draw them anew meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while True:
            first, second = await one.bounding_box(), await other.bounding_box()
            if first is not None and second is not None and is_so(first, second):
                return


def _is_right_below(one: FloatRect, other: FloatRect) -> bool:
    return other["x"] == one["x"] and 0 < other["y"] - one["y"] - one["height"] < 40


def _is_beside(one: FloatRect, other: FloatRect) -> bool:
    return other["x"] > one["x"] + one["width"]


async def test_what_is_open_stays_open(seat: Seat) -> None:
    """While the page follows the world."""
    account = await with_money(seat)
    page = await seat.page()
    await page.get_by_text("As a table").first.click()
    opened = page.get_by_role("row", name=re.compile(f"{utc_now():%B %Y}")).first
    await expect(opened).to_be_visible()
    async with page.expect_response("**/api/metrics/recoveries"):
        await finish(seat.database, await seat.start(account))
    await expect(region(page, "Amazon accounts")).to_contain_text("Healthy")
    await expect(opened).to_be_visible()


async def test_a_claim_is_explained_in_the_readers_language(
    browser: Browser, shop: Server, shop_database: Database, seat: Seat
) -> None:
    """Amounts and days as the browser's language writes them, a marketplace by its name."""
    (account,) = await seat.connect("A1")
    await store(seat, account, range(1))
    async with seated(browser, shop, shop_database, seat.user, locale="de-DE") as german:
        page = await german.page("/#/claims")
        await page.locator("tbody a").click()
        told = page.locator(".card", has_text="How the numbers were calculated")
        await expect(told).to_contain_text("12,30\N{NO-BREAK SPACE}$")
        await expect(told).to_contain_text(f"to {day(20):%d.%m.%Y}, the last safe day")
        await expect(told).to_contain_text("90\N{NO-BREAK SPACE}%")
        await expect(region(page, "Facts")).to_contain_text("Amazon.com")
