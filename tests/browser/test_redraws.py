"""A page that follows the world takes nothing away: what is open, typed or asked for once in vain."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, Route, expect

from tests.api.claim_rows import store_claims
from tests.api.serving import finish, progress
from tests.browser.shop import Seat
from tests.browser.test_syncs import card
from tests.browser.told_syncs import set_running, set_stream

STATUS = re.compile(r"/api/sync/status/")
COVERAGE = re.compile(r"/api/coverage")
HISTORY = re.compile(r"/api/sync/history\?connectionId=")


@dataclass
class Refusal:
    """Requests that fail until `over` is set. News may have a page ask a second time at any moment."""

    asked: list[str]
    over: bool = False


async def refuse(page: Page, path: re.Pattern[str]) -> Refusal:
    """`asked` has the addresses of all requests of this path, as they come."""
    refusal = Refusal([])

    async def answer(route: Route) -> None:
        refusal.asked.append(route.request.url)
        await (route.fallback() if refusal.over else route.abort())

    await page.route(path, answer)
    return refusal


async def test_what_is_open_stays_open_while_a_sync_goes_on(seat: Seat) -> None:
    """And the plan of it comes with the next news where the first request for it failed."""
    account, _ = await seat.connect("A1", "A2")
    sync_id = await seat.start(account)
    await set_running(seat.database, sync_id)
    page = await seat.page("/#/syncs")
    refusal = await refuse(page, STATUS)
    orders = card(page, "A1").get_by_role("row", name=re.compile("^Orders"))
    await expect(orders).to_be_hidden()
    async with page.expect_event("requestfailed"):
        await card(page, "A1").get_by_text("By kind of data", exact=True).click()
    await expect(orders).to_be_visible()
    await expect(orders).not_to_contain_text("steps")
    refusal.over = True
    for percent in (43, 47, 52):
        await progress(seat.database, sync_id, percent, f"told at {percent}")
        await expect(card(page, "A1")).to_contain_text(f"told at {percent}")
        await expect(orders).to_be_visible()
    await expect(orders).to_contain_text("1 of 2 steps, by report")
    assert len(refusal.asked) >= 2
    await card(page, "A1").get_by_text("By kind of data", exact=True).click()
    await progress(seat.database, sync_id, 58, "told at 58")
    await expect(card(page, "A1")).to_contain_text("told at 58")
    await expect(orders).to_be_hidden()


async def test_the_page_of_a_sync_keeps_open_what_was_opened(seat: Seat) -> None:
    """The plan, and what Amazon does not give."""
    (account,) = await seat.connect("A1")
    sync_id = await seat.start(account)
    await set_running(seat.database, sync_id)
    why = "Amazon has no such report for this account"
    await set_stream(seat.database, sync_id, "returns", status="unavailable", error=why)
    page = await seat.page(f"/#/syncs/{sync_id}")
    await page.get_by_role("heading", name="Plan", exact=True).click()
    await page.get_by_text("Not available for this account").click()
    plan = page.get_by_role("table", name="Plan of the sync")
    for percent in (43, 47, 52):
        await progress(seat.database, sync_id, percent, f"told at {percent}")
        await expect(page.get_by_label("Outcome")).to_contain_text(f"told at {percent}")
        await expect(plan).to_be_visible()
        await expect(page.get_by_text(why)).to_be_visible()


async def test_what_could_not_be_loaded_is_said_and_asked_for_again(seat: Seat) -> None:
    """What is stored, by who opens it once more; the syncs of before, with the next news."""
    account, _ = await seat.connect("A1", "A2")
    await finish(seat.database, await seat.start(account))
    page = await seat.page("/#/claims")
    coverage, history = await refuse(page, COVERAGE), await refuse(page, HISTORY)
    await page.evaluate("location.hash = '#/syncs'")
    refused = card(page, "A1").get_by_role("alert")
    await expect(refused).to_have_count(1)
    opened = card(page, "A1").get_by_text("By kind of data", exact=True)
    await opened.click()
    await expect(refused).to_have_count(2)
    coverage.over = True
    await opened.click()
    await opened.click()
    await expect(refused).to_have_count(1)
    history.over = True
    await seat.start(account)
    await expect(card(page, "A1")).to_contain_text("The last 2 syncs")
    await expect(refused).to_have_count(0)


async def test_a_form_keeps_what_is_typed_when_a_claim_is_loaded_again(seat: Seat) -> None:
    """But not what was saved."""
    (account,) = await seat.connect("A1")
    claim_id = f"{account.connection_id}-1"
    await store_claims(seat.database, account.connection_id, range(1), claim_id=claim_id)
    page = await seat.page(f"/#/claims/{claim_id}")
    await page.get_by_label("Note").fill("asked the carrier")
    async with seat.server.client(seat.user) as client:
        body = {"connectionId": account.connection_id}
        (await client.post("/api/recoveries/detect", json=body)).raise_for_status()
    again = page.get_by_role("button", name="Load it again")
    await expect(again).to_be_visible()
    packet = f"**/api/recoveries/{claim_id}/packet"
    await page.route(packet, lambda route: route.abort())
    await again.click()
    await expect(page.get_by_role("alert")).to_contain_text("does not answer")
    await page.unroute(packet)
    await again.click()
    await expect(again).to_be_hidden()
    await expect(page.get_by_label("Note")).to_have_value("asked the carrier")
    await page.get_by_role("button", name="Save case id and note").click()
    await expect(page.get_by_label("Facts")).to_contain_text("asked the carrier")
    await expect(page.get_by_label("Note")).to_have_value("")


async def test_of_two_choices_of_packs_the_last_counts(seat: Seat) -> None:
    """A late answer to the one before is not shown under it, and a failure is said."""
    (account,) = await seat.connect("A1")
    await store_claims(
        seat.database, account.connection_id, range(1), claim_id=f"{account.connection_id}-1"
    )
    page = await seat.page("/#/packs")
    await expect(page.get_by_text("1 pack", exact=True)).to_be_visible()
    held: list[Route] = []
    await page.route(re.compile("standing=toReview"), hold(held))
    standing = page.get_by_label("Standing")
    async with page.expect_request(re.compile("standing=toReview")):
        await standing.select_option("toReview")
    await expect(page.locator(".results")).to_have_attribute("aria-busy", "true")
    await standing.select_option("owed")
    await expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")
    async with page.expect_response(re.compile("standing=toReview")):
        await held[0].continue_()
    await expect(page.get_by_text("1 pack", exact=True)).to_be_visible()
    await page.route(re.compile("standing=windowUnknown"), lambda route: route.abort())
    await standing.select_option("windowUnknown")
    await expect(page.get_by_role("alert")).to_contain_text("does not answer")


def hold(held: list[Route]) -> Callable[[Route], Awaitable[None]]:
    async def keep(route: Route) -> None:
        held.append(route)

    return keep
