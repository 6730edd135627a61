"""Watching syncs: one card per account, live, in every tab, and through a server that goes away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import text

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.engine import Database
from tests.api.serving import finish, new_user, progress, serving, until
from tests.browser.shop import Seat, seated
from tests.cli.programs import free_port
from tests.sandbox.running import Running


def card(page: Page, seller: str) -> Locator:
    return page.get_by_label(f"Sync of {seller} (NA)", exact=True)


async def test_each_account_has_its_own_card(seat: Seat) -> None:
    """Two syncs go on side by side; cancel asks, and stops the one whose card it is on."""
    first, second = await seat.connect("A1FIRST", "A2SECOND")
    page = await seat.page()
    await card(page, "A1FIRST").get_by_role("button", name="Sync A1FIRST (NA) now").click()
    await expect(card(page, "A1FIRST")).to_contain_text("In progress")
    await card(page, "A2SECOND").get_by_role("button", name="Sync A2SECOND (NA) now").click()
    await expect(card(page, "A2SECOND")).to_contain_text("In progress")

    async with seat.server.client(seat.user) as client:
        syncs = (await client.get("/api/sync/status")).json()["syncs"]
    ids = {one["connectionId"]: one["syncId"] for one in syncs}
    await progress(seat.database, ids[first.connection_id], 48, "first at work")
    await progress(seat.database, ids[second.connection_id], 10, "second at work")
    await expect(card(page, "A1FIRST")).to_contain_text("first at work")
    await expect(card(page, "A1FIRST")).to_contain_text("48 %")
    await expect(card(page, "A2SECOND")).to_contain_text("second at work")

    asked: list[str] = []

    async def answer(dialog: object) -> None:
        asked.append(dialog.message)  # type: ignore[attr-defined]
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())  # type: ignore[attr-defined]

    page.on("dialog", answer)
    cancel = card(page, "A1FIRST").get_by_role("button", name="Cancel")
    await cancel.click()
    await cancel.click()
    await expect(card(page, "A1FIRST")).to_contain_text("Cancelled")
    await expect(card(page, "A2SECOND")).to_contain_text("In progress")
    assert len(asked) == 2
    assert all("A1FIRST (NA)" in text for text in asked)


async def test_eight_tabs_follow_over_one_stream(seat: Seat) -> None:
    """All tabs of a browser share one stream, which closes while none of them is seen."""
    (account,) = await seat.connect("A1")
    before = seat.server.readers()
    tabs = [await seat.page() for _ in range(8)]
    for tab in tabs:
        await expect(card(tab, "A1")).to_be_visible()
    await until(lambda: seat.server.readers() == before + 1)
    sync_id = await seat.start(account)
    await progress(seat.database, sync_id, 55, "told to everyone")
    for tab in tabs:
        await expect(card(tab, "A1")).to_contain_text("told to everyone")
    assert seat.server.readers() == before + 1

    hide = """state => { Object.defineProperty(document, 'visibilityState',
        {value: state, configurable: true}); document.dispatchEvent(new Event('visibilitychange')) }"""
    for tab in tabs:
        await tab.evaluate(hide, "hidden")
    await until(lambda: seat.server.readers() == before)
    await progress(seat.database, sync_id, 66, "told while nobody looked")
    await tabs[0].evaluate(hide, "visible")
    await expect(card(tabs[0], "A1")).to_contain_text("told while nobody looked")


async def test_a_server_that_comes_back_is_noticed(
    browser: Browser, database: Database, sandbox: Running, tmp_path: Path
) -> None:
    """The page says that it waits, and goes on without being loaded again; so does one opened meanwhile."""
    port = free_port()
    settings = Settings(
        data_dir=tmp_path,
        local_sandbox=f"http://127.0.0.1:{sandbox.port}",
        public_url=f"http://127.0.0.1:{port}",
    )
    user = await new_user(database)
    async with serving(settings, database, port=port) as server:
        context = seated(browser, server, database, user)
        seat = await context.__aenter__()
        (account,) = await seat.connect("A1")
        sync_id = await seat.start(account)
        page, other = await seat.page(), await seat.page()
        third = await seat.page(f"/#/syncs/{sync_id}")
        await expect(card(page, "A1")).to_contain_text("In progress")
        await expect(third.get_by_label("Outcome")).to_contain_text("In progress")
    banner = page.get_by_text("recoup does not answer. Reconnecting")
    await expect(banner).to_be_visible()
    await other.evaluate("location.hash = '#/claims'")
    await expect(other.get_by_role("heading", name="could not be loaded")).to_be_visible()
    await finish(database, sync_id)
    async with serving(settings, database, port=port):
        await expect(card(page, "A1")).to_contain_text("Complete")
        await expect(third.get_by_label("Outcome")).to_contain_text("Complete")
        await expect(banner).to_be_hidden()
        await expect(other.get_by_role("heading", name="Claims")).to_be_visible()
        await context.__aexit__(None, None, None)


async def test_without_a_stream_the_state_is_asked_for(seat: Seat) -> None:
    """Where a proxy lets no stream through, progress is seen all the same."""
    await seat.context.add_init_script("delete window.SharedWorker")
    await seat.context.route("**/api/sse/status", lambda route: route.fulfill(status=502))
    (account,) = await seat.connect("A1")
    sync_id = await seat.start(account)
    page = await seat.page()
    await progress(seat.database, sync_id, 37, "polled")
    await expect(card(page, "A1")).to_contain_text("polled")
    await expect(page.get_by_text("Reconnecting")).to_be_hidden()
    seat.troubles.clear()


async def test_what_is_held_is_shown_after_a_sync_that_brought_nothing(full_seat: Seat) -> None:
    """Not zeros: what is stored, what of it is new, and up to which day it is loaded."""
    seat = full_seat
    async with seat.server.client(seat.user) as client:
        (before,) = (await client.get("/api/sync/status")).json()["syncs"]
    async with seat.database.writing() as conn:
        await conn.execute(
            text(
                "insert into sync_progress (sync_id, workspace_id, connection_id, trigger, status, "
                "progress, message, completed_at) select 'sync_quiet', workspace_id, connection_id, "
                "'schedule', 'complete', 100, 'Sync completed', now() from sync_progress "
                "where sync_id = :before"
            ),
            {"before": before["syncId"]},
        )
        await conn.execute(
            text(
                "insert into sync_stream (sync_id, name, status) select 'sync_quiet', name, "
                "'complete' from sync_stream where sync_id = :before"
            ),
            {"before": before["syncId"]},
        )
    page = await seat.page("/#/syncs")
    orders = card(page, "A1SELLER").get_by_role("row", name="Orders")
    stored = next(one["rows"] for one in before["streams"] if one["name"] == "orders")
    await expect(orders.get_by_role("cell").nth(1)).to_have_text(str(stored))
    await expect(orders.get_by_role("cell").nth(2)).to_have_text("0")
    await expect(orders.get_by_role("cell").nth(3)).to_contain_text("202")


async def test_a_failed_sync_says_each_cause_once(seat: Seat) -> None:
    """However many kinds of data it hit, with what to do."""
    (account,) = await seat.connect("A1")
    sync_id = await seat.start(account)
    async with seat.database.writing() as conn:
        await conn.execute(
            text(
                "update sync_stream set status = 'failed', error = case when name = 'orders' "
                "then 'Amazon answers with 500' else 'the role Inventory is missing' end "
                "where sync_id = :sync_id"
            ),
            {"sync_id": sync_id},
        )
    await finish(seat.database, sync_id, "failed")
    page = await seat.page()
    failure = card(page, "A1").locator(".error")
    await expect(failure.locator("li")).to_have_count(2)
    await expect(failure.get_by_text("The role Inventory is missing.")).to_have_count(1)
    await expect(failure).to_contain_text("start the sync again: it continues from there")


async def test_a_failed_sync_says_when_it_is_tried_again(seat: Seat) -> None:
    """Nobody need start it then; once the time has passed, the words are the usual ones."""
    for seller, hours, words in (
        ("A1", 1, "You do not have to do anything."),
        ("A2", -1, "start the sync again: it continues from there"),
    ):
        (account,) = await seat.connect(seller)
        sync_id = await seat.start(account)
        async with seat.database.writing() as conn:
            await conn.execute(
                text("update sync_progress set retry_at = :at where sync_id = :sync_id"),
                {"sync_id": sync_id, "at": utc_now() + timedelta(hours=hours)},
            )
        await finish(seat.database, sync_id, "failed")
        page = await seat.page()
        await expect(card(page, seller).locator(".error")).to_contain_text(words)


async def test_one_cause_that_many_calls_met_is_said_once(seat: Seat) -> None:
    """Each call has a name and a number of its own, which only Amazon's support asks for."""
    (account,) = await seat.connect("A1")
    sync_id = await seat.start(account)
    async with seat.database.writing() as conn:
        await conn.execute(
            text(
                "update sync_stream set status = 'failed', error = 'get' || initcap(name) "
                "|| ': The answer is not JSON. (request r-' || name || ')' where sync_id = :sync_id "
                "and name in ('orders', 'returns', 'ledger')"
            ),
            {"sync_id": sync_id},
        )
    await finish(seat.database, sync_id, "failed")
    page = await seat.page()
    failure = card(page, "A1").locator(".error")
    await expect(failure).to_contain_text("1 problem")
    await expect(failure.get_by_text("The answer is not JSON.")).to_have_count(1)
    await expect(failure.get_by_text("Orders, Ledger, Returns")).to_be_visible()
    await expect(failure.get_by_text("request r-ledger")).to_be_hidden()
    await failure.get_by_text("For Amazon's support").click()
    await expect(failure.get_by_text("getLedger, request r-ledger")).to_be_visible()


async def test_the_first_sync_is_three_clicks_away(seat: Seat) -> None:
    """The checklist leads to it, says what is done, and disappears."""
    page = await seat.page()
    steps = page.get_by_label("First steps")
    await steps.get_by_role("link", name="I have a refresh token").click()
    await expect(page.get_by_label("Refresh token", exact=True)).to_be_focused()
    await page.go_back()
    await steps.get_by_role("button", name="Try with the sandbox").click()
    await expect(page.get_by_text("In progress").first).to_be_visible()
    await expect(steps).to_contain_text("The first sync is running")
    async with seat.server.client(seat.user) as client:
        (sync,) = (await client.get("/api/sync/status")).json()["syncs"]
    await finish(seat.database, sync["syncId"])
    await expect(steps).to_be_hidden()
