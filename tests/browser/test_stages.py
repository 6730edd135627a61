"""A claim's stages on its page: one button stands out, answers stay as they are, texts are copied."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from recoup.db.engine import Database
from tests.api.serving import Server
from tests.browser.shop import Seat, seated
from tests.browser.test_accessible import serious
from tests.browser.test_claims import choice, rows, with_claims

LETTER = "Hello,\n\n  we found the units.\n\nRegards"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def open_claim(seat: Seat) -> Page:
    await with_claims(seat, range(1))
    page = await seat.page("/#/claims")
    await page.locator("tbody a").first.click()
    await expect(page.get_by_label("Decision")).to_be_visible()
    return page


async def test_a_denial_and_a_payment_in_part(seat: Seat) -> None:
    """From filing to the rest of the money, by mouse and keyboard; the list follows."""
    page = await open_claim(seat)
    decision = page.get_by_label("Decision")
    main = decision.locator("button:not(.quiet):visible")
    await seat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await decision.get_by_label("Case id").fill("4711")
    await decision.get_by_role("button", name="I have filed it").press("Enter")
    await expect(decision.locator(".badge").first).to_have_text("Filed")

    await decision.get_by_role("button", name="Enter Amazon's answer").press("Enter")
    form = page.get_by_role("form", name="Amazon's answer")
    await expect(form.get_by_label("Outcome")).to_be_focused()
    assert await main.all_inner_texts() == ["Save answer"]
    await form.get_by_label("Outcome").select_option("Denied")
    await expect(form.get_by_label("Amount paid")).to_be_hidden()
    await form.get_by_label("Amazon's reason").select_option("Units were found")
    await form.get_by_label("Amazon's answer, word for word").fill(LETTER)
    assert await serious(page) == []
    await form.get_by_role("button", name="Save answer").click()

    answers = page.get_by_label("Amazon's answers")
    await expect(answers.locator("blockquote")).to_have_text(LETTER, use_inner_text=True)
    assert await main.all_inner_texts() == ["I have appealed"]
    text = page.get_by_role("region", name="Text for Amazon")
    await expect(text).to_contain_text("I ask you to review your decision")
    await text.get_by_role("button", name="Copy text").click()
    await expect(page.locator("#announcer")).to_contain_text("Copied")
    assert "SKU-0" in await page.evaluate("navigator.clipboard.readText()")

    await decision.get_by_role("button", name="I have appealed").click()
    await expect(decision.locator(".badge").first).to_have_text("Appealed")
    await decision.get_by_role("button", name="Enter Amazon's answer").click()
    await form.get_by_label("Outcome").select_option("Paid in part")
    await form.get_by_label("Amount paid").fill("5.00")
    await form.get_by_role("button", name="Save answer").click()
    await expect(page.get_by_label("Payments")).to_contain_text("not in the report")
    assert await main.all_inner_texts() == ["I have asked for the rest"]

    await page.goto("/#/claims?standing=")
    await choice(page, "Stage").select_option("Paid in part")
    await rows(page, 1)
    await choice(page, "Stage").select_option("Denied")
    await expect(page.get_by_text("No matching claims")).to_be_visible()


async def test_a_hold_says_why(seat: Seat) -> None:
    """It cannot be set without a reason, and Cancel puts the buttons back."""
    page = await open_claim(seat)
    decision = page.get_by_label("Decision")
    await decision.get_by_role("button", name="Put on hold").click()
    form = page.get_by_role("form", name="Put on hold")
    await form.get_by_role("button", name="Cancel").click()
    await decision.get_by_role("button", name="Put on hold").click()
    await form.get_by_label("What the claim is waiting for").fill("The invoice")
    await form.get_by_label("What the claim is waiting for").press("Enter")

    await expect(decision).to_contain_text("On hold: The invoice")
    await decision.get_by_role("button", name="Take off hold").click()
    await expect(decision.locator(".badge").first).to_have_text("Ready to file")


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_forms_fit_their_page(
    browser: Browser, shop: Server, shop_database: Database, seat: Seat, width: int
) -> None:
    """Nothing scrolls sideways, on a phone and on a screen."""
    viewport = ViewportSize(width=width, height=844)
    async with seated(browser, shop, shop_database, seat.user, viewport=viewport) as narrow:
        page = await open_claim(narrow)
        await page.get_by_role("button", name="I have filed it").click()
        await page.get_by_role("button", name="Enter Amazon's answer").click()
        await expect(page.get_by_label("Outcome")).to_be_visible()
        assert await page.evaluate(WIDE) <= 0
        await page.goto("/#/claims?standing=filed")
        await rows(page, 1)
        assert await page.evaluate(WIDE) <= 0
