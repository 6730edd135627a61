"""What axe-core finds on every page: nothing that keeps anybody from using it."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_user
from tests.browser.shop import seated

PAGES = ("/", "/#/claims", "/#/costs", "/#/accounts", "/#/account", "/#/claims?type=nothing")


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
