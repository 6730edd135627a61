"""No page is a dead end: what is missing leads on, and the keyboard never has to begin again."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.api.claim_rows import store_claims
from tests.api.serving import Server, finish
from tests.browser.shop import Seat

GONE = {
    "claims/claim_gone": "All claims",
    "packs/pack_gone": "All packs",
    "syncs/sync_gone": "All syncs",
}


@pytest.mark.parametrize("address", GONE)
async def test_an_address_at_which_nothing_is_leads_on(seat: Seat, address: str) -> None:
    """From a link in an old mail, too: the page says so, and its pages are a click away."""
    page = await seat.page(f"/#/{address}")

    await expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    await expect(page).to_have_title("Not found - recoup")
    await expect(page.get_by_role("link", name="Sourcing costs")).to_be_visible()
    await page.get_by_role("link", name=GONE[address]).click()
    await expect(page.locator("main:not([aria-busy]) h1")).not_to_have_text("Not found")


@pytest.mark.parametrize("address", ["claims", "packs", "data", "data/orders"])
async def test_a_list_that_nothing_can_fill_says_what_to_do(seat: Seat, address: str) -> None:
    """Without an account no sync will bring a row."""
    page = await seat.page(f"/#/{address}")

    await expect(page.get_by_role("link", name="Drop reports instead")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("Choose an Amazon account")
    await page.get_by_role("link", name="Connect an Amazon account").click()
    await expect(page.get_by_role("heading", name="Connect with Amazon")).to_be_visible()


async def test_whoever_comes_to_sign_in_can_type(visitor: BrowserContext, server: Server) -> None:
    """The first field has the focus."""
    page = await visitor.new_page()
    await page.goto("/")
    await expect(page.get_by_label("Email address")).to_be_focused()


async def test_a_page_that_is_drawn_again_keeps_the_keyboard(seat: Seat) -> None:
    """After the click that starts the trial the next Tab goes on in the page, not before the menu."""
    page = await seat.page()
    trial = page.get_by_role("button", name="Try with the sandbox")
    await trial.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The first sync is running")).to_be_visible()
    await expect(trial).to_have_count(0)
    assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


async def test_the_first_steps_end_with_the_first_claim(seat: Seat) -> None:
    """The last one is there until it is done: it leads to the packs, and goes once a claim is filed."""
    (connection,) = await seat.connect("A1")
    sync_id = await seat.start(connection)
    await store_claims(
        seat.database, connection.connection_id, range(1), claim_id=connection.connection_id
    )
    await finish(seat.database, sync_id)
    page = await seat.page()
    steps = page.get_by_label("First steps")
    await expect(steps.get_by_text("Done", exact=True)).to_have_count(2)
    await steps.get_by_role("link", name="Open the filing packs").click()
    await expect(page.get_by_role("heading", name="Filing packs")).to_be_visible()
    await page.locator("tbody a").first.click()
    await page.get_by_label("Case id").fill("4711")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 claim filed under case 4711.").first).to_be_visible()
    await page.goto("/#/")
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(steps).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_the_api_documents_fit_their_window(seat: Seat, width: int) -> None:
    """Nothing is read by scrolling sideways, on a phone either."""
    page = await seat.page("/api/docs")
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
