"""Settings: one's own account, the people of the workspace, its audit log, its export."""

from __future__ import annotations

import csv
import json
import re
import uuid
from pathlib import Path

from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr
from sqlalchemy import text

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.notifications.signing import new_signing_secret
from recoup.notifications.webhook_queries import add_webhook
from recoup.notifications.words import NotificationKind
from recoup.outgoing.deliver import Deliverer
from tests.api.claim_rows import store_claims, unvalued
from tests.api.serving import Server, new_user, serving
from tests.browser.shop import Seat, seated, visit
from tests.cli.programs import free_port
from tests.support.mail_server import MailServer
from tests.support.scripted_server import Reply, ScriptedServer

PASSWORD = "correct horse battery"

ACTS = re.compile("^(Sync|Cancel|Try|Authorize|Connect|I have|Dismiss|Save)")


async def accept(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())


async def test_a_token_is_shown_once_and_can_be_revoked(seat: Seat) -> None:
    """It opens the API with the scope that was chosen, is copied by a button, and ends when revoked."""
    await seat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await seat.page("/#/account")
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    await accept(page)
    form = page.get_by_label("Create a token", exact=True)
    await form.get_by_label("What it is for").fill("nightly export")
    await form.get_by_label("Rights").select_option("Read")
    await form.get_by_role("button", name="Create token").click()
    token = await form.get_by_label("Token", exact=True).input_value()
    await form.get_by_role("button", name="Copy the token").click()
    await expect(form.get_by_role("button", name="Copy the token")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == token

    async with seat.server.client(authorization=f"Bearer {token}") as program:
        assert (await program.get("/api/orders")).status_code == 200
        assert (await program.post("/api/sync/start")).status_code == 403
        await page.reload()
        entry = page.get_by_role("row", name="nightly export")
        await expect(entry).to_contain_text("Read")
        assert token not in await page.content()
        await entry.get_by_role("button", name="Revoke").click()
        await expect(entry).to_be_hidden()
        assert (await program.get("/api/orders")).status_code == 401


async def test_a_password_is_changed(seat: Seat) -> None:
    """A right one signs in; what is wrong with one is said."""
    page = await seat.page("/#/settings/account")
    form = page.get_by_label("Password", exact=True)
    new = form.get_by_label("New password, at least 12 characters")
    await new.fill(PASSWORD)
    await form.get_by_role("button", name="Change password").click()
    await expect(new).to_have_value("")
    async with seat.server.client() as client:
        body = {"email": seat.user.email, "password": PASSWORD}
        assert (await client.post("/signin", json=body)).status_code == 204
    await form.get_by_label("Current password, if you have one").fill("not this one")
    await new.fill(f"{PASSWORD} staple")
    await form.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("alert")).to_contain_text("password")


async def test_a_person_is_invited_changed_and_removed(seat: Seat, browser: Browser) -> None:
    """By a link that is shown once; the role counts at once, and the last owner stays one."""
    page = await seat.page("/#/settings/people")
    await accept(page)
    form = page.get_by_label("Invite a person", exact=True)
    await form.get_by_label("Email address").fill("ann@example.net")
    await form.get_by_label("Role").select_option("Viewer")
    await form.get_by_role("button", name="Create link").click()
    link = await form.get_by_label("Link", exact=True).input_value()
    invited = page.get_by_label("Open invitations", exact=True)
    await expect(invited).to_contain_text("ann@example.net")

    context = await browser.new_context(base_url=seat.server.url)
    other = await context.new_page()
    await other.goto(link)
    await other.get_by_label("Your name").fill("Ann")
    await other.get_by_label("Password, at least 12 characters").fill(PASSWORD)
    await other.get_by_role("button", name="Join").click()
    await expect(other.get_by_role("heading", name="Overview")).to_be_visible()
    await context.close()

    await page.reload()
    await expect(invited).to_be_hidden()
    people = page.get_by_label("People", exact=True)
    await people.get_by_label("Role of ann@example.net").select_option("Member")
    await expect(page.locator("#announcer")).to_contain_text("role of ann@example.net was changed")
    mine = people.get_by_label(f"Role of {seat.user.email}")
    await mine.select_option("Viewer")
    await expect(page.get_by_role("alert")).to_contain_text("owner")
    await expect(mine).to_have_value("owner")
    sessions = page.get_by_label("Sessions and tokens of others", exact=True)
    await expect(sessions).to_contain_text("ann@example.net")
    await people.get_by_role("button", name="Remove ann@example.net").click()
    await expect(people.get_by_label("Role of ann@example.net")).to_be_hidden()


async def test_a_viewer_sees_no_button_that_is_not_for_viewers(seat: Seat) -> None:
    """Neither people's roles nor invitations, name, export or log, nor accounts, costs, syncs and
    claims; the own account stays theirs.
    """
    async with seat.database.writing() as conn:
        await conn.execute(
            text("update workspace_member set role = 'viewer' where user_id = :user_id"),
            {"user_id": seat.user.user_id},
        )
    (account,) = await seat.connect("A1")
    await store_claims(seat.database, account.connection_id, range(1), **unvalued())
    page = await seat.page("/#/settings/people")
    await expect(page.get_by_label("People", exact=True)).to_contain_text("Viewer")
    main = page.locator("#main")
    await expect(main.locator("button, select, input")).to_have_count(0)
    await expect(main.get_by_role("link", name="Audit log")).to_have_count(0)
    await page.goto("/#/settings/workspace")
    await expect(page.get_by_label("Schedule", exact=True)).to_be_visible()
    await expect(main.locator("button, select, input, a.button")).to_have_count(0)
    for address in ("/#/accounts", "/#/costs"):
        await visit(page, address)
        await expect(main.locator("button, form")).to_have_count(0)
    for address in ("/", "/#/syncs", "/#/syncs/quarantine"):
        await visit(page, address)
        await expect(main.get_by_role("button", name=ACTS)).to_have_count(0)
    await visit(page, "/#/claims?standing=")
    await expect(main.locator("tbody tr")).to_have_count(1)
    await expect(main.get_by_role("checkbox")).to_have_count(0)
    await main.locator("tbody a").first.click()
    await expect(page.get_by_label("Decision")).to_be_visible()
    await expect(main.get_by_role("button", name=ACTS)).to_have_count(0)
    await expect(main.get_by_label("Note")).to_have_count(0)
    await page.goto("/#/settings/audit")
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
    await expect(page.get_by_label("Create a token", exact=True)).to_be_visible()


async def test_the_audit_log_is_chosen_paged_and_taken_along(seat: Seat, tmp_path: Path) -> None:
    """By action and day; the file is exactly what is chosen."""
    async with seat.database.writing() as conn:
        for number in range(60):
            action = Action.COSTS_CHANGED if number % 2 else Action.SYNC_STARTED
            await record(conn, action, f"no {number}", workspace_id=seat.user.user_id, count=number)
    page = await seat.page("/#/settings/audit")
    rows = page.get_by_label("Audit log", exact=True).locator("tbody tr")
    await expect(rows).to_have_count(50)
    await expect(rows.first).to_contain_text("Sourcing costs changed")
    await expect(rows.first).to_contain_text("no 59")
    await expect(rows.first).to_contain_text("Count: 59")
    await page.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(60)
    await page.get_by_label("Action").select_option("Sync started")
    await expect(rows).to_have_count(30)
    await page.reload()
    await expect(rows).to_have_count(30)
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Download CSV").click()
    await (await begun.value).save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open() as file:
        assert [one["subject"] for one in csv.DictReader(file)] == [
            f"no {n}" for n in range(58, -1, -2)
        ]
    await page.get_by_label("To", exact=True).fill("2020-01-01")
    await expect(page.get_by_text("No matching entries.")).to_be_visible()


async def test_the_audit_log_has_words_for_what_it_records(seat: Seat) -> None:
    """Stages and reasons are called as on the claim, a session by its browser and not by its letters."""
    async with seat.database.writing() as conn:
        said = {"reason": "not_eligible", "receivedOn": "2026-11-30"}
        await record(
            conn,
            Action.CLAIM_CHANGED,
            "claim_1",
            workspace_id=seat.user.user_id,
            stage="paid_in_part",
            response=said,
        )
    page = await seat.page("/#/settings/audit")
    entry = page.get_by_label("Audit log", exact=True).locator("tbody tr").first
    await expect(entry).to_contain_text("Stage: Paid in part")
    await expect(entry).to_contain_text(
        "Response: reason Not eligible under the policy, received on Nov 30, 2026"
    )


async def test_the_audit_log_names_accounts_and_syncs(seat: Seat) -> None:
    """The id is the second line; a sync leads to its page."""
    (account,) = await seat.connect("A1")
    sync_id = await seat.start(account)
    async with seat.database.writing() as conn:
        await record(
            conn,
            Action.SCHEDULE_CHANGED,
            account.connection_id,
            workspace_id=seat.user.user_id,
        )
    page = await seat.page("/#/settings/audit")
    rows = page.get_by_label("Audit log", exact=True).locator("tbody tr")
    await expect(rows.nth(0)).to_contain_text(f"A1 (NA){account.connection_id}")
    await expect(rows.nth(1)).to_contain_text(sync_id)
    await rows.nth(1).get_by_role("link", name="Sync of A1 (NA), ").click()
    await expect(page.get_by_role("heading", name="Sync of A1 (NA), ")).to_be_visible()


async def test_a_form_that_is_sent_twice_makes_one_token(seat: Seat) -> None:
    """A second Enter before the answer is none, and does not have the browser load a page."""
    page = await seat.page("/#/account")
    form = page.get_by_label("Create a token", exact=True)
    await form.get_by_label("What it is for").fill("nightly export")
    await page.evaluate(
        """() => {
            const form = document.querySelector("[name=label]").form;
            form.requestSubmit();
            form.requestSubmit();
        }"""
    )
    await expect(form.get_by_label("Token", exact=True)).to_be_visible()
    await expect(page.get_by_role("row", name="nightly export")).to_have_count(1)


async def test_a_workspace_is_renamed_and_exported(
    seat: Seat, shop: Server, tmp_path: Path
) -> None:
    """Its new name stands at once; the file ends with the line that says that it is whole."""
    page = await seat.page("/#/settings/workspace")
    await page.get_by_label("Name", exact=True).fill("Shop of Ann")
    await page.get_by_role("button", name="Rename").click()
    await expect(page.get_by_role("heading", name="Shop of Ann")).to_be_visible()
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="Download everything").click()
    download = await begun.value
    assert download.suggested_filename.endswith(".ndjson")
    await download.save_as(tmp_path / "all.ndjson")
    lines = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
    assert lines[0]["workspaceId"] == seat.user.user_id
    assert lines[-1] == {"end": True, "rows": len(lines) - 2}


async def test_a_legal_hold_is_set_and_ended(seat: Seat) -> None:
    """With a reason each time; the page says how long data is kept otherwise."""
    await seat.connect("A1")
    page = await seat.page("/#/settings/workspace")
    card = page.get_by_label("Retention")
    await expect(card).to_contain_text("18 months")
    await card.get_by_label("What is held").select_option("A1 (NA)")
    await card.get_by_label("Reason").fill("a suit")
    await card.get_by_role("button", name="Set legal hold").click()
    await expect(card.get_by_role("listitem")).to_contain_text("A1 (NA) since")
    await expect(card.get_by_role("listitem")).to_contain_text("a suit")
    page.on("dialog", lambda dialog: dialog.accept("settled"))
    await card.get_by_role("button", name="End").click()
    await expect(card).to_contain_text("None: under a legal hold nothing is deleted.")


async def test_an_account_gets_a_schedule_of_its_own(seat: Seat) -> None:
    """Chosen from a list, shown with the next time, and kept; one by the API is shown as it is."""
    (account,) = await seat.connect("A1")
    page = await seat.page("/#/settings/workspace")
    row = page.get_by_label("Schedule", exact=True).get_by_role("row", name="A1 (NA)")
    chosen = page.get_by_label("Schedule of A1 (NA)")
    await expect(row).to_contain_text("2:00 AM")
    await chosen.select_option("Daily at 05:00 UTC")
    await expect(row).to_contain_text("5:00 AM")
    await chosen.select_option("Manual only")
    await expect(row).to_contain_text("not scheduled")
    async with seat.server.client(seat.user) as client:
        path = f"/api/v1/integrations/amazon/connections/{account.connection_id}"
        assert (await client.patch(path, json={"schedule": "7 9 * * 1"})).status_code == 204
    await page.reload()
    await expect(chosen).to_have_value("7 9 * * 1")


async def test_a_webhook_is_added_tried_and_turned_off(seat: Seat) -> None:
    """Its secret is shown once; the test appears in the log by itself, with the answer."""
    async with ScriptedServer() as receiver:
        receiver.always("/hook", Reply(200, "thanks"))
        async with seat.database.writing() as conn:
            sealed = Vault(seat.server.settings.keys).seal(new_signing_secret())
            await add_webhook(
                conn,
                seat.user.user_id,
                url=f"{receiver.url}/hook",
                kinds=[NotificationKind.CLAIM_PAID],
                secret_sealed=sealed,
            )
        page = await seat.page("/#/settings/notifications")
        await accept(page)
        form = page.get_by_role("form", name="Add a webhook")
        await form.get_by_label("Address").fill("https://hooks.example/x")
        await form.get_by_label("Sync ended").uncheck()
        await form.get_by_role("button", name="Add webhook").click()
        secret = await page.get_by_label("Secret", exact=True).input_value()
        other = page.get_by_label("https://hooks.example/x", exact=True)
        await expect(other).to_contain_text("Claims found")
        await expect(other).not_to_contain_text("Sync ended")
        assert secret.startswith("whsec_")

        near = page.get_by_label(f"{receiver.url}/hook", exact=True)
        await near.get_by_role("button", name="Test").click()
        await expect(near.get_by_role("table")).to_contain_text("Waiting")
        settings = seat.server.settings.model_copy(update={"webhooks_to_private": True})
        await Deliverer(settings, seat.database).deliver_due()
        await expect(near.get_by_role("table")).to_contain_text("Answer 200")
        await expect(near.get_by_role("table")).to_contain_text("thanks")
        await near.get_by_role("button", name="Turn off").click()
        await expect(near).to_contain_text("It is turned off.")
        await other.get_by_role("button", name="Delete").click()
        await expect(other).to_be_hidden()


async def test_a_test_mail_is_sent(browser: Browser, shop: Server, shop_database: Database) -> None:
    """The page says whether the mail server took it; the answer stays when the card is drawn again."""
    port = free_port()
    async with MailServer() as mail_server:
        mailing = shop.settings.model_copy(
            update={
                "public_url": f"http://127.0.0.1:{port}",
                "smtp_url": SecretStr(mail_server.url),
                "mail_from": "recoup@example.com",
            }
        )
        user = await new_user(shop_database, f"{uuid.uuid4().hex[:8]}@example.com")
        async with (
            serving(mailing, shop_database, port=port) as server,
            seated(browser, server, shop_database, user) as seat,
        ):
            page = await seat.page("/#/settings/notifications")
            card = page.get_by_label("Mails", exact=True)
            await card.get_by_role("button", name="Send a test mail").click()
            await expect(card.get_by_role("status")).to_have_text(
                f"The mail server accepted a test mail for {user.email}."
            )
            assert [mail.recipients for mail in mail_server.mails] == [(user.email,)]
            assert seat.troubles == []


async def test_what_was_refused_can_be_sent_again(seat: Seat) -> None:
    """It stands in its form as it was typed, with why it was refused."""
    page = await seat.page("/#/settings/notifications")
    card = page.get_by_label("Mails", exact=True)
    refuse = "**/api/me/notifications"
    await page.route(
        refuse,
        lambda route: route.abort() if route.request.method == "PUT" else route.fallback(),
    )
    await card.get_by_label("Deadlines near").check()
    await card.get_by_label("Daily mail at").fill("07:30")
    async with page.expect_response(refuse):
        await card.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not answer")
    await expect(card.get_by_label("Deadlines near")).to_be_checked()
    await expect(card.get_by_label("Daily mail at")).to_have_value("07:30")
    await expect(card.get_by_role("button", name="Save")).to_be_focused()
    await page.unroute(refuse)
    await card.get_by_role("button", name="Save").click()
    await expect(page.locator("#announcer")).to_contain_text("Your mails were changed.")


async def test_mails_are_chosen(seat: Seat) -> None:
    """Kinds, time, zone and quiet hours; what was chosen is there after loading again."""
    page = await seat.page("/#/settings/notifications")
    card = page.get_by_label("Mails", exact=True)
    await expect(card).to_contain_text("RECOUP_SMTP_URL")
    await expect(card.get_by_role("button", name="Send a test mail")).to_be_hidden()
    await card.get_by_label("Deadlines near").check()
    await card.get_by_label("Daily mail at").fill("07:30")
    await card.get_by_label("Time zone").select_option("Europe/Berlin")
    await card.get_by_label("Quiet from").fill("22:00")
    await card.get_by_label("Quiet until").fill("06:00")
    await card.get_by_role("button", name="Save").click()
    await expect(page.locator("#announcer")).to_contain_text("Your mails were changed.")
    await page.reload()
    await expect(card.get_by_label("Deadlines near")).to_be_checked()
    await expect(card.get_by_label("Sync ended")).not_to_be_checked()
    await expect(card.get_by_label("Daily mail at")).to_have_value("07:30")
    await expect(card.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await expect(card.get_by_label("Quiet until")).to_have_value("06:00")
