from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.ids import WebhookId, WorkspaceId
from recoup.notifications.delivery_queries import Delivery, list_deliveries
from recoup.notifications.queries import notify_of
from recoup.notifications.signing import new_signing_secret
from recoup.notifications.webhook_queries import Webhook, add_webhook, list_webhooks
from recoup.notifications.words import NotificationKind
from recoup.outgoing.deliver import Deliverer
from recoup.users.queries import User
from tests.api.serving import new_connection, new_user
from tests.support.scripted_server import ScriptedServer


@dataclass
class Sender:
    """A workspace with an account, and what sends its notifications."""

    database: Database
    settings: Settings
    user: User
    connection: Connection

    @property
    def workspace_id(self) -> WorkspaceId:
        return self.connection.workspace_id

    @property
    def deliverer(self) -> Deliverer:
        return Deliverer(self.settings, self.database)

    async def add(self, url: str, *kinds: NotificationKind) -> tuple[WebhookId, str]:
        """A webhook, by default of all kinds, and its secret."""
        secret = new_signing_secret()
        async with self.database.writing() as conn:
            added = await add_webhook(
                conn,
                self.workspace_id,
                url=url,
                kinds=kinds or tuple(NotificationKind),
                secret_sealed=Vault(self.settings.keys).seal(secret),
            )
        return added.webhook_id, secret

    async def notify(
        self, kind: NotificationKind = NotificationKind.SYNC_ENDED, **data: object
    ) -> None:
        async with self.database.writing() as conn:
            await notify_of(conn, self.workspace_id, self.connection.connection_id, kind, data)

    async def log(self, webhook_id: WebhookId) -> list[Delivery]:
        async with self.database.reading() as conn:
            return await list_deliveries(conn, self.workspace_id, webhook_id, limit=100)

    async def webhooks(self) -> list[Webhook]:
        async with self.database.reading() as conn:
            return await list_webhooks(conn, self.workspace_id)

    async def pass_time(self, time: timedelta) -> None:
        """As if everything had been stored so much earlier."""
        async with self.database.writing() as conn:
            for statement in (
                "update webhook_delivery set next_attempt_at = next_attempt_at - :time",
                "update webhook set failing_since = failing_since - :time",
                "update mail_digest set next_attempt_at = next_attempt_at - :time",
            ):
                await conn.execute(text(statement), {"time": time})


@pytest.fixture
async def sender(database: Database, tmp_path: Path) -> Sender:
    settings = Settings(
        data_dir=tmp_path, webhooks_to_private=True, public_url="https://recoup.example"
    )
    user = await new_user(database)
    return Sender(database, settings, user, await new_connection(database, settings, user))


@pytest.fixture
async def receiver() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server
