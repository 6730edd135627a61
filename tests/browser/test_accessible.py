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
from tests.browser.shop import PAGES, seated, visit
from tests.browser.told_syncs import set_running, store_past, store_quarantined

OPEN_ALL = "for (const one of document.querySelectorAll('main details')) one.open = true"
# What depends on the scheme; all other rules find the same in both.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {"light": {}, "dark": COLOURS}


async def serious(page: Page) -> list[Any]:
    """In both schemes: colours follow at once, so a page is loaded only once for both."""
    found = []
    for scheme, rules in RULES.items():
        await page.emulate_media(color_scheme=scheme)
        run = await Axe().run(page, options={"resultTypes": ["violations"], **rules})
        violations = run.response["violations"]
        found += [
            (scheme, one["id"], node["html"], node["failureSummary"])
            for one in violations
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]
    return found


@pytest.mark.parametrize("width", [1440, 390])
async def test_no_page_keeps_anybody_out(
    browser: Browser, shop: Server, shop_database: Database, seller: User, width: int
) -> None:
    """No serious violation on any page or its states, in both schemes, on a phone and a screen."""
    viewport = ViewportSize(width=width, height=900)
    options = {"viewport": viewport, "reduced_motion": "reduce"}
    async with seated(browser, shop, shop_database, seller, **options) as seat:
        page = await seat.page()
        for address in PAGES:
            await visit(page, address)
            assert await serious(page) == [], address
        # The seller's ledger has weak claims at least.
        await page.goto("/#/packs?standing=toReview")
        await page.locator("tbody td.lead a").first.click()
        await expect(page.get_by_role("region", name="Attach")).to_be_visible()
        await page.evaluate(OPEN_ALL)
        assert await serious(page) == []
        await page.goto("/#/data/orders")
        await page.locator("tbody button").first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await serious(page) == []
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
        await page.goto("/api/docs")
        first = {"include": [["h1"], ["body > p"], ["section:first-of-type"]]}
        await page.emulate_media(color_scheme="dark")
        contrast = await Axe().run(page, context=first, options=COLOURS)
        assert contrast.response["violations"] == []
        assert seat.troubles == []

    newcomer = await new_user(shop_database, f"new{width}@example.com")
    async with seated(browser, shop, shop_database, newcomer, **options) as seat:
        page = await seat.page()
        await expect(page.get_by_label("First steps")).to_be_visible()
        assert await serious(page) == []
        await page.goto("/#/data")
        await expect(page.get_by_role("link", name="Connect an Amazon account")).to_be_visible()
        assert await serious(page) == []
        await page.goto("/#/settings/account")
        await page.get_by_role("button", name="Create token").click()
        await expect(page.get_by_label("Token", exact=True)).to_be_visible()
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
        page = await seat.page()
        for address, shown, opened in (
            ("/#/syncs", ".bar-of-syncs a.bad", "Plan of the sync"),
            (f"/#/syncs/{failed}", ".error", "The sync, by kind of data"),
            (f"/#/syncs/{running}", "progress", "Plan of the sync"),
            ("/#/syncs/quarantine", "tbody", "Rows in quarantine"),
        ):
            await visit(page, address)
            await expect(page.locator(shown).first).to_be_visible()
            await page.evaluate(OPEN_ALL)
            await expect(page.get_by_role("table", name=opened).first).to_be_visible()
            assert await serious(page) == [], address
        assert seat.troubles == []
