"""What a first visit costs over the wire."""

from __future__ import annotations

from playwright.async_api import expect

from recoup.api.routes.dashboard import FOLDER
from tests.browser.shop import Seat

MOST_BYTES = 150_000
# What the page's own log of requests does not have: they are the worker's.
OF_THE_WORKER = ("shared/stream_worker.js", "shared/stream.js")
SCRIPTS = """performance.getEntriesByType('resource').map(one => [one.name, one.transferSize])"""
PAGE = "performance.getEntriesByType('navigation')[0].transferSize"


async def test_a_first_visit_is_light(full_seat: Seat) -> None:
    """The Overview with its files and data, from an empty cache: under 150 KB."""
    page = await full_seat.page()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    loaded = dict(await page.evaluate(SCRIPTS))
    worker = sum((FOLDER / name).stat().st_size for name in OF_THE_WORKER)

    assert await page.evaluate(PAGE) + sum(loaded.values()) + worker < MOST_BYTES
    assert len(loaded) > 10
