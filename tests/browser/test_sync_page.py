"""The page of syncs: watching one, what came before it, and what could not be read."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.async_api import Dialog, Locator, Page, expect

from recoup.clock import utc_now
from tests.api.serving import finish
from tests.browser.shop import Seat
from tests.browser.told_syncs import set_running, set_stream, store_past, store_quarantined


def card(page: Page, seller: str) -> Locator:
    return page.get_by_label(f"Sync of {seller} (NA)", exact=True)


async def test_a_sync_is_started_watched_and_cancelled(seat: Seat) -> None:
    """Each kind of data with state, rows, what is awaited and planned; loading the page again shows the
    same; cancel asks first."""
    await seat.connect("A1")
    page = await seat.page("/#/syncs")
    await expect(page.get_by_label("Pages")).to_contain_text("Sync")
    await card(page, "A1").get_by_role("button", name="Sync A1 (NA) now").click()
    await expect(card(page, "A1")).to_contain_text("In progress")
    async with seat.server.client(seat.user) as client:
        (sync,) = (await client.get("/api/sync/status")).json()["syncs"]
    sync_id = sync["syncId"]
    await set_running(seat.database, sync_id)
    await page.reload()
    orders = page.get_by_role("row", name=re.compile("^Orders"))
    for address in ("/#/syncs", f"/#/syncs/{sync_id}"):
        await page.goto(address)
        await expect(page.locator("main")).to_contain_text("Processing orders ... 1 of 2")
        await expect(page.locator("main")).to_contain_text(re.compile("41 %, started .* to end"))
        await expect(orders.get_by_role("cell", name="1,247")).to_be_visible()
        await expect(orders.get_by_role("cell", name="2,500")).to_be_visible()
        await expect(orders).to_contain_text("waiting for Amazon's limit or report until about")
        await expect(orders).to_contain_text("1 of 2 steps, by report")
    await set_stream(seat.database, sync_id, "orders", rows=1300, rows_read=1303)
    await expect(orders.get_by_role("cell", name="1,300")).to_be_visible()
    await page.get_by_role("heading", name="Plan", exact=True).click()
    await expect(page.get_by_role("table", name="Plan of the sync")).to_contain_text("2 h by API")

    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())

    page.on("dialog", answer)
    cancel = page.get_by_role("button", name="Cancel")
    await cancel.click()
    await cancel.click()
    await expect(page.get_by_label("Outcome")).to_contain_text("Cancelled")
    await expect(orders.first).to_contain_text("Cancelled")
    assert len(asked) == 2
    assert all("A1 (NA)" in text for text in asked)


async def test_a_failed_sync_opens_to_its_cause(seat: Seat) -> None:
    """From the bar of the last syncs, where a state is a sign and a name too; with what to do next."""
    (account,) = await seat.connect("A1")
    states = ["complete"] * 32 + ["failed", "cancelled", "complete"]
    ids = await store_past(seat, account, states, utc_now() - timedelta(days=40))
    page = await seat.page("/#/syncs")
    links = card(page, "A1").locator(".bar-of-syncs a")
    await expect(links).to_have_count(30)
    assert (await links.all_inner_texts())[-4:] == ["✓", "✕", "\N{EN DASH}", "✓"]
    await expect(card(page, "A1").get_by_role("link", name="Complete, ")).to_have_count(28)

    await card(page, "A1").get_by_role("link", name="Failed, ").click()
    assert page.url.endswith(f"#/syncs/{ids[32]}")
    problem = page.locator(".error")
    await expect(problem.get_by_text("Add the role Orders in Seller Central.")).to_have_count(1)
    await expect(problem).to_contain_text("Orders, Returns")
    await problem.get_by_role("button", name="Start the sync again").click()
    await expect(page.get_by_label("Outcome")).to_contain_text("In progress")
    assert not page.url.endswith(f"#/syncs/{ids[32]}")


async def test_what_the_next_sync_will_do_is_shown(seat: Seat) -> None:
    """Before anybody starts it, with the time that it is foreseen to take."""
    await seat.connect("A1")
    page = await seat.page("/#/syncs")
    await card(page, "A1").get_by_text("Plan of the next sync").click()
    plan = page.get_by_role("table", name="Plan of the sync")
    await expect(plan.get_by_role("row", name=re.compile("^Orders"))).to_contain_text("by pages")
    await expect(card(page, "A1")).to_contain_text("Expected time: ")


async def test_a_seller_who_must_authorize_is_led_there(seat: Seat) -> None:
    """Where a new start would fail in the same way, the page of a failed sync begins the consent."""
    (account,) = await seat.connect("A1")
    (sync_id,) = await store_past(seat, account, ["failed"], utc_now() - timedelta(days=1))
    async with seat.server.client(seat.user) as client:
        path = f"/api/v1/integrations/amazon/connections/{account.connection_id}"
        assert (await client.delete(path)).status_code == 204
    page = await seat.page(f"/#/syncs/{sync_id}")
    await expect(page.locator(".error")).to_contain_text("Add the role Orders")
    await expect(page.get_by_role("button", name="Authorize again")).to_be_visible()
    await expect(page.get_by_role("button", name="Start the sync again")).to_be_hidden()


async def test_the_history_is_filtered_in_its_address(seat: Seat) -> None:
    """By state, account and day, on the server; the address brings the same list back."""
    first, second = await seat.connect("A1", "A2")
    begin = utc_now().replace(hour=12) - timedelta(days=70)
    await store_past(seat, first, ["complete"] * 58 + ["failed"] * 2, begin)
    await store_past(seat, second, ["failed"], begin)
    page = await seat.page("/#/syncs")
    history = page.get_by_label("History", exact=True)
    rows = history.locator("tbody tr")
    await expect(rows).to_have_count(50)
    await history.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(61)
    await history.get_by_label("State").select_option("Failed")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("Add the role Orders in Seller Central.")
    await history.get_by_label("Amazon account").select_option("A1 (NA)")
    await expect(rows).to_have_count(2)
    day = (begin + timedelta(days=58)).date().isoformat()
    await history.get_by_label("To", exact=True).fill(day)
    await expect(rows).to_have_count(1)
    assert f"to={day}" in page.url
    assert "status=failed" in page.url
    await page.reload()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("2 min 5 s")

    running = await seat.start(second)
    await expect(history).to_contain_text("The history has changed since it was loaded.")
    await expect(rows).to_have_count(1)
    await history.get_by_label("State").select_option("In progress")
    await history.get_by_label("Amazon account").select_option("Any")
    await history.get_by_label("To", exact=True).fill("")
    await expect(rows.get_by_role("link")).to_have_attribute("href", f"#/syncs/{running}")
    await finish(seat.database, running)


async def test_rows_that_could_not_be_read_are_tried_again(seat: Seat) -> None:
    """Each with its reason and as Amazon sent it; the answer says how many could be read now."""
    (account,) = await seat.connect("A1")
    page = await seat.page("/#/syncs/quarantine")
    await expect(page.get_by_text("No row is in quarantine")).to_be_visible()
    await store_quarantined(seat.database, account, 2)
    await page.goto("/#/syncs")
    await page.get_by_role("link", name="Look at them").click()
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await rows.first.get_by_text("As Amazon sent it").click()
    await expect(rows.first).to_contain_text("12.30")
    await expect(rows.first).to_contain_text("searchOrders, request request-1")
    await page.get_by_role("button", name="Try all rows again").click()
    await expect(
        page.get_by_text("2 rows tried: 0 loaded, 2 still cannot be read.")
    ).to_be_visible()
    await expect(rows).to_have_count(2)
