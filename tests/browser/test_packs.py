"""Filing a pack: reading it, attaching what is missing, recording the case, and what moved meanwhile."""

from __future__ import annotations

import re

from playwright.async_api import FilePayload, Page, expect
from sqlalchemy import select, text, update

from recoup.claims.tables import claim
from recoup.connections.queries import Connection
from tests.api.claim_rows import day, store_claims
from tests.browser.shop import Seat

INVOICE = FilePayload(name="invoice 17.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 invoice")
PROGRAM = FilePayload(name="invoice.pdf", mimeType="application/pdf", buffer=b"MZ no invoice")


async def with_shipment(seat: Seat, count: int = 2) -> Connection:
    """Claims about units of one shipment."""
    (connection,) = await seat.connect("A1")
    for number in range(count):
        await store_claims(
            seat.database,
            connection.connection_id,
            range(number, number + 1),
            claim_id=f"{connection.connection_id}-{number}",
            type="inbound_shortage",
            key={"shipmentId": "FBA15ABC", "sku": f"SKU-{number}"},
        )
    return connection


async def open_pack(seat: Seat) -> Page:
    page = await seat.page("/#/claims")
    await page.get_by_role("link", name="Filing packs").click()
    await page.get_by_role("link", name="Units missing from a shipment: FBA15ABC").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("FBA15ABC")
    return page


async def status_of(seat: Seat, connection: Connection) -> set[tuple[str, str | None]]:
    async with seat.database.reading() as conn:
        mine = claim.c.connection_id == connection.connection_id
        rows = await conn.execute(select(claim.c.status, claim.c.case_id).where(mine))
        return {(status, case_id) for status, case_id in rows}


async def test_a_pack_is_read_attached_and_filed(seat: Seat) -> None:
    """From the list of claims to the case id, without a terminal."""
    connection = await with_shipment(seat)
    page = await open_pack(seat)
    attach = page.get_by_role("region", name="Attach")

    await expect(page.get_by_role("region", name="Where to click")).to_contain_text(
        "Shipping Queue"
    )
    await expect(page.get_by_label("Text for the case")).to_contain_text("$24.60 is due")
    await expect(attach.get_by_text("Missing", exact=True)).to_have_count(3)
    # What is filled in before a file is added is still there when the pack is drawn again.
    await page.get_by_label("Case id").fill("4711")
    ticked = page.get_by_role("region", name="Check before you file").get_by_role("checkbox").first
    await ticked.check()
    await attach.get_by_text("Add a file").first.click()
    await attach.locator("input[type=file]").first.set_input_files(INVOICE)
    await expect(attach.get_by_role("link", name="invoice 17.pdf")).to_be_visible()
    await expect(attach.get_by_text("Missing", exact=True)).to_have_count(2)
    await expect(page.get_by_label("Text for the case")).to_contain_text(
        "Attached: supplier invoice."
    )

    await expect(ticked).to_be_checked()
    await expect(page.get_by_label("Case id")).to_have_value("4711")
    await page.get_by_role("button", name="I filed it").click()

    await expect(page.get_by_text("2 claims filed under case 4711.").first).to_be_visible()
    assert await status_of(seat, connection) == {("filed", "4711")}
    await page.get_by_role("region", name="Record the filing").get_by_role("link").click()
    await expect(page.get_by_text("No packs.")).to_be_visible()


async def test_enter_files_a_pack_and_its_head_says_so(seat: Seat) -> None:
    """Once, however often Enter is hit; nothing says `Owed` any more, and no link leads to a page that is gone."""
    connection = await with_shipment(seat)
    page = await open_pack(seat)
    head = page.get_by_role("region", name="Overview")
    await expect(head.get_by_role("link", name="Printable page")).to_be_visible()
    filings: list[str] = []
    page.on("request", lambda one: filings.append(one.url) if one.url.endswith("/filed") else None)
    await page.get_by_label("Case id").fill("4711")
    await page.evaluate(
        """() => {
            const form = document.querySelector("[name=caseId]").form;
            form.requestSubmit();
            form.requestSubmit();
        }"""
    )

    await expect(page.get_by_text("2 claims filed under case 4711.").first).to_be_visible()
    assert len(filings) == 1
    assert await status_of(seat, connection) == {("filed", "4711")}
    await expect(head.get_by_text("Filed", exact=True)).to_be_visible()
    await expect(head).not_to_contain_text("File by")
    await expect(head.get_by_role("link", name="Printable page")).to_have_count(0)


async def test_the_packs_say_what_of_the_owed_is_not_in_them_yet(seat: Seat) -> None:
    """So that their sum and that of the Overview are no riddle; the number is a link to its claims."""
    connection = await with_shipment(seat)
    for number in range(7, 10):
        await store_claims(
            seat.database,
            connection.connection_id,
            range(number, number + 1),
            claim_id=f"{connection.connection_id}-{number}",
            fileable_from=day(5),
            deadline=day(40),
        )
    page = await seat.page("/#/packs")
    await page.get_by_role("link", name="3 owed claims ($36.90)").click()
    await expect(page.get_by_text("3 claims: $36.90")).to_be_visible()


async def test_a_pack_that_moved_says_what_and_files_nothing(seat: Seat) -> None:
    """A claim is withdrawn while the page is open; loaded again, the rest can be filed."""
    connection = await with_shipment(seat)
    page = await open_pack(seat)
    async with seat.database.writing() as conn:
        gone = claim.c.claim_id == f"{connection.connection_id}-1"
        await conn.execute(update(claim).where(gone).values(status="withdrawn"))

    await page.get_by_label("Case id").fill("4711")
    await page.get_by_role("button", name="I filed it").click()

    await expect(page.get_by_role("alert")).to_contain_text("is withdrawn now")
    assert await status_of(seat, connection) == {("detected", None), ("withdrawn", None)}
    seat.troubles.clear()  # the console tells of each 409
    await page.get_by_role("button", name="Load it again").click()
    await expect(page.get_by_role("region", name="Overview")).to_contain_text("1 claim,")


async def test_what_is_no_document_is_refused_in_words(seat: Seat) -> None:
    """The page says what to do, and nothing is stored."""
    await with_shipment(seat, 1)
    page = await open_pack(seat)
    attach = page.get_by_role("region", name="Attach")

    await attach.get_by_text("Add a file").first.click()
    await attach.locator("input[type=file]").first.set_input_files(PROGRAM)

    await expect(page.get_by_role("alert")).to_contain_text("Only PDF, PNG and JPEG")
    seat.troubles.clear()
    await page.goto("/#/documents")
    await expect(page.get_by_text("No documents yet.")).to_be_visible()


async def test_documents_are_added_and_deleted(seat: Seat) -> None:
    """On a page of their own, by what they are about."""
    await seat.connect("A1")
    page = await seat.page("/#/documents")
    page.on("dialog", lambda dialog: dialog.accept())

    await page.get_by_role("combobox", name="Document", exact=True).select_option(
        "Proof of delivery"
    )
    await page.get_by_role("combobox", name="About a").select_option("Shipment")
    await page.get_by_label("Its code").fill("FBA15ABC")
    await page.locator("input[type=file]").set_input_files(INVOICE)
    await expect(page.get_by_role("cell", name="Shipment FBA15ABC")).to_be_visible()
    await page.get_by_role("button", name=re.compile("Delete invoice 17.pdf")).click()

    await expect(page.get_by_text("No documents yet.")).to_be_visible()


async def test_a_viewer_reads_a_pack_and_cannot_act(seat: Seat) -> None:
    """No form to file it, none to add a document."""
    await with_shipment(seat, 1)
    async with seat.database.writing() as conn:
        await conn.execute(
            text("update workspace_member set role = 'viewer' where user_id = :user_id"),
            {"user_id": seat.user.user_id},
        )
    page = await open_pack(seat)

    await expect(page.get_by_role("button", name="Copy text")).to_be_visible()
    await expect(page.get_by_role("button", name="I filed it")).to_have_count(0)
    await expect(page.locator("input[type=file]")).to_have_count(0)
    await page.goto("/#/documents")
    await expect(page.get_by_text("No documents yet.")).to_be_visible()
    await expect(page.locator("input[type=file]")).to_have_count(0)


async def test_a_pack_is_printed_on_white_without_what_is_for_the_screen(seat: Seat) -> None:
    """Both pages of it, also for a person with a dark screen; two sheets hold a small pack."""
    await with_shipment(seat)
    page = await open_pack(seat)
    await page.emulate_media(media="print", color_scheme="dark")
    shown = await page.evaluate(_SHOWN)
    pack_id = page.url.rpartition("/")[2].partition("?")[0]
    await page.goto(f"{seat.server.url}/api/packs/{pack_id}")
    printed = await page.evaluate(_SHOWN)
    sheets = await page.pdf(format="A4")

    for one in (shown, printed):
        assert one["background"] in {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
        assert one["buttons"] == []
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 2


_SHOWN = """() => ({
  background: getComputedStyle(document.body).backgroundColor,
  buttons: [...document.querySelectorAll("button, .button, .top, input[type=file]")]
    .filter((one) => one.checkVisibility()).map((one) => one.outerHTML),
})"""
