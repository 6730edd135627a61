"""Connecting an Amazon account by the consent page, as a seller does it in a browser."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page, expect
from sqlalchemy import text

from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_user, token_of
from tests.sandbox.running import Running

CALLBACK = "/auth/callback"


async def to_consent_page(page: Page) -> None:
    """From the dashboard to the question of the sandbox."""
    await page.goto("/#/accounts")
    await (
        page.get_by_label("Connect with Amazon").get_by_label("Environment").select_option("local")
    )
    await page.get_by_role("button", name="Connect with Amazon").click()
    await expect(page.get_by_role("heading", name="Authorize application")).to_be_visible()


async def approve(page: Page) -> str:
    """The address by which the browser came back."""
    async with page.expect_response(lambda answer: CALLBACK in answer.url) as came_back:
        await page.get_by_role("button", name="Approve").click()
    answer = await came_back.value
    headers = await answer.all_headers()
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    return answer.url


async def connections(server: Server, user: User) -> list[dict[str, Any]]:
    async with server.client(user) as client:
        status = await client.get("/api/v1/integrations/amazon/status")
    found: list[dict[str, Any]] = status.json()["connections"]
    return found


async def execute(database: Database, statement: str, **values: Any) -> None:
    async with database.writing() as conn:
        await conn.execute(text(statement), values)


async def test_a_seller_connects(
    page: Page, server: Server, user: User, sandbox: Running, database: Database
) -> None:
    """From the button over Amazon's page back to the account, with no code left in the address."""
    await to_consent_page(page)
    await approve(page)

    await expect(page.locator("#main").get_by_text("connected.")).to_be_visible()
    seller_id = sandbox.world()["sellerId"]
    await expect(page.get_by_label(f"Account {seller_id}").get_by_text("Active")).to_be_visible()
    (connected,) = await connections(server, user)
    assert page.url.endswith(f"/#/accounts?connected={connected['connectionId']}")
    assert (connected["sellingPartnerId"], connected["status"]) == (seller_id, "active")
    assert "ATVPDKIKX0DER" in connected["marketplaceIds"]
    async with database.reading() as conn:
        held = await conn.execute(text("select amazon_consent::text from amazon_consent"))
        assert connected["connectionId"] not in held.scalar_one()


async def test_a_seller_says_no(page: Page, server: Server, user: User) -> None:
    """The page says what happened and leads back; nothing is connected."""
    await to_consent_page(page)
    await page.get_by_role("button", name="Deny").click()

    await expect(page.get_by_role("alert")).to_contain_text("answered with no, so nothing was")
    await page.get_by_role("link", name="To the Amazon accounts").click()
    await expect(page.get_by_role("heading", name="Amazon accounts")).to_be_visible()
    assert await connections(server, user) == []


async def test_a_seller_takes_too_long(
    page: Page, server: Server, user: User, database: Database
) -> None:
    """After ten minutes the answer is refused, and the page says to begin again."""
    await to_consent_page(page)
    await execute(database, "update amazon_consent set expires_at = now()")
    await approve(page)

    await expect(page.get_by_role("alert")).to_contain_text("ten minutes")
    assert await connections(server, user) == []


async def test_an_answer_counts_once_and_in_its_own_browser(
    page: Page, server: Server, user: User, database: Database, browser: Browser
) -> None:
    """Going back in the browser, another user's browser, and a stranger's are told so."""
    await to_consent_page(page)
    address = await approve(page)
    await page.goto(address)
    await expect(page.get_by_role("alert")).to_contain_text("was used before")

    stranger = await browser.new_context(base_url=server.url)
    elsewhere = await stranger.new_page()
    await elsewhere.goto(address)
    await expect(elsewhere.get_by_role("alert")).to_contain_text("Sign in to recoup")
    other = token_of(await new_user(database, "other@example.com"), server.settings)
    await stranger.add_cookies([{"name": "session_token", "value": other, "url": server.url}])
    await elsewhere.goto(address)
    await expect(elsewhere.get_by_role("alert")).to_contain_text("another browser or user")
    await stranger.close()
    assert len(await connections(server, user)) == 1


async def test_a_seller_authorizes_again(
    page: Page, server: Server, user: User, database: Database
) -> None:
    """The overview says why and has the button; the connection and its data stay the same."""
    await to_consent_page(page)
    await approve(page)
    await expect(page.locator("#main").get_by_text("connected.")).to_be_visible()
    (before,) = await connections(server, user)
    revoked = Vault(server.settings.keys).seal("Atzr|revoked")
    await execute(database, "update amazon_connection set refresh_token_sealed = :it", it=revoked)
    async with server.client(user) as client:
        assert (await client.post("/api/sync/start")).status_code == 400

    await page.goto("/#/")
    attention = page.get_by_label("Needs attention")
    await expect(attention).to_contain_text("the seller has revoked it in Seller Central")
    await attention.get_by_role("button", name="Authorize again").click()
    await approve(page)
    await expect(
        page.locator("#main").get_by_text("connected again; its authorization of")
    ).to_be_visible()

    (after,) = await connections(server, user)
    assert (after["connectionId"], after["status"]) == (before["connectionId"], "active")
    assert after["marketplaceIds"] == before["marketplaceIds"]


async def test_a_seller_leaves(page: Page, server: Server, user: User) -> None:
    """Disconnecting keeps the account in the list, deleting its data does not; both ask first."""
    page.on("dialog", lambda dialog: dialog.accept())
    await to_consent_page(page)
    await approve(page)
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.locator("#main").get_by_text("Disconnected")).to_be_visible()
    (kept,) = await connections(server, user)
    assert (kept["status"], kept["expiresAt"]) == ("disconnected", None)

    await page.get_by_role("button", name="Delete data").click()
    await expect(page.locator("#main").get_by_text("No account is connected yet.")).to_be_visible()
    assert await connections(server, user) == []


async def test_a_seller_enters_a_refresh_token(page: Page, server: Server, user: User) -> None:
    """For a self-authorised application: a wrong marketplace is named, then the account connects."""
    await page.goto("/#/accounts")
    form = page.get_by_label("Connect with a refresh token")
    await form.get_by_label("Refresh token").fill("Atzr|test")
    await form.get_by_label("Seller id").fill("A1SELLER")
    await form.get_by_label("Environment").select_option("local")
    await form.get_by_label("Marketplaces").fill("A1F83G8C2ARO7P")
    await form.get_by_role("button", name="Connect").click()
    await expect(form.get_by_role("alert")).to_contain_text("is in region EU")
    await form.get_by_label("Marketplaces").fill("ATVPDKIKX0DER")
    await form.get_by_role("button", name="Connect").click()

    await expect(
        page.locator("#main").get_by_text("Amazon account A1SELLER (NA) connected.")
    ).to_be_visible()
    assert [one["sellingPartnerId"] for one in await connections(server, user)] == ["A1SELLER"]
