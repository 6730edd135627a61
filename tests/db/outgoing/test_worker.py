"""A worker sends what waits, beside its syncs."""

from __future__ import annotations

import asyncio
import json

from pydantic import SecretStr
from sqlalchemy import text

from recoup.db.engine import Database
from recoup.jobs.worker import Worker
from recoup.notifications.mail_queries import MailSettings, store_mail_settings
from recoup.notifications.quiet import MailTimes
from recoup.notifications.words import NotificationKind
from tests.api.claim_rows import day, store_claims
from tests.db.outgoing.conftest import Sender
from tests.support.mail_server import MailServer
from tests.support.patience import PATIENCE
from tests.support.scripted_server import Reply, ScriptedServer


async def test_a_worker_delivers_to_webhooks_and_mailboxes(
    sender: Sender, receiver: ScriptedServer, database: Database
) -> None:
    """As the settings say, without anybody's doing."""
    receiver.script("/hook", Reply(200), Reply(200))
    await sender.add(f"{receiver.url}/hook")
    async with database.writing() as conn:
        chosen = MailSettings(tuple(NotificationKind), MailTimes(send_at_minute=0))
        await store_mail_settings(conn, sender.workspace_id, sender.user.user_id, chosen)
    await store_claims(database, sender.connection.connection_id, range(1), deadline=day(3))
    await sender.notify(message="Sync completed", link="/#/syncs/1")
    async with database.writing() as conn:
        # Before the time at which today's mail is due.
        await conn.execute(text("update notification set created_at = now() - interval '2 days'"))
    async with MailServer() as mail_server:
        settings = sender.settings.model_copy(
            update={
                "smtp_url": SecretStr(mail_server.url),
                "mail_from": "recoup@example.com",
                "sync_schedule": "",
            }
        )
        stop = asyncio.Event()
        working = asyncio.create_task(Worker(settings, database).run(stop))
        async with asyncio.timeout(PATIENCE):
            await receiver.wait_for("/hook", 2)
            await mail_server.wait_for(1)
            stop.set()
            await working

    told = {json.loads(one.body)["type"] for one in receiver.requests("/hook")}
    assert told == {"sync.ended", "claim.deadline_near"}
    (mail,) = mail_server.mails
    assert "Sync completed" in mail.text()
    assert "https://recoup.example/#/syncs/1" in mail.text()
