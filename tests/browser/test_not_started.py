"""A page whose scripts do not run says so by itself."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

# Instead of waiting for it.
WAIT_IS_OVER = "() => document.getAnimations().forEach((one) => one.finish())"


async def without(page: Page, path: re.Pattern[str]) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=404)

    await page.route(path, refuse)


@pytest.mark.parametrize("missing", ["main", "shared/dom"])
@pytest.mark.parametrize("path", ["/", "/signin"])
async def test_a_page_without_its_scripts_offers_a_reload(
    visitor: BrowserContext, path: str, missing: str
) -> None:
    """The first script or one that it needs is missing: not "Loading" for ever. A reload starts it."""
    page = await visitor.new_page()
    scripts = re.compile(rf"/static/{missing}\.js$")
    await without(page, scripts)
    await page.goto(path)
    message = page.get_by_text("recoup has not started")
    await expect(message).to_be_hidden()
    await page.evaluate(WAIT_IS_OVER)
    await expect(message).to_be_visible()
    await page.unroute(scripts)
    await page.get_by_role("link", name="Reload").click()

    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(message).to_have_count(0)


async def test_a_page_that_waits_for_its_data_has_started(visitor: BrowserContext) -> None:
    """However long an answer takes, the message does not come."""
    page = await visitor.new_page()
    async with page.expect_request(re.compile("/api/")):
        await page.route(re.compile("/api/"), lambda _: None)
        await page.goto("/")

    await expect(page.get_by_text("Loading ...")).to_be_visible()
    await expect(page.get_by_text("recoup has not started")).to_have_count(0)


async def test_a_page_without_its_style_sheet_says_it_at_once(visitor: BrowserContext) -> None:
    """The network that loses the scripts loses it too."""
    page = await visitor.new_page()
    await without(page, re.compile("/static/"))
    await page.goto("/")

    await expect(page.get_by_text("recoup has not started")).to_be_visible()
