"""What axe-core finds on every page: nothing that keeps anybody from using it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_user
from tests.browser.shop import seated
from tests.browser.told_syncs import set_running, store_past, store_quarantined

PAGES = (
    "/",
    "/#/syncs",
    "/#/syncs/quarantine",
    "/#/claims",
    "/#/costs",
    "/#/accounts",
    "/#/account",
    "/#/claims?type=nothing",
)
OPEN_ALL = "for (const one of document.querySelectorAll('main details')) one.open = true"


async def serious(page: Page) -> list[Any]:
    found = (await Axe().run(page)).response["violations"]
    return [
        (one["id"], node["html"], node["failureSummary"])
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_no_page_keeps_anybody_out(
    browser: Browser,
    shop: Server,
    shop_database: Database,
    seller: User,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """No serious violation on any page or its states, in both schemes, on a phone and a screen."""
    viewport = ViewportSize(width=width, height=900)
    options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    async with seated(browser, shop, shop_database, seller, **options) as seat:
        page = await seat.page()
        for address in PAGES:
            await page.goto(address)
            await expect(page.locator("main h1")).to_be_visible()
            assert await serious(page) == [], address
        await page.goto("/#/claims")
        await page.locator("td.select input").first.check()
        await expect(page.get_by_role("group", name="Selected claims")).to_be_visible()
        assert await serious(page) == []
        await page.locator("tbody a").first.click()
        await expect(page.get_by_label("Decision")).to_be_visible()
        assert await serious(page) == []
        packet = await page.get_by_role("link", name="Filing packet").get_attribute("href")
        await page.goto(packet or "")
        assert await serious(page) == []
        assert seat.troubles == []

    newcomer = await new_user(shop_database, f"{scheme}{width}@example.com")
    async with seated(browser, shop, shop_database, newcomer, **options) as seat:
        page = await seat.page()
        await expect(page.get_by_label("First steps")).to_be_visible()
        assert await serious(page) == []
        await seat.context.clear_cookies()
        await page.reload()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert await serious(page) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_no_state_of_a_sync_keeps_anybody_out(
    browser: Browser,
    shop: Server,
    shop_database: Database,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """Running, failed and cancelled, with rows in quarantine, with its plan."""
    viewport = ViewportSize(width=width, height=900)
    options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    person = await new_user(shop_database, f"syncs{scheme}{width}@example.com")
    async with seated(browser, shop, shop_database, person, **options) as seat:
        first, second = await seat.connect("A1", "A2")
        states = ["complete", "cancelled", "failed"]
        begin = utc_now() - timedelta(days=5)
        await store_past(seat, first, states, begin)
        (*_, failed) = await store_past(seat, second, states, begin)
        running = await seat.start(first)
        await set_running(shop_database, running)
        await store_quarantined(shop_database, first, 2)
        page = await seat.page("/#/syncs")
        for address, shown, opened in (
            ("/#/syncs", ".bar-of-syncs a.bad", "Plan of the sync"),
            (f"/#/syncs/{failed}", ".error", "The sync, by kind of data"),
            (f"/#/syncs/{running}", "progress", "Plan of the sync"),
            ("/#/syncs/quarantine", "tbody", "Rows in quarantine"),
        ):
            await page.goto(address)
            await expect(page.locator(shown).first).to_be_visible()
            await page.evaluate(OPEN_ALL)
            await expect(page.get_by_role("table", name=opened).first).to_be_visible()
            assert await serious(page) == [], address
        assert seat.troubles == []
