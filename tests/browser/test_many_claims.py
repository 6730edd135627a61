"""Finding claims by a code, deciding about several at once, and taking them elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Dialog, Page, Route, expect
from sqlalchemy import update

from recoup.claims.tables import claim
from tests.browser.shop import Seat
from tests.browser.test_claims import choice, rows, with_claims


async def ids_by_standing(seat: Seat, standing: str) -> list[str]:
    async with seat.server.client(seat.user) as client:
        found = (await client.get(f"/api/recoveries?standing={standing}")).json()
    return sorted(one["claimId"][-4:] for one in found["items"])


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


async def choose(page: Page, *numbers: int) -> None:
    for number in numbers:
        await page.get_by_role("checkbox", name=re.compile(f"SKU-{number}$")).check()


async def test_a_claim_is_found_by_its_code(seat: Seat) -> None:
    """While one types, kept in the address; what was found among others of its standing is offered."""
    await with_claims(seat, range(12))
    await with_claims(seat, range(12, 13), order_id="111-2222222-3333333", status="filed")
    page = await seat.page("/#/claims")
    await rows(page, 12)
    search = page.get_by_label("Search")
    await search.fill("X0003")
    await rows(page, 1)
    assert "q=X0003" in page.url
    await page.reload()
    await rows(page, 1)
    await expect(search).to_have_value("X0003")

    await search.fill("111-22")
    await expect(
        page.get_by_text("No matching claim has a code that begins with 111-22")
    ).to_be_visible()
    await page.get_by_role("link", name="Search all claims").click()
    await rows(page, 1)
    await expect(choice(page, "Standing")).to_have_value("")
    await search.fill("")
    await rows(page, 13)


async def test_several_claims_are_filed_at_once(seat: Seat) -> None:
    """After a question, with one case id; the rest of the list stays as it is, and nothing is hidden."""
    await with_claims(seat, range(5))
    page = await seat.page("/#/claims")
    await rows(page, 5)
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())

    page.on("dialog", answer)
    tools = page.get_by_role("group", name="Selected claims")
    await expect(tools).to_be_hidden()
    before = await page.locator("tbody tr").nth(3).bounding_box()
    await choose(page, 1, 2)
    assert await page.locator("tbody tr").nth(3).bounding_box() == before
    await expect(tools).to_contain_text("2 claims selected")
    await tools.get_by_label("Case id").fill("4711")
    file = tools.get_by_role("button", name="Mark as filed")
    await file.click()
    await file.click()
    await expect(page.locator("main").get_by_text("2 claims filed.")).to_be_visible()
    await expect(page.locator("main").get_by_text("2 claims filed.")).to_be_focused()
    await rows(page, 3)
    await expect(tools).to_be_hidden()
    assert asked == ["Mark 2 claims as filed?"] * 2
    assert await ids_by_standing(seat, "filed") == ["0001", "0002"]
    async with seat.server.client(seat.user) as client:
        found = (await client.get("/api/recoveries?q=4711")).json()
    assert len(found["items"]) == 2


async def test_claims_that_cannot_be_changed_are_named(seat: Seat) -> None:
    """One that somebody decided meanwhile stops no other; where the server goes, the rest stays chosen."""
    await with_claims(seat, range(5))
    page = await seat.page("/#/claims")
    page.on("dialog", lambda dialog: dialog.accept())
    await rows(page, 5)
    async with seat.server.client(seat.user) as client:
        (found,) = (await client.get("/api/recoveries?q=SKU-1")).json()["items"]
    claim_id = found["claimId"]
    async with seat.database.writing() as conn:
        await conn.execute(
            update(claim).where(claim.c.claim_id == claim_id).values(status="approved")
        )
    await choose(page, 1, 2)
    tools = page.get_by_role("group", name="Selected claims")
    await tools.get_by_role("button", name="Dismiss").click()
    told = page.locator(".bulk").get_by_role("alert")
    await expect(told).to_contain_text("1 claim dismissed. 1 claim could not be changed:")
    await expect(told.get_by_role("link", name="SKU-1")).to_be_visible()
    await expect(told).to_contain_text("A claim that is approved cannot become dismissed")
    await rows(page, 3)

    await expect(tools).to_be_hidden()
    await choose(page, 0, 3, 4)
    patched: list[str] = []

    async def fails(route: Route) -> None:
        patched.append(route.request.url)
        await (route.continue_() if len(patched) < 2 else route.abort())

    await page.route(re.compile(r"/api/recoveries/.*-000\d$"), fails)
    await tools.get_by_role("button", name="Dismiss").click()
    await expect(told).to_contain_text("1 claim dismissed. 2 claims could not be changed:")
    await expect(told).to_contain_text("recoup does not answer")
    await expect(told).to_contain_text("1 more claim was not tried")
    assert len(patched) == 2
    await rows(page, 2)
    await expect(tools).to_contain_text("2 claims selected")


async def test_the_selection_is_downloaded(seat: Seat) -> None:
    """All rows that match, also those that are not shown, and no others."""
    await with_claims(seat, range(60))
    page = await seat.page("/#/claims")
    await page.get_by_label("Search").fill("SKU-1")
    await rows(page, 11)
    for count in (11, 60):
        async with page.expect_download() as got:
            await page.get_by_role("button", name="Download CSV").click()
        file = await got.value
        assert file.suggested_filename == "recoup-claims.csv"
        assert lines_of(await file.path()) == count + 1
        await page.get_by_label("Search").fill("")
        await rows(page, 50)


async def test_a_code_is_copied(seat: Seat) -> None:
    """What Seller Central asks for is one click away, and so is the text of the case."""
    await seat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await with_claims(seat, range(1), order_id="111-2222222-3333333")
    page = await seat.page("/#/claims")
    await page.locator("tbody a").first.click()
    for name, text in (
        ("Copy the order id", "111-2222222-3333333"),
        ("Copy the FNSKU", "X0000"),
        ("Copy text for the case", "2 units"),
    ):
        await page.get_by_role("button", name=name).click()
        await expect(page.locator("#announcer")).to_contain_text("Copied")
        assert text in await page.evaluate("navigator.clipboard.readText()")


async def test_one_action_comes_next(seat: Seat) -> None:
    """Each state of a claim names it and has at most one button that stands out; a dismissed claim can
    be reopened, a rejected one appealed."""
    await with_claims(seat, range(1))
    page = await seat.page("/#/claims")
    await page.locator("tbody a").first.click()
    decision = page.get_by_label("Decision")
    first = decision.locator("button:not(.quiet)")
    answer = "Enter Amazon's answer"
    for text, main, pressed, outcome in (
        ("Next: File the claim", "I have filed it", "Dismiss", None),
        ("Next: Nothing to do", None, "Reopen claim", None),
        ("Next: File the claim", "I have filed it", "I have filed it", None),
        ("Next: Wait for Amazon's answer", answer, answer, "Denied"),
        ("Next: Appeal in the case", "I have appealed", "I have appealed", None),
        ("Next: Wait for Amazon's answer", answer, answer, "Paid"),
        ("Next: Wait for the payment", None, None, None),
    ):
        await expect(decision).to_contain_text(text)
        assert await first.all_inner_texts() == ([main] if main else [])
        if pressed:
            await decision.get_by_role("button", name=pressed).click()
        if outcome:
            await decision.get_by_label("Outcome").select_option(outcome)
            await decision.get_by_role("button", name="Save answer").click()
