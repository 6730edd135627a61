"""Finding a claim, keeping one's place, and deciding."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.claim_rows import day, store_claims, unvalued
from tests.api.serving import Server
from tests.browser.shop import PAGES, Seat, seated, visit

PASSWORD = "correct horse battery"
# The policy of the page lets no text be run, as the driver's own way to wait would.
PLACE_IS_KEPT = """new Promise(done => { const look = () =>
    scrollY > 500 && history.state?.scroll === Math.round(scrollY) ? done() : requestAnimationFrame(look);
    look() })"""
# How far the page goes beyond its window, or a table beyond its card.
BEYOND = """Math.max(document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ...[...document.querySelectorAll("table")].map(one => Math.floor(
        one.getBoundingClientRect().right - one.parentElement.getBoundingClientRect().right)))"""
FOCUSED = "document.activeElement.closest({!r}) !== null"


async def rows(page: Page, count: int) -> None:
    await expect(page.locator("tbody tr")).to_have_count(count)


async def with_claims(seat: Seat, numbers: range, account: str = "A1", **values: object) -> None:
    (connection,) = await seat.connect(account)
    prefix = f"{connection.connection_id}-"
    for number in numbers:
        values["claim_id"] = f"{prefix}{number:04}"
        await store_claims(
            seat.database, connection.connection_id, range(number, number + 1), **values
        )


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name, exact=True)


async def sign_in(page: Page, user: User) -> None:
    await page.get_by_label("Email address").fill(user.email or "")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def test_the_last_filter_counts(seat: Seat) -> None:
    """However late the answer to an earlier one comes; meanwhile the list says that it is loading."""
    await with_claims(seat, range(3))
    page = await seat.page("/#/claims")
    await rows(page, 3)
    go_on = asyncio.Event()

    async def late(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route(re.compile("standing=filed"), late)
    await choice(page, "Standing").select_option("Filed")
    await expect(page.locator(".results")).to_have_attribute("aria-busy", "true")
    await choice(page, "Standing").select_option("Owed")
    await expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")
    async with page.expect_response(re.compile("standing=filed")):
        go_on.set()
    await rows(page, 3)
    await expect(choice(page, "Standing")).to_have_value("owed")


async def test_the_keyboard_keeps_its_place(seat: Seat) -> None:
    """The skip link stays on its page; an action and `Show more` do not throw the focus away."""
    await with_claims(seat, range(60))
    page = await seat.page("/#/claims")
    await rows(page, 50)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert page.url.endswith("#/claims")
    assert await page.evaluate("document.activeElement.id") == "main"

    await page.get_by_role("button", name="Show more").press("Enter")
    await rows(page, 60)
    assert await page.evaluate(FOCUSED.format("tbody tr:nth-child(51) a"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Decision")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"

    await page.get_by_label("Case id").fill("4711")
    await page.get_by_role("button", name="I have filed it").press("Enter")
    await expect(page.get_by_label("Decision")).to_contain_text("Filed")
    await expect(page.get_by_role("button", name="Enter Amazon's answer")).to_be_visible()
    assert await page.evaluate(FOCUSED.format("#main"))
    assert await page.evaluate("document.activeElement.id") != "main"


async def test_a_list_is_come_back_to_as_it_was(seat: Seat) -> None:
    """Filters, pages and the place in them survive `All claims`, Back and loading again."""
    await with_claims(seat, range(60))
    page = await seat.page("/#/claims")
    await rows(page, 50)
    await choice(page, "Sort by").select_option("Largest amount first")
    await expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")
    await page.get_by_role("button", name="Show more").click()
    await rows(page, 60)
    assert "sort=-amount" in page.url
    assert "pages=2" in page.url
    for way in ("All claims", "back", "reload"):
        await page.locator("tbody tr").nth(55).scroll_into_view_if_needed()
        await page.evaluate(PLACE_IS_KEPT)
        kept = await page.evaluate("window.scrollY")
        if way == "reload":
            await page.reload()
        else:
            await page.locator("tbody tr a").nth(55).click()
            await expect(page.get_by_label("Decision")).to_be_visible()
            assert await page.evaluate("window.scrollY") == 0
            if way == "back":
                await page.go_back()
            else:
                await page.get_by_role("link", name="All claims").click()
        await rows(page, 60)
        await expect(choice(page, "Sort by")).to_have_value("-amount")
        assert abs(await page.evaluate("window.scrollY") - kept) < 5, way


async def test_a_session_that_ends_comes_back_to_its_page(seat: Seat) -> None:
    """A deep link is kept through the sign-in, and so is the page on which a session ended."""
    await with_claims(seat, range(1))
    async with seat.server.client(seat.user) as client:
        await client.post("/api/me/password", json={"newPassword": PASSWORD})
    await seat.context.clear_cookies()
    page = await seat.page("/#/claims?sort=-confidence&standing=owed")
    await sign_in(page, seat.user)
    await rows(page, 1)
    await expect(choice(page, "Sort by")).to_have_value("-confidence")

    # Not by a choice on the page: what it still loads may have shown it the end before.
    await seat.context.clear_cookies()
    await page.evaluate("location.hash = '#/claims?sort=-confidence&standing='")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(page, seat.user)
    await rows(page, 1)
    await expect(choice(page, "Standing")).to_have_value("")


async def test_pages_follow_the_world(seat: Seat) -> None:
    """An account that is connected elsewhere appears; a list says that claims have changed."""
    await with_claims(seat, range(2))
    accounts, claims = await seat.page("/#/accounts"), await seat.page("/#/claims")
    overview = await seat.page()
    await rows(claims, 2)
    async with seat.server.client(seat.user) as client:
        (one,) = (await client.get("/api/v1/integrations/amazon/status")).json()["connections"]
        added = {"refreshToken": "Atzr|test", "sellingPartnerId": "A2", "region": "NA"}
        await client.post(
            "/api/v1/integrations/amazon/connections", json=added | {"environment": "local"}
        )
        await expect(accounts.get_by_label("Account A2")).to_be_visible()
        await expect(overview.get_by_label("Sync of A2 (NA)", exact=True)).to_be_visible()
        await expect(overview.get_by_text("Amazon account A2 (NA) connected")).to_be_visible()
        body = {"connectionId": one["connectionId"]}
        await client.post("/api/recoveries/detect", json=body)
    await expect(claims.get_by_text("Claims have changed")).to_be_visible()
    await rows(claims, 2)
    await claims.get_by_role("button", name="Show them").click()
    await expect(claims.get_by_text("No matching claims")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
async def test_a_phone_shows_what_counts_first(
    browser: Browser, shop: Server, shop_database: Database, seller: User, width: int
) -> None:
    """No page scrolls sideways; amount, deadline and the next action need no scrolling at all."""
    viewport = {"width": width, "height": 844}
    async with seated(browser, shop, shop_database, seller, viewport=viewport) as seat:
        page = await seat.page("/#/claims?standing=owed&sort=-amount")
        await page.locator("tbody a").first.click()
        decision = page.get_by_label("Decision")
        for shown in (
            decision.locator(".money"),
            decision.get_by_text("File by"),
            decision.get_by_role("button", name="I have filed it"),
        ):
            await expect(shown).to_be_in_viewport()
        claim = page.url
        packet = await page.get_by_role("link", name="Filing packet").get_attribute("href")
        for address in (*PAGES, claim, packet):
            await page.goto(address or "")
            await expect(page.locator("h1")).to_be_visible()
            await page.wait_for_load_state("networkidle" if address == packet else "load")
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await page.evaluate(wide) <= 0, address
        await page.goto("/")
        bar = await page.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["height"] < 64


@pytest.mark.parametrize("width", [768, 1024, 1280])
async def test_no_page_scrolls_sideways_on_a_tablet(
    browser: Browser, shop: Server, shop_database: Database, seller: User, width: int
) -> None:
    """Where a table has no room its rows are cards, and the header stays one line."""
    viewport = {"width": width, "height": 844}
    async with seated(browser, shop, shop_database, seller, viewport=viewport) as seat:
        page = await seat.page()
        for address in (*PAGES, "/#/claims?standing=", "/#/data/inventory", "/#/data/removals"):
            await visit(page, address)
            assert await page.evaluate(BEYOND) <= 0, address
        bar = await page.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["height"] < 64


@pytest.mark.parametrize("width", [1281, 1440])
async def test_a_list_of_several_accounts_fits_its_card(seat: Seat, width: int) -> None:
    """With ids as long as Amazon's, and the longest words for windows and stages."""
    accounts = await seat.connect("A2EUQ1WTGCTBG2", "A3PLUQ4RFWMWMW")
    for account in accounts:
        claim_id = f"{account.connection_id}-1"
        values = {"claim_id": claim_id, "order_id": "112-3137316-8385945"}
        await store_claims(seat.database, account.connection_id, range(1), **values)
        values |= {"claim_id": f"{claim_id}-2", "key": {"n": 2}, "fileable_from": day(60)}
        await store_claims(
            seat.database, account.connection_id, range(1), **values, deadline=day(90)
        )
    page = await seat.page()
    await page.set_viewport_size({"width": width, "height": 900})
    await visit(page, "/#/claims?standing=")
    await rows(page, 4)
    assert await page.evaluate(BEYOND) <= 0


async def test_numbers_read_as_people_write_them(
    browser: Browser, shop: Server, shop_database: Database, seat: Seat
) -> None:
    """In the browser's language, without digits that mean nothing; each currency by itself."""
    await with_claims(seat, range(1), amount=Decimal("0.9300000000000000"), quantity=1)
    await with_claims(seat, range(1, 2), "A2", amount=Decimal("1234.50"), currency="EUR")
    await with_claims(seat, range(2, 3), "A3", amount=Decimal(2500), currency="JPY")
    async with seated(browser, shop, shop_database, seat.user, locale="de-DE") as german:
        page = await german.page()
        sums = page.locator(".tile-value").first
        await expect(sums).to_contain_text("0,93\N{NO-BREAK SPACE}$")
        await expect(sums.locator("li")).to_have_count(2)
        await expect(sums).to_contain_text("1.234,50\N{NO-BREAK SPACE}€")
        await expect(sums).to_contain_text("2.500\N{NO-BREAK SPACE}¥")
        await page.goto("/#/claims?currency=USD")
        await expect(page.locator("td.number").first).to_have_text("0,93\N{NO-BREAK SPACE}$")
        names = await page.locator("thead th").all_inner_texts()
        labels = await page.locator(".filters label").all()
        filters = [(await one.inner_text()).split("\n")[0] for one in labels]
        assert set(filters) - {"Sort by", "Search"} <= set(names)
        await page.locator("tbody a").first.click()
        # Sentences of the server too.
        basis = "2 units at 6,15\N{NO-BREAK SPACE}$, the sourcing cost from 01.01.2026"
        await expect(page.locator("main")).to_contain_text(basis)
        assert german.troubles == []


async def test_what_a_claim_rests_on_reads_as_its_numbers_do(
    browser: Browser, shop: Server, shop_database: Database, seat: Seat
) -> None:
    """Amazon's rows too: amounts with their currency, codes as words, days as the reader writes them."""
    sale = {
        "table": "transactions",
        "source": "listTransactions request-1",
        "what": "sale",
        "principal": 1755.5,
        "fees": -11.27,
    }
    back = {
        "table": "returns",
        "source": "GET_X 5 doc-1",
        "disposition": "CARRIER_DAMAGED",
        "itemVolume": 0.112,
    }
    await with_claims(
        seat,
        range(1),
        reason="Returned as CARRIER_DAMAGED: 1 x (price 55.35 USD less fees 11.66 USD), 0.25 of it (Lost_Warehouse).",
        evidence={"rows": [sale, back], "numbers": {}, "notes": ["ask the carrier"]},
        policy_version="2026-11-23+d30e36e9",
        fileable_from=day(-60),
        deadline=day(-5),
    )
    async with seated(browser, shop, shop_database, seat.user, locale="de-DE") as german:
        page = await german.page("/#/claims?standing=expired")
        await page.locator("tbody a").click()
        main = page.locator("main")
        gap = "\N{NO-BREAK SPACE}"
        for told in (
            f"Returned as carrier damaged: 1 x (price 55,35{gap}$ less fees 11,66{gap}$), 0,25 of it (lost warehouse).",
            "Note: Ask the carrier.",
            f"Confidence 90{gap}%: both counts agree.",
            f"Principal: 1.755,50{gap}$",
            f"Fees: -11,27{gap}$",
            "Kind: Sale",
            "Disposition: Carrier damaged",
            "Item volume: 0,112",
            "23.11.2026 (d30e36e9)",
            f"The last safe day was {day(-5):%d.%m.%Y}",
        ):
            await expect(main).to_contain_text(told)
        await expect(main).not_to_contain_text("File by")


async def test_a_policy_links_to_its_sources(full_seat: Seat) -> None:
    """Whoever doubts a deadline can read Amazon's own text."""
    page = await full_seat.page("/#/claims?standing=owed&type=lost_in_warehouse")
    await page.locator("tbody a").first.click()
    await page.get_by_text("The policy behind this claim").click()
    link = page.get_by_role("link", name="sellercentral.amazon.com").first
    await expect(link).to_have_attribute(
        "href", re.compile(r"^https://sellercentral\.amazon\.com/")
    )
    await expect(link).to_have_attribute("rel", "noopener noreferrer")


async def test_costs_from_missing_to_amount(seat: Seat) -> None:
    """What lacks a cost is listed; a table as German spreadsheets write it is taken whole or not at
    all, and a code that nothing names is marked."""
    await with_claims(seat, range(1), **unvalued() | {"sku": "RC-1", "fnsku": "X1"})
    page = await seat.page("/#/costs")
    missing = page.get_by_label("Missing costs")
    await expect(missing).to_contain_text("1 product without a cost")
    await expect(missing).to_contain_text("2 units")
    await missing.get_by_role("button", name="Enter the cost of RC-1").click()
    single = page.get_by_label("Enter a cost", exact=True)
    await expect(single.get_by_label("Code", exact=True)).to_have_value("RC-1")
    await expect(single.get_by_label("Cost of one unit")).to_be_focused()

    several = page.get_by_label("Enter several costs")
    head = "sku;cost;currency;validFrom;invoiceReference\n"
    await several.get_by_label("CSV", exact=True).fill(
        f"{head}RC-1;4,20;USD;2026-01-01;\nRC-2;many;USD;2026-01-01;\nRC-3;1;USD;01/02/2026;\n"
    )
    await several.get_by_role("button", name="Save all").click()
    await expect(several.get_by_role("alert").locator("li")).to_have_count(2)
    await expect(page.get_by_label("Entered costs", exact=True)).to_contain_text("None yet.")

    await several.get_by_label("CSV", exact=True).fill(
        "sku;cost;currency;invoiceReference\nRC-1;4,20;;INV-1\nRC-2;5;EUR;INV-2\n"
    )
    await several.get_by_label("Currency for lines without one").fill("USD")
    await several.get_by_label("Valid from, for lines without it").fill("2026-01-01")
    await several.get_by_role("button", name="Save all").click()
    await expect(page.get_by_text("2 costs saved.", exact=False).first).to_be_visible()
    entered = page.get_by_label("Entered costs", exact=True)
    await expect(entered.locator("tbody tr")).to_have_count(2)
    await expect(entered).to_contain_text("$4.20")
    await expect(entered.locator("tr", has_text="RC-2")).to_contain_text("No such product")
    await entered.get_by_label("Search the entered costs").fill("inv-2")
    await expect(entered.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("button", name="Recalculate now").first.click()
    await expect(page.get_by_text("The amounts of all claims are up to date.")).to_be_visible()
