"""Mails to people: one a day, with the deadlines of the day, in quiet hours none, and none lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update

from recoup.claims.tables import claim
from recoup.events.queries import list_activities
from recoup.notifications.mail_queries import MailSettings, find_last_digest, store_mail_settings
from recoup.notifications.quiet import MailTimes
from recoup.notifications.words import NotificationKind
from recoup.outgoing.digest import Postman
from recoup.outgoing.smtp import Mail, Mailer
from recoup.smtp_url import read_sender, read_smtp_url
from recoup.sync.notify_claims import notify_of_deadlines
from recoup.users.queries import add_user
from tests.api.claim_rows import TODAY, day, store_claims, unvalued
from tests.db.outgoing.conftest import Sender
from tests.support.mail_server import MailServer

ALL = tuple(NotificationKind)
DAY = timedelta(days=1)
NOON = datetime.combine(TODAY, datetime.min.time(), tzinfo=UTC) + timedelta(hours=12) + DAY
"""Of tomorrow: what happens in a test happens before a mail of that day is due."""


def left(days: int) -> date:
    """A last safe day, as seen at NOON."""
    return day(days + 1)


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


async def want(sender: Sender, *kinds: NotificationKind, times: MailTimes | None = None) -> None:
    async with sender.database.writing() as conn:
        chosen = MailSettings(kinds or ALL, times or MailTimes())
        await store_mail_settings(conn, sender.workspace_id, sender.user.user_id, chosen)


async def run(sender: Sender, server: MailServer, now: datetime = NOON) -> None:
    """What a worker does at a time: reminders, then mails."""
    await notify_of_deadlines(sender.database, now=now)
    mailer = Mailer(read_smtp_url(server.url), read_sender("recoup <recoup@example.com>"))
    await Postman(sender.settings, sender.database, mailer=mailer, clock=lambda: now).send_due()


async def store(sender: Sender, numbers: range, **values: Any) -> None:
    await store_claims(sender.database, sender.connection.connection_id, numbers, **values)


async def test_deadlines_are_mailed_with_a_sum_for_each_currency(
    sender: Sender, mail_server: MailServer
) -> None:
    """As text and HTML, with links; amounts that are not known are counted apart, never as zero."""
    await want(sender)
    await store(sender, range(2), deadline=left(6))
    await store(sender, range(2, 3), deadline=left(6), currency="GBP", amount=Decimal("1000.50"))
    await store(sender, range(3, 4), deadline=left(6), **unvalued())
    await store(sender, range(4, 5), deadline=left(13))
    await store(sender, range(5, 6), deadline=left(20))

    await run(sender, mail_server)

    (mail,) = mail_server.mails
    assert (mail.sender, mail.recipients) == ("recoup@example.com", (sender.user.email,))
    assert mail.message["Subject"] == "recoup: 5 claims to file, the first within 7 days"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    week, fortnight = [line for line in mail.text().splitlines() if "To file" in line]
    assert week.endswith("4 claims (24.60 USD, 1,000.50 GBP, 1 without a known amount)")
    assert fortnight.startswith("- To file within 14 days, by ")
    assert fortnight.endswith("1 claim (12.30 USD)")
    link = "https://recoup.example/#/claims?connectionId="
    assert mail.text().count(link) == 2
    assert "expiringWithinDays=7" in mail.text()
    assert f'href="{link}' in mail.html()


async def test_each_mark_is_reported_once(sender: Sender, mail_server: MailServer) -> None:
    """At 14, 7, 3 and 1 days, and never between; on a day without news there is no mail."""
    await want(sender, NotificationKind.CLAIM_DEADLINE_NEAR)
    await store(sender, range(1), deadline=left(14))
    told = []
    for days in range(16):
        before = len(mail_server.mails)
        await run(sender, mail_server, NOON + days * DAY)
        await run(sender, mail_server, NOON + days * DAY + timedelta(hours=3))
        if len(mail_server.mails) > before:
            told.append(14 - days)

    assert told == [14, 7, 3, 1]


async def test_a_deadline_that_moves_is_reported_again(
    sender: Sender, mail_server: MailServer
) -> None:
    """Later and near again, or suddenly closer: what counts is the mark that was reported last."""
    await want(sender)
    await store(sender, range(2), deadline=left(7))
    await run(sender, mail_server)
    async with sender.database.writing() as conn:
        await conn.execute(update(claim).values(deadline=left(30)))
    await run(sender, mail_server, NOON + DAY)
    async with sender.database.writing() as conn:
        await conn.execute(
            update(claim).where(claim.c.claim_id == "claim-0000").values(deadline=left(5))
        )
    await run(sender, mail_server, NOON + 2 * DAY)

    first, second = mail_server.mails
    assert "2 claims" in first.text()
    assert "within 3 days" in second.text()
    assert "1 claim (12.30 USD)" in second.text()


async def test_a_claim_that_is_filed_meanwhile_is_not_mailed(
    sender: Sender, mail_server: MailServer
) -> None:
    """The mail is about what is owed when it is sent; nothing left means no mail."""
    await want(sender, NotificationKind.CLAIM_DEADLINE_NEAR)
    await store(sender, range(1), deadline=left(3))
    await notify_of_deadlines(sender.database, now=NOON)
    async with sender.database.writing() as conn:
        await conn.execute(update(claim).values(status="filed", filed_at=NOON))

    await run(sender, mail_server)

    assert mail_server.mails == []
    async with sender.database.reading() as conn:
        assert await find_last_digest(conn, sender.user.user_id) is None


async def test_two_workers_send_one_mail(sender: Sender, mail_server: MailServer) -> None:
    """Whoever comes second finds nothing to remind of and nothing to send."""
    await want(sender)
    await store(sender, range(3), deadline=left(1))
    for _ in range(3):
        await run(sender, mail_server)

    assert len(mail_server.mails) == 1
    async with sender.database.reading() as conn:
        notified = await conn.execute(text("select count(*) from notification"))
    assert notified.scalar_one() == 1


async def test_in_quiet_hours_a_mail_waits(sender: Sender, mail_server: MailServer) -> None:
    """It comes when they end, with all that happened meanwhile."""
    quiet = MailTimes("Europe/Berlin", 8 * 60, 8 * 60, 20 * 60)
    await want(sender, times=quiet)
    await sender.notify(NotificationKind.SYNC_ENDED, message="Sync completed", link="/#/syncs/1")
    await run(sender, mail_server)
    waiting = len(mail_server.mails)
    await sender.notify(NotificationKind.SYNC_ENDED, message="Sync failed: orders", link="/#/x")
    await run(sender, mail_server, NOON + timedelta(hours=8))

    assert waiting == 0
    (mail,) = mail_server.mails
    assert "Sync completed" in mail.text()
    assert "Sync failed: orders" in mail.text()


async def test_a_mail_that_is_refused_is_sent_again(
    sender: Sender, mail_server: MailServer
) -> None:
    """With the same Message-ID; why it was refused can be seen, without the server's words."""
    mail_server.refusals.append("451 try later, secret words")
    await want(sender)
    await sender.notify(NotificationKind.SYNC_ENDED, message="Sync completed", link="/#/syncs/1")
    await run(sender, mail_server)
    async with sender.database.reading() as conn:
        failed = await find_last_digest(conn, sender.user.user_id)
    await run(sender, mail_server)
    early = mail_server.attempts
    await sender.pass_time(timedelta(minutes=3))
    await run(sender, mail_server)

    assert failed is not None
    assert (failed.status, failed.error) == (
        "pending",
        "The mail server refused the mail (code 451).",
    )
    assert (early, mail_server.attempts) == (1, 2)
    (mail,) = mail_server.mails
    assert mail.message["Message-ID"] == f"<{failed.digest_id}@example.com>"


async def test_a_mail_that_nobody_took_is_in_the_next_one(
    sender: Sender, mail_server: MailServer
) -> None:
    """After a day it is given up, which the activity tells, and its news come with those of the day."""
    mail_server.refusals.extend(["550 no"] * 3)
    await want(sender)
    await sender.notify(NotificationKind.SYNC_ENDED, message="First sync", link="/#/syncs/1")
    for _ in range(3):
        await run(sender, mail_server)
        await sender.pass_time(timedelta(hours=5))
    await sender.notify(NotificationKind.SYNC_ENDED, message="Second sync", link="/#/syncs/2")
    await run(sender, mail_server, NOON + DAY)

    (mail,) = mail_server.mails
    assert "First sync" in mail.text()
    assert "Second sync" in mail.text()
    async with sender.database.reading() as conn:
        (told,) = await list_activities(conn, sender.workspace_id, limit=5)
    assert told.type == "mail_failed"
    assert "refused the mail (code 550)" in told.message


async def test_whoever_wants_nothing_is_sent_nothing(
    sender: Sender, mail_server: MailServer
) -> None:
    """Neither a person who never chose, nor what was waiting for one who chose again."""
    async with sender.database.writing() as conn:
        await add_user(conn, "other@example.com")
    await want(sender)
    await sender.notify(NotificationKind.SYNC_ENDED, message="Sync completed", link="/")
    await want(sender, NotificationKind.CLAIM_PAID)
    await run(sender, mail_server)

    assert mail_server.mails == []
    async with sender.database.reading() as conn:
        waiting = await conn.execute(text("select count(*) from mail_item"))
    assert waiting.scalar_one() == 0


async def test_what_happens_after_the_time_of_the_mail_waits_for_the_next_one(
    sender: Sender, mail_server: MailServer
) -> None:
    """A person who wants a mail at eight is not sent one at noon."""
    await want(sender)
    await sender.notify(NotificationKind.SYNC_ENDED, message="Sync completed", link="/#/syncs/1")
    async with sender.database.writing() as conn:
        await conn.execute(text("update notification set created_at = :at"), {"at": NOON})
    await run(sender, mail_server, NOON + timedelta(hours=1))
    early = len(mail_server.mails)
    await run(sender, mail_server, NOON + timedelta(hours=20))

    assert (early, len(mail_server.mails)) == (0, 1)


async def test_each_kind_is_said_in_words(sender: Sender, mail_server: MailServer) -> None:
    """With a sum for each currency, and at most five lines of a kind."""
    totals = {
        "claimCount": 3,
        "unvaluedCount": 0,
        "byCurrency": [
            {"amount": "24.60", "currency": "USD", "claimCount": 2},
            {"amount": "5.00", "currency": "GBP", "claimCount": 1},
        ],
    }
    await want(sender)
    await sender.notify(NotificationKind.CLAIM_FOUND, **totals, link="/#/claims")
    paid = totals | {"byCurrency": [{"amount": "9.00", "currency": "USD", "claimCount": 3}]}
    await sender.notify(NotificationKind.CLAIM_PAID, claimed=totals, paid=paid, link="/#/claims")
    await sender.notify(NotificationKind.CLAIM_PAID, claimed=totals, link="/#/claims")
    await sender.notify(
        NotificationKind.REAUTHORIZATION_REQUIRED, reason="Amazon refused it.", link="/#/accounts"
    )
    for number in range(7):
        await sender.notify(NotificationKind.SYNC_ENDED, message=f"Sync {number}", link="/#/x")
    await run(sender, mail_server)

    (mail,) = mail_server.mails
    said = mail.text()
    assert "3 claims (24.60 USD, 5.00 GBP) found" in said
    assert "Amazon paid 9.00 USD for 3 claims (24.60 USD, 5.00 GBP claimed)" in said
    assert "Amazon paid for 3 claims (24.60 USD, 5.00 GBP claimed)" in said
    assert "Amazon requires your authorization again: Amazon refused it." in said
    assert "Sync 1" not in said
    assert "Sync 2" in said
    assert "... and 2 more of this kind" in said
    assert "A1 (NA)" in said


async def test_names_of_others_stay_text(sender: Sender, mail_server: MailServer) -> None:
    """A message with a line break or a tag adds neither a header nor an element."""
    await want(sender)
    evil = "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>"
    await sender.notify(NotificationKind.SYNC_ENDED, message=evil, link="/#/syncs/1")
    await run(sender, mail_server)

    (mail,) = mail_server.mails
    assert mail.recipients == (sender.user.email,)
    assert mail.message["Bcc"] is None
    assert "<script>" not in mail.html()


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a b@example.com", "a"],
)
async def test_an_address_that_is_none_is_not_mailed(mail_server: MailServer, address: str) -> None:
    """Whatever an identity provider vouched for."""
    mailer = Mailer(read_smtp_url(mail_server.url), read_sender("recoup@example.com"))
    with pytest.raises(Exception, match="address cannot be used"):
        await mailer.send(Mail(address, "subject", "text", "<p>text</p>", "digest_1"))

    assert mail_server.mails == []


async def test_the_server_may_ask_for_a_password() -> None:
    """A wrong one is said without it."""
    mail = Mail("a@example.com", "subject", "text", "<p>text</p>", "digest_1")
    async with MailServer(password="s/cret") as server:
        place = server.url.removeprefix("smtp://")
        for password in ("s%2Fcret", "wrong-canary"):
            mailer = Mailer(
                read_smtp_url(f"smtp://user:{password}@{place}"), read_sender("r@example.com")
            )
            if password == "s%2Fcret":
                await mailer.send(mail)
                continue
            with pytest.raises(Exception, match="refused the user or the password") as refused:
                await mailer.send(mail)
            assert "canary" not in str(refused.value)
        assert len(server.mails) == 1
