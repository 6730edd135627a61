"""The lists of loaded rows: chosen, read, traced to their source, taken along."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from recoup.api.routes.dashboard import FOLDER
from recoup.db.engine import Database
from recoup.streams import all_streams
from tests.api.rows import store_orders, store_units
from tests.api.serving import Server, finish
from tests.browser.shop import Seat, seated
from tests.support.openapi_document import PATHS

_TOLD = (FOLDER / "data" / "data_lists.js").read_text()
LISTS = re.findall(r'^  "?([\w-]+)"?: \{$', _TOLD, re.MULTILINE)


def rows(page: Page) -> Locator:
    return page.locator("#main > section tbody tr")


async def open_row(page: Page, name: str) -> Locator:
    await page.get_by_role("button", name=name, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


def test_there_is_a_list_for_each_stream() -> None:
    """The names are those of the routes. Items of a shipment stand in the shipment."""
    inside = {"shipment_items"}
    shown = {name.replace("-", "_") for name in LISTS}
    assert shown == {one.name for one in all_streams()} - inside | {"fees"}
    assert {f"/api/{name}" for name in LISTS} <= set(PATHS)


@pytest.mark.parametrize("name", LISTS)
async def test_each_row_leads_to_its_source(full_seat: Seat, name: str) -> None:
    """From the summary to a list, to a row, to the report or the call that it came from, and back."""
    page = await full_seat.page("/#/data")
    await page.locator(f"a[href='#/data/{name}']").click()
    await expect(page.get_by_text(re.compile("Last read .*20"))).to_be_visible()
    first = rows(page).first.get_by_role("button")
    await first.click()
    dialog = page.get_by_role("dialog")
    await expect(
        dialog.get_by_text(re.compile(r"Report GET_\w+ \S+, document|\w, request \S"))
    ).to_be_visible()
    await expect(dialog.get_by_text("Stored")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(first).to_be_focused()


async def test_the_filters_are_in_the_address(seat: Seat) -> None:
    """They choose the rows, and a list that is opened by its address is the same list."""
    first, second = await seat.connect("A1", "A2")
    await store_orders(seat.database, first.connection_id, range(60))
    await store_orders(seat.database, second.connection_id, range(60, 63))
    page = await seat.page("/#/data/orders")
    await expect(rows(page)).to_have_count(50)
    await page.get_by_role("button", name="Show more").press("Enter")
    await expect(rows(page)).to_have_count(63)
    await expect(rows(page).nth(50).get_by_role("button")).to_be_focused()
    assert "pages=2" in page.url

    # How true the list is stands above it for each account that it shows.
    freshness = page.get_by_text("Not read completely yet.")
    await expect(freshness).to_have_text([f"A{n} (NA): Not read completely yet." for n in (1, 2)])
    await page.get_by_label("Amazon account").select_option("A2 (NA)")
    await expect(rows(page)).to_have_count(3)
    await expect(freshness).to_have_text(["A2 (NA): Not read completely yet."])
    await page.get_by_label("Amazon account").select_option("Any")
    await page.get_by_label("SKU").fill("SKU-1")
    await expect(rows(page)).to_have_count(21)
    await page.get_by_label("Created to").fill("2025-12-31")
    await expect(page.get_by_text("No matching rows.")).to_be_visible()
    await page.get_by_label("Created to").fill("2026-01-01")
    await expect(rows(page)).to_have_count(21)
    await page.get_by_label("Order", exact=True).fill("O-000004")
    await expect(rows(page)).to_have_count(1)

    await page.reload()
    await expect(rows(page)).to_have_count(1)
    await expect(page.get_by_label("Created to")).to_have_value("2026-01-01")
    await expect(page.get_by_label("Order", exact=True)).to_have_value("O-000004")
    dialog = await open_row(page, "O-000004")
    await expect(dialog).to_contain_text("$6.15")
    await expect(dialog).to_contain_text("A1 (NA)")


async def test_a_day_is_the_one_that_the_reader_sees(
    browser: Browser, shop: Server, shop_database: Database, seat: Seat
) -> None:
    """A filter follows the calendar in which the rows are shown; a day without a time is the same everywhere."""
    (account,) = await seat.connect("A1")
    await store_orders(seat.database, account.connection_id, range(1))
    await store_units(seat.database, account.connection_id, range(3))
    options = {"timezone_id": "America/Los_Angeles", "locale": "en-US"}
    async with seated(browser, shop, shop_database, seat.user, **options) as far:
        page = await far.page("/#/data/orders?from=2025-12-31&to=2025-12-31")
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("Dec 31, 2025")
        await page.goto("/#/data/ledger?from=2026-01-02&to=2026-01-02")
        await expect(page.get_by_role("heading", name="Stock ledger")).to_be_visible()
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("Jan 2, 2026")
        assert far.troubles == []


async def test_an_export_is_exactly_the_selection(seat: Seat, tmp_path: Path) -> None:
    """All rows that the filters choose, also those that are not shown, and no other."""
    first, second = await seat.connect("A1", "A2")
    await store_orders(seat.database, first.connection_id, range(180))
    await store_orders(seat.database, second.connection_id, range(3))
    page = await seat.page(f"/#/data/orders?connectionId={first.connection_id}&sku=SKU-1")
    await expect(rows(page)).to_have_count(50)
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Download CSV").click()
    download = await begun.value
    assert download.suggested_filename == "recoup-orders.csv"
    await download.save_as(tmp_path / "orders.csv")
    with (tmp_path / "orders.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert {one["orderId"] for one in lines} == {f"O-{n:06}" for n in range(1, 180, 3)}
    assert {one["connectionId"] for one in lines} == {first.connection_id}


async def test_a_list_says_when_it_is_old(seat: Seat) -> None:
    """Once a sync has ended; rows do not move under the pointer."""
    (account,) = await seat.connect("A1")
    await store_orders(seat.database, account.connection_id, range(2))
    page = await seat.page("/#/data/orders")
    await expect(rows(page)).to_have_count(2)
    sync_id = await seat.start(account)
    await store_orders(seat.database, account.connection_id, range(2, 4))
    await finish(seat.database, sync_id)
    await expect(page.get_by_text("A sync has ended")).to_be_visible()
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("button", name="Load it again").click()
    await expect(rows(page)).to_have_count(4)
