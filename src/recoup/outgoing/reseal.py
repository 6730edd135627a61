"""Rotation of the keys that seal the secrets of webhooks, beside that of refresh tokens."""

from __future__ import annotations

from recoup.config import Settings
from recoup.crypto import Vault
from recoup.db.engine import Database
from recoup.notifications.webhook_queries import (
    list_sealed_secrets,
    lock_sealed_secrets,
    store_sealed_secrets,
)


async def reseal_webhook_secrets(settings: Settings, database: Database) -> int:
    """Seals every secret with the first key, in one transaction; returns how many webhooks had
    another one. Raises ConfigurationError if one cannot be opened; then none is changed.
    """
    async with database.writing() as conn:
        await lock_sealed_secrets(conn)
        vault = Vault(settings.keys)
        resealed = {}
        for webhook_id, secret, previous in await list_sealed_secrets(conn):
            again = vault.reseal(secret)
            previous_again = None if previous is None else vault.reseal(previous)
            if again is not None or previous_again is not None:
                resealed[webhook_id] = (again or secret, previous_again or previous)
        await store_sealed_secrets(conn, resealed)
    return len(resealed)
