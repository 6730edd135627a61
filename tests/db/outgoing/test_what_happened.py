"""What syncs, detections and Amazon's refusals make of notifications: one each, in their transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from recoup.cli.keys import _rotate_file
from recoup.connections.queries import get_connection, require_reauthorization
from recoup.connections.states import ConnectionStatus
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.jobs.queue import new_queue
from recoup.jobs.start import begin_sync
from recoup.jobs.stop import stop_sync
from recoup.notifications.tables import notification
from recoup.notifications.webhook_queries import list_sealed_secrets
from recoup.sync.notify_claims import notify_of_detection
from recoup.sync.record.announce import announce_connection
from tests.api.claim_rows import store_claims
from tests.db.outgoing.conftest import Sender
from tests.support.lab import open_lab


async def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.reading() as conn:
        rows = await conn.execute(select(notification).order_by(notification.c.created_at))
        return [(row.kind, row.data) for row in rows]


async def test_a_sync_reports_its_claims_and_its_end_once(
    database: Database, tmp_path: Path
) -> None:
    """However many claims there are: one notification with their number, totals and a link."""
    async with open_lab(database, tmp_path, orders=300) as lab:
        first = await lab.sync()
        of_first = await told(database)
        await lab.sync()
        of_both = await told(database)
        async with database.reading() as conn:
            count = (await conn.execute(text("select count(*) from claim"))).scalar_one()

    (found, claims), (ended, sync) = of_first
    assert (found, ended) == ("claim.found", "sync.ended")
    assert claims["claimCount"] == count > 1
    known = sum(one["claimCount"] for one in claims["byCurrency"])
    assert known + claims["unvaluedCount"] == count
    assert claims["link"].endswith(f"&syncId={first.sync_id}")
    assert (sync["syncId"], sync["status"]) == (first.sync_id, "complete")
    assert sync["link"] == f"/#/syncs/{first.sync_id}"
    assert [kind for kind, _ in of_both[2:]] == ["sync.ended"]


async def test_a_cancelled_sync_is_reported(sender: Sender) -> None:
    """By the API, in its own role within the walls."""
    webhook_id, _ = await sender.add("https://hooks.example/x")
    queue = new_queue(sender.database)
    async with queue.open_async(), sender.database.writing() as conn:
        sync_id = await begin_sync(conn, queue, sender.connection, trigger="manual")
    walled = sender.database.as_role(DatabaseRole.API)
    await stop_sync(walled.of(sender.workspace_id), sender.workspace_id, sync_id)
    await walled.close()

    ((kind, data),) = await told(sender.database)
    assert (kind, data["status"], data["syncId"]) == ("sync.ended", "cancelled", sync_id)
    assert [entry.kind for entry in await sender.log(webhook_id)] == ["sync.ended"]


async def test_a_lost_authorization_is_reported_once(sender: Sender) -> None:
    """With the reason; connecting and disconnecting by a person are no news to them."""
    async with sender.database.writing() as conn:
        for _ in range(2):
            connection = await get_connection(
                conn, sender.workspace_id, sender.connection.connection_id
            )
            if await require_reauthorization(conn, connection, "Amazon said so."):
                await announce_connection(
                    conn,
                    connection,
                    ConnectionStatus.REAUTHORIZATION_REQUIRED,
                    reason="Amazon said so.",
                )
        await announce_connection(conn, connection, ConnectionStatus.DISCONNECTED)

    ((kind, data),) = await told(sender.database)
    assert kind == "connection.reauthorization_required"
    assert (data["sellingPartnerId"], data["reason"]) == ("A1", "Amazon said so.")


async def test_a_payment_is_reported_with_what_was_claimed_and_paid(sender: Sender) -> None:
    """Of the claims that this detection approved, each currency by itself; earlier ones are not told
    again, and a person's own decision is no news.
    """
    connection_id = sender.connection.connection_id
    await store_claims(sender.database, connection_id, range(3))
    await store_claims(sender.database, connection_id, range(3, 4), currency="GBP")
    await store_claims(sender.database, connection_id, range(4, 5), status="approved")
    async with sender.database.writing() as conn:
        for number in (0, 1, 3):
            await conn.execute(
                text(
                    "update claim set status = 'approved', status_by = 'recoup', status_at = now(), "
                    "paid_amount = case when :is_money then 8.05 end, "
                    "paid_currency = case when :is_money then currency end, paid_units = 1 "
                    "where claim_id = :id"
                ),
                # What was lost in Britain came back as a unit.
                {"id": f"claim-{number:04}", "is_money": number != 3},
            )
        await conn.execute(
            text(
                "update claim set status = 'approved', status_by = 'u1', status_at = now() "
                "where claim_id = 'claim-0002'"
            )
        )
        await notify_of_detection(conn, sender.workspace_id, connection_id, sync_id=None)

    ((kind, data),) = await told(sender.database)
    assert kind == "claim.paid"
    assert sorted(data["claimIds"]) == ["claim-0000", "claim-0001", "claim-0003"]
    assert data["claimed"]["byCurrency"] == [
        {"amount": "24.60", "currency": "USD", "claimCount": 2},
        {"amount": "12.30", "currency": "GBP", "claimCount": 1},
    ]
    assert data["paid"] == {
        "claimCount": 3,
        "unvaluedCount": 1,
        "byCurrency": [{"amount": "16.10", "currency": "USD", "claimCount": 2}],
    }


async def test_a_rotation_of_the_keys_seals_secrets_of_webhooks(
    sender: Sender, database_url: str
) -> None:
    """With the new key only, both the present and the previous one."""
    _, secret = await sender.add("https://hooks.example/x")
    async with sender.database.writing() as conn:
        await conn.execute(
            text(
                "update webhook set previous_secret_sealed = secret_sealed, "
                "previous_secret_until = now()"
            )
        )

    await _rotate_file(sender.settings, database_url)

    async with sender.database.reading() as conn:
        ((_, sealed, previous),) = await list_sealed_secrets(conn)
    (key,) = sender.settings.keys
    assert previous is not None
    assert [Vault((key,)).open(one) for one in (sealed, previous)] == [secret, secret]
