"""Deliveries to webhooks: signed, tried again, given up, never lost and never sent under a new id."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook as Verifier

from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.events.queries import list_activities
from recoup.notifications.delivery_queries import (
    DueDelivery,
    add_test_delivery,
    redeliver,
    take_due_deliveries,
)
from recoup.notifications.queries import forget_old_notifications, notify_of
from recoup.notifications.signing import new_signing_secret
from recoup.notifications.webhook_queries import change_webhook, rotate_webhook_secret
from recoup.notifications.words import DeliveryStatus, NotificationKind
from recoup.outgoing.deliver import wait_after
from recoup.outgoing.post import Response
from recoup.sync.record.purge_queries import purge_connection
from tests.db.outgoing.conftest import Sender
from tests.support.scripted_server import BREAK, CUT, Received, Reply, ScriptedServer

HOUR = timedelta(hours=1)


def verified(received: Received, secret: str) -> dict[str, object]:
    """The message, if the signature is right. Raises WebhookVerificationError."""
    message = Verifier(secret).verify(received.body, dict(received.headers))
    assert isinstance(message, dict)
    return message


async def test_a_notification_is_delivered_signed(sender: Sender, receiver: ScriptedServer) -> None:
    """By the Standard Webhooks specification, as its own library verifies it, with a whole link."""
    receiver.script("/hook", Reply(204))
    webhook_id, secret = await sender.add(f"{receiver.url}/hook")
    await sender.notify(syncId="sync_1", link="/#/syncs/sync_1")

    await sender.deliverer.deliver_due()

    (received,) = receiver.requests("/hook")
    message = verified(received, secret)
    assert message["type"] == "sync.ended"
    assert message["data"] == {"syncId": "sync_1", "link": "https://recoup.example/#/syncs/sync_1"}
    assert str(message["timestamp"]).endswith("Z")
    assert received.headers["content-type"] == "application/json"
    (entry,) = await sender.log(webhook_id)
    assert (entry.status, entry.attempts, entry.response_status) == ("delivered", 1, 204)
    assert entry.message_id == received.headers["webhook-id"]


async def test_only_chosen_kinds_of_the_own_workspace_are_sent(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """Nothing is stored for a webhook that does not want it."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook", NotificationKind.CLAIM_PAID)
    await sender.notify(NotificationKind.SYNC_ENDED)
    await sender.notify(NotificationKind.CLAIM_PAID)

    await sender.deliverer.deliver_due()

    assert [entry.kind for entry in await sender.log(webhook_id)] == ["claim.paid"]
    assert len(receiver.received) == 1


async def test_what_is_rolled_back_was_never_notified(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """The outbox is written with what it reports: neither is there without the other."""
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    with contextlib.suppress(ZeroDivisionError):
        async with sender.database.writing() as conn:
            await notify_of(
                conn,
                sender.workspace_id,
                sender.connection.connection_id,
                NotificationKind.SYNC_ENDED,
                {},
            )
            raise ZeroDivisionError

    assert await sender.log(webhook_id) == []


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Reply(500, "no"), "The receiver answered 500."),
        (Reply(302, headers={"location": "/else"}), "The receiver redirects (302)"),
        (BREAK, "The connection broke"),
        (CUT, ""),
    ],
    ids=str,
)
async def test_a_failed_attempt_is_made_again_with_the_same_id(
    sender: Sender, receiver: ScriptedServer, step: object, error: str
) -> None:
    """After half a minute; a redirect is not followed; the log says why it failed."""
    receiver.script("/hook", step, Reply(200))  # type: ignore[arg-type] # of several types
    webhook_id, secret = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()
    (failed,) = await sender.log(webhook_id)
    assert await sender.deliverer.deliver_due() == 0
    await sender.pass_time(timedelta(minutes=1))

    await sender.deliverer.deliver_due()

    first, second = receiver.requests("/hook")
    if step is not CUT:  # whose status had come
        assert failed.status is DeliveryStatus.PENDING
    assert failed.error is None or failed.error.startswith(error)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert verified(second, secret)
    (done,) = await sender.log(webhook_id)
    assert (done.status, done.attempts, done.error) == ("delivered", 2, None)


async def test_a_worker_that_dies_in_an_attempt_loses_nothing(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """Another one takes the delivery after two minutes, with the same id, and not before."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    async with sender.database.writing() as conn:
        (taken,) = await take_due_deliveries(conn, most=20, of_one=4, lease=timedelta(minutes=2))
    assert await sender.deliverer.deliver_due() == 0
    await sender.pass_time(timedelta(minutes=2))

    assert await sender.deliverer.deliver_due() == 1
    (received,) = receiver.requests("/hook")
    assert received.headers["webhook-id"] == taken.message_id
    assert [entry.status for entry in await sender.log(webhook_id)] == ["delivered"]


async def test_several_workers_send_each_message_once(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """Each takes rows that the others leave."""
    receiver.always("/hook", Reply(200))
    await sender.add(f"{receiver.url}/hook")
    for _ in range(8):
        await sender.notify()

    taken = 0
    while done := sum(await asyncio.gather(*(sender.deliverer.deliver_due() for _ in range(4)))):
        taken += done

    ids = [one.headers["webhook-id"] for one in receiver.requests("/hook")]
    assert (taken, len(ids), len(set(ids))) == (8, 8, 8)


async def test_after_a_day_recoup_gives_up_and_turns_the_webhook_off(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """Nine attempts in 27 hours; the activity and the webhook say why, and nothing more is sent."""
    receiver.always("/hook", Reply(503, "down"))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    for attempt in range(1, 10):
        assert await sender.deliverer.deliver_due() == 1
        await sender.pass_time((wait_after(attempt) or HOUR) * 1.2)
    await sender.notify()

    assert await sender.deliverer.deliver_due() == 0
    (entry,) = await sender.log(webhook_id)
    assert (entry.status, entry.attempts, entry.response_excerpt) == ("failed", 9, "down")
    (webhook,) = await sender.webhooks()
    assert not webhook.is_enabled
    assert "9 attempts: The receiver answered 503." in str(webhook.disabled_why)
    async with sender.database.reading() as conn:
        told = await list_activities(conn, sender.workspace_id, limit=5)
    assert [one.type for one in told] == ["webhook_disabled"]
    total = sum(((wait_after(n) or timedelta(0)) for n in range(1, 10)), timedelta(0))
    assert timedelta(hours=24) < total < timedelta(hours=30)


async def test_a_webhook_that_works_again_is_left_on(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """One success, and a message that is given up costs nothing but itself."""
    receiver.script("/hook", *[Reply(503)] * 8, Reply(200), Reply(503))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    for attempt in range(1, 9):
        await sender.deliverer.deliver_due()
        if attempt < 8:
            await sender.pass_time((wait_after(attempt) or HOUR) * 1.2)
    async with sender.database.writing() as conn:
        await add_test_delivery(conn, sender.workspace_id, webhook_id)
    await sender.deliverer.deliver_due()
    await sender.pass_time(timedelta(hours=20))
    await sender.deliverer.deliver_due()

    (webhook,) = await sender.webhooks()
    assert webhook.is_enabled
    assert {entry.status for entry in await sender.log(webhook_id)} == {"failed", "delivered"}


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """410 ends the webhook at once, as the specification says."""
    receiver.script("/hook", Reply(410))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()

    (webhook,) = await sender.webhooks()
    assert (webhook.is_enabled, webhook.disabled_why) == (False, "The receiver is gone (410).")
    assert [entry.status for entry in await sender.log(webhook_id)] == ["failed"]


async def test_a_receiver_may_ask_for_more_time(sender: Sender, receiver: ScriptedServer) -> None:
    """Retry-After in seconds counts if it is longer than recoup's own wait."""
    receiver.script("/hook", Reply(429, headers={"retry-after": "3600"}), Reply(200))
    await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()
    await sender.pass_time(timedelta(minutes=50))
    assert await sender.deliverer.deliver_due() == 0
    await sender.pass_time(timedelta(minutes=30))

    assert await sender.deliverer.deliver_due() == 1


async def test_a_bug_costs_only_its_own_message(
    sender: Sender, receiver: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be sent is tried again and given up like anything else; the others are sent."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify(syncId="broken")
    await sender.notify(syncId="sound")
    deliverer = sender.deliverer
    send = deliverer._send

    async def fail(due: DueDelivery) -> Response:
        if due.data["syncId"] == "broken":
            raise TypeError("secret-canary")
        return await send(due)

    monkeypatch.setattr(deliverer, "_send", fail)
    await deliverer.deliver_due()

    log = {entry.status: entry.error for entry in await sender.log(webhook_id)}
    assert log[DeliveryStatus.DELIVERED] is None
    assert log[DeliveryStatus.PENDING] == "An internal error of recoup (TypeError); see the log."


async def test_an_endless_answer_is_cut(sender: Sender, receiver: ScriptedServer) -> None:
    """The log keeps 500 characters, and nothing else is read of what never ends."""

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"\0x" * 5000

    receiver.script("/hook", Reply(200, b"", drip=drip))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()

    (entry,) = await sender.log(webhook_id)
    assert (entry.status, entry.response_excerpt) == ("delivered", "x" * 500)


async def test_a_secret_is_rotated_without_a_gap(sender: Sender, receiver: ScriptedServer) -> None:
    """For a day both sign; then only the new one."""
    receiver.always("/hook", Reply(200))
    webhook_id, old = await sender.add(f"{receiver.url}/hook")
    new = new_signing_secret()
    async with sender.database.writing() as conn:
        sealed = Vault(sender.settings.keys).seal(new)
        await rotate_webhook_secret(conn, sender.workspace_id, webhook_id, sealed)
    await sender.notify()
    await sender.deliverer.deliver_due()
    async with sender.database.writing() as conn:
        await conn.execute(
            text("update webhook set previous_secret_until = now() - interval '1 second'")
        )
    await sender.notify()
    await sender.deliverer.deliver_due()

    first, second = receiver.requests("/hook")
    assert verified(first, old) == verified(first, new)
    assert verified(second, new)
    assert len(second.headers["webhook-signature"].split(" ")) == 1


async def test_a_webhook_that_is_off_sends_nothing_old_later(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """What waited when a person turned it off is not sent when it is turned on again."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    async with sender.database.writing() as conn:
        await change_webhook(conn, sender.workspace_id, webhook_id, is_enabled=False)
        await change_webhook(conn, sender.workspace_id, webhook_id, is_enabled=True)

    assert await sender.deliverer.deliver_due() == 0
    (entry,) = await sender.log(webhook_id)
    assert (entry.status, entry.error) == ("failed", "The webhook was turned off.")


async def test_a_delivery_is_made_again_by_hand(sender: Sender, receiver: ScriptedServer) -> None:
    """With the same id, so that the receiver knows it."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()
    (entry,) = await sender.log(webhook_id)
    async with sender.database.writing() as conn:
        await redeliver(conn, sender.workspace_id, webhook_id, entry.delivery_id)
    await sender.deliverer.deliver_due()

    first, second = receiver.requests("/hook")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_a_purge_leaves_nothing_of_the_seller(
    sender: Sender, receiver: ScriptedServer, database: Database
) -> None:
    """Neither in the outbox nor in the log; what waited is not sent."""
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    async with database.writing() as conn:
        await purge_connection(conn, sender.workspace_id, sender.connection.connection_id)

    assert await sender.deliverer.deliver_due() == 0
    assert await sender.log(webhook_id) == []


async def test_the_log_is_kept_for_a_month_and_under_a_hold_for_longer(
    sender: Sender, receiver: ScriptedServer
) -> None:
    """What is yet to be sent stays, whatever its age."""
    receiver.always("/hook", Reply(200))
    webhook_id, _ = await sender.add(f"{receiver.url}/hook")
    await sender.notify()
    await sender.deliverer.deliver_due()
    await sender.notify()
    async with sender.database.writing() as conn:
        for table in ("webhook_delivery", "notification"):
            await conn.execute(
                text(f"update {table} set created_at = created_at - interval '31 days'")
            )
        await conn.execute(
            text("update workspace set legal_hold = 'a suit', legal_hold_since = now()")
        )
        await forget_old_notifications(conn, days=30)
    held = await sender.log(webhook_id)
    async with sender.database.writing() as conn:
        await conn.execute(text("update workspace set legal_hold = null, legal_hold_since = null"))
        await forget_old_notifications(conn, days=30)
        left = (await conn.execute(text("select count(*) from notification"))).scalar_one()

    assert len(held) == 2
    assert [entry.status for entry in await sender.log(webhook_id)] == ["pending"]
    assert left == 1


async def test_no_secret_is_logged_or_shown(
    sender: Sender, receiver: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the signing secret nor an address, which may hold one."""
    receiver.script("/hook-with-key-canary", Reply(500))
    _, secret = await sender.add(f"{receiver.url}/hook-with-key-canary")
    await sender.notify()
    async with sender.database.writing() as conn:
        (due,) = await take_due_deliveries(conn, most=1, of_one=1, lease=timedelta(0))
    await sender.deliverer.deliver_due()
    (webhook,) = await sender.webhooks()

    said = f"{due!r} {webhook!r} {''.join(capsys.readouterr())}"
    assert "canary" not in said
    assert secret not in said
