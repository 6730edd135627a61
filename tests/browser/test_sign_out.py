"""Signing out: done, or said not to be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from recoup.config import Settings
from recoup.db.engine import Database
from tests.api.serving import new_user, serving
from tests.browser.shop import seated
from tests.cli.programs import free_port


@pytest.mark.parametrize("width", [390, 1440])
async def test_a_sign_out_that_fails_is_told_and_can_be_tried_again(
    browser: Browser, database: Database, tmp_path: Path, width: int
) -> None:
    """While the server is down the person is still signed in; once it is back the same button works."""
    port = free_port()
    settings = Settings(data_dir=tmp_path, public_url=f"http://127.0.0.1:{port}")
    user = await new_user(database)
    viewport = ViewportSize(width=width, height=844)
    async with serving(settings, database, port=port) as server:
        context = seated(browser, server, database, user, viewport=viewport)
        seat = await context.__aenter__()
        page = await seat.page()
        await expect(page.locator("main:not([aria-busy]) h1")).to_be_visible()

    async def sign_out() -> None:
        menu = page.get_by_role("button", name="Menu")
        if await menu.is_visible():
            await menu.click()
        await page.get_by_role("button", name="Sign out").click()

    told = page.get_by_role("alert")
    await page.evaluate("document.body.style.minHeight = '4000px'")
    for _ in range(2):
        await page.evaluate("window.scrollTo(0, 2000)")
        await sign_out()
        await expect(told).to_have_text(
            "You are still signed in. recoup does not answer. "
            "Check that it is running, then try again."
        )
        await expect(told).to_be_in_viewport()
    async with serving(settings, database, port=port):
        await sign_out()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await expect(told).to_have_count(0)
        await page.reload()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await context.__aexit__(None, None, None)
